"""docs/bridge.md as it is typed: its commands in order, each with what it says, days left out."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

from typer.testing import CliRunner

from timebank.cli import app
from timebank.core.clock import day_of, now
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal

PAGE = Path(__file__).parents[2] / "docs" / "bridge.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
DAYS = {"2026-12-01": 0, "2027-03-01": 90, "2026-11-01": -30}
"""Days of the page, and how far they lie from the day on which it is read."""


def typed(command: str) -> str:
    """Type a command of the page; a refusal is told in Chinese, as the first of its two lines."""
    for day, ahead in DAYS.items():
        command = command.replace(day, str(day_of(now()) + timedelta(days=ahead)))
    ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ")))
    if isinstance(ran.exception, Refusal):
        return say_refusal(ran.exception, "zh")
    return ran.output.strip()


def plain(told: str) -> str:
    """Leave out days, which are others whenever the page is read."""
    return DAY.sub("(day)", told).strip()


def steps(page: str) -> list[tuple[str, str]]:
    """Read the commands of a page in their order, each with the answer beside it."""
    parts = [part for block in BLOCK.findall(page) for part in block.split("$ ")[1:]]
    return [(command, answer.strip()) for command, _, answer in (part.partition("\n") for part in parts)]

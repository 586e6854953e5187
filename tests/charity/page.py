"""docs/charity.md as it is typed: its console blocks, played on a small district, with what each command says."""

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from timebank.cli import app
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal

PAGE = Path(__file__).parents[2] / "docs" / "charity.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PAYMENT = re.compile(r"payment \d+")
"""A payment's number: one that was refused before it has used up a number on one of the databases."""
TIMES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d (?=.*(?:→|->))")


def typed(command: str) -> str:
    """Type a command; a refusal is told in both languages. Moments of today are left out."""
    ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ")))
    if isinstance(ran.exception, Refusal):
        return "".join(f"{say_refusal(ran.exception, locale)}\n" for locale in ("zh", "en"))
    return PAYMENT.sub("payment N", TIMES.sub("(now) ", ran.output))


def renewed(page: str) -> str:
    """Return the page with what its commands say now, typed from its top to its end."""

    def play(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        told = "".join(f"{command}\n{typed(command[2:])}" for command in commands)
        return f"```console\n{told}```"

    return BLOCK.sub(play, page)

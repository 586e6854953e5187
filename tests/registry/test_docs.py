"""docs/registry.md does what it says: every command and its answer."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.worlds import World
from timebank.cli import app
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal

PAGE = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


def typed(command: str) -> str:
    """Type a command; a refusal is told in Chinese, as the first of its two lines."""
    ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ")))
    if isinstance(ran.exception, Refusal):
        return say_refusal(ran.exception, "zh")
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.output.strip()


def test_page_is_what_is_told(world: World, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Who types along from the top of the page reads what it says, line by line."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    said, told = [], []
    for block in BLOCKS:
        for part in block.split("$ ")[1:]:
            command, _, answer = part.partition("\n")
            said.append((command, answer.strip()))
            told.append((command, typed(command)))

    assert world.seniors
    assert told == said

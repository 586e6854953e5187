"""docs/bookings.md does what it says: blocks print what stands below them, commands are understood, names are real."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from tests.bookings.conftest import Desk
from tests.bookings.page import PAGE, renewed
from timebank.bookings import refusals
from timebank.cli import app
from timebank.core.errors import Refusal

TEXT = PAGE.read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
LINES = [shlex.split(line, comments=True) for line in BLOCK.splitlines()]


def test_page_prints_what_it_says(desk: Desk, session: Session) -> None:
    """Who types along reads what stands there; `python -m tests.bookings.page` renews it."""
    assert renewed(TEXT, session, desk) == TEXT


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words[2:5]))
def test_command_of_the_page_is_understood(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Who copies a line meets a refusal about their own district at worst, never one about what was typed."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'empty.sqlite')}")

    done = CliRunner().invoke(app, words[1:])

    assert words[0] == "timebank"
    assert isinstance(done.exception, Refusal)


def test_every_refusal_stands_on_the_page() -> None:
    """What a desk can meet is told of."""
    names = {name for name, one in vars(refusals).items() if isinstance(one, type) and issubclass(one, Refusal)}

    assert not [name for name in names - {"Refusal"} if f"`{name}`" not in TEXT]

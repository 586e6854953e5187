"""docs/coins.md does what it says: every command and its answer, the script, and the table of reasons."""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.coins.conftest import Town
from timebank.cli import app
from timebank.coins.moves import unsettled
from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal
from timebank.ledger.accounts import ensure_book
from timebank.ledger.reconcile import reconcile

PAGE = (Path(__file__).parents[2] / "docs" / "coins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
SCRIPT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
DATES = (re.compile(r"\d{4}-\d\d-\d\d 前答复|before \d{4}-\d\d-\d\d"), "(day)")
NUMBERS = (re.compile(r"(转账|transfer|转出|转入|out|in|账户|Account) \d+"), r"\1 N")
AHEAD = "2026-12-01"
"""The day of a service on the page; whenever it is read, it is ahead."""
REASON = re.compile(r"^\| (`[a-z_`, ]+`) \|", re.MULTILINE)


def plain(told: str) -> str:
    """Leave out what another day or another database numbers otherwise."""
    for pattern, instead in (DATES, NUMBERS):
        told = pattern.sub(instead, told)
    return told.strip()


def typed(command: str) -> str:
    """Type a command; a refusal is told in Chinese, as the first of its two lines."""
    ahead = str(day_of(now()) + timedelta(days=7))
    ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ").replace(AHEAD, ahead)))
    if isinstance(ran.exception, Refusal):
        return say_refusal(ran.exception, "zh")
    return ran.output


@pytest.fixture
def town(engine: Engine, lone_town: Town, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Town:
    """S1 has earned 600 minutes; the book of another district is there when it is moved to."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 600)
    return lone_town


def test_page_is_what_is_told(engine: Engine, town: Town) -> None:
    """Who types along from the top of the page reads what it says, line by line, and the books are sound."""
    said, told = [], []
    for number, block in enumerate(BLOCKS):
        if "changning" in block:
            with transaction(engine) as session:
                ensure_book(session, "changning", "长宁", town.noon)
        for part in block.split("$ ")[1:]:
            command, _, answer = part.partition("\n")
            said.append((number, command, plain(answer)))
            told.append((number, command, plain(typed(command))))

    assert told == said
    with transaction(engine, read_only=True) as session:
        assert [*unsettled(session), *reconcile(session, town.book), *reconcile(session, town.book + 1)] == []
        reasons = set(session.connection().execute(text("SELECT DISTINCT reason FROM transfer")).scalars())
        known = {word for cell in REASON.findall(PAGE) for word in re.findall(r"[a-z_]+", cell)}
        assert reasons - {"earn"} <= known


def test_script_of_the_page_runs(engine: Engine, town: Town) -> None:
    """Who copies the script gives once, however often it runs."""
    with transaction(engine) as session:
        town.earn(session, "V1", 30)
        names: dict[str, Any] = {"session": session, "book": town.book, "volunteer": town.who("V1"), "now": town.noon}

        exec(SCRIPT, names)  # noqa: S102  # it is our own page

        assert town.has(session, "V1") == (0, 0)

"""docs/ledger.md says what the commands say: the page is run from top to bottom."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.ledger.conftest import Pair
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal
from timebank.ledger.command import app as ledger_app
from timebank.ledger.holds import hold
from timebank.ledger.posting import post

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(console|sql)\n(.*?)^```", re.DOTALL | re.MULTILINE)
KEY = re.compile(r"timebank/putuo\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+")
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


def run_page(command: CliRunner, engine: Engine) -> str:
    """Run every block of the page in its order; returns the page with what was really said."""

    def run(block: re.Match[str]) -> str:
        kind, body = block.groups()
        if kind == "sql":
            past_the_guards(engine, body)
            return block.group()
        typed = [line for line in body.splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{answer(command, line)}" for line in typed) + "```"

    return BLOCK.sub(run, PAGE)


def answer(command: CliRunner, line: str) -> str:
    """Type one line; a refusal is said as the program says it."""
    told = command.invoke(app, line.removeprefix("$ timebank ").split())
    if isinstance(told.exception, Refusal):
        return f"{say_refusal(told.exception, 'zh')}\n{say_refusal(told.exception, 'en')}\n"
    return told.output


def past_the_guards(engine: Engine, statement: str) -> None:
    """Run a statement as a faulty disk would, and leave every trigger as it was."""
    with transaction(engine) as session:
        connection = session.connection()
        triggers = connection.execute(text(TRIGGERS)).all()
        for name, _ in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement))
        for _, definition in triggers:
            connection.exec_driver_sql(definition)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_page_says_what_the_commands_say(
    engine: Engine, pair: Pair, noon: datetime, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows the page meets what it promises; only the key is another one in each bank."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        for posting in (pair.earn("a", 60), pair.earn("b", 5), pair.spend("c", 20)):
            post(session, posting, now=noon)
        hold(session, pair.spend("d", kind="hold", expires_at=noon + timedelta(days=36_500)), now=noon)

    said = run_page(CliRunner(), engine)

    assert KEY.sub("KEY", said) == KEY.sub("KEY", PAGE)


def test_page_lists_every_command() -> None:
    """A command that the page does not know is one that nobody finds."""
    names = {command.name or getattr(command.callback, "__name__", "") for command in ledger_app.registered_commands}

    assert {name for name in names if f"`timebank ledger {name}" not in PAGE and f"`{name}`" not in PAGE} == set()

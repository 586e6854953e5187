"""An auditor types one command, and a start stops before it works on books without guards."""

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.ledger.conftest import Pair, tamper
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import StoreDiffers


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, database_url: str) -> CliRunner:
    """The command line on the database of the test."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return CliRunner()


def test_sound_books_are_told_so(command: CliRunner, engine: Engine, books: Pair) -> None:
    """Exit code 0 is what a nightly job looks at."""
    told = command.invoke(app, ["ledger", "verify"])

    assert told.output.splitlines() == [
        "触发器齐全",
        "triggers: all in place",
        "putuo：七项检查全部成立",
        "putuo: R1 to R7 hold",
    ]
    assert told.exit_code == 0


def test_broken_books_are_told_with_their_row(command: CliRunner, engine: Engine, books: Pair) -> None:
    """Whoever is woken at night reads what to look at."""
    with transaction(engine) as session:
        tamper(session, "UPDATE account SET held = 11 WHERE code = 'anna'")

    told = command.invoke(app, ["ledger", "verify"])

    assert told.exit_code == 1
    assert "triggers missing or changed: account_changed, " in told.output
    assert told.output.endswith(
        f"  R5 account {books.anna}：held 为 11，应为 10\n"
        f"  R5 account {books.anna}: held says 11, and should say 10\n"
    )


@pytest.mark.parametrize("verb", ["upgrade", "serve"])
def test_start_without_guards_is_refused(command: CliRunner, engine: Engine, verb: str) -> None:
    """A server that works on for months would find the books rewritten."""
    with transaction(engine) as session:
        tamper(session)

    told = command.invoke(app, [verb])

    assert isinstance(told.exception, StoreDiffers)
    assert "account_stays" in str(told.exception)


def test_upgrade_of_a_sound_database_says_so(command: CliRunner, engine: Engine) -> None:
    """Every start may upgrade."""
    told = command.invoke(app, ["upgrade"])

    with engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert (told.output, told.exit_code, bool(revision)) == ("The database is up to date.\n", 0, True)

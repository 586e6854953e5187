"""``timebank outbox ...`` as an operator types it."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from typer.testing import CliRunner

from tests.worlds import World
from timebank.cli import app
from timebank.core.clock import now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, Refusal
from timebank.outbox.events import DELIVERY, Happened, emit

ADDRESS = "https://127.0.0.1:9/events"


class Line:
    """Types commands on the database of a test."""

    def __init__(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("DATABASE_URL", url)

    def __call__(self, *words: str) -> str:
        """Type ``timebank outbox`` and some words; returns what is printed, or raises what the bank refuses."""
        done = CliRunner().invoke(app, ["outbox", *words])
        if isinstance(done.exception, Refusal):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture
def line(engine: Engine, world: World, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Line:
    """The small district at the command line."""
    return Line(database_url, monkeypatch)


def test_operator_leads_a_message_from_its_webhook_to_a_dead_letter_and_back(
    line: Line, engine: Engine, world: World
) -> None:
    """The desk that keeps the partners needs no program of its own."""
    added = line("add", "EAST", ADDRESS, "--kind", "match_run.finished", "--key", "one")
    again = line("add", "EAST", ADDRESS, "--kind", "match_run.finished", "--key", "one")
    number = added.split()[0]
    long_ago = now() - timedelta(days=2)
    with transaction(engine) as session:
        happened = Happened("match_run.finished", world.organisations["EAST"], 1, {"status": "done"})
        emit(session, happened, now=long_ago)
        session.connection().execute(update(DELIVERY).values(attempts=7))

    sent = line("send")
    dead = line("dead", "EAST")
    replayed = line("replay", "EAST", dead.split()[0])

    assert added.split()[1].startswith("whsec_")
    assert "此前已显示" in again
    assert sent == "0 delivered, 1 failed\n"  # our own network is not one to send to
    assert dead.split()[1] == "match_run.finished"
    assert dead.endswith("refused\n")
    assert replayed.split()[1] == "waiting"
    assert line("list", "EAST") == f"{number} active {ADDRESS} match_run.finished\n"


def test_webhook_is_changed_by_hand(line: Line) -> None:
    """A receiver that is moved is paused first."""
    number = line("add", "EAST", ADDRESS, "--kind", "webhook.test", "--key", "one").split()[0]

    assert line("set", "EAST", number, "pause") == f"{number} paused\n"
    assert line("secret", "EAST", number).startswith("whsec_")
    assert line("set", "EAST", number, "remove") == f"{number} removed\n"
    assert line("list", "EAST") == ""


def test_webhook_of_another_is_not_found(line: Line) -> None:
    """A slip in a code must not pause a neighbour's webhook."""
    number = line("add", "EAST", ADDRESS, "--kind", "webhook.test", "--key", "one").split()[0]

    with pytest.raises(NotFound):
        line("set", "WEST", number, "pause")

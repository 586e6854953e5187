"""What a clerk types about alarms, and what is told in both languages."""

from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from tests.alarms.conftest import Alarmed
from timebank.alarms.life import receive
from timebank.alarms.refusals import AccountsDiffer
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState


def run(*words: object) -> list[str]:
    """Type a command; returns its English lines, or raises what it refuses."""
    told = CliRunner().invoke(app, ["alarms", *map(str, words)])
    if told.exception is not None:
        raise told.exception
    return told.output.splitlines()[1::2]


@pytest.fixture
def typed(alarmed: Alarmed, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line on the small district with its devices."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return run


def test_clerk_handles_a_rescue_from_the_telephone_to_its_end(typed: Any) -> None:
    """Whoever may not be asked at this hour is not asked; the organisation's own steps are the same at any hour."""
    own = ("-o", "EAST")

    called = typed("call", "C1", "taxi", *own, "--key", "k")
    again = typed("call", "C1", "taxi", *own, "--key", "k")
    accepted = typed("accept", 1, *own)
    closed = typed("close", 1, "driven", *own)

    assert called == again
    assert called[0].startswith("Order 1 (taxi, S1, Ganquan Road): asks the organisation until ")
    assert accepted[0].startswith("Order 1 (taxi, S1, Ganquan Road): taken on by the organisation, to be handled by ")
    assert closed == ["Order 1 (taxi, S1, Ganquan Road): closed: driven"]
    assert typed("list", *own) == []
    assert typed("list", *own, "--closed", "--kind", "taxi", "--first", 1) == closed
    assert typed("list", "-o", "WEST", "--closed") == []
    assert [line.split(" ")[3] for line in typed("show", 1, *own)[1:]] == ["received", "taken", "closed"]
    assert typed("accounts") == ["1 received = 0 open + 1 closed", "closed · driven: 1"]


def test_clerk_declines_and_escalates(typed: Any) -> None:
    """Each is one line, and says who is asked now."""
    own = ("-o", "EAST")
    typed("call", "C1", "taxi", *own)

    declined = typed("decline", 1, *own, "--note", "占线")
    escalated = typed("escalate", 1, *own)

    assert "asks the committee until" in declined[0]
    assert "asks the committee until" in escalated[0]
    assert typed("tick") == ["0 orders moved on by their clocks"]


def test_clerk_settles_an_unknown_household(typed: Any, alarmed: Alarmed) -> None:
    """It is listed with the code that was heard, then with the street."""
    with transaction(alarmed.engine) as session:
        session.connection().execute(
            text(
                "INSERT INTO alarm_order (key, kind, source_id, heard, state, due_at, received_at, finding, outcome) "
                "VALUES ('x', 'taxi', :source, 'NEW', 'unknown', '2026-03-02 04:00:00', '2026-03-02 04:00:00', '', '')"
            ),
            {"source": alarmed.source_id},
        )
        session.connection().execute(
            text(
                "INSERT INTO alarm_event (order_id, n, kind, step, turn, actor, happened_at) "
                "VALUES (1, 1, 'received', 0, 0, 'source:centre', '2026-03-02 04:00:00')"
            )
        )

    listed = typed("list", "-o", "EAST")
    settled = typed("settle", 1, "S2", "-o", "EAST")

    assert listed[0].startswith("Order 1 (taxi, unknown device NEW): waits for somebody to say whose it is")
    assert settled[0].startswith("Order 1 (taxi, S2, Ganquan Road): asks the organisation")


def test_clerk_confirms_what_a_meter_said(typed: Any, alarmed: Alarmed) -> None:
    """A finding stands in the line until the order is closed."""
    alarmed.do(receive, key="k", kind="much_use", code="M1", actor="meters")
    typed("accept", 1, "-o", "EAST")

    confirmed = typed("confirm", 1, "cleaning", "-o", "EAST")

    assert ": confirmed by the emergency contact (a big cleaning), to be handled by " in confirmed[0]
    with pytest.raises(NotFound):
        typed("confirm", 1, "cleaning", "-o", "EAST", "--volunteer", "V1")


def test_devices_and_sources_are_kept(typed: Any) -> None:
    """Put up, moved to another home, taken down; a secret is told once."""
    own = ("-o", "EAST")

    assert typed("device", "call", "C9", "--senior", "S3", *own) == ["The device C9 stands in the home of S3"]
    assert typed("device", "call", "C9", "--senior", "S4", *own) == ["The device C9 stands in the home of S4"]
    assert typed("device", "call", "C9", *own) == ["The device C9 is taken down; orders that came from it stay"]
    opened = CliRunner().invoke(app, ["alarms", "source", "open", "other", "-o", "EAST"]).output
    changed = CliRunner().invoke(app, ["alarms", "source", "secret", "other", "--keep-days", "3"]).output
    assert opened.count("whsec_") == 2
    assert "older ones hold for 3 days more" in changed
    assert run("source", "close", "other") == ["The source other is closed; what it sent stays"]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("device", "lamp", "C9", "--senior", "S3", "-o", "EAST"), WrongInput),
        (("device", "call", "a b", "--senior", "S3", "-o", "EAST"), WrongInput),
        (("device", "call", "C9", "--senior", "S5", "-o", "EAST"), NotFound),
        (("device", "call", "C3", "--senior", "S1", "-o", "EAST"), NotFound),
        (("device", "call", "C3", "-o", "EAST"), NotFound),
        (("device", "call", "C9", "-o", "EAST"), NotFound),
        (("call", "C1", "no_use", "-o", "EAST"), WrongInput),
        (("call", "C9", "taxi", "-o", "EAST"), NotFound),
        (("call", "C3", "taxi", "-o", "EAST"), NotFound),
        (("list", "-o", "EAST", "--kind", "song"), WrongInput),
        (("show", 7, "-o", "EAST"), NotFound),
        (("source", "close", "nowhere"), NotFound),
    ],
)
def test_what_is_typed_wrong_is_told(typed: Any, words: tuple[object, ...], refusal: type[Exception]) -> None:
    """The clerk hears what is not there or what would be right; another's home is as if it were not there."""
    with pytest.raises(refusal):
        typed(*words)


def test_accounts_that_differ_are_told(typed: Any, alarmed: Alarmed) -> None:
    """A step that was lost, by whatever means, is seen at once."""
    typed("call", "C1", "taxi", "-o", "EAST")
    with transaction(alarmed.engine) as session:
        session.connection().execute(text("DROP TRIGGER alarm_event_no_delete" + on(alarmed)))
        session.connection().execute(text("DELETE FROM alarm_event"))

    with pytest.raises(AccountsDiffer):
        typed("accounts")


def on(alarmed: Alarmed) -> str:
    """Name the table as PostgreSQL wants it."""
    return " ON alarm_event" if alarmed.engine.dialect.name == "postgresql" else ""


def test_nobody_closes_what_nobody_took_on(typed: Any) -> None:
    """The command line refuses what the library does."""
    typed("call", "C1", "taxi", "-o", "EAST")

    with pytest.raises(WrongState):
        typed("close", 1, "driven", "-o", "EAST")

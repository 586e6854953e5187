"""Events: there if and only if what happened was committed, and read in an order that nothing slips under."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.outbox.conftest import Told
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.outbox.events import Happened, emit, emit_all, events_after, place_of
from timebank.outbox.kinds import KINDS


class Stopped(Exception):
    """What happened did not happen after all."""


def test_event_of_what_was_taken_back_is_not_there(told: Told) -> None:
    """An invented event sends a partner after something that is not so."""
    with pytest.raises(Stopped), transaction(told.engine) as session:
        emit(session, told.happened(), now=told.now)
        raise Stopped

    with transaction(told.engine, read_only=True) as session:
        assert events_after(session, told.organisation, None, first=10) == []


def test_reader_goes_on_where_it_was(told: Told) -> None:
    """Who comes back after a break must get what it missed, once, in order."""
    numbers = told.emit(1, 2, 3)

    with transaction(told.engine, read_only=True) as session:
        first = events_after(session, told.organisation, None, first=2)
        rest = events_after(session, told.organisation, place_of(first[-1]), first=2)

    assert [event.id for event in (*first, *rest)] == numbers


def test_event_that_is_committed_late_is_not_passed_over(told: Told) -> None:
    """A lower number that is committed after a higher one would be lost to who reads by number alone.

    SQLite has one writer at a time, so there the second waits; on PostgreSQL it commits first.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction(told.engine) as early:
            first = emit(early, told.happened(1), now=told.now)
            later = pool.submit(told.emit, 2)
            if told.engine.dialect.name == "postgresql":
                later.result()
            with transaction(told.engine, read_only=True) as session:
                meanwhile = events_after(session, told.organisation, None, first=10)
        second = later.result()

    with transaction(told.engine, read_only=True) as session:
        after = events_after(session, told.organisation, None, first=10)
    assert meanwhile == []
    assert [event.id for event in after] == [first, *second]


def test_organisation_reads_its_own_events_alone(told: Told, world: World, noon: datetime) -> None:
    """What happens at a neighbour is the neighbour's."""
    told.emit(1)
    other = Happened("match_run.finished", world.organisations["WEST"], 9, {"status": "done"})
    with transaction(told.engine) as session:
        emit(session, other, now=noon)

    with transaction(told.engine, read_only=True) as session:
        seen = events_after(session, told.organisation, None, first=10)

    assert [(event.subject_kind, event.subject_id, event.facts) for event in seen] == [("run", 1, {"status": "done"})]


def test_kinds_can_be_chosen(told: Told) -> None:
    """A page that shows runs does not want to leaf through everything."""
    told.emit(1)

    with transaction(told.engine, read_only=True) as session:
        assert events_after(session, told.organisation, None, first=10, kinds=["plan.published"]) == []
        assert len(events_after(session, told.organisation, None, first=10, kinds=["match_run.finished"])) == 1


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("match_run.ended", {"status": "done"}),
        ("match_run.finished", {}),
        ("match_run.finished", {"status": "done", "name": "王秀英"}),
    ],
    ids=["kind", "missing", "more"],
)
def test_only_the_facts_of_a_kind_are_carried(told: Told, kind: str, facts: dict[str, str | int | bool]) -> None:
    """A fact that nobody listed may be a name, and would leave the house by every webhook."""
    with pytest.raises(ValueError, match="is none"), transaction(told.engine) as session:
        emit_all(session, [told.happened(), Happened(kind, told.organisation, 1, facts)], now=told.now)

    with transaction(told.engine, read_only=True) as session:
        assert events_after(session, told.organisation, None, first=10) == []


@pytest.mark.parametrize("statement", ["UPDATE event SET kind = 'x'", "DELETE FROM event"])
def test_what_happened_stays(told: Told, statement: str) -> None:
    """The database itself refuses to rewrite what partners were told."""
    told.emit(1)

    with pytest.raises(DBAPIError, match="append-only"), transaction(told.engine) as session:
        session.connection().execute(text(statement))


@pytest.mark.parametrize("first", [0, 501])
def test_page_is_bounded(told: Told, first: int) -> None:
    """No list is without an end."""
    with pytest.raises(WrongInput), transaction(told.engine, read_only=True) as session:
        events_after(session, told.organisation, None, first=first)


def test_no_event_at_all_is_none(engine: Engine, noon: datetime) -> None:
    """A day on which nothing happened must not cost a statement, nor fail."""
    with transaction(engine) as session:
        assert emit_all(session, [], now=noon) == []


def test_no_kind_carries_what_could_be_personal() -> None:
    """Facts are codes, states and counts; a name, phone or address is asked for with a token."""
    facts = {fact for kind in KINDS.values() for fact in kind.facts}

    assert not facts & {"name", "phone", "address", "lat_deg", "lon_deg", "note", "identity_number"}
    assert all(len(name) <= 40 and len(kind.subject) <= 40 for name, kind in KINDS.items())

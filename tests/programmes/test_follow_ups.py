"""Nobody who was not met is forgotten: a follow-up by the next noon, the committee after two, an outcome at the end."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.programmes.conftest import Care
from tests.together import at_once
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.tables import Absence
from timebank.programmes.follow_ups import Closing, close_follow_up, close_many, list_follow_ups, open_follow_ups
from timebank.programmes.greetings import Greeting, record_greeting
from timebank.programmes.sweeping import sweep_bank


def _greet(session: Session, care: Care, visit: Any, *, is_met: bool) -> None:
    record_greeting(session, visit.id, Greeting(is_met=is_met), actor=care.actor, now=moment_at(visit.day, 1200))


def _evening(day: date) -> Any:
    return moment_at(day, 1200)


def _open(session: Session, care: Care, day: date, minute: int = 1200) -> list[Any]:
    now = moment_at(day, minute)
    open_follow_ups(session, now=now)
    return list_follow_ups(session, now=now, first=100, organisation_id=care.east)


def _missed(session: Session, care: Care) -> Any:
    """Let the first greeting of S1 fail, and all others of the day succeed; returns the visit."""
    visit = care.visits(session, ref="S1")[0]
    for other in care.visits(session):
        if other.day <= visit.day and other.id != visit.id:
            _greet(session, care, other, is_met=True)
    _greet(session, care, visit, is_met=False)
    return visit


def test_missed_greeting_has_until_the_next_noon(session: Session, paired: Care) -> None:
    """The evening it is missed somebody is asked to look; at noon it is overdue, a minute before it is not."""
    visit = _missed(session, paired)

    (row,) = _open(session, paired, visit.day)
    again = open_follow_ups(session, now=_evening(visit.day))
    noon = moment_at(visit.day + timedelta(days=1), 720)
    overdue = [
        len(list_follow_ups(session, now=at, first=9, is_overdue=True)) for at in (noon - timedelta(minutes=1), noon)
    ]

    assert (row.visit_id, row.cause, row.level, row.senior_ref) == (visit.id, "missed", "organisation", "S1")
    assert row.due_at == noon
    assert (again, overdue) == (0, [0, 1])


def test_silence_is_asked_after_too(session: Session, paired: Care) -> None:
    """Of a day nobody wrote anything down: the next morning each of its greetings is asked after."""
    first = paired.visits(session)[0].day
    planned = [
        one.id
        for one in paired.visits(session)
        if one.day == first and one.need_id != paired.world.needs["S4-greeting"]
    ]

    same_evening = _open(session, paired, first)
    next_morning = _open(session, paired, first + timedelta(days=1), 540)

    assert same_evening == []
    assert [(row.visit_id, row.cause) for row in next_morning] == [(one, "silent") for one in planned]


def test_two_in_a_row_go_to_the_committee(session: Session, paired: Care) -> None:
    """Missed, and missed again at the next greeting: now somebody with a key is asked. Met between, nobody is."""
    first = _missed(session, paired)
    _open(session, paired, first.day)
    second, third, *_ = paired.visits(session, ref="S1")
    _greet(session, paired, second, is_met=False)
    levels = {row.visit_id: row.level for row in _open(session, paired, second.day)}
    other = paired.visits(session, ref="S2")
    for visit, is_met in zip(other, (False, True, False), strict=False):
        _greet(session, paired, visit, is_met=is_met)
    open_follow_ups(session, now=_evening(other[2].day))
    others = [row.level for row in list_follow_ups(session, now=paired.noon, first=100) if row.senior_ref == "S2"]

    assert third.day > second.day
    assert (levels[first.id], levels[second.id]) == ("organisation", "committee")
    assert others.count("committee") == 0
    assert [row.visit_id for row in list_follow_ups(session, now=paired.noon, first=9, level="committee")][:1] == [
        second.id
    ]


def test_follow_up_is_closed_with_an_outcome(session: Session, paired: Care) -> None:
    """Words are encrypted, who and when stay; the same again changes nothing, another outcome is refused."""
    visit = _missed(session, paired)
    (row,) = _open(session, paired, visit.day)
    closing = Closing(row.id, "well", "忘了带手机")
    parts: dict[str, Any] = {"actor": paired.actor, "now": _evening(visit.day), "organisation_id": paired.east}

    closed = [close_follow_up(session, closing, **parts) for _ in range(2)]

    assert [(one.outcome, one.closed_by, one.note) for one in closed] == [("well", paired.actor, "忘了带手机")] * 2
    assert _open(session, paired, visit.day) == []
    stored = session.connection().execute(text("SELECT note FROM follow_up")).scalar_one()
    assert "手机".encode() not in bytes(stored)
    with pytest.raises(WrongState):
        close_follow_up(session, Closing(row.id, "moved"), **parts)


@pytest.mark.parametrize(
    ("outcome", "away", "refusal"),
    [("", None, WrongInput), ("fine", None, WrongInput), ("well", date(2026, 3, 20), WrongInput)],
)
def test_outcome_that_is_none_is_refused(
    session: Session, paired: Care, outcome: str, away: date | None, refusal: type[Exception]
) -> None:
    """Nothing is closed without saying what came of it; who is well is not away."""
    visit = _missed(session, paired)
    (row,) = _open(session, paired, visit.day)

    with pytest.raises(refusal):
        close_follow_up(session, Closing(row.id, outcome), actor="x", now=_evening(visit.day), away_until=away)


def test_database_closes_nothing_without_an_outcome(engine: Engine, lone: Care) -> None:
    """Not even a program of somebody else can close a follow-up in silence."""
    with transaction(engine) as session:
        visit = _missed(session, lone)
        _open(session, lone, visit.day)

    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.connection().execute(text("UPDATE follow_up SET closed_at = opened_at, closed_by = 'x'"))


def test_hospital_writes_the_absence_down(session: Session, paired: Care) -> None:
    """Whoever hears that a senior is in hospital says it once, and nobody goes in vain."""
    visit = _missed(session, paired)
    (row,) = _open(session, paired, visit.day)

    close_follow_up(
        session,
        Closing(row.id, "in_hospital"),
        actor=paired.actor,
        now=_evening(visit.day),
        away_until=date(2026, 3, 20),
    )

    absence = session.connection().execute(select(table_of(Absence))).one()
    assert (absence.person_id, absence.to_day) == (paired.world.seniors["S1"], date(2026, 3, 20))


def test_follow_up_of_another_is_not_there(session: Session, paired: Care) -> None:
    """WEST neither sees nor closes EAST's follow-ups."""
    west = paired.world.organisations["WEST"]
    visit = _missed(session, paired)
    (row,) = _open(session, paired, visit.day)

    assert list_follow_ups(session, now=paired.noon, first=9, organisation_id=west) == []
    with pytest.raises(NotFound):
        close_follow_up(session, Closing(row.id, "well"), actor="x", now=paired.later(days=9), organisation_id=west)


def test_two_who_close_at_once_close_once(engine: Engine, lone: Care) -> None:
    """The second hears that it is closed, or finds the same outcome; the first outcome stays."""
    with transaction(engine) as session:
        visit = _missed(session, lone)
        (row,) = _open(session, lone, visit.day)
    now = _evening(visit.day)

    first, second = at_once(
        engine,
        lambda session: close_many(session, [Closing(row.id, "well")], actor="a", now=now),
        lambda session: close_many(session, [Closing(row.id, "moved")], actor="b", now=now),
    )

    with transaction(engine, read_only=True) as session:
        (closed,) = list_follow_ups(session, now=now, first=9, is_open=False)
        assert (first, second) == (1, 0)
        assert (closed.outcome, closed.closed_by) == ("well", "a")


def test_worker_opens_what_is_due_and_rests_otherwise(engine: Engine, lone: Care) -> None:
    """Nobody has to type: the worker finds what is due without a lock, and writes only then."""
    with transaction(engine) as session:
        visit = _missed(session, lone)
    before = sweep_bank(engine, now=moment_at(visit.day, 0) - timedelta(days=1))

    done = [sweep_bank(engine, now=_evening(visit.day)) for _ in range(2)]

    assert before is None
    assert done[0] is not None
    assert (done[0].opened, done[1]) == (1, None)

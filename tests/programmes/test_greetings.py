"""Greetings are written down once, by phone or at the door; what is otherwise than usual stands beside the visit."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from tests.programmes.conftest import Care
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.absences import record_absence
from timebank.programmes.away import call_off_away
from timebank.programmes.greetings import CONTACT, Greeting, record_contact, record_greeting


def _record(session: Session, care: Care, visit: int, **greeting: Any) -> str:
    """Write a greeting down on Tuesday noon."""
    asked = Greeting(**({"is_met": True} | greeting))
    return record_greeting(session, visit, asked, actor=care.actor, now=care.later(days=1), organisation_id=care.east)


def _first(session: Session, care: Care) -> Any:
    return care.visits(session)[0]


def test_usual_greeting_is_a_visit_alone(session: Session, paired: Care) -> None:
    """Two million of them a year: nothing more than the visit is stored."""
    visit = _first(session, paired)

    states = [_record(session, paired, visit.id) for _ in range(2)]

    (done,) = paired.visits(session, "confirmed")
    assert states == ["confirmed", "confirmed"]
    assert (done.served_min, done.evidence, done.confirmed_by) == (10, "landline", "organisation")
    assert session.connection().execute(select(CONTACT)).all() == []


@pytest.mark.parametrize(
    "greeting",
    [{"way": "door"}, {"condition": "needs_help"}, {"note": "想换一个时间"}],
    ids=lambda one: next(iter(one)),
)
def test_what_is_unusual_stands_beside_it(session: Session, paired: Care, greeting: dict[str, str]) -> None:
    """At the door instead of by phone, or something to tell: written once, the note encrypted."""
    visit = _first(session, paired)
    for _ in range(2):
        _record(session, paired, visit.id, **greeting)

    (contact,) = session.connection().execute(select(CONTACT)).all()
    assert (contact.visit_id, contact.day) == (visit.id, visit.day)
    assert greeting.items() <= contact._asdict().items()


def test_greeting_that_failed_is_missed(session: Session, paired: Care) -> None:
    """Nobody answered: it is no greeting, and cannot become one by being written down again."""
    visit = _first(session, paired)

    assert [_record(session, paired, visit.id, is_met=False) for _ in range(2)] == ["missed", "missed"]
    with pytest.raises(WrongState):
        _record(session, paired, visit.id)


@pytest.mark.parametrize(
    ("greeting", "field"),
    [({"way": "letter"}, "way"), ({"condition": "fine"}, "condition"), ({"note": "长" * 401}, "note")],
)
def test_greeting_that_cannot_be_is_refused(
    session: Session, paired: Care, greeting: dict[str, str], field: str
) -> None:
    """The clerk hears which value it was."""
    with pytest.raises(WrongInput) as refused:
        _record(session, paired, _first(session, paired).id, **greeting)

    assert refused.value.field == field


def test_greeting_of_another_organisation_is_not_there(session: Session, paired: Care) -> None:
    """WEST can neither write EAST's greetings nor learn of them; a visit outside programmes is none."""
    visit, outside = _first(session, paired), paired.visits(session, ref="S4")[0]
    west = paired.world.organisations["WEST"]
    parts: dict[str, Any] = {"actor": "x", "now": paired.later(days=1), "organisation_id": west}

    for number in (visit.id, outside.id, 999_999):
        with pytest.raises(NotFound):
            record_greeting(session, number, Greeting(is_met=True), **parts)


def test_contact_without_a_visit_is_written_once_a_day(session: Session, care: Care) -> None:
    """The committee looked in: it counts for the month, and not twice."""
    who, day = care.world.seniors["S4"], date(2026, 3, 1)
    for _ in range(2):
        record_contact(session, who, day=day, way="door", actor=care.actor, now=care.noon, organisation_id=care.east)

    assert len(session.connection().execute(select(CONTACT)).all()) == 1


@pytest.mark.parametrize(("ref", "day", "refusal"), [("S5", 1, NotFound), ("V1", 1, NotFound), ("S1", 3, WrongInput)])
def test_contact_that_cannot_be_is_refused(
    session: Session, care: Care, ref: str, day: int, refusal: type[Exception]
) -> None:
    """Somebody of another street, a volunteer, or a day that has not come."""
    who = (care.world.seniors | care.world.volunteers)[ref]

    with pytest.raises(refusal):
        record_contact(
            session,
            who,
            day=date(2026, 3, day),
            way="door",
            actor=care.actor,
            now=care.noon,
            organisation_id=care.east,
        )


def test_nobody_goes_to_a_senior_who_is_away(session: Session, paired: Care) -> None:
    """In hospital since yesterday: today's greeting is called off, the others stay, and again calls nothing off."""
    visit = _first(session, paired)
    who = next(n for ref, n in paired.world.seniors.items() if paired.world.needs[f"{ref}-greeting"] == visit.need_id)
    planned = len(paired.visits(session))
    record_absence(session, who, visit.day, date(2026, 3, 20), actor=paired.actor, now=paired.noon)

    parts: dict[str, Any] = {"actor": "clock", "note": "住院", "now": paired.noon}
    done = [call_off_away(session, visit.day, **parts) for _ in range(2)]

    assert done == [1, 0]
    assert [one.id for one in paired.visits(session, "cancelled")] == [visit.id]
    assert len(paired.visits(session)) == planned - 1

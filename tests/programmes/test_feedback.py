"""Three parties say what they saw of one visit; what each said stays, and where they differ is shown."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.programmes.conftest import Care
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.programmes.feedback import Said, difference_words, feedback_of, give_feedback, list_differences
from timebank.programmes.greetings import Greeting, record_greeting
from timebank.programmes.refusals import SaidOtherwise

MARCH = (date(2026, 3, 1), date(2026, 4, 1))
HELD = Said(happened=True, minutes=10, satisfaction=5)


def _held(session: Session, care: Care) -> Any:
    """Return a greeting that was given."""
    visit = care.visits(session)[0]
    record_greeting(session, visit.id, Greeting(is_met=True), actor=care.actor, now=care.later(days=1))
    return visit


def _say(session: Session, care: Care, visit: Any, side: str, said: Said, **who: Any) -> Any:
    return give_feedback(session, visit.id, said, side=side, actor=care.actor, now=care.later(days=1), **who)


def test_three_parties_say_it_once_each(session: Session, paired: Care) -> None:
    """Said again alike nothing changes; said otherwise it is refused, for what was said stays."""
    visit = _held(session, paired)
    for side in ("senior", "volunteer", "organisation"):
        for _ in range(2):
            _say(session, paired, visit, side, HELD)

    assert [row.side for row in feedback_of(session, visit.id)] == ["organisation", "senior", "volunteer"]
    assert list_differences(session, days=MARCH, first=9) == []
    with pytest.raises(SaidOtherwise):
        _say(session, paired, visit, "senior", Said(happened=False))


@pytest.mark.parametrize(
    ("said", "zh", "en"),
    [
        (Said(happened=False), "是否发生说法不一", "they do not agree that it happened"),
        (Said(happened=True, minutes=4), "时长相差 6 分钟", "their minutes are 6 apart"),
        (Said(happened=True, satisfaction=3), "满意度相差 2 级", "how content they are is 2 steps apart"),
    ],
)
def test_differences_are_shown(session: Session, paired: Care, said: Said, zh: str, en: str) -> None:
    """The organisation sees on which visit to ask, and what about."""
    visit = _held(session, paired)
    _say(session, paired, visit, "volunteer", HELD)
    _say(session, paired, visit, "senior", said)

    (row,) = list_differences(session, days=MARCH, first=9, organisation_id=paired.east)

    assert row.id == visit.id
    assert (difference_words(row, "zh"), difference_words(row, "en")) == (zh, en)
    assert list_differences(session, days=MARCH, first=9, organisation_id=paired.world.organisations["WEST"]) == []


@pytest.mark.parametrize(
    "said", [Said(happened=True, minutes=5), Said(happened=True, minutes=15), Said(happened=True, satisfaction=4)]
)
def test_what_is_near_is_no_difference(session: Session, paired: Care, said: Said) -> None:
    """Five minutes and one step are how people remember, no reason to ask."""
    visit = _held(session, paired)
    _say(session, paired, visit, "volunteer", HELD)
    _say(session, paired, visit, "senior", said)

    assert list_differences(session, days=MARCH, first=9) == []


@pytest.mark.parametrize(
    ("side", "said", "field"),
    [
        ("neighbour", HELD, "side"),
        ("senior", Said(happened=True, minutes=-1), "minutes"),
        ("senior", Said(happened=True, satisfaction=6), "satisfaction"),
        ("senior", Said(happened=True, note="长" * 401), "note"),
    ],
)
def test_feedback_that_cannot_be_is_refused(session: Session, paired: Care, side: str, said: Said, field: str) -> None:
    """Each value is told by its name."""
    with pytest.raises(WrongInput) as refused:
        _say(session, paired, _held(session, paired), side, said)

    assert refused.value.field == field


def test_nobody_speaks_of_what_has_not_happened(session: Session, paired: Care) -> None:
    """A planned visit has no feedback yet."""
    with pytest.raises(WrongState):
        _say(session, paired, paired.visits(session)[0], "senior", HELD)


def test_others_say_nothing(session: Session, paired: Care) -> None:
    """Another organisation and another volunteer do not find the visit."""
    visit = _held(session, paired)
    other = next(n for n in paired.world.volunteers.values() if n != visit.volunteer_id)

    for who in ({"organisation_id": paired.world.organisations["WEST"]}, {"volunteer_id": other}):
        with pytest.raises(NotFound):
            _say(session, paired, visit, "volunteer", HELD, **who)


def test_database_keeps_what_was_said(engine: Engine, lone: Care) -> None:
    """Nobody writes over what a senior said."""
    with transaction(engine) as session:
        _say(session, lone, _held(session, lone), "senior", HELD)

    with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
        session.connection().execute(text("UPDATE feedback SET satisfaction = 5"))

"""Advice is counted once, and levels are reached by months and advice alone."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.care.conftest import EAST, Team
from tests.worlds import MONDAY
from timebank.care.levels import Standing, award_levels, count_levels, give_advice, months_between, reached, standings
from timebank.care.refusals import RoleMissing, TrainingExpired
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, WrongInput


def _advise(session: Session, team: Team, key: str, day: date = MONDAY, who: str = "A1", topic: str = "policy") -> int:
    parts = {"day": day, "topic": topic, "actor": EAST, "now": team.noon, "key": key}
    return give_advice(session, team.members[who], team.points["P1"], **parts).id or 0  # type: ignore[arg-type]  # parts by name


def test_advice_is_counted_once(engine: Engine, team: Team) -> None:
    """A form that is sent twice is one piece of advice; other advice under its key is a mistake of somebody."""
    with transaction(engine) as session:
        numbers = {_advise(session, team, "a") for _ in range(2)}
        with pytest.raises(KeyConflict):
            _advise(session, team, "a", topic="aids")

        assert len(numbers) == 1
        assert [one.advices for one in standings(session, MONDAY)] == [1]


def test_only_trained_advisers_advise(engine: Engine, team: Team) -> None:
    """Advice of somebody whose training ended is not written down as an adviser's."""
    with transaction(engine) as session:
        with pytest.raises(RoleMissing):
            _advise(session, team, "a", who="C1")
        with pytest.raises(TrainingExpired):
            _advise(session, team, "a", day=date(2026, 6, 1))
        with pytest.raises(WrongInput):
            _advise(session, team, "a", topic="weather")


@pytest.mark.parametrize(
    ("months", "advices", "levels"),
    [
        (5, 100, []),
        (6, 1, []),
        (6, 2, ["bronze"]),
        (59, 12, ["bronze", "silver"]),
        (60, 12, ["bronze", "silver", "gold"]),
    ],
)
def test_level_takes_months_and_advice(months: int, advices: int, levels: list[str]) -> None:
    """One short of either is not enough."""
    assert [level.code for level in reached(Standing(1, months, advices))] == levels


def test_level_is_awarded_once_and_stays(engine: Engine, team: Team) -> None:
    """What was reached is not lost in a quiet year, and is not given twice."""
    with transaction(engine) as session:
        for n in range(2):
            _advise(session, team, str(n), day=MONDAY - timedelta(days=n))
        first = award_levels(session, MONDAY, actor=EAST, now=team.noon)
        again = award_levels(session, MONDAY, actor=EAST, now=team.noon)

        assert (first["bronze"], again["bronze"]) == (1, 0)
        assert count_levels(session, MONDAY) == {"bronze": 1}
        assert count_levels(session, MONDAY - timedelta(days=1)) == {}


@pytest.mark.parametrize(
    ("began", "day", "months"),
    [
        (date(2025, 1, 31), date(2025, 2, 27), 0),
        (date(2025, 1, 31), date(2025, 2, 28), 1),
        (date(2025, 6, 1), date(2026, 6, 1), 12),
        (date(2026, 6, 1), date(2025, 6, 1), 0),
    ],
)
def test_months_are_whole(began: date, day: date, months: int) -> None:
    """A month is full on the day of the same number, or the last of a shorter month."""
    assert months_between(began, day) == months

"""What a volunteer sees of a senior, and when."""

from datetime import date, timedelta

import pytest

from tests.worlds import MONDAY
from timebank.core.clock import moment_at
from timebank.people.tables import Person
from timebank.visits.sight import Seen, address_of_respect, seen_by_volunteer
from timebank.visits.tables import Visit

HOME = "甘泉路 1 号 101 室"
MIDNIGHT = moment_at(MONDAY, 0)


def _person(gender: str = "female", name: str = "王秀英") -> Person:
    return Person(name=name, address=HOME, gender=gender, born_on=date(1945, 1, 1))


def _visit(status: str) -> Visit:
    return Visit(plan_id=1, need_id=1, volunteer_id=2, day=MONDAY, starts_min=540, planned_min=30, status=status)


@pytest.mark.parametrize(
    ("minutes", "address"), [(-1441, None), (-1440, HOME), (0, HOME), (569, HOME), (570, None), (2000, None)]
)
def test_home_is_seen_from_the_day_before_until_the_end(minutes: int, address: str | None) -> None:
    """An address is personal data: it is there when it is needed to come, and not a minute longer."""
    seen = seen_by_volunteer(_visit("planned"), _person(), now=MIDNIGHT + timedelta(minutes=minutes))

    assert seen == Seen("王阿姨", address)


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ("planned", HOME),
        ("checked_in", HOME),
        ("checked_out", None),
        ("confirmed", None),
        ("disputed", None),
        ("missed", None),
        ("cancelled", None),
    ],
)
def test_home_is_seen_while_the_visit_is_ahead_or_on(status: str, address: str | None) -> None:
    """Nobody looks up where a senior lives whose visit is over or called off."""
    assert seen_by_volunteer(_visit(status), _person(), now=MIDNIGHT).address == address


@pytest.mark.parametrize(
    ("name", "gender", "words"),
    [
        ("王秀英", "female", "王阿姨"),
        ("王建国", "male", "王叔叔"),
        ("王宁", "unknown", "王老师"),
        ("欧阳秀英", "female", "欧阳阿姨"),
        ("东方", "male", "东叔叔"),
    ],
)
def test_a_senior_is_addressed_with_respect(name: str, gender: str, words: str) -> None:
    """A volunteer knows the family name alone, whole, as neighbours in Shanghai say it."""
    assert address_of_respect(_person(gender, name)) == words

"""The focus list says who is on it, why, and since when; it is asked of the rows and never stored."""

from datetime import date

import pytest
from sqlalchemy import update
from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.people.focus import (
    SENIOR,
    STANDARD,
    birthday,
    born_until,
    list_focus,
    on_focus,
    read_rules,
    reasons_on,
)
from timebank.people.tables import Person, SeniorCategory

BORN_1950 = date(1950, 5, 1)


def _living_alone(session: Session, stored: World, ref: str, born_on: date, from_day: date) -> int:
    number = stored.seniors[ref]
    session.get_one(Person, number).born_on = born_on
    session.add(SeniorCategory(senior_id=number, category="living_alone", from_day=from_day))
    session.flush()
    return number


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2024, 12, 31), []),
        (date(2025, 4, 30), []),
        (date(2025, 5, 1), ["living_alone_75"]),
        (date(2030, 5, 2), ["living_alone_75"]),
    ],
)
def test_living_alone_counts_from_the_75th_birthday(
    session: Session, stored: World, day: date, codes: list[str]
) -> None:
    """One day too early somebody is not on the list; on the birthday they are."""
    number = _living_alone(session, stored, "S4", BORN_1950, date(2020, 1, 1))

    reasons = reasons_on(session, [number], day).get(number, [])

    assert [one.rule.code for one in reasons] == codes
    listed = set(session.connection().execute(on_focus(day)).scalars())
    assert (number in listed) == bool(codes)


def test_rule_that_was_replaced_holds_for_its_own_days(session: Session, stored: World) -> None:
    """A list of 2024 is read by the rule of 2024: from 80, not from 75."""
    number = _living_alone(session, stored, "S4", date(1944, 5, 1), date(2023, 1, 1))

    then = reasons_on(session, [number], date(2024, 6, 1))[number]
    now = reasons_on(session, [number], date(2025, 6, 1))[number]

    assert [(one.rule.code, one.since) for one in then] == [("living_alone_80", date(2024, 5, 1))]
    assert [(one.rule.code, one.since) for one in now] == [("living_alone_75", date(2025, 1, 1))]
    assert "75" in now[0].rule.article or "七十五" in now[0].rule.article


def test_every_reason_is_told(session: Session, stored: World) -> None:
    """Somebody in two categories is on the list once, for both reasons."""
    number = _living_alone(session, stored, "S4", date(1940, 1, 1), date(2025, 2, 1))
    session.add(SeniorCategory(senior_id=number, category="childless", from_day=date(2025, 3, 1)))
    session.flush()

    reasons = reasons_on(session, [number], MONDAY)[number]
    listed = [row.external_ref for row in list_focus(session, MONDAY, first=100)]

    assert [(one.rule.code, one.since) for one in reasons] == [
        ("living_alone_75", date(2025, 2, 1)),
        ("childless", date(2025, 3, 1)),
    ]
    assert listed == ["S2", "S4"]


def test_list_shrinks_with_what_ends(session: Session, stored: World) -> None:
    """A category that ended, and a senior who left, are on no list; a half-open day is the first without."""
    number = _living_alone(session, stored, "S4", date(1940, 1, 1), date(2025, 2, 1))
    held = session.get_one(SeniorCategory, (number, "living_alone", date(2025, 2, 1)))
    held.to_day = MONDAY
    session.flush()

    before, on = (list_focus(session, day, first=100) for day in (date(2026, 3, 1), MONDAY))
    session.connection().execute(update(SENIOR).values(status="deceased"))

    assert ([row.external_ref for row in before], [row.external_ref for row in on]) == (["S4"], ["S2"])
    assert list_focus(session, MONDAY, first=100) == []


def test_list_goes_by_street_and_page(session: Session, stored: World) -> None:
    """An organisation reads its own streets, page by page, by keys."""
    for ref in ("S1", "S3", "S5"):
        _living_alone(session, stored, ref, date(1940, 1, 1), date(2025, 2, 1))
    east = stored.organisations["EAST"]

    first = list_focus(session, MONDAY, first=2, organisation_id=east)
    rest = list_focus(session, MONDAY, first=2, after=first[-1].person_id, organisation_id=east)
    west = list_focus(session, MONDAY, first=9, subdistrict="310107007")

    assert [[row.external_ref for row in page] for page in (first, rest, west)] == [["S1", "S2"], ["S3"], ["S5"]]


@pytest.mark.parametrize(
    ("born_on", "years", "day"),
    [(date(1948, 2, 29), 75, date(2023, 3, 1)), (date(1948, 2, 29), 76, date(2024, 2, 29))],
)
def test_birthday_of_a_leap_day_is_a_day(born_on: date, years: int, day: date) -> None:
    """Who was born on 29 February becomes older every year too, and both ways of asking agree."""
    assert birthday(born_on, years) == day
    assert born_on <= born_until(day, years)
    assert born_until(date(2023, 2, 28), 75) < born_on


RULE = """
[[rules]]
code = "a"
name_zh = "甲"
name_en = "a"
article = "x"
from_day = 2025-01-01
categories = ["childless"]
min_age = 60
assumed = true
"""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (RULE + RULE, "twice"),
        (RULE.replace("childless", "rich"), "rich"),
        (RULE.replace("60", "160"), "age"),
        (RULE.replace("min_age", "to_day = 2024-01-01\nmin_age"), "before it begins"),
    ],
)
def test_rule_that_cannot_be_is_told(changed: str, words: str) -> None:
    """A typing fault in the data would quietly change who is looked after."""
    with pytest.raises(ValueError, match=words):
        read_rules(changed)


def test_rules_say_where_they_come_from() -> None:
    """Whoever asks why gets an article."""
    assert all(rule.article and rule.name_zh and rule.name_en for rule in STANDARD)

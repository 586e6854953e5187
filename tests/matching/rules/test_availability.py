"""Rule `availability`: visits fall on weekdays that suit both, bookings on weekdays that suit the need.

The engine pairs only who could go on for ever: with a common window as long as a visit, and with common weekdays
that the frequency fits round the week.
"""

import pytest

from matching.problem import EveryNDays, Frequency, Once, TimesPerMonth, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, pairs_of, unmet_of, visits_of
from tests.matching.questions import (
    EVERY_DAY,
    FRI,
    MON,
    SAT,
    SUN,
    THU,
    TUE,
    WED,
    Need,
    Slot,
    Volunteer,
    bath,
    question,
)


def test_judge_allows_the_weekday_both_have() -> None:
    """One common day is enough for one visit."""
    asked = question(Need(weekdays=MON | TUE), Volunteer(weekdays=TUE | WED))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 1, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize("day", [0, 2], ids=["the volunteer works", "the senior is at the clinic"])
def test_judge_forbids_a_weekday_that_one_lacks(day: int) -> None:
    """A visit on a day when one of the two is away is a missed visit."""
    asked = question(Need(weekdays=MON | TUE), Volunteer(weekdays=TUE | WED))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480)])

    assert faults(asked, plan) == (f"availability: need 1: day {day} with 11 is a wrong weekday",)


@pytest.mark.parametrize(
    ("day", "found"), [(1, ()), (2, ("availability: need 1: slot 21 on day 2 is on a wrong weekday",))]
)
def test_judge_asks_bookings_for_the_weekday_too(day: int, found: tuple[str, ...]) -> None:
    """A bath on a dialysis day is a bath not taken."""
    asked = question(bath(weekdays=MON | TUE), Slot(day=day))

    plan = answer(asked, bookings=[(1, 21)])

    assert faults(asked, plan) == found


@pytest.mark.parametrize(
    ("frequency", "enough", "short"),
    [
        (EveryNDays(1), EVERY_DAY, EVERY_DAY ^ SUN),
        (EveryNDays(3), MON | WED | SAT, MON | FRI),
        (EveryNDays(7), THU, 0),
        (TimesPerWeek(2), MON | THU, MON | WED),
        (TimesPerWeek(3), MON | WED | FRI, MON | TUE | FRI),
        (TimesPerMonth(1), THU, 0),
        (Once(), THU, 0),
    ],
    ids=str,
)
def test_engine_pairs_only_weekdays_that_the_frequency_fits(frequency: Frequency, enough: int, short: int) -> None:
    """Least common days that carry a frequency, and one day less: a promise that cannot be kept is not made."""
    need = Need(frequency=frequency)

    kept, broken = (solve(question(need, Volunteer(weekdays=days), days=28)) for days in (enough, short))

    assert pairs_of(kept) == [(1, 11)]
    assert unmet_of(broken) == {1: "availability"}


@pytest.mark.parametrize(("ends_min", "reason"), [(510, {}), (509, {1: "availability"})])
def test_engine_pairs_only_a_common_window_as_long_as_a_visit(ends_min: int, reason: dict[int, str]) -> None:
    """Half an hour needs half an hour."""
    plan = solve(question(Need(window_min=(480, 600)), Volunteer(window_min=(400, ends_min))))

    assert unmet_of(plan) == reason


def test_engine_visits_on_common_weekdays() -> None:
    """The one common day is used."""
    plan = solve(question(Need(weekdays=MON | TUE), Volunteer(weekdays=TUE | WED)))

    assert visits_of(plan) == [(1, 11, 1, 480)]


def test_engine_books_on_the_needs_weekdays() -> None:
    """The nearer slot on another weekday is passed by."""
    plan = solve(question(bath(weekdays=TUE), Slot(id=21, day=0), Slot(id=22, day=1, east_m=900)))

    assert bookings_of(plan) == [(1, 22)]

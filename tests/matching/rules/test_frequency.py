"""Rule `frequency`: visits are as often as the need asks, and each due visit has at most one booking."""

from dataclasses import replace

import pytest

from matching.problem import EveryNDays, Frequency, Once, TimesPerMonth, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, faults, visits_of
from tests.matching.questions import Need, Slot, Volunteer, bath, question

ALLOWED: list[tuple[Frequency, int, list[int]]] = [
    (EveryNDays(2), 7, [1, 3, 5]),
    (EveryNDays(2), 7, [0, 2, 4, 6]),
    (EveryNDays(3), 7, [2, 4]),
    (EveryNDays(7), 8, [1]),
    (EveryNDays(7), 6, []),
    (EveryNDays(7), 6, [3]),
    (TimesPerWeek(1), 14, [0, 13]),
    (TimesPerWeek(2), 14, [0, 3, 7, 11]),
    (TimesPerWeek(7), 7, [0, 1, 2, 3, 4, 5, 6]),
    (TimesPerWeek(1), 10, [6]),
    (TimesPerMonth(1), 30, [29]),
    (TimesPerMonth(2), 30, [14, 15]),
    (TimesPerMonth(1), 31, [0, 15]),
    (Once(), 7, [6]),
]


@pytest.mark.parametrize(("frequency", "horizon", "days"), ALLOWED, ids=str)
def test_judge_allows_the_days_that_keep_it(frequency: Frequency, horizon: int, days: list[int]) -> None:
    """The widest gap, the earliest and the latest day that a promise bears."""
    asked = question(Need(frequency=frequency), Volunteer(), days=horizon)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480) for day in days])

    assert faults(asked, plan) == ()


FORBIDDEN: list[tuple[Frequency, int, list[int], str]] = [
    (EveryNDays(2), 7, [0, 3, 5], "3 days without a visit, 2 are asked"),
    (EveryNDays(2), 7, [2, 4, 6], "3 days without a visit, 2 are asked"),
    (EveryNDays(2), 7, [1, 3], "4 days without a visit, 2 are asked"),
    (EveryNDays(2), 7, [], "8 days without a visit, 2 are asked"),
    (EveryNDays(2), 7, [1, 2, 3, 5], "the visit on day 2 is one more than every 2 days"),
    (EveryNDays(7), 8, [3, 4], "the visit on day 3 is one more than every 7 days"),
    (EveryNDays(7), 6, [0, 5], "2 visits where at most 1 is due"),
    (EveryNDays(2), 7, [1, 3, 3, 5], "two visits on one day, of days [1, 3, 3, 5]"),
    (TimesPerWeek(1), 14, [0], "visits of the weeks are [1, 0], 1 are asked in a whole week"),
    (TimesPerWeek(2), 7, [0, 3, 6], "visits of the weeks are [3], 2 are asked in a whole week"),
    (TimesPerWeek(2), 7, [0, 2], "two visits are 2 days apart, not 3"),
    (TimesPerWeek(1), 14, [6, 7], "two visits are 1 days apart, not 7"),
    (TimesPerWeek(1), 10, [0, 7, 9], "visits of the weeks are [1, 2], 1 are asked in a whole week"),
    (TimesPerMonth(1), 30, [], "days [] are not one for each of 1 due visits"),
    (TimesPerMonth(2), 30, [13, 14], "days [13, 14] are not one for each of 2 due visits"),
    (TimesPerMonth(1), 30, [3, 20], "days [3, 20] are not one for each of 1 due visits"),
    (Once(), 7, [], "days [] are not one for each of 1 due visits"),
    (Once(), 7, [1, 2], "days [1, 2] are not one for each of 1 due visits"),
]


@pytest.mark.parametrize(("frequency", "horizon", "days", "fault"), FORBIDDEN, ids=str)
def test_judge_forbids_a_day_too_few_too_many_or_too_late(
    frequency: Frequency, horizon: int, days: list[int], fault: str
) -> None:
    """A senior who counts on every second day notices the third."""
    asked = question(Need(frequency=frequency), Volunteer(max_needs=9, weekly_cap_min=9999), days=horizon)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480) for day in days])

    assert f"frequency: need 1: {fault}" in faults(asked, plan)


@pytest.mark.parametrize(
    ("bookings", "found"),
    [
        ([(1, 21), (1, 23)], ()),
        (
            [(1, 21), (1, 22), (1, 23)],
            ("frequency: need 1: bookings on days [0, 3, 4] are not one for each of 2 due visits",),
        ),
    ],
    ids=["one each", "two in one slice"],
)
def test_judge_wants_one_booking_a_due_visit(bookings: list[tuple[int, int]], found: tuple[str, ...]) -> None:
    """Two places for one due visit take one from somebody else."""
    slots = [Slot(id=21, day=0), Slot(id=22, day=3), Slot(id=23, day=4)]
    asked = question(bath(frequency=EveryNDays(4), penalty=1), *slots, days=8)
    plan = answer(asked, bookings=bookings)

    counted = replace(plan, objective=0, bound=0)

    assert faults(asked, counted) == found


VISITED: list[tuple[Frequency, int, int, int]] = [
    (EveryNDays(1), 7, 7, 7),
    (EveryNDays(2), 7, 3, 4),
    (EveryNDays(30), 28, 1, 1),
    (TimesPerWeek(1), 7, 1, 1),
    (TimesPerWeek(3), 14, 6, 6),
    (TimesPerWeek(7), 7, 7, 7),
    (TimesPerMonth(2), 30, 2, 2),
    (Once(), 7, 1, 1),
]


@pytest.mark.parametrize(("frequency", "horizon", "least", "most"), VISITED, ids=str)
def test_engine_visits_as_often_as_asked(frequency: Frequency, horizon: int, least: int, most: int) -> None:
    """Not one visit less, and not one more than the frequency can bear."""
    asked = question(Need(frequency=frequency), Volunteer(), days=horizon)

    plan = solve(asked)

    assert least <= len(visits_of(plan)) <= most
    assert faults(asked, plan) == ()

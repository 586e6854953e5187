"""The rest of a plan is a plan of the days that are left."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.problem import EveryNDays, Frequency, Once, TimesPerMonth, TimesPerWeek
from matching.rematch import rematch
from matching.solve import solve
from matching.tables import Absences, Budgets, Seasons, Suspensions
from matching.trim import trim
from matching.verify import verify
from tests.matching.answers import answer, bookings_of, pairs_of, unmet_of, visits_of
from tests.matching.instances import FREQUENCIES
from tests.matching.questions import Need, Slot, Volunteer, bath, question


def test_rest_of_a_plan_has_its_later_visits_on_days_counted_anew() -> None:
    """Tuesday is the first day of what is left, and nobody's later visit moves."""
    asked = question(Need(frequency=EveryNDays(2)), Volunteer(), days=8)
    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480) for day in (1, 3, 5, 7)])

    rest, left = trim(plan, asked, 2)

    assert (rest.starts_on.isoformat(), rest.horizon_days) == ("2026-03-04", 6)
    assert visits_of(left) == [(1, 11, day, 480) for day in (1, 3, 5)]
    assert left.verdict.holds


@pytest.mark.parametrize(
    ("frequency", "day"),
    [
        *product([Once(), EveryNDays(3), TimesPerWeek(2)], [0, 1, 7, 14, 20]),
        *product([TimesPerMonth(2)], [0, 1, 14, 20]),
    ],
)
def test_rest_of_a_plan_needs_no_repair(frequency: Frequency, day: int) -> None:
    """What was held is not asked for twice, and what is due is there."""
    asked = question(Need(frequency=frequency), Volunteer(), days=21)

    rest, left = trim(solve(asked), asked, day)

    assert left.verdict.holds, left.verdict.faults
    assert len(rematch(rest, left).changes) == 0


@settings(deadline=None, max_examples=100)
@given(
    frequencies=st.lists(FREQUENCIES, min_size=1, max_size=4),
    day=st.integers(0, 20),
    is_slot=st.booleans(),
    places=st.integers(0, 3),
)
def test_any_rest_can_be_mended(frequencies: list[Frequency], day: int, places: int, *, is_slot: bool) -> None:
    """Whatever the frequencies, a repair from any day on is a right plan for the days that are left."""
    make: Any = bath if is_slot else Need
    rows = [make(id=number, frequency=each) for number, each in enumerate(frequencies, start=1)]
    slots = [Slot(id=100 + when, day=when, places=places) for when in range(0, 21, 2)]
    asked = question(*rows, *slots, Volunteer(max_needs=places), days=21)

    rest, left = trim(solve(asked), asked, day)

    assert verify(rest, rematch(rest, left).plan).holds


def test_served_once_is_not_asked_for_again() -> None:
    """A bath on Monday is no bath due from Tuesday on."""
    asked = question(bath(frequency=Once()), Need(id=2, frequency=Once()), Slot(), Volunteer())
    plan = answer(asked, pairs=[(2, 11)], visits=[(2, 11, 0, 480)], bookings=[(1, 21)])

    rest, left = trim(plan, asked, 1)

    assert len(rest.needs) == len(rest.slots) == 0
    assert (pairs_of(left), bookings_of(left), unmet_of(left)) == ([], [], {})


def test_tables_are_counted_from_the_new_first_day() -> None:
    """Absences, seasons, closed days, slots and money of the past are gone; what runs on runs on."""
    columns: dict[type, dict[str, Any]] = {
        Absences: {"person_ids": [11, 11, 11], "first_days": [0, 2, 8], "last_days": [3, 9, 10]},
        Seasons: {
            "need_ids": [2, 2],
            "first_days": [0, 7],
            "last_days": [3, 14],
            "frequency_kinds": [2, 2],
            "frequency_counts": [1, 2],
        },
        Suspensions: {"days": [2, 6]},
        Budgets: {"ids": [1], "cents": [500]},
    }
    tables = {table.__name__.lower(): table(**values) for table, values in columns.items()}
    slots = [Slot(id=20 + day, day=day, cost_cents=120, budget=1) for day in (0, 3, 7)]
    asked = question(bath(frequency=EveryNDays(7)), Need(id=2), *slots, Volunteer(), days=14, tables=tables)
    plan = answer(asked, bookings=[(1, 20), (1, 27)], unmet=[2])

    rest, left = trim(plan, asked, 3)

    assert list(zip(rest.absences.first_days.tolist(), rest.absences.last_days.tolist(), strict=True)) == [
        (-1, 6),
        (5, 7),
    ]
    assert list(zip(rest.seasons.first_days.tolist(), rest.seasons.last_days.tolist(), strict=True)) == [(4, 11)]
    assert rest.suspensions.days.tolist() == [3]
    assert rest.slots.days.tolist() == [0, 4]
    assert rest.budgets.cents.tolist() == [380]
    assert rest.needs.waiting_days.tolist() == [3, 3]
    assert (rest.needs.first_days.tolist(), rest.needs.last_days.tolist()) == ([4, -3], [363, 363])
    assert bookings_of(left) == [(1, 27)]


def test_need_whose_days_are_over_is_gone() -> None:
    """A rest asks nothing of a need that ended, and its volunteer is free."""
    asked = question(Need(days=(0, 3)), Need(id=2), Volunteer(max_needs=2))

    rest, left = trim(solve(asked), asked, 3)

    assert rest.needs.ids.tolist() == np.unique(left.pairs.need_ids).tolist() == [2]


@pytest.mark.parametrize("day", [-1, 7, 99])
def test_day_outside_the_plan_is_refused(day: int) -> None:
    """There is no rest after the end."""
    asked = question(Need(), Volunteer())

    with pytest.raises(ValueError, match="between 0 and its last"):
        trim(solve(asked), asked, day)

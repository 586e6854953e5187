"""Rule `series`: a series keeps resource, weekday and time from visit to visit, and is whole."""

from matching.problem import TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, unmet_of
from tests.matching.questions import Slot, bath, question

DIALYSIS = bath(is_series=True, frequency=TimesPerWeek(1))
SAME = [Slot(id=21, day=2), Slot(id=22, day=9)]


def test_judge_allows_the_same_slot_every_week() -> None:
    """Tuesday at nine, and Tuesday at nine again."""
    asked = question(DIALYSIS, *SAME, days=14)

    assert faults(asked, answer(asked, bookings=[(1, 21), (1, 22)])) == ()


def test_judge_forbids_another_day_or_time() -> None:
    """Who goes three times a week for months must not look up every week when."""
    asked = question(DIALYSIS, SAME[0], Slot(id=22, day=10), days=14)

    found = faults(asked, answer(asked, bookings=[(1, 21), (1, 22)]))

    assert found == ("series: need 1 has bookings of 2 kinds of resource, weekday and time, not 1",)


def test_engine_keeps_the_slot() -> None:
    """A nearer slot that is there in one week alone is passed by."""
    nearer = [Slot(id=20 - day, day=day, resource=32) for day in (1,)]
    slots = [Slot(id=21, day=2, east_m=500), Slot(id=22, day=9, east_m=500)]

    plan = solve(question(DIALYSIS, *nearer, *slots, days=14))

    assert bookings_of(plan) == [(1, 21), (1, 22)]


def test_engine_begins_no_series_that_breaks_off() -> None:
    """With a slot in the first week alone the need is unmet as a whole."""
    plan = solve(question(DIALYSIS, SAME[0], days=14))

    assert (bookings_of(plan), list(unmet_of(plan))) == ([], [1])

"""Rule `slot_places`: a slot takes no more seniors than it has places."""

import pytest

from matching.problem import EveryNDays, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, unmet_of
from tests.matching.questions import Slot, bath, question


def test_judge_allows_the_last_place() -> None:
    """A slot with two places takes two."""
    asked = question(bath(id=1), bath(id=2), Slot(places=2))

    plan = answer(asked, bookings=[(1, 21), (2, 21)])

    assert faults(asked, plan) == ()


def test_judge_forbids_one_more() -> None:
    """Who is brought to a full bath house has come for nothing."""
    asked = question(bath(id=1), bath(id=2), Slot(places=1))

    plan = answer(asked, bookings=[(1, 21), (2, 21)])

    assert faults(asked, plan) == ("slot_places: slot 21 takes 2 of 1",)


@pytest.mark.parametrize(("places", "booked"), [(0, 0), (1, 1), (2, 2), (3, 3), (2**62, 3)])
def test_engine_fills_a_slot_and_stops(places: int, booked: int) -> None:
    """Places are used up and never overrun; the rest is told why."""
    plan = solve(question(*(bath(id=number) for number in (1, 2, 3)), Slot(places=places)))

    assert len(bookings_of(plan)) == booked
    assert set(unmet_of(plan).values()) <= {"slot_places"}


def test_engine_gives_the_next_slot_when_the_nearest_is_full() -> None:
    """Two baths, two slots of one place: the total way decides who goes where."""
    baths = [bath(id=1, east_m=0), bath(id=2, east_m=100)]
    slots = [Slot(id=21, east_m=60), Slot(id=22, east_m=300)]

    plan = solve(question(*baths, *slots))

    assert bookings_of(plan) == [(1, 21), (2, 22)]
    assert plan.objective == 60 + 200


def test_engine_says_full_only_where_an_open_visit_could_have_gone() -> None:
    """A free place in the first week is no help in the second, and must not be called full."""
    asked = question(bath(frequency=TimesPerWeek(1)), Slot(id=21, day=2), days=14)

    plan = solve(asked)

    assert bookings_of(plan) == [(1, 21)]
    assert unmet_of(plan) == {1: "availability"}
    assert plan.unmet.taken_by_rule.sum() == 1


def test_engine_says_full_where_the_open_visit_met_others() -> None:
    """The second visit of one, and the only one of the other, want the same last place."""
    baths = [bath(id=1, frequency=EveryNDays(4)), bath(id=2, days=(0, 7), weekdays=0b0010000)]

    plan = solve(question(*baths, Slot(id=21, day=1), Slot(id=22, day=4), days=8))

    assert len(bookings_of(plan)) == 2
    assert set(unmet_of(plan).values()) == {"slot_places"}
    assert plan.unmet.remaining.tolist() == [1]

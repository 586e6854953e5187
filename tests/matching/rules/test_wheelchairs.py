"""Rule `wheelchairs`: a slot takes no more wheelchairs than it has places for them."""

from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults
from tests.matching.questions import Slot, bath, question

CHAIRS = [bath(id=1, wheelchairs=1), bath(id=2, wheelchairs=1)]


def test_judge_allows_as_many_as_there_are_places() -> None:
    """Two wheelchairs in a van with two places for them."""
    asked = question(*CHAIRS, Slot(places=4, wheelchairs=2))

    assert faults(asked, answer(asked, bookings=[(1, 21), (2, 21)])) == ()


def test_judge_forbids_one_more() -> None:
    """A seat holds no wheelchair, however many seats are free."""
    asked = question(*CHAIRS, Slot(places=4, wheelchairs=1))

    plan = answer(asked, bookings=[(1, 21), (2, 21)])

    assert faults(asked, plan) == ("wheelchairs: slot 21 takes 2 wheelchairs, has places for 1",)


def test_engine_gives_the_other_seats_to_others() -> None:
    """One wheelchair place and one seat: one of each is taken."""
    plan = solve(question(*CHAIRS, bath(id=3), Slot(places=2, wheelchairs=1)))

    assert len(bookings_of(plan)) == 2
    assert (3, 21) in bookings_of(plan)

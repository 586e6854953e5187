"""Rule `at_once`: a need with further skills has, with each booking, one of every other skill at the same time."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, unmet_of
from tests.matching.questions import Slot, bath, question

VAN, CLIMBER = 1, 2
TRIP = bath(skill=VAN, also_skills=1 << CLIMBER)
VAN_SLOT = Slot(id=21, resource=31, skill=VAN, hours_min=(540, 600))
BESIDE = Slot(id=22, resource=32, skill=CLIMBER, hours_min=(560, 660))


def test_judge_allows_two_resources_at_once() -> None:
    """Stair climber and van share the half hour that the trip takes."""
    asked = question(TRIP, VAN_SLOT, BESIDE)

    assert faults(asked, answer(asked, bookings=[(1, 21), (1, 22)])) == ()


@pytest.mark.parametrize(
    "other",
    [
        Slot(id=22, resource=32, skill=CLIMBER, day=1, hours_min=(540, 600)),
        Slot(id=22, resource=32, skill=CLIMBER, hours_min=(580, 660)),
        Slot(id=22, resource=31, skill=CLIMBER, hours_min=(540, 600)),
    ],
    ids=["another day", "too short together", "the same resource"],
)
def test_judge_forbids_one_without_the_other(other: Slot) -> None:
    """A van at the gate is no use to whom nobody brings down the stairs."""
    asked = question(TRIP, VAN_SLOT, other)

    found = faults(asked, answer(asked, bookings=[(1, 21), (1, 22)]))

    assert "at_once: need 1: slot 21 has no slot of every further skill beside it" in found


def test_judge_forbids_a_resource_that_is_missing() -> None:
    """One of two resources alone is half a trip."""
    asked = question(TRIP, VAN_SLOT, BESIDE)

    found = faults(asked, answer(asked, bookings=[(1, 21)]))

    assert "at_once: need 1 has 1 bookings for 1 visits of 2 resources" in found


def test_engine_books_both_or_neither() -> None:
    """Both at one time where there are both; without a stair climber no place of the van is taken."""
    assert bookings_of(solve(question(TRIP, VAN_SLOT, BESIDE))) == [(1, 21), (1, 22)]
    assert list(unmet_of(solve(question(TRIP, VAN_SLOT)))) == [1]

"""Rule `capacity`: a volunteer has no more needs than they take."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question

VISITS = [(1, 11, 0, 480), (2, 11, 1, 480)]


def test_judge_allows_as_many_as_taken() -> None:
    """A volunteer who takes two can have two."""
    asked = question(Need(id=1), Need(id=2), Volunteer(max_needs=2))

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=VISITS)

    assert faults(asked, plan) == ()


def test_judge_forbids_one_more() -> None:
    """Volunteers who get more than they agreed to stop volunteering."""
    asked = question(Need(id=1), Need(id=2), Volunteer(max_needs=1))

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=VISITS)

    assert faults(asked, plan) == ("capacity: volunteer 11 has 2 needs, takes 1",)


@pytest.mark.parametrize(("max_needs", "met"), [(0, 0), (1, 1), (2, 2), (3, 3), (2**62, 3)])
def test_engine_fills_a_volunteer_and_stops(max_needs: int, met: int) -> None:
    """Room is used up, and never overrun, from none at all to more than a machine word can add up."""
    needs = [Need(id=number) for number in (1, 2, 3)]
    people = [Volunteer(id=11, max_needs=max_needs), Volunteer(id=12, max_needs=2**62, skills=0)]

    plan = solve(question(*needs, *people))

    assert len(pairs_of(plan)) == met
    assert set(unmet_of(plan).values()) <= {"capacity"}


def test_engine_gives_the_full_volunteers_needs_to_the_next() -> None:
    """Who cannot have the nearest gets the second nearest."""
    needs = [Need(id=number, east_m=number) for number in (1, 2, 3)]
    people = [Volunteer(id=11, max_needs=1), Volunteer(id=12, east_m=900, max_needs=2)]

    plan = solve(question(*needs, *people))

    assert pairs_of(plan) == [(1, 11), (2, 12), (3, 12)]

"""Rule `distance`: nobody walks farther than allowed, and the metres are as said."""

from dataclasses import replace

import pytest

from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, honest, pairs_of, unmet_of
from tests.matching.questions import MAX_DISTANCE_M, MAX_SLOT_DISTANCE_M, Need, Slot, Volunteer, bath, question


def test_judge_allows_the_longest_walk() -> None:
    """The limit itself is within the limit."""
    asked = question(Need(), Volunteer(east_m=MAX_DISTANCE_M))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ()


def test_judge_forbids_a_longer_walk() -> None:
    """The limit is what volunteers were promised; the judge gives away no more than its rounding."""
    asked = question(Need(), Volunteer(east_m=MAX_DISTANCE_M + 2))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("distance: need 1: 1002 m is farther than 1000 m",)


def test_judge_counts_the_detour() -> None:
    """Streets are longer than the straight line, and it is streets that people walk."""
    asked = question(Need(), Volunteer(east_m=800), detour=1.3)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("distance: need 1: 1040 m is farther than 1000 m",)


@pytest.mark.parametrize("off_m", [-3, 3])
def test_judge_forbids_metres_that_are_not_so(off_m: int) -> None:
    """A cost is only proven if the metres it adds up are true."""
    asked = question(Need(), Volunteer(east_m=500))
    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    wrong = honest(asked, replace(plan, pairs=replace(plan.pairs, distances_m=plan.pairs.distances_m + off_m)))

    assert faults(asked, wrong) == (f"distance: need 1: {500 + off_m} m are said, 500 m counted",)


def test_judge_forbids_a_slot_out_of_reach() -> None:
    """A bath on the other side of the district is no bath for someone who cannot get there."""
    asked = question(bath(), Slot(east_m=MAX_SLOT_DISTANCE_M + 2))

    plan = answer(asked, bookings=[(1, 21)])

    assert faults(asked, plan) == ("distance: need 1: 2002 m is farther than 2000 m",)


def test_engine_uses_the_longest_walk() -> None:
    """Nobody is left alone for a metre that was allowed."""
    plan = solve(question(Need(), Volunteer(east_m=MAX_DISTANCE_M)))

    assert pairs_of(plan) == [(1, 11)]
    assert plan.objective == MAX_DISTANCE_M


def test_engine_walks_no_metre_more() -> None:
    """The reason names the rule."""
    plan = solve(question(Need(), Volunteer(east_m=MAX_DISTANCE_M + 1)))

    assert unmet_of(plan) == {1: "distance"}


@pytest.mark.parametrize(("east_m", "booked"), [(MAX_SLOT_DISTANCE_M, [(1, 21)]), (MAX_SLOT_DISTANCE_M + 1, [])])
def test_engine_books_within_reach(east_m: int, booked: list[tuple[int, int]]) -> None:
    """Resources have a reach of their own, longer than a walk between neighbours."""
    plan = solve(question(bath(), Slot(east_m=east_m)))

    assert bookings_of(plan) == booked

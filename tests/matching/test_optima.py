"""The engine's optimum is the optimum: by trying everything, by hand, and by another solver."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import slots
from matching.plan import Status
from matching.problem import FrequencyKind, Problem
from matching.solve import solve
from tests.matching.answers import bookings_of, pairs_of, unmet_of
from tests.matching.instances import (
    BATH_FREQUENCIES,
    Tiny,
    cheapest_booking_by_trying,
    cheapest_by_linear_program,
    cheapest_by_trying,
    quarter,
    tiny_bookings,
    tiny_pairings,
)
from tests.matching.plain import able_metres, due_days
from tests.matching.questions import (
    STORM_MET,
    STORM_UNMET,
    VILLAGE_OBJECTIVE,
    Need,
    Volunteer,
    question,
    storm,
    village,
)


@settings(deadline=None, max_examples=150)
@given(tiny=tiny_pairings())
def test_pairing_is_the_cheapest_of_all_that_can_be_tried(tiny: Tiny) -> None:
    """Whatever the candidates looked at first, no way of pairing costs less."""
    plan = solve(tiny.asked)

    assert plan.objective == cheapest_by_trying(tiny)
    assert (plan.status, plan.bound, plan.gap) == (Status.OPTIMAL, plan.objective, 0.0)


@settings(deadline=None, max_examples=100)
@given(asked=tiny_bookings())
def test_booking_is_the_cheapest_of_all_that_can_be_tried(asked: Problem) -> None:
    """Places go where the total way and the penalties are least, over all due visits at once."""
    plan = solve(asked)

    assert plan.objective == cheapest_booking_by_trying(asked, due_days(asked))
    assert slots.book(asked).objective == plan.objective


def test_village_has_the_optimum_known_by_hand() -> None:
    """An optimum that a person can check with a pencil."""
    plan = solve(village())

    assert plan.objective == VILLAGE_OBJECTIVE
    assert pairs_of(plan) == [(1, 12), (2, 11), (3, 12)]
    assert bookings_of(plan) == [(4, 21), (5, 22)]


def test_storm_meets_as_many_as_there_are_hands() -> None:
    """With more needs than hands there is still a plan, and it wastes no hand."""
    plan = solve(storm())

    assert len(pairs_of(plan)) + len(bookings_of(plan)) == STORM_MET
    assert len(unmet_of(plan)) == STORM_UNMET
    assert plan.status == Status.OPTIMAL


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("room", "candidates"), [(9, 30), (3, 4)], ids=["room for all", "short of hands"])
def test_pairing_equals_a_linear_program(seed: int, room: int, candidates: int) -> None:
    """Another model in another solver, over all who are able, agrees to the metre."""
    asked = quarter(needs=200, volunteers=40, seed=seed, room=room, candidates=candidates)

    plan = solve(asked)

    assert plan.objective == round(cheapest_by_linear_program(asked, able_metres(asked)))
    assert plan.status == Status.OPTIMAL


@settings(deadline=None, max_examples=30)
@given(penalties=st.lists(st.integers(1, 100_000_000), min_size=1, max_size=5))
def test_penalties_make_every_question_answerable(penalties: list[int]) -> None:
    """With nobody to come at all, the plan says what that costs instead of failing."""
    needs = [Need(id=number, penalty=penalty) for number, penalty in enumerate(penalties)]

    plan = solve(question(*needs, Volunteer(max_needs=0)))

    assert plan.objective == sum(penalties)
    assert len(plan.unmet.need_ids) == len(penalties)


def test_larger_penalty_goes_first() -> None:
    """When one of two must wait, it is the one whose waiting weighs less, though the walk be longer."""
    near, dear = Need(id=1, east_m=0, penalty=5_000), Need(id=2, east_m=900, penalty=6_000)

    plan = solve(question(near, dear, Volunteer(max_needs=1)))

    assert pairs_of(plan) == [(2, 11)]


def test_need_is_left_when_the_way_is_longer_than_it_weighs() -> None:
    """A penalty is the longest way that a need is worth, and the reason says so."""
    plan = solve(question(Need(id=1, penalty=400), Need(id=2, penalty=600), Volunteer(east_m=500)))

    assert pairs_of(plan) == [(2, 11)]
    assert unmet_of(plan) == {1: "cost"}


def test_frequency_kinds_of_tiny_bookings_are_all_tried() -> None:
    """Trying everything proves something only for the kinds that are tried."""
    kinds = np.unique(np.concatenate([asked.needs.frequency_kinds for asked in _one_of_each()]))

    assert kinds.tolist() == list(FrequencyKind)


def _one_of_each() -> list[Problem]:
    return [
        question(*(Need(id=row, frequency=frequency) for row, frequency in enumerate(frequencies)))
        for frequencies in BATH_FREQUENCIES
    ]

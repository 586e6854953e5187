"""Nobody is left alone because the nearest are full while others within reach have room."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from matching import candidates, pairing, widening
from matching.problem import Problem
from matching.solve import solve
from tests.matching.answers import pairs_of, unmet_of
from tests.matching.instances import Tiny, quarter, tiny_pairings
from tests.matching.questions import Need, Volunteer, question


def test_full_nearest_send_to_the_next() -> None:
    """One candidate a need, and it is full for the second: the farther one with room is still found."""
    needs = [Need(id=1, east_m=0), Need(id=2, east_m=10)]
    people = [Volunteer(id=11, east_m=0, max_needs=1), Volunteer(id=12, east_m=800, max_needs=1)]

    plan = solve(question(*needs, *people, candidates_per_need=1))

    assert pairs_of(plan) == [(1, 11), (2, 12)]


def test_a_chain_of_three_makes_room() -> None:
    """The unmet need's only volunteer is freed by a senior who moves to another, who is freed by a third.

    Need 3 reaches volunteer 11 alone; 1 and 2 would both stay near, and 12 and 13 are in nobody's short list.
    """
    needs = [Need(id=1, east_m=0), Need(id=2, east_m=600), Need(id=3, east_m=-900)]
    people = [
        Volunteer(id=11, east_m=0, max_needs=1),
        Volunteer(id=12, east_m=500, max_needs=1),
        Volunteer(id=13, east_m=1500, max_needs=1),
    ]

    plan = solve(question(*needs, *people, candidates_per_need=1))

    assert pairs_of(plan) == [(1, 12), (2, 13), (3, 11)]
    assert plan.objective == 500 + 900 + 900


def test_everyone_at_one_point_is_used() -> None:
    """In one tower all distances are equal, and the first few of the list must not be the only ones who are asked."""
    needs = [Need(id=number) for number in range(40)]
    people = [Volunteer(id=100 + number, max_needs=2) for number in range(20)]

    plan = solve(question(*needs, *people, candidates_per_need=3))

    assert unmet_of(plan) == {}
    assert np.bincount(plan.pairs.volunteer_ids - 100).tolist() == [2] * 20


@pytest.mark.parametrize("candidates_per_need", [1, 2, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_number_of_candidates_does_not_change_the_cost(seed: int, candidates_per_need: int) -> None:
    """How many are looked at first is a matter of speed alone."""
    narrow = quarter(needs=80, volunteers=30, seed=seed, room=3, candidates=candidates_per_need)
    wide = quarter(needs=80, volunteers=30, seed=seed, room=3, candidates=30)

    assert solve(narrow).objective == solve(wide).objective


def _paired(asked: Problem) -> tuple[candidates.Arcs, pairing.Assignment, widening.Prices]:
    arcs, paired = widening.pair_within_reach(asked, candidates.find_arcs(asked))
    return arcs, paired, widening.find_prices(asked, arcs, paired)


def _worth_m(asked: Problem, prices: widening.Prices) -> int:
    """Prices of all needs less the prices of all places."""
    places = asked.volunteers.max_needs
    return int(prices.needs_m.sum() - (prices.volunteers_m * places)[places > 0].sum())


@settings(deadline=None, max_examples=100)
@given(tiny=tiny_pairings())
def test_prices_prove_the_cost(tiny: Tiny) -> None:
    """Strong duality: prices that no arc undercuts, and that add up to the cost, are a proof of it."""
    asked = tiny.asked

    arcs, paired, prices = _paired(asked)

    assert _worth_m(asked, prices) == paired.objective
    assert (prices.needs_m[arcs.needs] <= arcs.distances_m + prices.volunteers_m[arcs.volunteers]).all()
    assert (prices.needs_m <= asked.needs.penalties).all()
    assert (prices.volunteers_m >= 0).all()


@pytest.mark.parametrize("seed", [3, 4])
def test_prices_prove_the_cost_of_a_quarter_short_of_hands(seed: int) -> None:
    """Long chains of full volunteers are priced through to their end."""
    asked = quarter(needs=200, volunteers=40, seed=seed, room=3, candidates=4)

    _, paired, prices = _paired(asked)

    assert len(paired.unmet) > 20
    assert _worth_m(asked, prices) == paired.objective


def test_price_of_a_place_is_what_its_loss_would_cost() -> None:
    """Two needs, one place: without it the need it serves would pay its penalty instead of its way."""
    needs = [Need(id=1, east_m=100, penalty=5_000), Need(id=2, east_m=200, penalty=6_000)]

    _, paired, prices = _paired(question(*needs, Volunteer(max_needs=1)))

    nobody = solve(question(*needs, Volunteer(max_needs=0)))
    assert prices.volunteers_m.tolist() == [nobody.objective - paired.objective] == [5_800]
    assert prices.needs_m.tolist() == [5_000, 6_000]


def test_arcs_stay_in_order() -> None:
    """Whoever explains pairs relies on arcs ordered by need, then metres, then volunteer."""
    asked = quarter(needs=80, volunteers=30, seed=1, room=3, candidates=2)

    arcs, _, _ = _paired(asked)

    order = np.lexsort((arcs.volunteers, arcs.distances_m, arcs.needs))
    assert (order == np.arange(len(order))).all()
    assert len(np.unique(arcs.needs * 100 + arcs.volunteers)) == len(order) > 2 * 80 * 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pairing_again_round_few_added_arcs_is_enough(seed: int) -> None:
    """Where prices prove it, the others keep their volunteers, and the cost is that of pairing everybody again."""
    narrow = quarter(needs=600, volunteers=110, seed=seed, room=6, candidates=6)
    wide = quarter(needs=600, volunteers=110, seed=seed, room=6, candidates=110)

    _, few, prices = _paired(narrow)
    _, all_at_once, _ = _paired(wide)

    assert few.objective == all_at_once.objective == few.bound
    assert _worth_m(narrow, prices) == few.objective


def test_a_pairing_that_could_be_cheaper_has_no_prices() -> None:
    """Two who would change volunteers at less cost: prices would fall for ever, and prove nothing."""
    needs = [Need(id=1, east_m=0), Need(id=2, east_m=500)]
    people = [Volunteer(id=11, east_m=0, max_needs=1), Volunteer(id=12, east_m=500, max_needs=1)]
    asked = question(*needs, *people)
    arcs, paired, _ = _paired(asked)
    crossed = np.setdiff1d(np.arange(len(arcs.needs)), paired.arcs)

    with pytest.raises(ValueError, match="not optimal"):
        widening.find_prices(asked, arcs, replace(paired, arcs=crossed))

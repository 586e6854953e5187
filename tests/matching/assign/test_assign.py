"""The front: the right method, the optimum on all small networks, strict tiers, the same answer for any workers."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import assign, flow
from matching.assign import LIGHT, Answer, Effort, Proof, StoppedBy
from matching.network import UNPAIRED, Network, faults, rank
from tests.matching.assign.networks import best_rank, district, empty, network

small = st.builds(
    network,
    lefts=st.integers(1, 6),
    rights=st.integers(1, 3),
    seed=st.integers(0, 10_000),
    tiers=st.integers(1, 3),
    room_min=st.sampled_from([0, 60, 130, 200]),
    load_costs=st.sampled_from([0, 150]),
)


@settings(max_examples=40, deadline=None)
@given(small)
def test_small_network_is_answered_best(instance: Network) -> None:
    """On every network small enough to try all answers, none ranks before the engine's."""
    answer = assign.assign(instance, effort=LIGHT)

    assert rank(instance, answer.chosen) == best_rank(instance)


@settings(max_examples=30, deadline=None)
@given(small)
def test_bound_is_never_above_the_best(instance: Network) -> None:
    """A bound above a known answer would call good plans impossible."""
    answer = assign.assign(instance, effort=LIGHT)

    *unpaired, cost = best_rank(instance)

    assert answer.bound <= cost
    assert answer.unpaired_bound <= answer.unpaired
    assert sum(unpaired) <= answer.unpaired
    assert faults(instance, answer.chosen) == ()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), tiers=st.integers(1, 3), load_costs=st.sampled_from([0, 100]))
def test_equal_loads_are_proven_by_flow(seed: int, tiers: int, load_costs: int) -> None:
    """Equal loads are the common case of a district, and their optimum is exact."""
    instance = network(lefts=6, seed=seed, tiers=tiers, weights=(60,), room_min=130, load_costs=load_costs)

    answer = assign.assign(instance)

    assert answer.method == flow.METHOD
    assert answer.proof is Proof.OPTIMAL
    assert rank(instance, answer.chosen) == best_rank(instance)


def test_loads_are_equal_where_only_the_number_counts() -> None:
    """Unlike minutes do not matter to a right whose number of lefts fills up first."""
    instance = replace(network(room_min=1000), max_lefts=np.array([2, 2, 2]))

    assert assign.assign(instance).method == flow.METHOD


def test_earlier_tier_makes_two_of_a_later_one_wait() -> None:
    """One left of 120 minutes of tier 0 is worth more than two of 60 of tier 1, whatever the penalties."""
    instance = Network(
        lefts=np.array([0, 1, 2]),
        rights=np.array([0, 0, 0]),
        costs=np.array([900, 1, 1]),
        weights_min=np.array([120, 60, 60]),
        penalties=np.array([10, 5000, 5000]),
        tiers=np.array([0, 1, 1]),
        capacities_min=np.array([120]),
        max_lefts=np.array([9]),
    )

    answer = assign.assign(instance, effort=LIGHT)

    assert answer.chosen.tolist() == [0, UNPAIRED, UNPAIRED]


def test_fixed_pair_stands() -> None:
    """A pair that a coordinator set is kept although a cheaper one is there."""
    instance = network(seed=4)
    dear = int(np.argmax(instance.costs))

    answer = assign.assign(replace(instance, fixed=np.array([dear])), effort=LIGHT)

    assert answer.chosen[instance.lefts[dear]] == dear


@settings(max_examples=20, deadline=None)
@given(instance=small, place=st.integers(0, 50))
def test_fixed_pair_leaves_the_best_of_the_rest(instance: Network, place: int) -> None:
    """Whatever is set beforehand, the others are answered best around it."""
    fits = np.flatnonzero(instance.weights_min <= instance.capacities_min[instance.rights])
    instance = replace(instance, fixed=fits[place : place + 1])

    answer = assign.assign(instance, effort=LIGHT)

    assert rank(instance, answer.chosen) == best_rank(instance)


def few(lefts: int, rights: int) -> Network:
    """Return lefts and rights without an arc."""
    return Network(
        lefts=empty(),
        rights=empty(),
        costs=empty(),
        weights_min=empty(),
        penalties=np.full(lefts, 7),
        tiers=np.zeros(lefts, np.int64),
        capacities_min=np.full(rights, 60),
        max_lefts=np.full(rights, 1),
    )


@pytest.mark.parametrize(("lefts", "rights"), [(0, 0), (0, 3), (3, 0), (3, 3)])
def test_nothing_to_pair_is_answered(lefts: int, rights: int) -> None:
    """No volunteers, no seniors or no candidate at all is a right answer, not an error."""
    answer = assign.assign(few(lefts, rights))

    assert answer.chosen.tolist() == [UNPAIRED] * lefts
    assert (answer.objective, answer.bound, answer.unpaired, answer.unpaired_bound) == (
        7 * lefts,
        7 * lefts,
        lefts,
        lefts,
    )
    assert answer.stopped_by is StoppedBy.PROVEN


def test_capacities_of_zero_pair_nobody() -> None:
    """Volunteers without a minute are there and help nobody."""
    instance = replace(network(), capacities_min=np.zeros(3, np.int64))

    answer = assign.assign(instance)

    assert answer.unpaired == answer.unpaired_bound == instance.left_count


def test_one_right_for_all_is_packed_best() -> None:
    """A single volunteer is a knapsack; 50, 30 and 20 minutes fill it and leave the least unpaid."""
    instance = Network(
        lefts=np.arange(5),
        rights=np.zeros(5, np.int64),
        costs=np.full(5, 10),
        weights_min=np.array([50, 40, 30, 20, 10]),
        penalties=np.array([500, 400, 330, 200, 90]),
        tiers=np.zeros(5, np.int64),
        capacities_min=np.array([100]),
        max_lefts=np.array([5]),
    )

    answer = assign.assign(instance, effort=LIGHT)

    assert answer.chosen.tolist() == [0, UNPAIRED, 2, 3, UNPAIRED]
    assert answer.objective == 3 * 10 + 400 + 90
    assert answer.proof is Proof.OPTIMAL


def test_too_many_tiers_are_refused() -> None:
    """Where strictness cannot be kept in whole numbers, it is said."""
    instance = network(lefts=30, tiers=1, weights=(60,))
    instance = replace(instance, tiers=np.arange(30), penalties=np.full(30, 30_000_000))
    dear = replace(instance, costs=instance.costs * 1_000_000, penalties=np.full(30, 1_000_000_000))

    with pytest.raises(ValueError, match="tiers at such penalties are too many"):
        assign.assign(replace(dear, weights_min=dear.lefts % 3 * 30 + 20))


@pytest.fixture(scope="module")
def quarter() -> Network:
    """Return 150 lefts and 32 rights, tight enough to be hard."""
    return district(lefts=150, rights=32, seed=3)


@pytest.fixture(scope="module")
def answered(quarter: Network) -> Answer:
    """Return the answer of one worker."""
    return assign.assign(quarter, effort=LIGHT, seed=5, workers=1)


def test_workers_do_not_change_the_answer(quarter: Network, answered: Answer) -> None:
    """A plan made on a laptop can be made again on a server."""
    other = assign.assign(quarter, effort=LIGHT, seed=5, workers=3)

    assert (other.chosen == answered.chosen).all()
    assert (other.objective, other.bound, other.moves) == (answered.objective, answered.bound, answered.moves)
    assert other.work == pytest.approx(answered.work)


def test_gap_is_small_on_a_quarter(answered: Answer) -> None:
    """The proof is worth something: the bound is near, and nobody who could be helped is left."""
    assert answered.gap < 0.02
    assert answered.unpaired == answered.unpaired_bound == 0


def test_limit_in_seconds_ends_with_an_answer(quarter: Network) -> None:
    """Out of time is no error: the best answer so far is given, and what ended it is said."""
    answer = assign.assign(quarter, time_limit_s=0.0)

    assert answer.stopped_by is StoppedBy.TIME
    assert faults(quarter, answer.chosen) == ()
    assert answer.bound <= answer.objective


def test_cancelled_search_gives_its_best(quarter: Network) -> None:
    """Who stops waiting still gets what was found."""
    asked = count()

    answer = assign.assign(quarter, effort=LIGHT, is_cancelled=lambda: next(asked) > 30)

    assert answer.stopped_by is StoppedBy.CANCELLED
    assert faults(quarter, answer.chosen) == ()


def test_progress_is_told_by_stage(quarter: Network) -> None:
    """A page can show how far a plan is."""
    told: list[tuple[str, float]] = []

    assign.assign(quarter, effort=LIGHT, progress=lambda stage, share: told.append((stage, share)))

    assert {"bound", "dive", "polish"} <= {stage for stage, _ in told}
    assert all(0 <= share <= 1 for _, share in told)


def test_effort_below_nothing_is_refused() -> None:
    """An effort is a promise of work."""
    with pytest.raises(ValueError, match="at least one step"):
        Effort(steps=0)

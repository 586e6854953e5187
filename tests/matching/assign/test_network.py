"""The instance refuses what cannot be, and counts answers plainly."""

from dataclasses import replace

import numpy as np
import pytest

from matching.network import UNPAIRED, Network, cost, faults, rank
from tests.matching.assign.networks import empty, network


def two() -> Network:
    """Return two lefts of 60 minutes who both know right 0; left 1 also knows right 1."""
    return Network(
        lefts=np.array([0, 1, 1]),
        rights=np.array([0, 0, 1]),
        costs=np.array([100, 50, 300]),
        weights_min=np.array([60, 60, 60]),
        penalties=np.array([1000, 2000]),
        tiers=np.array([0, 1]),
        capacities_min=np.array([100, 60]),
        max_lefts=np.array([2, 1]),
    )


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("lefts", [0, 1, 2], "lefts cannot be 2 in row 2; an arc starts at a left that is there"),
        ("rights", [0, 0, -1], "rights cannot be -1 in row 2"),
        ("costs", [0, 0, 2_000_000_000], "a cost lies between"),
        ("weights_min", [60, -1, 60], "an arc takes 0 to"),
        ("penalties", [1, -1], "penalties cannot be -1 in row 1"),
        ("tiers", [0, -1], "tiers are numbered from 0"),
        ("capacities_min", [-1, 60], "a capacity is 0 minutes or more"),
        ("max_lefts", [1, -1], "a right takes 0 lefts or more"),
        ("costs", [0.5, 1.0, 2.0], "costs holds whole numbers"),
        ("costs", [1, 2], "Columns of one table have one length"),
        ("rights", [0, 0, 0], "from left 1 to right 0 is listed twice"),
        ("load_costs", [[5, 4], [0, 0]], "never fall"),
        ("load_costs", [[1, 2]], "a row for each of 2 rights"),
        ("fixed", [9], "outside the 3 arcs"),
        ("fixed", [0, 1], "right 0 has 120 minutes, more than 100"),
        ("fixed", [1, 2], "a left is set to two rights"),
    ],
)
def test_impossible_network_is_refused_in_words(column: str, values: list[float], words: str) -> None:
    """A solver given nonsense would answer nonsense; the caller is told the column and the row instead."""
    instance = two()

    with pytest.raises(ValueError, match=words):
        replace(instance, **{column: np.array(values)})


def test_costs_near_overflow_are_refused() -> None:
    """Sums past 64 bits would wrap around to a cheap answer."""
    many = 10_000_000

    with pytest.raises(ValueError, match="use a coarser unit"):
        Network(
            lefts=empty(),
            rights=empty(),
            costs=empty(),
            weights_min=empty(),
            penalties=np.full(many, 1_000_000_000),
            tiers=np.zeros(many, np.int64),
            capacities_min=np.zeros(1, np.int64),
            max_lefts=np.zeros(1, np.int64),
        )


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([0, 1], "right 0 has 120 minutes, more than 100"),
        ([1, UNPAIRED], "left 0 holds an arc of another"),
        ([0, 7], "an arc is chosen that is not there"),
        ([0], "one arc for each of 2 lefts"),
    ],
)
def test_broken_answer_is_found(chosen: list[int], words: str) -> None:
    """What a solver answers is believed only after this count."""
    found = faults(two(), np.array(chosen))

    assert any(words in fault for fault in found)


def test_too_many_lefts_are_found() -> None:
    """The number of lefts is a rule of its own beside the minutes."""
    instance = replace(two(), capacities_min=np.array([200, 60]), max_lefts=np.array([1, 1]))

    assert faults(instance, np.array([0, 1])) == ("right 0 has 2 lefts, more than 1",)


def test_fixed_pair_left_out_is_found() -> None:
    """A pair that was promised may not be dropped silently."""
    instance = replace(two(), fixed=np.array([0]))

    assert faults(instance, np.array([UNPAIRED, 1])) == ("arc 0 was set beforehand and is not chosen",)


def test_cost_counts_arcs_loads_and_penalties() -> None:
    """100 for the arc, 7 and 9 for the loads of two, 50 for the other arc."""
    instance = replace(two(), capacities_min=np.array([120, 60]), load_costs=np.array([[7, 9], [0, 0]]))

    assert cost(instance, np.array([0, 1])) == 100 + 50 + 7 + 9
    assert cost(instance, np.array([UNPAIRED, 1])) == 1000 + 50 + 7


def test_last_step_of_load_repeats() -> None:
    """A right may take more lefts than its load costs have steps."""
    instance = replace(two(), capacities_min=np.array([120, 60]), load_costs=np.array([[5], [0]]))

    assert cost(instance, np.array([0, 1])) == 150 + 5 + 5


def test_rank_puts_earlier_tier_first() -> None:
    """Left 0 is of the earlier tier: whoever leaves it unpaired loses, however cheap."""
    keeps, drops = rank(two(), np.array([0, UNPAIRED])), rank(two(), np.array([UNPAIRED, 1]))

    assert keeps < drops
    assert keeps == (0, 2100)
    assert drops == (1, 1050)


def test_fixed_pairs_leave_the_rest() -> None:
    """What is set takes its minutes, its place and its step of the load; the rest is decided."""
    instance = replace(two(), fixed=np.array([0]), load_costs=np.array([[1, 8], [2, 3]]))

    rest, places = instance.free()

    assert places.tolist() == [2]
    assert rest.capacities_min.tolist() == [40, 60]
    assert rest.max_lefts.tolist() == [1, 1]
    assert rest.load_costs.tolist() == [[8, 8], [2, 3]]


def test_arcs_that_never_fit_are_left_out() -> None:
    """A weight above its right's capacity is no candidate."""
    instance = replace(network(), capacities_min=np.array([30, 130, 130]))

    rest, places = instance.free()

    assert 0 not in rest.rights
    assert (instance.rights[places] == rest.rights).all()

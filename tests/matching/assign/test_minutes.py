"""All minutes together say how many must stay unpaired, whoever goes where."""

from dataclasses import replace

import numpy as np
import pytest

from matching.minutes import fewest_unpaired
from tests.matching.assign.networks import best_rank, network


@pytest.mark.parametrize(
    ("rooms", "most", "fewest"),
    [([400, 400, 400], 9, 0), ([60, 0, 0], 9, 4), ([35, 35, 35], 9, 2), ([400, 400, 400], 1, 2), ([0, 0, 0], 9, 5)],
)
def test_lightest_are_counted_first(rooms: list[int], most: int, fewest: int) -> None:
    """Five of 35, 35, 35, 60 and 105 minutes: rooms of so many minutes, or places, take no more than this."""
    instance = network(share=1.0)
    weights = np.array([35, 35, 35, 60, 105])[instance.lefts]

    short = replace(instance, weights_min=weights, capacities_min=np.array(rooms), max_lefts=np.full(3, most))

    assert fewest_unpaired(short) == fewest


def test_right_that_nobody_knows_has_no_minutes_to_give() -> None:
    """Room out of reach would make the proof weaker than it is."""
    instance = network(lefts=4, rights=2, weights=(60,), share=1.0)
    near = np.flatnonzero(instance.rights == 0)
    arcs = {column: getattr(instance, column)[near] for column in ("lefts", "rights", "costs", "weights_min")}

    alone = replace(instance, **arcs, capacities_min=np.array([60, 600]), max_lefts=np.full(2, 9))

    assert fewest_unpaired(alone) == 3


@pytest.mark.parametrize("seed", range(8))
def test_no_answer_leaves_fewer(seed: int) -> None:
    """Held against every answer there is: whoever is counted as unpaired is so in all of them."""
    instance = network(lefts=5, seed=seed, room_min=70)

    unpaired = best_rank(replace(instance, costs=instance.costs * 0, penalties=np.ones(5, np.int64)))[-1]

    assert fewest_unpaired(instance) <= unpaired

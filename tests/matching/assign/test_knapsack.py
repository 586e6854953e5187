"""The best bundle of a right is the best there is, also where most of it is settled without a table."""

import numpy as np
import pytest

from matching import knapsack
from matching.knapsack import Rights
from matching.network import Ints

SEEDS = range(12)
LEFTS, ROOM = 60, 900
"""Large enough that what is sure is sorted out first."""


def one_right(kind: str, seed: int) -> tuple[Rights, Ints]:
    """Return a right that all lefts know, and multipliers; in hard kinds worth goes with minutes."""
    random = np.random.default_rng(seed)
    weights = random.integers(0 if kind == "free" else 1, 100, LEFTS)
    weights = np.full(LEFTS, 37) if kind == "alike" else weights
    worth = 400 * weights + random.integers(0, 3_000, LEFTS) if kind == "hard" else random.integers(-900, 9_000, LEFTS)
    rights = Rights(
        starts=np.array([0, LEFTS]),
        lefts=np.arange(LEFTS, dtype=np.int32),
        costs=np.zeros(LEFTS, np.int64),
        weights=weights.astype(np.int32),
        rooms=np.array([ROOM]),
        most=np.array([LEFTS]),
        steps=np.empty((0, 0), np.int64),
    )
    return rights, worth


def best_worth(weights: Ints, worth: Ints) -> int:
    """Worth of the best bundle by a table over all minutes and all lefts."""
    best = np.zeros(ROOM + 1, np.int64)
    for weight, value in zip(weights.tolist(), worth.tolist(), strict=True):
        shifted = np.concatenate((np.zeros(weight, np.int64), best[: ROOM + 1 - weight] + value))
        best = np.where(np.arange(ROOM + 1) >= weight, np.maximum(best, shifted), best)
    return int(best[-1])


@pytest.mark.parametrize("kind", ["hard", "easy", "alike", "free"])
@pytest.mark.parametrize("seed", SEEDS)
def test_bundle_is_the_best_of_a_whole_table(kind: str, seed: int) -> None:
    """A bundle that is not the best makes a bound that is none."""
    rights, worth = one_right(kind, seed)
    counts, values, shares = np.zeros(LEFTS, np.int32), np.zeros(1, np.int64), np.zeros(LEFTS)

    value = knapsack.best_bundles(0, 1, rights, worth, counts, values, shares, 0.5)

    assert -value == -values[0] == best_worth(rights.weights.astype(np.int64), worth) == int(worth[counts > 0].sum())
    assert int(rights.weights[counts > 0].sum()) <= ROOM
    assert (shares == 0.5 * counts).all()


@pytest.mark.parametrize("most", [0, 1, 7])
def test_number_of_lefts_is_kept_where_it_is_less_than_fit(most: int) -> None:
    """A volunteer who takes seven is not given eight, and seven of the best are better than seven of the lightest."""
    rights, worth = one_right("easy", 3)
    few = rights._replace(most=np.array([most]), rooms=np.array([10_000]))
    counts = np.zeros(LEFTS, np.int32)

    value = knapsack.best_bundles(0, 1, few, worth, counts, np.zeros(1, np.int64), np.zeros(0), 0.0)

    assert -value == int(np.sort(worth)[LEFTS - most :].clip(0).sum())
    assert int(counts.sum()) == most


@pytest.mark.parametrize("kind", ["hard", "easy", "alike", "free"])
def test_tables_are_past_the_size_from_which_sure_lefts_are_settled_first(kind: str) -> None:
    """Otherwise the tests above would try something else."""
    rights, worth = one_right(kind, 1)

    assert int((worth > 0).sum()) * int(rights.rooms[0]) > knapsack.LARGE

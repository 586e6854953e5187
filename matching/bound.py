"""A sound lower bound: 'each left once' is priced, and each right takes its best bundle exactly.

For any multipliers ``m`` (one a left, at most its price ``p`` of staying unpaired) no answer costs less than::

    L(m) = sum of m  +  sum over rights of min over its bundles B of (cost of B - sum of m over B)

because an answer is one bundle a right, and each left is in one of them, or pays ``p >= m``. Multipliers are whole
parts of a metre, knapsacks are solved exactly in whole numbers, so ``L`` is exact, and since costs are whole metres
the bound is ``L`` rounded up. Where a knapsack would be too large, minutes are rounded down in a coarser unit, or the
number of lefts is left out: both only allow more bundles, so the bound stays sound. Soundness does not depend on
how the multipliers were found; they follow a deflected subgradient with Polyak's step.

References
----------
Fisher (1981), The Lagrangian relaxation method for solving integer programming problems, doi:10.1287/mnsc.27.1.1
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from matching import knapsack
from matching.knapsack import Floats
from matching.network import Ints, Network

MOST_CELLS = 32_000_000
"""Most cells of one right's knapsack table; past it minutes are counted in a coarser unit."""
MOST_PARTS = 256
MOST_VALUE = 1 << 61
SLICES = 4
PATIENCE = 20
SLOWEST = 2e-3
SLOWING = 0.7
NEAR, FAR = 64, 32
"""Steps aim beyond the best bound by this part of it, or by this part of what is missing to a known answer."""
FRESH = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The best bound found, in metres, and the multipliers that give it, in parts of a metre."""

    value: int
    multipliers: Ints
    parts: int
    iterations: int
    shares: Floats  # of each arc: how much the best bundles of the last steps hold of it


def parts_of(network: Network, prices: Ints) -> int:
    """How many parts a metre has, as a power of two: as many as keep every sum inside 64 bits."""
    largest = int(np.abs(network.costs).max(initial=0)) + int(np.abs(network.load_costs).max(initial=0))
    total = sum(prices.tolist()) + (network.left_count + len(network.costs)) * (largest + 1)
    parts = MOST_PARTS
    while parts > 1 and parts * total > MOST_VALUE:
        parts //= 2
    return parts


def rights_of(network: Network, parts: int) -> tuple[knapsack.Rights, Ints]:
    """Order the arcs by right and put them into the units of the bound; and the order itself."""
    order = np.argsort(network.rights, kind="stable")
    starts = np.zeros(network.right_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(network.rights, minlength=network.right_count), out=starts[1:])
    weights = network.weights_min[order]
    unit = max(1, int(np.gcd.reduce(weights)) if len(weights) else 1)
    sums = np.concatenate(([0], np.cumsum(weights)))
    rooms = np.minimum(network.capacities_min, sums[starts[1:]] - sums[starts[:-1]]) // unit
    coarse = np.maximum(1, -(-rooms * np.diff(starts) // MOST_CELLS))
    return (
        knapsack.Rights(
            starts=starts,
            lefts=network.lefts[order].astype(np.int32),
            costs=network.costs[order] * parts,
            weights=(weights // unit // np.repeat(coarse, np.diff(starts))).astype(np.int32),
            rooms=rooms // coarse,
            most=np.minimum(network.max_lefts, np.diff(starts)),
            steps=np.ascontiguousarray(network.load_costs * parts),
        ),
        order,
    )


class Bundler:
    """Finds the best bundles of all rights at given multipliers, slice by slice beside each other."""

    def __init__(self, network: Network, parts: int, executor: Executor) -> None:
        self.rights, self.order = rights_of(network, parts)
        self.blend = np.zeros(len(self.order))  # of each arc in the order of the rights
        self._executor = executor
        self._cuts = np.linspace(0, network.right_count, SLICES + 1).astype(int).tolist()
        self._counts = np.zeros((SLICES, network.left_count), dtype=np.int32)
        self._values = np.zeros(network.right_count, dtype=np.int64)

    def look(self, multipliers: Ints, fresh: float) -> tuple[int, knapsack.Small]:
        """Sum of the reduced costs of the best bundles, and how often each left is taken; blends them in."""
        self._counts[:] = 0
        jobs = [
            self._executor.submit(
                knapsack.best_bundles, first, last, self.rights, multipliers, row, self._values, self.blend, fresh
            )
            for (first, last), row in zip(pairwise(self._cuts), self._counts, strict=True)
        ]
        return sum(job.result() for job in jobs), self._counts.sum(axis=0, dtype=np.int32)

    @property
    def shares(self) -> Floats:
        """How much of each arc of the network the blend holds."""
        shares = np.empty(len(self.order))
        shares[self.order] = self.blend
        return shares


def raise_bound(
    network: Network,
    prices: Ints,
    *,
    target: int,
    iterations: int,
    executor: Executor,
    multipliers: Ints,
    pace: float = 1.0,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Bound:
    """Raise the bound towards the cost of a known answer.

    Parameters
    ----------
    prices
        Of staying unpaired, of each left; the penalties, or higher ones that keep the tiers.
    target
        Cost of a known answer at these prices, in metres; a bound above it is impossible.
    multipliers
        Where to begin, in parts of a metre as :func:`parts_of` says; see :func:`first_multipliers`.
    pace
        Of the first steps; less than 1 goes on from multipliers that are good already.
    """
    parts = parts_of(network, prices)
    bundler = Bundler(network, parts, executor)
    limits = prices * parts
    now = np.minimum(limits, multipliers)
    direction = np.zeros(network.left_count)
    best, kept, stalled, done = -(1 << 62), now.copy(), 0, 0
    while done < iterations and pace > SLOWEST and not is_stopped():
        value, counts = bundler.look(now, max(FRESH, 1 / (done + 1)))
        value += int(now.sum())
        done, stalled = done + 1, stalled + 1
        if value > best:
            best, stalled = value, 0
            kept[:] = now
        if -(-best // parts) >= target:
            break
        goal = best + max(abs(best) // NEAR, (target * parts - best) // FAR) + parts
        if stalled >= PATIENCE:
            pace, stalled = pace * SLOWING, 0
            now[:] = kept
            direction[:] = 0.0
        elif not knapsack.step(now, limits, counts, direction, pace * (goal - value)):
            break
    return Bound(value=-(-best // parts), multipliers=kept, parts=parts, iterations=done, shares=bundler.shares)


def first_multipliers(network: Network, parts: int) -> Ints:
    """Half-way between the cheapest and the mean arc of each left; 0 for a left without arcs."""
    arcs = np.bincount(network.lefts, minlength=network.left_count)
    mean = np.bincount(network.lefts, network.costs, network.left_count) / np.maximum(1, arcs)
    least = np.full(network.left_count, np.iinfo(np.int64).max)
    np.minimum.at(least, network.lefts, network.costs)
    return ((mean + np.where(arcs > 0, least, 0)) / 2 * parts).astype(np.int64)

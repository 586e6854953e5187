"""What a minute of each right is worth: the multipliers of the capacities, by subgradient; compiled.

They rank the arcs of a left for the search: cost, and the minutes it takes at their price. They prove nothing.
"""

import numpy as np
from numpy.typing import NDArray

from matching.compiled import compiled
from matching.network import Ints, Network

Floats = NDArray[np.float64]
ITERATIONS = 300
PATIENCE = 15
REACH = 0.03
"""How far beyond the best bound the first steps aim, as a part of it; it grows with success and shrinks without."""


def minute_prices(network: Network, prices: Ints, iterations: int = ITERATIONS) -> Floats:
    """Metres a minute of each right; 0 where there is room to spare."""
    order = np.argsort(network.lefts, kind="stable")
    starts = np.zeros(network.left_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(network.lefts, minlength=network.left_count), out=starts[1:])
    return _descend(
        starts,
        network.rights[order],
        network.costs[order].astype(np.float64),
        network.weights_min[order].astype(np.float64),
        network.capacities_min.astype(np.float64),
        prices.astype(np.float64),
        iterations,
    )


def fewest_unpaired(network: Network) -> int:
    """Count how many lefts stay unpaired at least because all minutes, or all places, together are too few.

    The lightest are counted first, each with the fewest minutes that any of its rights would spend.
    """
    weights = np.full(network.left_count, np.iinfo(np.int64).max)
    np.minimum.at(weights, network.lefts, network.weights_min)
    paired = np.sort(weights[np.unique(network.lefts)])
    rights = np.unique(network.rights)
    fitting = int(np.searchsorted(np.cumsum(paired), network.capacities_min[rights].sum(), side="right"))
    return network.left_count - min(fitting, int(network.max_lefts[rights].sum()))


@compiled
def _demand(
    starts: Ints, rights: Ints, costs: Floats, weights: Floats, prices: Floats, worth: Floats, used: Floats
) -> float:
    """Give every left its cheapest arc at the prices of minutes; fills the minutes used, returns the sum of costs."""
    used[:] = 0.0
    total = 0.0
    for left in range(len(starts) - 1):
        least, best = prices[left], -1
        for arc in range(starts[left], starts[left + 1]):
            value = costs[arc] + worth[rights[arc]] * weights[arc]
            if value < least:
                least, best = value, arc
        total += least
        if best >= 0:
            used[rights[best]] += weights[best]
    return total


@compiled
def _descend(
    starts: Ints, rights: Ints, costs: Floats, weights: Floats, rooms: Floats, prices: Floats, iterations: int
) -> Floats:
    """Follow steps towards a little more than the best bound so far."""
    count = len(rooms)
    worth, best_worth, used = np.zeros(count), np.zeros(count), np.zeros(count)
    best, reach, stalled = -np.inf, 0.0, 0
    for _ in range(iterations):
        value = _demand(starts, rights, costs, weights, prices, worth, used) - (worth * rooms).sum()
        stalled += 1
        if value > best:
            reach = reach * 1.2 if best > -np.inf else abs(value) * REACH + 1
            best, stalled = value, 0
            best_worth[:] = worth
        elif stalled >= PATIENCE:
            reach, stalled = reach * 0.5, 0
            worth[:] = best_worth
        length = 0.0
        for right in range(count):
            excess = used[right] - rooms[right]
            if excess > 0 or worth[right] > 0:
                length += excess * excess
        if length == 0:
            break
        size = (best - value + reach) / length
        for right in range(count):
            worth[right] = max(0.0, worth[right] + size * (used[right] - rooms[right]))
    return best_worth

"""A first answer from the blend of bundles that the bound leaves behind; compiled."""

import numpy as np

from matching.bound import Bound
from matching.compiled import compiled
from matching.network import UNPAIRED, Ints, Network

LEAST_SHARE = 0.02


def rounded(network: Network, bound: Bound) -> Ints:
    """Take arcs by their share in the blend, the largest first, as long as they fit; then the cheapest that fit."""
    by_share = np.lexsort((network.costs, -bound.shares))
    by_share = by_share[bound.shares[by_share] > LEAST_SHARE]
    by_cost = np.argsort(network.costs, kind="stable")
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    spare, places = network.capacities_min.copy(), network.max_lefts.copy()
    columns = (network.lefts, network.rights, network.weights_min)
    _fill(by_share, *columns, spare, places, chosen)
    _fill(by_cost, *columns, spare, places, chosen)
    return chosen


@compiled
def _fill(order: Ints, lefts: Ints, rights: Ints, weights: Ints, spare: Ints, places: Ints, chosen: Ints) -> None:
    """Take arcs in the given order as long as they fit."""
    for arc in order:
        left, right = lefts[arc], rights[arc]
        if chosen[left] < 0 and weights[arc] <= spare[right] and places[right] > 0:
            chosen[left] = arc
            spare[right] -= weights[arc]
            places[right] -= 1

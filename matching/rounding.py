"""A first answer from the blend of bundles that the bound leaves behind; compiled."""

import numpy as np
from numpy.typing import NDArray

from matching.bound import Bound
from matching.compiled import compiled
from matching.network import UNPAIRED, Ints, Network

LEAST_SHARE = 0.02


def cheapest_first(network: Network, worth: NDArray[np.float64]) -> Ints:
    """Take arcs by cost with the price of their minutes, the cheapest first, as long as they fit.

    Earlier tiers choose first.
    """
    promise = network.costs + worth[network.rights] * network.weights_min
    return _filled(network, np.lexsort((promise, network.tiers[network.lefts])), _nobody(network))


def rounded(network: Network, bound: Bound) -> Ints:
    """Take arcs by their share in the blend, the largest first, as long as they fit; then the cheapest that fit."""
    by_share = np.lexsort((network.costs, -bound.shares))
    by_share = by_share[bound.shares[by_share] > LEAST_SHARE]
    tiers = network.tiers[network.lefts]
    by_share = by_share[np.argsort(tiers[by_share], kind="stable")]
    return completed(network, _filled(network, by_share, _nobody(network)))


def completed(network: Network, chosen: Ints) -> Ints:
    """Give unpaired lefts the cheapest arc that still fits, earlier tiers first."""
    return _filled(network, np.lexsort((network.costs, network.tiers[network.lefts])), chosen)


def _nobody(network: Network) -> Ints:
    return np.full(network.left_count, UNPAIRED, dtype=np.int64)


def _filled(network: Network, order: Ints, chosen: Ints) -> Ints:
    """Take arcs in an order as long as they fit beside an answer."""
    chosen = chosen.copy()
    taken = chosen[chosen != UNPAIRED]
    rights = network.rights[taken]
    used = np.bincount(rights, network.weights_min[taken], network.right_count).astype(np.int64)
    places = network.max_lefts - np.bincount(rights, minlength=network.right_count)
    spare = network.capacities_min - used
    _fill(order, network.lefts, network.rights, network.weights_min, spare, places, chosen)
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

"""Prices of unpaired lefts under which the cheapest answer is also the one that keeps the tiers.

A price is the penalty of a left and a base that all lefts of its tier share. The last tier has base 0, so its penalties
trade against metres as they are; each earlier tier has a base that later tiers cannot pay.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from matching.network import Ints, Network

MOST_SUM = 1 << 53
"""Largest sum of prices: it stays exact even where a compiled search compares in floating point."""
FACTORS = (1024, 256, 64, 16)


def _spread(network: Network) -> int:
    """Most that one left can gain or lose between two of its arcs, with the load of its right."""
    low, high = int(network.costs.min(initial=0)), int(network.costs.max(initial=0))
    load = int(network.load_costs.max(initial=0)) - int(network.load_costs.min(initial=0))
    return high - low + load


def chain_prices(network: Network) -> Ints:
    """Price for equal loads, where one change is one chain of lefts, each taking the place of the next.

    A chain visits a right once at most, ends with one left unpaired at most, and so gains at most one price and
    ``rights + 1`` times the spread of costs. A base above that makes the optimum keep the tiers exactly.
    """
    step = (min(network.left_count, network.right_count) + 1) * _spread(network) + 1
    return _prices(network, lambda top, _: top + step)


def sum_prices(network: Network) -> Ints:
    """Price for unlike loads, where one left may make way for many.

    The base is above all that every later tier and every cost can add up to, as long as that fits; then the optimum
    keeps the tiers exactly. With many tiers of many lefts it does not fit, and the base is a large multiple of the
    next tier's: the search is led by it, and answers are compared by :func:`matching.network.rank`, which is exact.
    """
    spread = _spread(network)
    for factor in FACTORS:
        prices = _prices(network, partial(_sum_base, network.left_count * spread + 1, factor, spread + 1))
        if sum(prices.tolist()) <= MOST_SUM:
            return prices
    message = f"{len(np.unique(network.tiers))} tiers at such penalties are too many to keep strictly; join some."
    raise ValueError(message)


def _sum_base(costs: int, factor: int, spread: int, top: int, total: int) -> int:
    """All that later tiers and costs add up to, or a multiple of one price."""
    return min(total + costs, factor * (top + spread))


def _prices(network: Network, base_of: Callable[[int, int], int]) -> Ints:
    """Add a base to the penalties of every tier but the last, from the last tier to the first."""
    prices = network.penalties.astype(object)
    tiers = np.unique(network.tiers)[::-1]
    for later, tier in pairwise(tiers):
        after = network.tiers >= later
        prices[network.tiers == tier] += base_of(int(prices[after].max()), int(prices[after].sum()))
    if max(prices.tolist(), default=0) > MOST_SUM:
        message = (
            f"{len(tiers)} tiers at such penalties are too many to keep strictly; join some or use a coarser unit."
        )
        raise ValueError(message)
    return prices.astype(np.int64)

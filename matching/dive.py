"""A dive: fix the arcs that the best bundles agree on, look again at what is left, and so on to a whole answer.

The multipliers of the bound know how bundles fit together far around, which no local change sees. The blend of the
best bundles of many steps is near a whole number for most arcs; those are fixed, their rights have less room, the
multipliers of the others move on for a few steps, and the next arcs come near a whole number.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from matching import knapsack
from matching.bound import Bound, Bundler, rights_of
from matching.compiled import compiled
from matching.knapsack import Floats, Rights
from matching.network import UNPAIRED, Ints, Network

SURE = 0.9
"""Share from which an arc is fixed at once."""
FRESH = 0.1
FEWEST, MOST = 8, 100
"""Of plans drawn for a network; fewer than the fewest are not worth drawing."""
NEVER = -(1 << 40)
"""Multiplier of a left that has its arc: no bundle takes it again."""
LEAST_SHARE = 0.01
CAP = 2
"""What an unpaired left may cost while diving, times the largest multiplier: more would only shake the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dive:
    """How steep: the share of the open lefts that is fixed in a round, at least, and steps between two rounds."""

    rate: float = 0.05
    steps: int = 30
    reach: float = 0.02  # how far beyond the value a step aims, as a part of it
    heavy: float = 0.3  # how much earlier the heaviest arc is fixed, as a share; late, only the light find room


def plans(network: Network, parts: int, work: int, seed: int) -> list[Dive]:
    """Draw as many plans as the work allows, from :data:`FEWEST` to :data:`MOST`; small networks afford many.

    A plan's work is about the arcs times the room of a right. Which plan goes deepest nobody knows beforehand; that
    they differ widely is what helps.
    """
    rights, _ = rights_of(network, parts)
    count = work // max(1, int((rights.rooms * np.diff(rights.starts)).sum()))
    random = np.random.default_rng(seed)
    return [
        Dive(
            rate=float(random.uniform(0.02, 0.08)),
            steps=int(random.integers(20, 80)),
            reach=float(10 ** random.uniform(-4, -1.5)),
            heavy=float(random.choice([0.0, 0.1, 0.3, 0.6])),
        )
        for _ in range(min(MOST, count) if count >= FEWEST else 0)
    ]


def dive(
    network: Network,
    prices: Ints,
    bound: Bound,
    executor: Executor,
    plan: Dive,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Ints:
    """Answer the network; position of the arc of each left, -1 for those that found no room.

    Lefts of earlier tiers are fixed before others that are as sure.
    """
    bundler = Bundler(network, bound.parts, executor)
    rights, order = bundler.rights, bundler.order
    bundler.blend[:] = bound.shares[order]
    owners = np.repeat(np.arange(network.right_count), np.diff(rights.starts))
    now = bound.multipliers.copy()
    limits = np.minimum(prices * bound.parts, CAP * int(now.max(initial=1)))
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    direction, heaviest = np.zeros(network.left_count), max(1, int(rights.weights.max(initial=1)))
    while not is_stopped():
        is_open = chosen == UNPAIRED
        fits = is_open[rights.lefts] & (rights.weights <= rights.rooms[owners]) & (rights.most[owners] > 0)
        arcs = np.flatnonzero(fits & (bundler.blend > LEAST_SHARE))
        if not len(arcs):
            break
        sure = bundler.blend[arcs] + plan.heavy * rights.weights[arcs] / heaviest
        arcs = arcs[np.lexsort((network.tiers[rights.lefts[arcs]], -sure))]
        wanted = max(int((bundler.blend[arcs] >= SURE).sum()), int(plan.rate * is_open.sum()) + 1)
        _fix(arcs, wanted, rights, owners, now, chosen)
        _settle(bundler, now, limits, chosen, direction, plan)
    return np.where(chosen == UNPAIRED, UNPAIRED, order[chosen])


def _settle(bundler: Bundler, now: Ints, limits: Ints, chosen: Ints, direction: Floats, plan: Dive) -> None:
    """Let the multipliers of the open lefts move on, and the blend with them."""
    is_set = chosen != UNPAIRED
    reach = 0.0
    for _ in range(plan.steps):
        value, counts = bundler.look(now, FRESH)
        counts[is_set] = 1
        reach = reach or plan.reach * abs(value + int(now[~is_set].sum()))
        if not knapsack.step(now, limits, counts, direction, reach):
            break
        direction[is_set] = 0.0


@compiled
def _fix(arcs: Ints, wanted: int, rights: Rights, owners: Ints, multipliers: Ints, chosen: Ints) -> None:
    """Fix so many arcs in the given order, as long as they fit."""
    for arc in arcs:
        left, right = rights.lefts[arc], owners[arc]
        if chosen[left] >= 0 or rights.weights[arc] > rights.rooms[right] or rights.most[right] <= 0:
            continue
        chosen[left] = arc
        rights.rooms[right] -= rights.weights[arc]
        rights.most[right] -= 1
        multipliers[left] = NEVER
        wanted -= 1
        if wanted <= 0:
            return

"""Bundles of one right that could be in a better answer; compiled.

A bundle is a set of lefts that one right can take. At multipliers of a bound ``L`` of a part, an answer that costs
less than ``U`` uses for each right only bundles whose reduced cost is less than ``U - L`` above the best of that
right. Where a right takes few lefts there are few such bundles, and they can be listed.
"""

import numpy as np

from matching.compiled import compiled
from matching.knapsack import Rights
from matching.network import Ints

FULL = -1
"""Answered instead of a number of bundles when there is no room for more."""


@compiled
def list_bundles(
    right: int,
    rights: Rights,
    multipliers: Ints,
    best: int,
    extra: int,
    starts: Ints,
    arcs: Ints,
    costs: Ints,
    held: int,
) -> int:
    """List every bundle of a right whose reduced cost is at most ``extra`` above the ``best`` of that right.

    Bundles are written after the ``held`` ones: where each one's arcs start, its arcs, and its cost with its loads,
    in parts of a metre. The empty bundle counts as one. Returns how many are held now, or ``FULL``.
    """
    reduced, items = _promising(right, rights, multipliers, extra)
    count, room, most = len(items), rights.rooms[right], min(rights.most[right], len(items))
    loads, ahead = _loads(right, rights, most)
    rest = _rests(room, items, reduced, rights)
    limit = best + extra
    picked, spare = np.empty(most + 1, np.int64), np.empty(most + 2, np.int64)
    value, following = np.empty(most + 2, np.int64), np.empty(most + 2, np.int64)
    depth, is_new = 0, True
    spare[0], value[0], following[0] = room, 0, 0
    while depth >= 0:
        if is_new and value[depth] + loads[depth] <= limit:
            held = _write(picked, depth, loads[depth], rights, starts, arcs, costs, held)
            if held == FULL:
                return FULL
        is_new = False
        place = following[depth]
        if depth == most or place >= count or value[depth] + rest[place, spare[depth]] + ahead[depth] > limit:
            depth -= 1
            continue
        following[depth] += 1
        left_room, now = spare[depth] - rights.weights[items[place]], value[depth] + reduced[place]
        if left_room < 0 or now + rest[place + 1, left_room] + ahead[depth + 1] > limit:
            continue
        picked[depth] = items[place]
        depth += 1
        spare[depth], value[depth], following[depth], is_new = left_room, now, place + 1, True
    return held


@compiled
def _promising(right: int, rights: Rights, multipliers: Ints, extra: int) -> tuple[Ints, Ints]:
    """Reduced costs, the least first, and their arcs; those past ``extra`` are in no bundle that is asked for."""
    first, last = rights.starts[right], rights.starts[right + 1]
    all_reduced = np.empty(last - first, np.int64)
    for arc in range(first, last):
        all_reduced[arc - first] = rights.costs[arc] - multipliers[rights.lefts[arc]]
    order = np.argsort(all_reduced, kind="mergesort")
    floor = min(0, rights.steps[right, 0]) if rights.steps.shape[1] else 0
    count = 0
    while count < len(order) and all_reduced[order[count]] + floor <= extra:
        count += 1
    return all_reduced[order[:count]], order[:count] + first


@compiled
def _loads(right: int, rights: Rights, most: int) -> tuple[Ints, Ints]:
    """Load cost of 0, 1, ... lefts, and the least load cost of so many or more."""
    width = rights.steps.shape[1]
    loads = np.zeros(most + 1, np.int64)
    for count in range(1, most + 1):
        loads[count] = loads[count - 1] + (rights.steps[right, min(count, width) - 1] if width else 0)
    ahead = loads.copy()
    for count in range(most - 1, -1, -1):
        ahead[count] = min(loads[count], ahead[count + 1])
    return loads, ahead


@compiled
def _rests(room: int, items: Ints, reduced: Ints, rights: Rights) -> Ints:
    """Least reduced cost of the items from each place on, for each number of minutes left."""
    count = len(items)
    rest = np.zeros((count + 1, room + 1), np.int64)
    for place in range(count - 1, -1, -1):
        weight = rights.weights[items[place]]
        for minute in range(room + 1):
            rest[place, minute] = rest[place + 1, minute]
            if weight <= minute:
                rest[place, minute] = min(rest[place, minute], rest[place + 1, minute - weight] + reduced[place])
    return rest


@compiled
def _write(
    picked: Ints, depth: int, load: int, rights: Rights, starts: Ints, arcs: Ints, costs: Ints, held: int
) -> int:
    """Write one bundle down; how many are held now, or ``FULL``."""
    start = starts[held]
    if held + 1 >= len(starts) or start + depth > len(arcs):
        return FULL
    cost = load
    for place in range(depth):
        arcs[start + place] = picked[place]
        cost += rights.costs[picked[place]]
    starts[held + 1], costs[held] = start + depth, cost
    return held + 1

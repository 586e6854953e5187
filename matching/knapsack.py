"""The best bundle of each right at given multipliers, exactly, and one step of the multipliers; compiled.

A bundle is a set of lefts that fits into one right's minutes and number of lefts. Everything is whole numbers: reduced
costs are in parts of a metre, so that sums are exact and do not depend on the order in which they are added.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.compiled import compiled
from matching.network import Ints

Floats = NDArray[np.float64]
Small = NDArray[np.int32]
WIDE = 48_000_000
"""Most cells of a table that counts lefts beside minutes; past it the number of lefts is left out of the bound."""
LARGE = 16_000
"""Cells of a table from which sorting what is sure out of it is quicker than filling it."""
PATIENCE = 12
"""Steps without a better bound before the pace is slowed."""
LEAST_PACE = 1e-4
TINY = 1e-9


class Rights(NamedTuple):
    """Arcs in the order of their rights, in the units of the bound."""

    starts: Ints  # of the arcs of each right; shape (rights + 1,)
    lefts: Small  # of each arc
    costs: Ints  # of each arc, in parts of a metre
    weights: Small  # of each arc, in the unit of its right
    rooms: Ints  # of each right, in its unit
    most: Ints  # lefts of each right
    steps: Ints  # load costs in parts of a metre, shape (rights, steps) or (0, 0)


@compiled
def best_bundles(
    first: int,
    last: int,
    rights: Rights,
    multipliers: Ints,
    counts: Small,
    values: Ints,
    shares: Floats,
    fresh: float,
) -> int:
    """Find the bundle of least reduced cost of each right from ``first`` to ``last``.

    Adds one to ``counts`` for each left taken, writes the reduced cost of each right's bundle into ``values``,
    and returns their sum. Where ``fresh`` is above 0, ``shares`` of the arcs move by that much towards 1 for those
    taken and towards 0 for the others: the bundles of many steps, blended, come near the best blend there is.
    """
    width, depth = 0, 0
    for right in range(first, last):
        width = max(width, rights.rooms[right])
        depth = max(depth, rights.starts[right + 1] - rights.starts[right])
    best = np.empty((2, width + 1), np.int64)
    kept = np.empty((depth, width + 1), np.bool_)
    arcs = np.empty(depth, np.int64)
    reduced = np.empty(depth, np.int64)
    has_steps = rights.steps.shape[1] > 0
    total = 0
    for right in range(first, last):
        room, most = rights.rooms[right], rights.most[right]
        floor = rights.steps[right, 0] if has_steps else 0
        is_flat = not has_steps or rights.steps[right, -1] == floor
        found, weight, value = _candidates(right, floor, rights, multipliers, arcs, reduced)
        start = 0
        if weight > room and found * room > LARGE:
            value, start = _fill_core(room, found, arcs, reduced, rights.weights, best, kept)
        elif weight > room:
            value, start = _fill(room, found, arcs.copy(), arcs, reduced, rights.weights, best, kept)
        is_counted = found - start > most or not is_flat
        if is_counted and found * (min(most, found) + 1) * (room + 1) <= WIDE:
            # _fill keeps the arcs it did not take in front, so that all of them can be looked at once more.
            value, start = _fill_counted(right, found, arcs, rights, multipliers)
        if fresh > 0:
            for arc in range(rights.starts[right], rights.starts[right + 1]):
                shares[arc] *= 1.0 - fresh
        for item in range(start, found):
            counts[rights.lefts[arcs[item]]] += 1
            if fresh > 0:
                shares[arcs[item]] += fresh
        values[right] = value
        total += value
    return total


@compiled
def _candidates(
    right: int, floor: int, rights: Rights, multipliers: Ints, arcs: Ints, reduced: Ints
) -> tuple[int, int, int]:
    """Write down the arcs of a right that would lower its cost: how many, their minutes, their reduced costs."""
    found, weight, value = 0, 0, 0
    for arc in range(rights.starts[right], rights.starts[right + 1]):
        change = rights.costs[arc] + floor - multipliers[rights.lefts[arc]]
        if change < 0 and rights.weights[arc] <= rights.rooms[right]:
            arcs[found], reduced[found] = arc, change
            weight += rights.weights[arc]
            value += change
            found += 1
    return found, weight, value


@compiled
def _fill(
    room: int,
    found: int,
    items: Ints,
    arcs: Ints,
    reduced: Ints,
    weights: Small,
    best: Ints,
    kept: NDArray[np.bool_],
) -> tuple[int, int]:
    """Solve one knapsack by minutes: its value, and where in ``arcs`` those taken begin; the others stand before."""
    now, then = 0, 1
    best[now, : room + 1] = 0
    for item in range(found):
        weight, change = weights[items[item]], reduced[item]
        best[then, :weight] = best[now, :weight]
        for minute in range(weight, room + 1):
            value = best[now, minute - weight] + change
            is_better = value < best[now, minute]
            kept[item, minute] = is_better
            best[then, minute] = value if is_better else best[now, minute]
        now, then = then, now
    front, back, minute = 0, found, room
    for item in range(found - 1, -1, -1):
        weight = weights[items[item]]
        if minute >= weight and kept[item, minute]:
            minute -= weight
            back -= 1
            arcs[back] = items[item]
        else:
            arcs[front] = items[item]
            front += 1
    return best[now, room], back


@compiled
def _fill_core(
    room: int,
    found: int,
    arcs: Ints,
    reduced: Ints,
    weights: Small,
    best: Ints,
    kept: NDArray[np.bool_],
) -> tuple[int, int]:
    """Solve one knapsack as :func:`_fill` does, by a table of those alone that are not sure to be in or out.

    Filling by value for a minute, and a part of the next, bounds every answer from below. Whoever is on the other side
    than there changes that bound by at least the difference of its value to what its minutes are worth; where this
    passes an answer that is known, no best answer has it on the other side.
    """
    items, changes, ratios = arcs[:found].copy(), reduced[:found].copy(), np.empty(found)
    for item in range(found):
        ratios[item] = changes[item] / max(weights[items[item]], 0.001)
    order = np.argsort(ratios)
    spare, taken, split = room, 0, 0
    while split < found and weights[items[order[split]]] <= spare:
        spare -= weights[items[order[split]]]
        taken += changes[order[split]]
        split += 1
    minute = ratios[order[split]]
    known, rest = taken, spare
    for place in range(split + 1, found):
        if weights[items[order[place]]] <= rest:
            rest -= weights[items[order[place]]]
            known += changes[order[place]]
    loss = known - (taken + spare * minute) + 1.0 + 1e-9 * abs(taken)
    sure, count, front, back, inside = 0, 0, 0, found, 0
    for place in range(found):
        item = order[place]
        weight = weights[items[item]]
        if abs(changes[item] - minute * weight) <= loss:
            inside += weight if place < split else 0
            reduced[count], ratios[count], count = changes[item], items[item], count + 1
        elif place < split:
            back -= 1
            arcs[back] = items[item]
            sure += changes[item]
        else:
            arcs[front] = items[item]
            front += 1
    core = np.empty(count, np.int64)
    for item in range(count):
        core[item] = int(ratios[item])
    value, start = _fill(spare + inside, count, core, arcs[front:back], reduced, weights, best, kept)
    return sure + value, front + start


@compiled
def _fill_counted(right: int, found: int, arcs: Ints, rights: Rights, multipliers: Ints) -> tuple[int, int]:
    """Solve one knapsack by minutes and number of lefts, with load costs; answer as :func:`_fill` does."""
    room, most = rights.rooms[right], min(rights.most[right], found)
    width = rights.steps.shape[1]
    best = np.zeros((most + 1, room + 1), np.int64)
    kept = np.zeros((found, most + 1, room + 1), np.bool_)
    items = arcs[:found].copy()
    for item in range(found):
        weight = rights.weights[items[item]]
        change = rights.costs[items[item]] - multipliers[rights.lefts[items[item]]]
        for count in range(min(most, item + 1), 0, -1):
            for minute in range(room, weight - 1, -1):
                value = best[count - 1, minute - weight] + change
                # A row that has not been filled yet holds 0, which is what an empty bundle of fewer lefts is worth.
                if value < best[count, minute]:
                    best[count, minute] = value
                    kept[item, count, minute] = True
    value, count, load = 0, 0, 0
    for number in range(1, most + 1):
        load += rights.steps[right, min(number, width) - 1] if width else 0
        if best[number, room] + load < value:
            value, count = best[number, room] + load, number
    front, back, minute = 0, found, room
    for item in range(found - 1, -1, -1):
        if count and kept[item, count, minute]:
            minute -= rights.weights[items[item]]
            count -= 1
            back -= 1
            arcs[back] = items[item]
        else:
            arcs[front] = items[item]
            front += 1
    return value, back


@compiled
def step(multipliers: Ints, prices: Ints, counts: Small, direction: Floats, missing_value: float) -> float:
    """Move the multipliers along the deflected subgradient, at most up to the price of staying unpaired.

    The step is Polyak's: the value missing to where it aims, over the squared length of the direction. Returns that
    length; 0 when the bundles hold every left exactly once.
    """
    length = 0.0
    for left in range(len(multipliers)):
        missing = 1.0 - counts[left]
        if missing > 0 and multipliers[left] >= prices[left]:
            missing = 0.0  # it stays unpaired, at its price
        direction[left] = 0.3 * missing + 0.7 * direction[left]
        length += direction[left] * direction[left]
    if length < TINY:
        return 0.0
    size = missing_value / length
    for left in range(len(multipliers)):
        moved = multipliers[left] + int(size * direction[left])
        multipliers[left] = min(prices[left], moved)
    return length


@compiled
def ascend(
    rights: Rights, prices: Ints, multipliers: Ints, target: int, iterations: int, slack: int
) -> tuple[int, Ints]:
    """Raise the bound of a small instance in one go; the best value, and the multipliers that reach it.

    Stops early when the bound comes within ``slack`` of the target, which nothing can pass.
    """
    lefts, count = len(prices), len(rights.rooms)
    counts, values = np.zeros(lefts, np.int32), np.zeros(count, np.int64)
    direction, nothing = np.zeros(lefts), np.zeros(0)
    best, kept = -(1 << 62), multipliers.copy()
    pace, stalled = 1.0, 0
    for _ in range(iterations):
        counts[:] = 0
        value = best_bundles(0, count, rights, multipliers, counts, values, nothing, 0.0) + multipliers.sum()
        stalled += 1
        if value > best:
            best, stalled = value, 0
            kept[:] = multipliers
        if best >= target - slack or pace < LEAST_PACE:
            break
        if stalled >= PATIENCE:
            pace, stalled = pace * 0.7, 0
            multipliers[:] = kept
            direction[:] = 0.0
        elif step(multipliers, prices, counts, direction, pace * (target - value)) == 0.0:
            break
    return best, kept

"""A place for those that found none: who makes room goes on to make others move, as long as the whole chain pays.

An unpaired left is in hand. It goes onto an arc; if its right has no room, one of that right's lefts is in hand next,
or two make room, of whom one finds a free place at once. The cheapest such chain is sought from label to label, a label
being the least cost at which a left can be in hand; those that promise most at the multipliers of the bound come first.
No right is entered twice by one chain, so that each step fits by itself. Effort is counted in labels.
"""

from typing import NamedTuple

import numpy as np

from matching.anneal import Arcs, Board, arcs_of, board_of, enter, leave
from matching.compiled import compiled, inlined
from matching.heap import pop, push
from matching.network import UNPAIRED, Ints, Network

NOBODY = -1
MOST_LABELS = 8_000
"""Labels of one chain that are followed."""
WORK = 40_000
"""Labels of all chains of one call."""
FEW = 60
"""Unpaired lefts up to which chains are sought: where more are left over, places are what is missing."""
WAITING = 8
"""Labels that wait, for each left; past it they are dropped."""


class Slate(NamedTuple):
    """What one search writes on; a row for each left, which counts only where its mark is of this search."""

    costs: Ints  # of the chain up to here
    marks: Ints
    givers: Ints  # the left for which each made room
    ways: Ints  # the arc that one took
    others: Ints  # who made room beside it, or nobody
    seats: Ints  # the arc that one took
    heap: Ints
    hopes: Ints
    turn: Ints  # shape (1,): number of the search


def placed(
    network: Network,
    prices: Ints,
    multipliers: Ints,
    chosen: Ints,
    *,
    work: int = WORK,
    most: int = MOST_LABELS,
) -> Ints:
    """Return an answer in which unpaired lefts have been given places by chains, where that costs less.

    Parameters
    ----------
    prices
        Of staying unpaired, of each left; who stays unpaired may change, and dearer ones are placed first.
    multipliers
        Of each left at the bound, in metres: what a place for it costs, about.
    """
    unpaired = np.flatnonzero(chosen == UNPAIRED)
    if not 0 < len(unpaired) <= FEW:
        return chosen
    arcs, order = arcs_of(network, prices, np.zeros(network.right_count))
    if arcs.steps.shape[1]:
        return chosen  # a load that rises from left to left is none that a label can tell
    where = np.full(len(network.lefts) + 1, UNPAIRED)
    where[order] = np.arange(len(order))
    board = board_of(arcs, network, where[chosen])
    first = np.zeros(network.left_count, dtype=np.int64)
    np.maximum.at(first, network.lefts, network.weights_min)
    asked = unpaired[np.lexsort((-first[unpaired], -prices[unpaired]))]
    _place_all(arcs, board, _slate_of(network.left_count), multipliers, asked, work, most)
    return np.where(board.chosen >= 0, np.append(order, UNPAIRED)[board.chosen], UNPAIRED)


def _slate_of(lefts: int) -> Slate:
    """Return an empty slate."""
    rows = np.full((6, lefts), NOBODY, dtype=np.int64)
    waiting = np.zeros((2, WAITING * lefts + 1), dtype=np.int64)
    return Slate(
        costs=rows[0],
        marks=rows[1],
        givers=rows[2],
        ways=rows[3],
        others=rows[4],
        seats=rows[5],
        heap=waiting[0],
        hopes=waiting[1],
        turn=np.zeros(1, dtype=np.int64),
    )


@compiled
def _place_all(arcs: Arcs, board: Board, slate: Slate, multipliers: Ints, asked: Ints, work: int, most: int) -> None:
    """Look for a chain for one left after another, as long as work is left."""
    for left in asked:
        if work <= 0:
            break
        last, arc, labels = _cheapest(arcs, board, slate, multipliers, left, min(work, most))
        work -= labels
        if last != NOBODY:
            _walk(arcs, board, slate, last, arc)


@compiled
def _cheapest(arcs: Arcs, board: Board, slate: Slate, multipliers: Ints, start: int, most: int) -> tuple[int, int, int]:
    """Find the cheapest chain that costs less than leaving the start unpaired.

    Returns
    -------
    tuple
        Its last left, or nobody; the arc that one takes, or none if it stays unpaired; and the labels looked at.
    """
    slate.turn[0] += 1
    best, last, last_arc = arcs.prices[start], NOBODY, NOBODY
    waiting = _label(slate, multipliers, start, 0, NOBODY, NOBODY, NOBODY, NOBODY, 0)
    labels = 0
    while waiting and labels < most:
        hope, left = slate.hopes[0], slate.heap[0]
        waiting = pop(slate.heap, slate.hopes, waiting)
        cost = slate.costs[left]
        if hope > cost + multipliers[left] or cost + multipliers[left] // 2 >= best:
            continue  # it has a better label by now, or none of its chains can be worth it
        labels += 1
        if left != start and cost + arcs.prices[left] < best:
            best, last, last_arc = cost + arcs.prices[left], left, NOBODY
        for arc in range(arcs.starts[left], arcs.starts[left + 1]):
            right, then = arcs.rights[arc], cost + arcs.costs[arc]
            if _touches(arcs, slate, left, right):
                continue
            if arcs.weights[arc] > board.spare[right] or board.counts[right] >= arcs.most[right]:
                waiting = _make_room(arcs, board, slate, multipliers, left, arc, then, best, waiting)
            elif then < best:
                best, last, last_arc = then, left, arc
    return last, last_arc, labels


@compiled
def _make_room(
    arcs: Arcs,
    board: Board,
    slate: Slate,
    multipliers: Ints,
    left: int,
    arc: int,
    cost: int,
    best: int,
    waiting: int,
) -> int:
    """Label all who can make room for a left on an arc, alone or with another; how many labels wait now."""
    right = arcs.rights[arc]
    needed, count = arcs.weights[arc] - board.spare[right], board.counts[right]
    for place in range(count):
        who = board.members[arcs.seats[right] + place]
        freed, now = arcs.weights[board.chosen[who]], cost - arcs.costs[board.chosen[who]]
        if _holds(slate, left, who):
            continue
        if freed >= needed:
            if now + multipliers[who] // 2 < best:
                waiting = _label(slate, multipliers, who, now, left, arc, NOBODY, NOBODY, waiting)
            continue
        for second in range(count):
            other = board.members[arcs.seats[right] + second]
            both = now - arcs.costs[board.chosen[other]]
            if freed + arcs.weights[board.chosen[other]] < needed or both + multipliers[who] // 2 >= best:
                continue
            if other == who or _holds(slate, left, other) or not _is_better(slate, who, both):
                continue
            seat = _seat(arcs, board, slate, left, other, right)
            if seat >= 0 and both + arcs.costs[seat] + multipliers[who] // 2 < best:
                waiting = _label(slate, multipliers, who, both + arcs.costs[seat], left, arc, other, seat, waiting)
    return waiting


@inlined
def _is_better(slate: Slate, left: int, cost: int) -> bool:
    """Whether a left is not yet in hand at so little."""
    return bool(slate.marks[left] != slate.turn[0] or cost < slate.costs[left])


@compiled
def _seat(arcs: Arcs, board: Board, slate: Slate, left: int, other: int, right: int) -> int:
    """Find the cheapest free place of one who makes room, away from the chain; -1 if there is none."""
    for arc in range(arcs.starts[other], arcs.starts[other + 1]):
        at = arcs.rights[arc]
        if at == right or arcs.weights[arc] > board.spare[at] or board.counts[at] >= arcs.most[at]:
            continue
        if not _touches(arcs, slate, left, at):
            return arc
    return NOBODY


@compiled
def _touches(arcs: Arcs, slate: Slate, left: int, right: int) -> bool:
    """Whether the chain up to a left touches a right."""
    while slate.givers[left] != NOBODY:
        if arcs.rights[slate.ways[left]] == right:
            return True
        if slate.seats[left] != NOBODY and arcs.rights[slate.seats[left]] == right:
            return True
        left = slate.givers[left]
    return False


@compiled
def _holds(slate: Slate, left: int, who: int) -> bool:
    """Whether somebody moves already in the chain up to a left."""
    while left != NOBODY:
        if who in (left, slate.others[left]):
            return True
        left = slate.givers[left]
    return False


@compiled
def _label(
    slate: Slate,
    multipliers: Ints,
    left: int,
    cost: int,
    giver: int,
    way: int,
    other: int,
    seat: int,
    waiting: int,
) -> int:
    """Write that a left is in hand at a cost, if that is better than before; how many labels wait now."""
    if waiting == len(slate.heap) or not _is_better(slate, left, cost):
        return waiting
    slate.marks[left], slate.costs[left] = slate.turn[0], cost
    slate.givers[left], slate.ways[left] = giver, way
    slate.others[left], slate.seats[left] = other, seat
    return push(slate.heap, slate.hopes, waiting, left, cost + multipliers[left])


@compiled
def _walk(arcs: Arcs, board: Board, slate: Slate, last: int, last_arc: int) -> None:
    """Make every step of a chain, unless labels that changed on the way led it to a right, or a left, twice."""
    count, step = 0, last
    while step != NOBODY:
        count, step = count + 2, slate.givers[step]
    movers, onto, entered = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    count, step, arc = 0, last, last_arc
    while step != NOBODY:
        movers[count], onto[count], count = step, arc, count + 1
        if slate.others[step] != NOBODY:
            movers[count], onto[count], count = slate.others[step], slate.seats[step], count + 1
        step, arc = slate.givers[step], slate.ways[step]
    for row in range(count):
        entered[row] = arcs.rights[onto[row]] if onto[row] != NOBODY else NOBODY
    if len(np.unique(movers[:count])) < count or len(np.unique(entered[:count])) < count:
        return
    for left in movers[:count]:
        if board.chosen[left] != NOBODY:
            leave(arcs, board, left)
    for row in range(count):
        if onto[row] != NOBODY:
            enter(arcs, board, movers[row], onto[row])

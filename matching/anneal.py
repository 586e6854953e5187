"""A compiled search that is feasible at every moment: a left moves, up to two make room, the total decides.

A left is drawn, and one of its arcs, the ones that promise most more often. If its right has no room, one or two of
that right's lefts go to the cheapest right that takes them, or stay unpaired. The whole change is accepted by
Metropolis' rule on the exact change of cost, load costs and prices included. A call works on one part of the network
only: its lefts and its rights, so that calls on different parts may run at the same time.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.compiled import compiled, inlined, tight
from matching.network import UNPAIRED, Ints, Network

Small = NDArray[np.int32]
States = NDArray[np.uint64]
PARTS = 256
"""Parts of a metre in which the worth of a minute is counted."""
COOLED = 256
"""Moves between two steps of the temperature."""


class Arcs(NamedTuple):
    """Arcs in the order of their lefts, the most promising first."""

    starts: Ints  # of the arcs of each left; shape (lefts + 1,)
    rights: Small
    costs: Small
    weights: Small
    prices: Ints  # of each left, for staying unpaired
    most: Ints  # lefts of each right
    steps: Ints  # load costs, shape (rights, steps) or (0, 0)
    seats: Ints  # where the members of each right stand
    worth: Ints  # of a minute of each right, in parts of a metre; empty when minutes cost nothing
    usable: Ints  # of so many spare minutes, as many as lefts can fill


class Board(NamedTuple):
    """An answer that can be changed in place; always feasible."""

    chosen: Small  # arc of each left, -1 for unpaired
    places: Small  # of each left, among the members of its right
    spare: Ints  # minutes of each right that are free
    counts: Small  # lefts of each right
    members: Small


def arcs_of(network: Network, prices: Ints, minute_prices: NDArray[np.float64]) -> tuple[Arcs, Ints]:
    """Order the arcs by left and by cost with the price of the minutes they take; and the order itself."""
    promise = network.costs + minute_prices[network.rights] * network.weights_min
    order = np.lexsort((promise, network.lefts))
    starts = np.zeros(network.left_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(network.lefts, minlength=network.left_count), out=starts[1:])
    most = np.minimum(network.max_lefts, np.bincount(network.rights, minlength=network.right_count))
    arcs = Arcs(
        starts=starts,
        rights=network.rights[order].astype(np.int32),
        costs=network.costs[order].astype(np.int32),
        weights=network.weights_min[order].astype(np.int32),
        prices=prices,
        most=most,
        steps=network.load_costs,
        seats=np.concatenate(([0], np.cumsum(most))),
        worth=np.empty(0, dtype=np.int64),
        usable=np.empty(0, dtype=np.int64),
    )
    return arcs, order


def usable_minutes(network: Network) -> Ints:
    """Of each number of spare minutes, how many lefts of this network could fill at most."""
    weights = np.unique(network.weights_min[network.weights_min > 0]).tolist()
    room = int(network.capacities_min.max(initial=0))
    fills = np.zeros(room + 1, dtype=np.bool_)
    fills[0] = True
    for minute in range(room + 1):
        fills[minute] |= any(weight <= minute and fills[minute - weight] for weight in weights)
    return np.maximum.accumulate(np.where(fills, np.arange(room + 1), 0))


def board_of(arcs: Arcs, network: Network, chosen: Ints) -> Board:
    """Set up the board from the arc of each left, by its place in ``arcs``."""
    board = Board(
        chosen=np.full(network.left_count, UNPAIRED, dtype=np.int32),
        places=np.zeros(network.left_count, dtype=np.int32),
        spare=np.array(network.capacities_min),
        counts=np.zeros(network.right_count, dtype=np.int32),
        members=np.zeros(int(arcs.seats[-1]), dtype=np.int32),
    )
    seat_all(arcs, board, chosen)
    return board


@compiled
def seat_all(arcs: Arcs, board: Board, chosen: Ints) -> None:
    """Put every left onto its arc."""
    for left in range(len(chosen)):
        if chosen[left] >= 0:
            enter(arcs, board, left, chosen[left])


@inlined
def load_step(arcs: Arcs, right: int, count: int) -> int:
    """Load cost of the left that follows ``count`` others at a right."""
    width = arcs.steps.shape[1]
    return arcs.steps[right, min(count, width - 1)] if width else 0


@inlined
def enter(arcs: Arcs, board: Board, left: int, arc: int) -> None:
    """Put an unpaired left onto an arc; the caller has seen that it fits."""
    right = arcs.rights[arc]
    board.members[arcs.seats[right] + board.counts[right]] = left
    board.places[left] = board.counts[right]
    board.counts[right] += 1
    board.spare[right] -= arcs.weights[arc]
    board.chosen[left] = arc


@inlined
def leave(arcs: Arcs, board: Board, left: int) -> None:
    """Take a left off its arc."""
    arc = board.chosen[left]
    right = arcs.rights[arc]
    board.counts[right] -= 1
    last = board.members[arcs.seats[right] + board.counts[right]]
    board.members[arcs.seats[right] + board.places[left]] = last
    board.places[last] = board.places[left]
    board.spare[right] += arcs.weights[arc]
    board.chosen[left] = -1


@inlined
def draw(state: States) -> float:
    """Draw a number from [0, 1) by xorshift; the state is 64 bits that are not all 0."""
    bits = state[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    state[0] = bits
    return float(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined
def _leaning(state: States) -> float:
    """Draw a number that leans towards 0."""
    number = draw(state)
    return number * number * number


@inlined
def _pick(arcs: Arcs, board: Board, right: int, needed: int, state: States, out: Ints) -> int:
    """Choose who makes room: a member who frees enough, else two together; how many, 0 when neither is found."""
    count = board.counts[right]
    first = int(draw(state) * count)
    for turn in range(count):
        place = first + turn if first + turn < count else first + turn - count
        left = board.members[arcs.seats[right] + place]
        if arcs.weights[board.chosen[left]] >= needed:
            out[0] = left
            return 1
    if count < 2:
        return 0
    second = first + 1 + int(draw(state) * (count - 1))
    second = second if second < count else second - count
    out[0] = board.members[arcs.seats[right] + first]
    out[1] = board.members[arcs.seats[right] + second]
    if arcs.weights[board.chosen[out[0]]] < arcs.weights[board.chosen[out[1]]]:
        out[0], out[1] = out[1], out[0]  # the heavier finds a place first
    freed = arcs.weights[board.chosen[out[0]]] + arcs.weights[board.chosen[out[1]]]
    return 2 if freed >= needed else 0


@inlined
def _seat(arcs: Arcs, board: Board, left: int, away: int, parts: Small, part: int) -> int:
    """Find the cheapest arc of an unpaired left that has room in the part and avoids a right; -1 if there is none."""
    best, least = -1, arcs.prices[left]
    is_plain = arcs.steps.shape[1] == 0
    for arc in range(arcs.starts[left], arcs.starts[left + 1]):
        right = arcs.rights[arc]
        if (is_plain and arcs.costs[arc] >= least) or right == away or arcs.weights[arc] > board.spare[right]:
            continue
        if parts[right] != part or board.counts[right] >= arcs.most[right]:
            continue
        value = arcs.costs[arc] + load_step(arcs, right, board.counts[right])
        if len(arcs.worth):
            spare = board.spare[right]
            freed = arcs.usable[spare] - arcs.usable[spare - arcs.weights[arc]]
            value += arcs.worth[right] * freed // PARTS
        if value < least:
            best, least = arc, value
    return best


@inlined
def _is_accepted(change: int, temperature: float, state: States) -> bool:
    """Metropolis' rule."""
    return change <= 0 or change < -temperature * math.log(draw(state) + 1e-300)


@inlined
def _tied(arcs: Arcs, board: Board, right: int) -> int:
    """Price of the minutes of a right that no further left can use: those taken, and spare ones too few for anybody."""
    if len(arcs.worth) == 0:
        return 0
    return int(-(arcs.worth[right] * arcs.usable[board.spare[right]]) // PARTS)


@inlined
def _lift(arcs: Arcs, board: Board, arc: int) -> int:
    """Count a left out of its right, for a look only; the cost that goes with it."""
    right = arcs.rights[arc]
    tied = _tied(arcs, board, right)
    board.counts[right] -= 1
    board.spare[right] += arcs.weights[arc]
    tied -= _tied(arcs, board, right)
    return int(arcs.costs[arc]) + load_step(arcs, right, board.counts[right]) + tied


@inlined
def _lower(arcs: Arcs, board: Board, arc: int) -> int:
    """Count a left in at a right, for a look only; the cost that comes with it."""
    right = arcs.rights[arc]
    value = int(arcs.costs[arc]) + load_step(arcs, right, board.counts[right]) - _tied(arcs, board, right)
    board.counts[right] += 1
    board.spare[right] -= arcs.weights[arc]
    return value + _tied(arcs, board, right)


@inlined
def _look(arcs: Arcs, board: Board, left: int, arc: int, gone: int, out: Ints, parts: Small, part: int) -> int:
    """Find where those who make room would go, and the change of cost; the board stays as it was."""
    before = board.chosen[left]
    change = -_lift(arcs, board, before) if before >= 0 else -arcs.prices[left]
    for turn in range(gone):
        change -= _lift(arcs, board, board.chosen[out[turn]])
    change += _lower(arcs, board, arc)
    for turn in range(gone):
        seat = _seat(arcs, board, out[turn], arcs.rights[arc], parts, part)
        out[2 + turn] = seat
        if seat >= 0:
            change += _lower(arcs, board, seat)
        else:
            change += arcs.prices[out[turn]]
    for turn in range(gone):
        if out[2 + turn] >= 0:
            _lift(arcs, board, out[2 + turn])
        _lower(arcs, board, board.chosen[out[turn]])
    _lift(arcs, board, arc)
    if before >= 0:
        _lower(arcs, board, before)
    return change


@inlined
def _move(arcs: Arcs, board: Board, left: int, arc: int, gone: int, out: Ints) -> None:
    """Make a change that was looked at."""
    if board.chosen[left] >= 0:
        leave(arcs, board, left)
    for turn in range(gone):
        leave(arcs, board, out[turn])
    enter(arcs, board, left, arc)
    for turn in range(gone):
        if out[2 + turn] >= 0:
            enter(arcs, board, out[turn], out[2 + turn])


@tight
def anneal(
    arcs: Arcs,
    board: Board,
    lefts: Small,
    parts: Small,
    part: int,
    moves: int,
    hot: float,
    cold: float,
    state: States,
    out: Ints,
) -> int:
    """Make so many moves inside one part, cooling from hot to cold; the change of cost.

    Parameters
    ----------
    lefts
        Lefts of the part: those paired with its rights, and unpaired ones near it.
    parts
        Part of each right.
    state
        Of the random draw; it goes on from call to call.
    out
        Four places for the call's own use.
    """
    total, temperature = 0, hot
    cooling = (cold / hot) ** (COOLED / max(1, moves))
    for move in range(moves):
        if move % COOLED == COOLED - 1:
            temperature *= cooling
        left = lefts[int(draw(state) * len(lefts))]
        degree = arcs.starts[left + 1] - arcs.starts[left]
        arc = arcs.starts[left] + int(degree * _leaning(state))
        if degree == 0 or arc == board.chosen[left] or parts[arcs.rights[arc]] != part:
            continue
        before, right = board.chosen[left], arcs.rights[arc]
        if before >= 0 and arcs.rights[before] == right:
            continue
        needed = arcs.weights[arc] - board.spare[right]
        gone = 0
        if needed > 0 or board.counts[right] >= arcs.most[right]:
            gone = _pick(arcs, board, right, needed, state, out)
            if gone == 0:
                continue
        change = _look(arcs, board, left, arc, gone, out, parts, part)
        if _is_accepted(change, temperature, state):
            _move(arcs, board, left, arc, gone, out)
            total += change
    return total

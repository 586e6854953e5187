"""Compiled search for a place: who takes over from whom, so that somebody without a place gets one at least cost.

A need in hand goes to a volunteer who has room, or to one who gives up another need, which is then in hand: a chain.
What a need in hand, and a place at a volunteer, cost at least is appraised first; it leads the search and grows as room
is taken. Where loads are equal and no chain could have lowered the cost before, placing needs one after another by
shortest chains is least of all (successive shortest paths with prices, as in Ahuja, Magnanti and Orlin, Network Flows,
1993, ch. 9). Where minutes differ each step is right by minutes, and the sum is a good answer, not a proven one.
"""

from typing import NamedTuple

import numpy as np

from matching.columns import Ints, Mask
from matching.compiled import compiled, inlined
from matching.heap import pop, push
from matching.seats import NOBODY, Seats, Town, enter, is_barred, leave, minutes, price, stake

FAR_M = 1 << 60
SHORT = -FAR_M
HEAP_A_NEED = 4
"""Needs in hand that wait in one search, for each need there is."""
MOST_STEPS = 40
"""Longest chain: from here on a need in hand takes a free place or none."""
MOST_SWEEPS = 60
"""Appraisals of all needs; more are asked for only where some chain of standing pairs would lower the cost for ever."""


class Slate(NamedTuple):
    """What one search writes on; a label counts only where its mark is of this search."""

    costs: Ints
    marks: Ints
    givers: Ints  # the need that takes over from each
    steps: Ints
    heap: Ints  # needs in hand, the one with the least hope first
    hopes: Ints  # what a chain that goes on from each costs at least
    seen: Ints  # needs of the last search, in the order in which they were met
    turn: Ints  # number of the search, needs and volunteers that it has seen
    short: Mask  # needs that should look farther
    entered: Ints  # of each volunteer: what it cost to come there, where marked
    entries: Ints  # the marks
    asked: Ints  # volunteers of the last search


def slate_of(needs: int, volunteers: int) -> Slate:
    """Return an empty slate."""
    none, nobody = np.zeros(needs, dtype=np.int64), np.zeros(volunteers, dtype=np.int64)
    return Slate(
        costs=none,
        marks=none.copy(),
        givers=none.copy(),
        steps=none.copy(),
        heap=np.zeros(HEAP_A_NEED * needs + 1, dtype=np.int64),
        hopes=np.zeros(HEAP_A_NEED * needs + 1, dtype=np.int64),
        seen=none.copy(),
        turn=np.zeros(3, dtype=np.int64),
        short=np.zeros(needs, dtype=np.bool_),
        entered=nobody,
        entries=nobody.copy(),
        asked=nobody.copy(),
    )


@inlined
def _has_room(town: Town, seats: Seats, need: int, volunteer: int, metres: int) -> bool:
    """Whether a need can go to a volunteer, and nobody gives way."""
    if seats.counts[volunteer] >= seats.most[volunteer]:
        return False
    return bool(minutes(town, need, metres) <= seats.spare_min[volunteer])


@compiled
def _appraised(town: Town, seats: Seats, need: int) -> int:
    """What a need in hand costs at least, by what places cost at least; who is farther than anyone known is near."""
    here = seats.chosen[need]
    least = stake(town, need)
    if town.homes[need] == NOBODY or not town.looked_m[need]:
        least = min(least, town.looked_m[need])  # whoever stands looks no farther than this
    for arc in range(town.begins[need], town.ends[need]):
        volunteer, apart = int(town.volunteers[arc]), int(town.distances_m[arc])
        if volunteer in (NOBODY, here) or apart >= least:
            continue
        cost = price(town, need, volunteer, apart)
        if cost < least:
            if not _has_room(town, seats, need, volunteer, apart):
                cost += seats.places_m[volunteer]
            least = min(least, cost)
    return int(least)


@compiled
def appraise(town: Town, seats: Seats) -> None:
    """Find what every need in hand and every place costs at least, sweep by sweep until nothing falls any more."""
    for volunteer in range(len(seats.counts)):  # who has room may fill up later
        seats.places_m[volunteer] = 0 if seats.counts[volunteer] < seats.most[volunteer] else FAR_M
    for sweep in range(MOST_SWEEPS):
        is_settled = True
        for need in range(len(town.homes)):
            here = seats.chosen[need]
            if here != NOBODY and not town.may_move[need]:
                continue
            seats.needs_m[need] = _appraised(town, seats, need)
            if here != NOBODY:
                place = max(0, seats.needs_m[need] - price(town, need, here, seats.metres[need]))
                if place < seats.places_m[here]:
                    seats.places_m[here] = place
                    is_settled = False
        if is_settled and sweep:
            break


@compiled
def cheapest(town: Town, seats: Seats, slate: Slate, start: int, longest: int) -> tuple[int, int, int, int]:
    """Find the shortest chain of at most so many steps for a need in hand, or who is best left without anybody.

    Returns
    -------
    tuple
        Its cost, its last need, the volunteer that one goes to, or nobody, and the metres between them. The cost is
        ``SHORT`` where somebody, marked in the slate, should look farther first.
    """
    slate.turn[0] += 1
    slate.turn[1:] = 0
    best, last, whom, metres, is_short = FAR_M, start, NOBODY, 0, False
    _label(slate, start, 0, NOBODY, 0)
    waiting = push(slate.heap, slate.hopes, 0, start, seats.needs_m[start])
    while waiting:
        hope, need = slate.hopes[0], slate.heap[0]
        waiting = pop(slate.heap, slate.hopes, waiting)
        if hope >= best:
            break
        so_far = slate.costs[need]
        if so_far + seats.needs_m[need] < hope:
            continue  # it was in hand at less, and has been dealt with
        now = _appraised(town, seats, need)
        if now > seats.needs_m[need]:
            seats.needs_m[need] = now
            if so_far + now > hope:
                waiting = push(slate.heap, slate.hopes, waiting, need, so_far + now)
                continue
        if so_far + stake(town, need) < best:
            best, last, whom, metres = so_far + stake(town, need), need, NOBODY, 0
        best, last, whom, metres, waiting = _follow(
            town, seats, slate, need, longest, (best, last, whom, metres, waiting)
        )
        if (need == start or not town.looked_m[need]) and so_far + town.looked_m[need] < best:
            slate.short[need] = is_short = True
            if need == start:
                break  # before others are asked
    return SHORT if is_short else best, last, whom, metres


@compiled
def _follow(
    town: Town, seats: Seats, slate: Slate, need: int, longest: int, found: tuple[int, int, int, int, int]
) -> tuple[int, int, int, int, int]:
    """Go on from a need in hand to whoever has room, and to all who could give up another."""
    best, last, whom, metres, waiting = found
    turn, people, so_far = slate.turn[0], len(seats.counts), slate.costs[need]
    for arc in range(town.begins[need], town.ends[need]):
        volunteer, apart = int(town.volunteers[arc]), int(town.distances_m[arc])
        if volunteer == NOBODY or so_far + apart >= best or is_barred(town, need, volunteer, people):
            continue
        cost = so_far + price(town, need, volunteer, apart)
        if _has_room(town, seats, need, volunteer, apart):
            if cost + town.fairness_m * seats.counts[volunteer] < best:
                best, last, whom = cost + town.fairness_m * seats.counts[volunteer], need, volunteer
                metres = apart
        elif cost + seats.places_m[volunteer] >= best:
            continue
        if slate.entries[volunteer] != turn:
            slate.asked[slate.turn[2]], slate.entries[volunteer] = volunteer, turn
            slate.entered[volunteer] = cost
            slate.turn[2] += 1
        elif cost < slate.entered[volunteer]:
            slate.entered[volunteer] = cost
        elif town.is_equal:
            continue
        if slate.steps[need] < longest:
            waiting = _push_aside(town, seats, slate, need, volunteer, apart, (cost, best, waiting))
    return best, last, whom, metres, waiting


@compiled
def _push_aside(
    town: Town, seats: Seats, slate: Slate, need: int, volunteer: int, apart: int, now: tuple[int, int, int]
) -> int:
    """Take in hand whoever could make room at a volunteer, where there is hope in it; how many wait now."""
    cost, best, waiting = now
    takes, other = minutes(town, need, apart), seats.first[volunteer]
    while other != NOBODY:
        then = cost - price(town, other, volunteer, seats.metres[other])
        hope = then + seats.needs_m[other]
        is_hope = town.may_move[other] and hope < best and waiting < len(slate.heap)
        is_hope = is_hope and (slate.marks[other] != slate.turn[0] or then < slate.costs[other])
        is_hope = is_hope and seats.spare_min[volunteer] + minutes(town, other, seats.metres[other]) >= takes
        if is_hope and _is_new(seats, slate, need, other):
            _label(slate, other, then, need, slate.steps[need] + 1)
            waiting = push(slate.heap, slate.hopes, waiting, other, hope)
        other = seats.after[other]
    return waiting


@compiled
def _learn(seats: Seats, slate: Slate, best: int) -> None:
    """Raise what the needs and places of the last search cost at least: no way on from there was shorter."""
    for row in range(slate.turn[1]):
        need = slate.seen[row]
        seats.needs_m[need] = max(seats.needs_m[need], best - slate.costs[need])
    for row in range(slate.turn[2]):
        volunteer = slate.asked[row]
        seats.places_m[volunteer] = max(seats.places_m[volunteer], best - slate.entered[volunteer])


@inlined
def _label(slate: Slate, need: int, cost: int, giver: int, step: int) -> None:
    """Write that a need is in hand at a cost."""
    if slate.marks[need] != slate.turn[0]:
        slate.seen[slate.turn[1]] = need
        slate.turn[1] += 1
    slate.costs[need], slate.marks[need], slate.givers[need], slate.steps[need] = cost, slate.turn[0], giver, step


@compiled
def _is_new(seats: Seats, slate: Slate, need: int, other: int) -> bool:
    """Whether neither a need nor its volunteer stands in the chain so far."""
    volunteer, step = seats.chosen[other], need
    while step != NOBODY:
        if step == other or seats.chosen[step] == volunteer:
            return False
        step = slate.givers[step]
    return True


@compiled
def walk(town: Town, seats: Seats, slate: Slate, last: int, whom: int, metres: int) -> bool:
    """Make every step of the chain found, its last one first; false, and nothing is done, where two share a place."""
    count, step = 0, last
    while step != NOBODY:
        count += 1
        step = slate.givers[step]
    needs, places, ways = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    need, place, way = last, whom, metres
    for row in range(count):
        needs[row], places[row], ways[row] = need, place, way
        place, need = seats.chosen[need], slate.givers[need]
        if need != NOBODY:
            way = _metres(town, need, place)
            for earlier in range(row + 1):
                if places[earlier] == place:
                    return False
    for row in range(count):
        if seats.chosen[needs[row]] != NOBODY:
            leave(town, seats, needs[row])
        if places[row] != NOBODY:
            enter(town, seats, needs[row], places[row], ways[row])
        seats.needs_m[needs[row]] = 0  # it may now go where it was; it is appraised again when it is next in hand
    return True


@compiled
def _metres(town: Town, need: int, volunteer: int) -> int:
    """Metres of an arc that is there."""
    for arc in range(town.begins[need], town.ends[need]):
        if town.volunteers[arc] == volunteer:
            return int(town.distances_m[arc])
    return FAR_M


@compiled
def seat_all(town: Town, seats: Seats, slate: Slate, asked: Ints) -> Mask:
    """Give places to needs in hand, one after another; which of them are left, since somebody should look farther."""
    is_left = np.zeros(len(asked), dtype=np.bool_)
    for row in range(len(asked)):
        best, last, whom, metres = cheapest(town, seats, slate, asked[row], MOST_STEPS)
        if best == SHORT:
            is_left[row] = True
            continue
        if town.is_equal:
            _learn(seats, slate, best)
        if not walk(town, seats, slate, last, whom, metres):
            _, last, whom, metres = cheapest(town, seats, slate, asked[row], 0)
            walk(town, seats, slate, last, whom, metres)
    return is_left

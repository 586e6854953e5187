"""Who has whom while places are given: what stays as it is, what changes, and the moves between, compiled.

A need in hand has nobody for the moment. Needs of a volunteer are a chain of links, so that one goes in no time.
"""

from typing import NamedTuple

import numpy as np

from matching.columns import Floats, Ints, Mask
from matching.compiled import compiled, inlined
from matching.reach import Small

NOBODY = -1


class Town(NamedTuple):
    """What stays as it is while places are sought; a row for each need unless said."""

    begins: Ints  # of its arcs in the two columns below
    ends: Ints
    volunteers: Small
    distances_m: Small
    looked_m: Ints
    stakes_m: Ints  # what leaving it without anybody costs
    homes: Ints  # who came before, or nobody
    may_move: Mask
    durations_min: Ints
    weekly: Floats  # visits a week
    barred: Ints  # pairs that must not be, need x volunteers + volunteer, ordered
    is_barred: Mask
    pace_m_per_min: float
    change_m: int
    fairness_m: int
    is_equal: bool  # loads are equal: whoever gives up a place makes room for any other


class Seats(NamedTuple):
    """Who has whom, changed in place; needs of a volunteer are a chain of links."""

    chosen: Ints  # volunteer of each need
    metres: Ints
    first: Ints  # of each volunteer
    after: Ints  # of each need
    before: Ints
    counts: Ints  # of each volunteer
    most: Ints
    spare_min: Ints
    needs_m: Ints  # what each need in hand costs at least, wherever it goes but to where it is
    places_m: Ints  # what a place at each volunteer who has no room costs at least


@inlined
def minutes(town: Town, need: int, metres: int) -> int:
    """Minutes a week that a need takes of a volunteer so far away; see :func:`matching.objective.arc_minutes`."""
    each = float(town.durations_min[need])
    if town.pace_m_per_min > 0:
        each += np.ceil(2 * metres / town.pace_m_per_min)
    return int(np.floor(town.weekly[need] * each + 1e-9))


@inlined
def price(town: Town, need: int, volunteer: int, metres: int) -> int:
    """Metres of a pair, and what it costs to leave who came before."""
    moved = town.homes[need] != NOBODY and town.homes[need] != volunteer
    return metres + (town.change_m if moved else 0)


@inlined
def stake(town: Town, need: int) -> int:
    """What it costs to leave a need without anybody, and without who came before."""
    return int(town.stakes_m[need]) + (town.change_m if town.homes[need] != NOBODY else 0)


@inlined
def is_barred(town: Town, need: int, volunteer: int, people: int) -> bool:
    """Whether two must not meet."""
    if not town.is_barred[need]:
        return False
    key = need * people + volunteer
    row = np.searchsorted(town.barred, key)
    return bool(row < len(town.barred) and town.barred[row] == key)


@compiled
def enter(town: Town, seats: Seats, need: int, volunteer: int, metres: int) -> None:
    """Give a need that is in hand to a volunteer, who has room."""
    seats.chosen[need], seats.metres[need] = volunteer, metres
    seats.counts[volunteer] += 1
    seats.spare_min[volunteer] -= minutes(town, need, metres)
    head = seats.first[volunteer]
    seats.after[need], seats.before[need] = head, NOBODY
    if head != NOBODY:
        seats.before[head] = need
    seats.first[volunteer] = need


@compiled
def leave(town: Town, seats: Seats, need: int) -> None:
    """Take a need in hand."""
    volunteer, after, before = seats.chosen[need], seats.after[need], seats.before[need]
    seats.counts[volunteer] -= 1
    seats.spare_min[volunteer] += minutes(town, need, seats.metres[need])
    if before == NOBODY:
        seats.first[volunteer] = after
    else:
        seats.after[before] = after
    if after != NOBODY:
        seats.before[after] = before
    seats.chosen[need], seats.metres[need] = NOBODY, 0


@compiled
def enter_all(town: Town, seats: Seats, needs: Ints, volunteers: Ints, metres: Ints) -> None:
    """Write pairs that stand."""
    for row in range(len(needs)):
        enter(town, seats, needs[row], volunteers[row], metres[row])

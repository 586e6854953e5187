"""The plain baseline: what a coordinator does by hand.

Needs are taken in the order of their list; each gets the nearest able volunteer who still has room.
"""

from dataclasses import dataclass

import numpy as np

from matching.candidates import Arcs, find_all, find_arcs
from matching.problem import Ints, Problem, ServedBy

TOGETHER = 1024
"""Needs whose search past their nearest candidates is made at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """Pairs made by hand (positions of needs and volunteers), and their cost in metres with penalties."""

    needs: Ints
    volunteers: Ints
    distances_m: Ints
    unmet: Ints
    objective: int


def pair_by_hand(problem: Problem, arcs: Arcs | None = None) -> ByHand:
    """Pair greedily; who finds none of their nearest free gets the nearest free one within reach.

    ``arcs`` are those of :func:`matching.candidates.find_arcs`, found anew when not given.
    """
    arcs = find_arcs(problem) if arcs is None else arcs
    room = problem.volunteers.max_needs.copy()
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    parts = [_take(problem, arcs, some, room) for some in np.array_split(served, len(served) // TOGETHER + 1)]
    needs, volunteers, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    unmet = np.setdiff1d(served, needs)
    return ByHand(
        needs=needs,
        volunteers=volunteers,
        distances_m=metres,
        unmet=unmet,
        objective=int(metres.sum() + problem.needs.penalties[unmet].sum()),
    )


def _take(problem: Problem, arcs: Arcs, some: Ints, room: Ints) -> tuple[Ints, Ints, Ints]:
    """Pair some needs in turn, filling up ``room``; looks past the arcs once for all that may have to."""
    chosen: list[tuple[int, int, int]] = []
    farther: Arcs | None = None
    for need in some.tolist():
        arc = _first_free(arcs, need, room)
        if arc is None:
            if farther is None:
                rest = some[some >= need]
                farther = find_all(problem, rest, worth=lambda _needs, who, _metres: room[who] > 0)
            arc = _first_free(farther, need, room)
        if arc is not None:
            room[arc[0]] -= 1
            chosen.append((need, *arc))
    needs, volunteers, metres = np.array(chosen, dtype=np.int64).reshape(-1, 3).T
    return needs, volunteers, metres


def _first_free(arcs: Arcs, need: int, room: Ints) -> tuple[int, int] | None:
    """Nearest volunteer (position) of a need who has room, and metres."""
    start, end = np.searchsorted(arcs.needs, (need, need + 1))
    free = np.flatnonzero(room[arcs.volunteers[start:end]] > 0)
    if not len(free):
        return None
    return int(arcs.volunteers[start + free[0]]), int(arcs.distances_m[start + free[0]])

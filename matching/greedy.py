"""The plain baseline: what a coordinator does by hand.

Needs are taken in the order of their list; each gets the nearest able volunteer who still has room.
"""

from dataclasses import dataclass

import numpy as np

from matching.candidates import Arcs, find_arcs
from matching.problem import Ints, Problem, ServedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """Pairs made by hand (positions of needs and volunteers), and their cost in metres with penalties."""

    needs: Ints
    volunteers: Ints
    distances_m: Ints
    unmet: Ints
    objective: int


def pair_by_hand(problem: Problem, arcs: Arcs | None = None) -> ByHand:
    """Pair greedily over the same candidates as the engine."""
    arcs = find_arcs(problem) if arcs is None else arcs
    room = problem.volunteers.max_needs.tolist()
    chosen, last = [], -1
    for arc, (need, volunteer) in enumerate(zip(arcs.needs.tolist(), arcs.volunteers.tolist(), strict=True)):
        if need != last and room[volunteer] > 0:
            room[volunteer] -= 1
            chosen.append(arc)
            last = need
    picked = np.array(chosen, dtype=np.int64)
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    unmet = np.setdiff1d(served, arcs.needs[picked])
    return ByHand(
        needs=arcs.needs[picked],
        volunteers=arcs.volunteers[picked],
        distances_m=arcs.distances_m[picked],
        unmet=unmet,
        objective=int(arcs.distances_m[picked].sum() + problem.needs.penalties[unmet].sum()),
    )

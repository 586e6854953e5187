"""Pairing and calendar agree: what cannot be dated is not paired, and goes to the next who can date it.

The pairs are dated; a need that finds no days is offered, nearest first, to every other candidate who has room and
whose diary has days for it. What nobody can date stays unmet, because of the calendar.
"""

from dataclasses import dataclass

import numpy as np

from matching import calendar
from matching.candidates import Arcs
from matching.columns import Ints
from matching.diary import Diaries, Placed
from matching.plan import Visits
from matching.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Pairs as positions of arcs, their dated visits, and the needs (positions) that nobody could date."""

    arcs: Ints
    visits: Visits
    undated: Ints


def date_pairs(
    problem: Problem, arcs: Arcs, chosen: Ints, *, diaries: Diaries | None = None, taken: Ints | None = None
) -> Agreed:
    """Date chosen arcs (positions), moving to other candidates what cannot be dated.

    ``diaries`` may hold visits already; ``taken``, shape (m,), is then how many needs each volunteer has beside.
    """
    diaries = Diaries(problem) if diaries is None else diaries
    needs, volunteers = arcs.needs[chosen], arcs.volunteers[chosen]
    rows, undated = calendar.place_pairs(problem, diaries, needs, volunteers)
    kept = [(int(chosen[pair]), placed) for pair, placed in rows]
    lost = np.unique(needs[undated])
    room = problem.volunteers.max_needs - np.bincount(np.delete(volunteers, undated), minlength=len(problem.volunteers))
    room -= 0 if taken is None else taken
    preset = set(problem.preset[:, 0].tolist())
    left = []
    for need in _in_turn(problem, lost).tolist():
        moved = None
        if problem.needs.helpers[need] == 1 and int(problem.needs.ids[need]) not in preset:
            moved = _move(diaries, arcs, need, room)
        if moved is None:
            left.append(need)
        else:
            kept.append(moved)
    return _agreed(problem, arcs, kept, left)


def _in_turn(problem: Problem, needs: Ints) -> Ints:
    """Needs in the order in which they choose: tier, penalty, number."""
    columns = problem.needs
    return needs[np.lexsort((columns.ids[needs], -columns.penalties[needs], columns.tiers[needs]))]


def _move(diaries: Diaries, arcs: Arcs, need: int, room: Ints) -> tuple[int, Placed] | None:
    """Find the nearest candidate with room and days for a need, and write it into their diary."""
    first, end = np.searchsorted(arcs.needs, need), np.searchsorted(arcs.needs, need, side="right")
    for arc in range(int(first), int(end)):
        volunteer = int(arcs.volunteers[arc])
        placed = diaries.place(need, [volunteer]) if room[volunteer] > 0 else None
        if placed is not None:
            room[volunteer] -= 1
            return arc, placed
    return None


def _agreed(problem: Problem, arcs: Arcs, kept: list[tuple[int, Placed]], left: list[int]) -> Agreed:
    picked = np.array([arc for arc, _ in kept], dtype=np.int64)
    rows = [(pair, placed) for pair, (_, placed) in enumerate(kept)]
    visits = calendar.columns(problem, arcs.needs[picked], arcs.volunteers[picked], rows)
    return Agreed(arcs=np.sort(picked), visits=visits, undated=np.array(sorted(left), dtype=np.int64))

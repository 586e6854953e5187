"""Pairs to dated visits: frequency, windows and weekly minutes kept, days of a volunteer even and walkable.

Needs that several volunteers come to together are placed first, then the others, volunteer by volunteer in
order of the end of their windows (:mod:`matching.diary`). The order is a heuristic, so a cleverer order could now and
then have dated a need that stays undated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.columns import Ints
from matching.diary import Diaries, Placed
from matching.plan import Visits
from matching.problem import Problem

RULES = ("frequency", "together", "window", "weekly_minutes", "overlap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Dated visits, and the pairs (positions) that no days were found for."""

    visits: Visits
    undated: Ints


def make_calendar(problem: Problem, needs: Ints, volunteers: Ints) -> Dated:
    """Date every pair (positions of needs and volunteers, shape (p,) each).

    A need that stands in several pairs has its visits from all of them together, or is undated in all.
    """
    diaries = Diaries(problem)
    rows, undated = place_pairs(problem, diaries, needs, volunteers)
    return Dated(visits=columns(problem, needs, volunteers, rows), undated=np.array(sorted(undated), dtype=np.int64))


Row = tuple[int, Placed]
"""A pair (position) and its days."""


def place_pairs(problem: Problem, diaries: Diaries, needs: Ints, volunteers: Ints) -> tuple[list[Row], list[int]]:
    """Write every pair into the diaries; the placed pairs with their days, and the pairs that found none."""
    rows: list[Row] = []
    undated: list[int] = []
    for group in _groups(problem, needs, volunteers):
        placed = diaries.place(int(needs[group[0]]), [int(volunteers[pair]) for pair in group])
        if placed is None:
            undated += group
        else:
            rows += [(pair, placed) for pair in group]
    return rows, undated


def _groups(problem: Problem, needs: Ints, volunteers: Ints) -> list[list[int]]:
    """Pairs that are placed at once, in the order in which they are: those of several volunteers first."""
    ends = np.minimum(problem.needs.window_ends_min[needs], problem.volunteers.window_ends_min[volunteers])
    order = np.lexsort((problem.needs.ids[needs], ends, volunteers))
    counts = np.bincount(needs, minlength=len(problem.needs))
    together: dict[int, list[int]] = {}
    for pair in order[counts[needs[order]] > 1].tolist():
        together.setdefault(int(needs[pair]), []).append(pair)
    alone = [[pair] for pair in order[counts[needs[order]] == 1].tolist()]
    return [*(together[need] for need in sorted(together, key=lambda need: int(problem.needs.ids[need]))), *alone]


def columns(problem: Problem, needs: Ints, volunteers: Ints, rows: Sequence[Row]) -> Visits:
    """Join the placed pairs to columns, ordered by day, volunteer and start."""
    nothing = [np.empty(0, dtype=np.int64)]
    pairs = np.repeat(
        np.array([pair for pair, _ in rows], dtype=np.int64),
        np.array([len(placed.days) for _, placed in rows], dtype=np.int64),
    )
    days = np.concatenate([placed.days for _, placed in rows] or nothing)
    starts = np.concatenate([placed.starts_min for _, placed in rows] or nothing)
    order = np.lexsort((starts, volunteers[pairs], days))
    pairs = pairs[order]
    return Visits(
        need_ids=problem.needs.ids[needs[pairs]],
        volunteer_ids=problem.volunteers.ids[volunteers[pairs]],
        days=days[order],
        starts_min=starts[order],
        durations_min=problem.needs.durations_min[needs[pairs]],
    )

"""What spoke for a pair, term by term: metres, minutes a week and points, beside the best who could have come instead.

Points are the metres of the objective (docs/model.md): fewer are better. They add up to what the pair costs in the
plan.
"""

from dataclasses import dataclass

import numpy as np

from matching import objective
from matching.candidates import find_all
from matching.columns import Floats, Ints
from matching.plan import Plan
from matching.problem import Problem

ALTERNATIVES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One who could serve a need: metres, minutes a week of theirs, points by term and in all, and whether they could.

    ``has_room``: the plan leaves them a need and the minutes for this one.
    """

    volunteer_id: int
    distance_m: int
    weekly_min: int
    distance_points: int
    kept_points: int  # below 0 for a pair of the plan before
    fairness_points: int
    points: int
    is_chosen: bool
    has_room: bool


def weigh_pair(problem: Problem, plan: Plan, need_id: int, *, alternatives: int = ALTERNATIVES) -> tuple[Weighed, ...]:
    """Return who was chosen for a need, and the best others within reach by points.

    Raises
    ------
    ValueError
        When the problem does not know the need, or the plan pairs nobody with it.
    """
    row = np.flatnonzero(problem.needs.ids == need_id)
    chosen = set(plan.pairs.volunteer_ids[plan.pairs.need_ids == need_id].tolist())
    if not len(row) or not chosen:
        message = f"The plan pairs nobody with need {need_id}."
        raise ValueError(message)
    weighed = _weigh_all(problem, plan, int(row[0]), chosen)
    best = [one for one in weighed if one.is_chosen]
    others = [one for one in weighed if not one.is_chosen]
    return (*best, *others[:alternatives])


def _weigh_all(problem: Problem, plan: Plan, need: int, chosen: set[int]) -> list[Weighed]:
    """Everyone able within reach, fewest points first."""
    arcs = find_all(problem, np.array([need]))
    costs, minutes = objective.arc_costs(problem, arcs), objective.arc_minutes(problem, arcs)
    counts, spent = _loads(problem, plan)
    who = problem.volunteers
    found = []
    for arc, volunteer in enumerate(arcs.volunteers.tolist()):
        number = int(who.ids[volunteer])
        mine = number in chosen
        before = int(counts[volunteer]) - mine  # needs beside this one
        free_min = int(who.weekly_caps_min[volunteer]) - int(spent[volunteer])
        metres = int(arcs.distances_m[arc])
        fairness = problem.params.fairness_m * before
        found.append(
            Weighed(
                volunteer_id=number,
                distance_m=metres,
                weekly_min=int(minutes[arc]),
                distance_points=metres,
                kept_points=int(costs[arc]) - metres,
                fairness_points=fairness,
                points=int(costs[arc]) + fairness,
                is_chosen=mine,
                has_room=mine or bool(before < who.max_needs[volunteer] and free_min >= minutes[arc]),
            )
        )
    return sorted(found, key=lambda one: (one.points, one.volunteer_id))


def _loads(problem: Problem, plan: Plan) -> tuple[Ints, Floats]:
    """Needs of every volunteer, and the minutes of their fullest week."""
    order = np.argsort(problem.volunteers.ids)
    rows = order[np.searchsorted(problem.volunteers.ids, plan.pairs.volunteer_ids, sorter=order)]
    counts = np.bincount(rows, minlength=len(problem.volunteers))
    visitors = order[np.searchsorted(problem.volunteers.ids, plan.visits.volunteer_ids, sorter=order)]
    weeks = -(-problem.horizon_days // 7)
    cells = visitors * weeks + plan.visits.days // 7
    size = len(problem.volunteers) * weeks
    by_week = np.bincount(cells, weights=plan.visits.durations_min, minlength=size).reshape(-1, weeks)
    return counts, by_week.max(axis=1, initial=0.0)

"""What a coordinator asks of a plan beside its cost: who has nobody, who is idle, how far, how steady, how even."""

from dataclasses import dataclass, fields

import numpy as np

from matching.columns import Ints
from matching.plan import Plan
from matching.problem import Problem, ServedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One number a line; each name says its unit."""

    needs: int
    needs_met: int
    seniors_with_nobody: int  # seniors none of whose needs is met
    volunteers_idle: int  # volunteers without a need
    mean_distance_m: float
    longest_distance_m: int
    most_needs_of_one: int
    pairs_changed: int  # standing pairs whose need now has another volunteer, or nobody
    visitors_per_senior: float  # different volunteers a visited senior meets over the horizon, mean
    visits: int
    visit_minutes: int
    daily_load_cv: float  # standard deviation of visits a day over their mean
    bookings: int
    objective: int
    bound: int

    def rows(self) -> list[tuple[str, float]]:
        """Return names and values in the order of the class, for a table."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def count_figures(problem: Problem, plan: Plan) -> Figures:
    """Count every figure from the columns of a plan."""
    needs, pairs, visits = problem.needs, plan.pairs, plan.visits
    met = ~np.isin(needs.ids, plan.unmet.need_ids)
    served = needs.served_by == ServedBy.VOLUNTEER
    loads = np.unique(pairs.volunteer_ids, return_counts=True)[1]
    days = np.bincount(visits.days, minlength=problem.horizon_days)[: problem.horizon_days]
    return Figures(
        needs=len(needs),
        needs_met=int(met.sum()),
        seniors_with_nobody=len(np.setdiff1d(needs.senior_ids, needs.senior_ids[met])),
        volunteers_idle=len(problem.volunteers) - len(loads),
        mean_distance_m=round(float(pairs.distances_m.mean()), 1) if len(pairs.distances_m) else 0.0,
        longest_distance_m=int(pairs.distances_m.max(initial=0)),
        most_needs_of_one=int(loads.max(initial=0)),
        pairs_changed=_changed(problem, plan, needs.ids[served]),
        visitors_per_senior=_visitors(problem, plan),
        visits=len(visits.days),
        visit_minutes=int(visits.durations_min.sum()),
        daily_load_cv=round(float(days.std() / days.mean()), 4) if len(visits.days) else 0.0,
        bookings=len(plan.bookings.need_ids),
        objective=plan.objective,
        bound=plan.bound,
    )


def _changed(problem: Problem, plan: Plan, served: Ints) -> int:
    """Standing pairs of needs that still are, which the plan does not keep."""
    standing = problem.standing[np.isin(problem.standing[:, 0], served)]
    if not len(standing):
        return 0
    span = np.int64(max(int(standing[:, 1].max()), int(plan.pairs.volunteer_ids.max(initial=0))) + 1)
    kept = np.isin(standing[:, 0] * span + standing[:, 1], plan.pairs.need_ids * span + plan.pairs.volunteer_ids)
    return int((~kept).sum())


def _visitors(problem: Problem, plan: Plan) -> float:
    """Mean number of different volunteers over the seniors who are visited."""
    if not len(plan.visits.days):
        return 0.0
    order = np.argsort(problem.needs.ids)
    rows = order[np.searchsorted(problem.needs.ids, plan.visits.need_ids, sorter=order)]
    met = np.unique(np.stack((problem.needs.senior_ids[rows], plan.visits.volunteer_ids)), axis=1)
    return round(float(met.shape[1]) / len(np.unique(met[0])), 3)

"""What is missing where: unmet needs and minutes a week, by area and skill."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.plan import Plan
from matching.problem import FrequencyKind, Ints, Problem

DAYS_A_WEEK, DAYS_A_MONTH = 7.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Columns, one row an area and skill that occur together, ordered by both."""

    areas: Ints
    skills: Ints
    needs: Ints
    unmet: Ints
    unmet_weekly_min: NDArray[np.float64]


def find_shortage(problem: Problem, plan: Plan) -> Shortage:
    """Count needs and what is unmet of them; a need that is met in part counts as unmet."""
    unmet = np.isin(problem.needs.ids, plan.unmet.need_ids)
    weekly = weekly_visits(problem) * problem.needs.durations_min
    rows, inverse = np.unique(np.stack((problem.needs.areas, problem.needs.skills)), axis=1, return_inverse=True)
    place = inverse.reshape(-1)
    size = rows.shape[1]
    return Shortage(
        areas=rows[0],
        skills=rows[1],
        needs=np.bincount(place, minlength=size),
        unmet=np.bincount(place, weights=unmet, minlength=size).astype(np.int64),
        unmet_weekly_min=np.bincount(place, weights=unmet * weekly, minlength=size).astype(np.float64),
    )


def weekly_visits(problem: Problem) -> NDArray[np.float64]:
    """Return visits a week that each need asks for, shape (n,)."""
    kinds, counts = problem.needs.frequency_kinds, problem.needs.frequency_counts.astype(np.float64)
    choices = [
        DAYS_A_WEEK / counts,
        counts,
        counts * DAYS_A_WEEK / DAYS_A_MONTH,
        np.full(len(counts), DAYS_A_WEEK / problem.horizon_days),
    ]
    return np.select([kinds == kind for kind in FrequencyKind], choices)

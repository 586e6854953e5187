"""What a plan costs, in metres: one place for every weight, used by those who plan.

docs/model.md has the same terms in one table; the judge counts them anew by its own code.
"""

import numpy as np

from matching.candidates import Arcs
from matching.columns import Ints, Mask
from matching.problem import Problem
from matching.shortage import weekly_visits

STEPS = 256
"""Needs of one volunteer up to which a fair load is counted need by need; the last step repeats."""


def is_standing(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Tell which pairs (positions, shape (a,) each) stood in the plan before."""
    return _is_in(problem, problem.standing, needs, volunteers)


def is_preset(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Tell which pairs (positions, shape (a,) each) must be."""
    return _is_in(problem, problem.preset, needs, volunteers)


def _is_in(problem: Problem, pairs: Ints, needs: Ints, volunteers: Ints) -> Mask:
    if not len(pairs) or not len(needs):
        return np.zeros(len(needs), dtype=bool)
    span = np.int64(max(int(problem.volunteers.ids.max(initial=0)), int(pairs[:, 1].max())) + 1)
    asked = problem.needs.ids[needs] * span + problem.volunteers.ids[volunteers]
    return np.isin(asked, pairs[:, 0] * span + pairs[:, 1])


def arc_costs(problem: Problem, arcs: Arcs) -> Ints:
    """Return the metres of every arc, less what keeping a standing pair is worth; shape (a,)."""
    kept = is_standing(problem, arcs.needs, arcs.volunteers)
    return np.asarray(arcs.distances_m - kept * problem.params.change_m, dtype=np.int64)


def arc_minutes(problem: Problem, arcs: Arcs) -> Ints:
    """Return the minutes a week that every arc takes of its volunteer: visits, and the ways there and back.

    Rounded down, so that a bound over these minutes is a bound over the exact ones; shape (a,).
    """
    pace = problem.params.pace_m_per_min
    minutes = problem.needs.durations_min[arcs.needs].astype(np.float64)
    if pace:
        minutes += np.ceil(2 * arcs.distances_m / pace)
    return np.floor(weekly_visits(problem)[arcs.needs] * minutes + 1e-9).astype(np.int64)


def load_costs(problem: Problem) -> Ints:
    """Return what the first, second, ... need of a volunteer adds for fairness: shape (m, steps), (0, 0) without."""
    if not problem.params.fairness_m:
        return np.empty((0, 0), dtype=np.int64)
    steps = min(STEPS, max(1, int(problem.volunteers.max_needs.max(initial=0))))
    return np.tile(np.arange(steps, dtype=np.int64) * problem.params.fairness_m, (len(problem.volunteers), 1))


def fairness_m(problem: Problem, volunteers: Ints) -> int:
    """Return the cost of unlike loads of the volunteers (positions) of all pairs: weight x k x (k - 1) / 2 each."""
    counts = np.bincount(volunteers, minlength=1)
    return int((counts * (counts - 1) // 2).sum()) * problem.params.fairness_m

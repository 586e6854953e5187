"""Figures of a plan that a coordinator asks for, beside the same by hand; kept with the plan."""

from typing import Any

import numpy as np

from matching import greedy
from matching.plan import Plan
from matching.problem import Ints, Problem, ServedBy

LOAD_BINS = 12
DISTANCE_STEP_M = 50


def plan_figures(problem: Problem, plan: Plan) -> dict[str, Any]:
    """Return metres, loads and the greedy baseline; counts by street are read from rows, not kept here."""
    needs, people = problem.needs, problem.volunteers
    by_hand = greedy.pair_by_hand(problem)
    who = np.searchsorted(people.ids, plan.pairs.volunteer_ids) if len(people) else np.empty(0, dtype=np.int64)
    return {
        "needs_by_volunteer": int((needs.served_by == ServedBy.VOLUNTEER).sum()),
        "pairs": _pair_figures(plan.pairs.need_ids, plan.pairs.distances_m),
        "by_hand": _pair_figures(by_hand.needs, by_hand.distances_m)
        | {"objective": by_hand.objective, "unmet": len(by_hand.unmet)},
        "engine": {"objective_pairs": int(plan.pairs.distances_m.sum()) + _penalties(problem, plan)},
        "load": _load(people.max_needs, who, len(people)),
        "load_by_hand": _load(people.max_needs, by_hand.volunteers, len(people)),
        "distance_step_m": DISTANCE_STEP_M,
        "distances": _histogram(plan.pairs.distances_m, problem.params.max_distance_m),
        "distances_by_hand": _histogram(by_hand.distances_m, problem.params.max_distance_m),
        "visits": len(plan.visits.days),
        "bookings": len(plan.bookings.need_ids),
        "seconds_by_stage": {stage: round(seconds, 3) for stage, seconds in plan.seconds_by_stage.items()},
    }


def _penalties(problem: Problem, plan: Plan) -> int:
    unmet = np.isin(problem.needs.ids, plan.unmet.need_ids) & (problem.needs.served_by == ServedBy.VOLUNTEER)
    return int(problem.needs.penalties[unmet].sum())


def _pair_figures(needs: Ints, metres: Ints) -> dict[str, Any]:
    """Count needs that are met, each once however many come, and metres of all pairs."""
    return {
        "met": len(np.unique(needs)),
        "total_m": int(metres.sum()),
        "mean_m": round(float(metres.mean()), 1) if len(metres) else 0.0,
        "longest_m": int(metres.max(initial=0)),
    }


def _load(most: Ints, who: Ints, people: int) -> dict[str, Any]:
    counts = np.bincount(who, minlength=people)
    return {
        "histogram": np.bincount(np.minimum(counts, LOAD_BINS), minlength=int(most.max(initial=0)) + 1).tolist(),
        "idle": int((counts == 0).sum()),
        "mean": round(float(counts.mean()), 2) if people else 0.0,
        "most": int(counts.max(initial=0)),
    }


def _histogram(metres: Ints, longest_m: float) -> list[int]:
    counts = np.bincount(metres // DISTANCE_STEP_M, minlength=int(longest_m) // DISTANCE_STEP_M + 1)
    return [int(count) for count in counts]

"""Repair: the plan for a question that has changed, and the list of what changed in it.

What still holds stays. What lost its place, what is new and what nobody had met is paired anew; pairs nearby may move
to make room, but only where that pays more than ``change_m`` metres each. The repaired plan is judged as any other.

Whoever mends one plan again and again keeps it in an :class:`matching.upkeep.Upkeep`, which looks at what changed only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from matching import booking, mending, pairing, standing
from matching.assign import LIGHT
from matching.candidates import NOTHING, Arcs, Ground
from matching.changes import Changes, find_changes
from matching.columns import Ints
from matching.mending import USUAL_CHANGE_M, Scene
from matching.pairing import Limits
from matching.plan import Plan
from matching.problem import Problem, ServedBy
from matching.reach import Reach, nearest_m
from matching.solve import PlanRejected, started
from matching.stages import Progress, Stages
from matching.verify import verify

__all__ = ["STAGES", "USUAL_CHANGE_M", "Repair", "least_cost", "rematch"]

STAGES = ("standing", "pairing", "calendar", "slots", "verify")
NO_PAIRS = np.empty((0, 2), dtype=np.int64)
NO_ARCS = Arcs(**dict(zip(("needs", "volunteers", "distances_m"), NOTHING, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The mended plan, and all in which it differs from the one before.

    The plan's bound is a plain one: nobody is nearer to a need than the nearest volunteer.
    """

    plan: Plan
    changes: Changes


def rematch(
    problem: Problem,
    before: Plan,
    *,
    change_m: int | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Repair:
    """Mend a plan for the question as it is now, on the same days.

    ``change_m`` is what moving a pair must pay; without it the problem's own counts, or ``USUAL_CHANGE_M`` where that
    is 0. ``limits`` say how hard to try for needs that several come to together; the others are paired by chains.

    Raises
    ------
    ValueError
        When the plan is for other days than the problem; trim it first.
    Cancelled
        When ``is_cancelled`` answers yes.
    PlanRejected
        When the judge finds a fault.
    """
    refuse_other_days(problem, before)
    stages = Stages(STAGES, progress, is_cancelled)
    limits = started(limits or Limits(effort=LIGHT), stages)
    refuse_presets(problem)
    stages.begin("standing")
    ground = Ground(problem)
    held, barred = mending.redated(problem, standing.find_standing(problem, before))
    stages.end("standing")
    stages.begin("pairing")
    scene = Scene(
        problem=problem,
        ground=ground,
        held=held,
        barred=barred,
        grown=np.empty(0, dtype=np.int64),
        change_m=mending.change_cost_m(problem, change_m),
    )
    draft, _ = mending.draft(scene, Reach.nothing(len(problem.needs)), limits, stages)
    stages.begin("slots")
    booked = booking.book(problem, standing.find_bookings(problem, before))
    stages.end("slots")
    stages.begin("verify")
    plan = mending.plan_of(problem, draft, booked, least_cost(problem, nearest_to_all(ground)))
    verdict = verify(problem, plan)
    stages.end("verify")
    if not verdict.holds:
        raise PlanRejected(verdict.faults, problem)
    plan = replace(plan, verdict=verdict, seconds_by_stage=stages.seconds)
    return Repair(plan=plan, changes=find_changes(before, plan))


def refuse_other_days(problem: Problem, before: Plan) -> None:
    """Refuse a plan of other days than the problem's."""
    if (before.starts_on, before.horizon_days) != (problem.starts_on.isoformat(), problem.horizon_days):
        asked = f"{problem.horizon_days} from {problem.starts_on}"
        message = (
            f"The plan has {before.horizon_days} days from {before.starts_on}, the problem {asked}; trim it first."
        )
        raise ValueError(message)


def refuse_presets(problem: Problem) -> None:
    """Refuse pairs that must be and cannot."""
    if len(problem.preset):
        pairing.with_named_pairs(replace(problem, standing=NO_PAIRS), NO_ARCS)


def nearest_to_all(ground: Ground) -> Ints:
    """Return for every need the metres to the nearest volunteer, whoever that is."""
    problem = ground.problem
    return nearest_m(ground, np.arange(len(problem.needs)), np.arange(len(problem.volunteers)))


def least_cost(problem: Problem, nearest: Ints | None = None) -> int:
    """Return a plain bound on the cost of any plan: nobody is nearer than the nearest volunteer, all that can is kept.

    Each need costs its penalty, or the way to the nearest volunteer, whoever that is, for each who comes.
    """
    needs, params = problem.needs, problem.params
    near_m = nearest_to_all(Ground(problem)) if nearest is None else nearest
    served = np.flatnonzero(needs.served_by == ServedBy.VOLUNTEER)
    costs = np.minimum(near_m[served] * needs.helpers[served], needs.penalties[served])
    kept = len(problem.standing) + len(problem.regulars) * problem.horizon_days
    return int(costs.sum()) - params.change_m * kept

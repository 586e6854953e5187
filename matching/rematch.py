"""Repair: the plan for a question that has changed, and the list of what changed in it.

What still holds stays. What lost its place, what is new and what nobody had met is paired anew; pairs nearby may move
to make room, but only where that pays more than ``change_m`` metres each. The repaired plan is judged as any other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from matching import agreement, booking, candidates, pairing, standing
from matching.agreement import Agreed
from matching.assign import LIGHT, StoppedBy
from matching.candidates import Arcs
from matching.changes import Changes, find_changes
from matching.columns import Ints, Mask
from matching.diary import Diaries, Held
from matching.pairing import Assignment, Limits
from matching.plan import Plan, Status, Visits
from matching.problem import Problem, ServedBy
from matching.slots import Booked
from matching.solve import PlanRejected, assemble, started
from matching.stages import Progress, Stages
from matching.standing import Standing
from matching.verify import verify
from matching.vicinity import near_lost, pair_anew

NO_PAIRS = np.empty((0, 2), dtype=np.int64)
NO_ARCS = Arcs(**dict(zip(("needs", "volunteers", "distances_m"), candidates.NOTHING, strict=True)))
STAGES = ("standing", "pairing", "slots", "calendar", "verify")
USUAL_CHANGE_M = 500
"""Metres that a pair must save, or let others save, before it moves, where the problem says no ``change_m``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The mended plan, and all in which it differs from the one before.

    The plan's bound is a plain one: nobody is nearer to a need than the nearest volunteer.
    """

    plan: Plan
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """Pairs of a repair with their visits, and needs that nobody meets or could date; positions."""

    arcs: Arcs
    unmet: Ints
    undated: Ints
    visits: Visits
    method: str
    stopped_by: StoppedBy


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
    is 0. Loads that are equal are paired exactly in the neighbourhood of what lost its place; others with a light
    effort unless ``limits`` say otherwise.

    Raises
    ------
    ValueError
        When the plan is for other days than the problem; trim it first.
    Cancelled
        When ``is_cancelled`` answers yes.
    PlanRejected
        When the judge finds a fault.
    """
    if (before.starts_on, before.horizon_days) != (problem.starts_on.isoformat(), problem.horizon_days):
        asked = f"{problem.horizon_days} from {problem.starts_on}"
        message = (
            f"The plan has {before.horizon_days} days from {before.starts_on}, the problem {asked}; trim it first."
        )
        raise ValueError(message)
    stages = Stages(STAGES, progress, is_cancelled)
    limits = started(limits or Limits(effort=LIGHT), stages)
    weighed = _weighed(problem, before, change_m)
    pairing.with_named_pairs(replace(problem, standing=NO_PAIRS), NO_ARCS)  # refuses pairs that must be and cannot
    stages.begin("standing")
    held, barred = _redated(problem, standing.find_standing(problem, before))
    lost = _without_place(problem, held)
    stages.end("standing")
    stages.begin("pairing")
    nobody = np.zeros(len(held.needs), dtype=bool)
    still = pair_anew(weighed, held, lost, barred, nobody, limits)
    may_move = near_lost(weighed, held, lost, barred, still[:2])
    moving = pair_anew(weighed, held, lost, barred, may_move, limits) if may_move.any() else still
    stages.end("pairing")
    stages.begin("slots")
    booked = booking.book(problem, standing.find_bookings(problem, before))
    stages.end("slots")
    stages.begin("calendar")
    draft = _date(problem, held, *moving)
    if may_move.any() and (len(draft.undated) or draft.stopped_by != StoppedBy.PROVEN):
        draft = min(draft, _date(problem, held, *still), key=lambda one: _rank(weighed, one))
    stages.end("calendar")
    stages.begin("verify")
    plan = _plan(problem, draft, booked)
    verdict = verify(problem, plan)
    stages.end("verify")
    if not verdict.holds:
        raise PlanRejected(verdict.faults, problem)
    plan = replace(plan, verdict=verdict, seconds_by_stage=stages.seconds)
    return Repair(plan=plan, changes=find_changes(before, plan))


def _weighed(problem: Problem, before: Plan, change_m: int | None) -> Problem:
    """The problem with the plan before as standing pairs, and the cost of moving one as its weight.

    A move pays when it saves more than it costs, so one metre more stands against it; at no cost it is free.
    """
    cost_m = (problem.params.change_m or USUAL_CHANGE_M) if change_m is None else change_m
    pairs = np.column_stack((before.pairs.need_ids, before.pairs.volunteer_ids))
    most_m = 1_000_000
    return replace(
        problem, standing=pairs, params=replace(problem.params, change_m=min(most_m, cost_m + 1) if cost_m else 0)
    )


def _redated(problem: Problem, found: Standing) -> tuple[Standing, Standing]:
    """Date pairs that hold without their visits around the others; the pairs with visits, and those nobody can date."""
    if found.is_dated.all():
        return found, found.some(np.zeros(len(found.needs), dtype=bool))
    loose = np.flatnonzero(~found.is_dated)
    arcs = Arcs(needs=found.needs[loose], volunteers=found.volunteers[loose], distances_m=found.distances_m[loose])
    dated = agreement.date_pairs(problem, arcs, np.arange(len(loose)), diaries=Diaries(problem, found.visits))
    is_held = found.is_dated | standing.is_among(
        found.needs, found.volunteers, arcs.needs[dated.arcs], arcs.volunteers[dated.arcs]
    )
    visits = _joined(found.visits, _held(problem, dated.visits))
    return replace(found, visits=visits).some(is_held), found.some(~is_held)


def _held(problem: Problem, visits: Visits) -> Held:
    return Held(
        needs=standing.positions(problem.needs.ids, visits.need_ids),
        volunteers=standing.positions(problem.volunteers.ids, visits.volunteer_ids),
        days=visits.days,
        starts_min=visits.starts_min,
    )


def _joined(one: Held, other: Held) -> Held:
    columns = {name: np.append(getattr(one, name), getattr(other, name)) for name in HELD}
    order = np.lexsort((columns["days"], columns["needs"], columns["volunteers"]))
    return Held(**{name: values[order] for name, values in columns.items()})


HELD = ("needs", "volunteers", "days", "starts_min")


def _without_place(problem: Problem, held: Standing) -> Mask:
    """Needs of volunteers that have nobody; shape (n,)."""
    is_lost = np.asarray(problem.needs.served_by == ServedBy.VOLUNTEER)
    is_lost[held.needs] = False
    return is_lost


def _date(problem: Problem, held: Standing, arcs: Arcs, paired: Assignment, asked: Mask) -> _Draft:
    """Date what was paired anew around the visits that stay; a need whose people are the same keeps its visits."""
    needs, volunteers = arcs.needs[paired.arcs], arcs.volunteers[paired.arcs]
    is_new = ~standing.is_among(needs, volunteers, held.needs, held.volunteers)
    stays = ~asked[held.needs] | standing.is_among(held.needs, held.volunteers, needs, volunteers)
    stays &= ~np.isin(held.needs, needs[is_new])
    kept = held.some(stays)
    taken = np.bincount(kept.volunteers, minlength=len(problem.volunteers))
    diaries = Diaries(problem, kept.visits)
    anew = paired.arcs[~np.isin(needs, kept.needs)]
    agreed = agreement.date_pairs(problem, arcs, anew, diaries=diaries, taken=taken)
    every = Arcs(
        needs=np.append(kept.needs, arcs.needs[agreed.arcs]),
        volunteers=np.append(kept.volunteers, arcs.volunteers[agreed.arcs]),
        distances_m=np.append(kept.distances_m, arcs.distances_m[agreed.arcs]),
    )
    return _Draft(
        arcs=every,
        unmet=paired.unmet,
        undated=agreed.undated,
        visits=_visits(problem, _joined(kept.visits, _held(problem, agreed.visits))),
        method=f"repair, {paired.method}",
        stopped_by=paired.stopped_by,
    )


def _visits(problem: Problem, visits: Held) -> Visits:
    order = np.lexsort((visits.starts_min, visits.volunteers, visits.days))
    return Visits(
        need_ids=problem.needs.ids[visits.needs[order]],
        volunteer_ids=problem.volunteers.ids[visits.volunteers[order]],
        days=visits.days[order],
        starts_min=visits.starts_min[order],
        durations_min=problem.needs.durations_min[visits.needs[order]],
    )


def _rank(weighed: Problem, draft: _Draft) -> tuple[int, ...]:
    """How good a draft is: unmet needs of each tier but the last, then cost, moves counted in; less is better."""
    unmet = np.union1d(draft.unmet, draft.undated)
    counts = [int((weighed.needs.tiers[unmet] == tier).sum()) for tier in np.unique(weighed.needs.tiers)[:-1]]
    return (*counts, pairing.cost_of(weighed, draft.arcs, np.arange(len(draft.arcs.needs)), unmet))


def _plan(problem: Problem, draft: _Draft, booked: Booked) -> Plan:
    every = np.arange(len(draft.arcs.needs))
    paired = Assignment(
        arcs=every,
        unmet=draft.unmet,
        objective=0,  # counted anew
        bound=least_cost(problem),
        method=draft.method,
        stopped_by=draft.stopped_by,
        rooms=None,
        stakes_m=problem.needs.penalties,
    )
    agreed = Agreed(arcs=every, visits=draft.visits, undated=draft.undated)
    plan = assemble(problem, draft.arcs, paired, replace(booked, bound=0), agreed)
    is_proven = plan.status == Status.OPTIMAL
    stopped_by = StoppedBy.EFFORT if draft.stopped_by == StoppedBy.PROVEN and not is_proven else draft.stopped_by
    return replace(plan, stopped_by=stopped_by.value)


def least_cost(problem: Problem) -> int:
    """Return a plain bound on the cost of any plan: nobody is nearer than the nearest volunteer, all that can is kept.

    Each need costs its penalty, or the way to the nearest volunteer, whoever that is, for each who comes.
    """
    places, needs, params = candidates.planes(problem), problem.needs, problem.params
    served = np.flatnonzero(needs.served_by == ServedBy.VOLUNTEER)
    near_m = np.full(len(served), np.inf)
    if len(problem.volunteers):
        near_m = np.floor(cKDTree(places.volunteers).query(places.needs[served])[0] * params.detour)
    costs = np.minimum(near_m * needs.helpers[served], needs.penalties[served]).astype(np.int64)
    kept = len(problem.standing) + len(problem.regulars) * problem.horizon_days
    return int(costs.sum()) - params.change_m * kept

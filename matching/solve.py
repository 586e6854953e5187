"""The pipeline: candidates, pairing, slots, calendar, and the judge."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from matching import agreement, booking, candidates, pairing, slots, widening
from matching.pairing import Limits
from matching.plan import (
    CANDIDATE_RULES,
    Bookings,
    Pairs,
    Plan,
    Status,
    Unmet,
    UnmetReason,
    Verdict,
)
from matching.problem import Ints, Problem, ServedBy
from matching.stages import Cancelled, Progress, Stages
from matching.verify import verify

RULES = ("coverage", "cost")
STAGES = ("candidates", "pairing", "slots", "calendar", "verify")
__all__ = ["Cancelled", "PlanRejected", "solve"]


class PlanRejected(Exception):
    """The judge found faults in a plan of the engine: a fault of the engine, never of the caller."""

    def __init__(self, faults: tuple[str, ...], problem: Problem) -> None:
        self.faults, self.problem = faults, problem
        super().__init__(f"The judge rejected the plan: {'; '.join(faults[:3])}")


def solve(
    problem: Problem,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """Answer a problem with a plan that the judge has checked.

    Bookings and pairs are optimal where the plan's status says so, else within its gap of what is possible.
    ``limits`` say how hard to try; the same problem and effort give the same plan, unless ``stopped_by`` says that
    time ended it.

    Raises
    ------
    Cancelled
        When ``is_cancelled`` answers yes: it is asked between stages, and ten times a second while loads are paired.
    PlanRejected
        When the judge finds a fault.
    """
    stages = Stages(STAGES, progress, is_cancelled)
    limits = started(limits or Limits(), stages)
    stages.begin("candidates")
    arcs = candidates.find_arcs(problem)
    stages.end("candidates")
    stages.begin("pairing")
    arcs, paired = widening.pair_within_reach(problem, arcs, limits)
    stages.end("pairing")
    stages.begin("slots")
    booked = booking.book(problem)
    stages.end("slots")
    stages.begin("calendar")
    agreed = agreement.date_pairs(problem, arcs, paired.arcs)
    stages.end("calendar")
    stages.begin("verify")
    plan = assemble(problem, arcs, paired, booked, agreed)
    verdict = verify(problem, plan)
    stages.end("verify")
    if not verdict.holds:
        raise PlanRejected(verdict.faults, problem)
    return replace(plan, verdict=verdict, seconds_by_stage=stages.seconds)


def started(limits: Limits, stages: Stages) -> Limits:
    """Return limits whose seconds count from now, however often pairing begins again, and that tell the stages."""
    told = limits.progress or stages.within
    return replace(limits, is_cancelled=stages.is_cancelled, progress=told).begun()


def assemble(
    problem: Problem, arcs: candidates.Arcs, paired: pairing.Assignment, booked: slots.Booked, agreed: agreement.Agreed
) -> Plan:
    """Put the parts together; what was not dated is added to the cost of the pairing, whose bound stands."""
    chosen = agreed.arcs[np.lexsort((arcs.volunteers[agreed.arcs], problem.needs.ids[arcs.needs[agreed.arcs]]))]
    unmet = np.union1d(paired.unmet, agreed.undated)
    objective = pairing.cost_of(problem, arcs, chosen, unmet) + booked.objective
    bound = min(objective, paired.bound + booked.bound)
    order = np.lexsort((booked.slots, problem.needs.ids[booked.needs]))
    return Plan(
        starts_on=problem.starts_on.isoformat(),
        horizon_days=problem.horizon_days,
        pairs=Pairs(
            need_ids=problem.needs.ids[arcs.needs[chosen]],
            volunteer_ids=problem.volunteers.ids[arcs.volunteers[chosen]],
            distances_m=arcs.distances_m[chosen],
        ),
        visits=agreed.visits,
        bookings=Bookings(
            need_ids=problem.needs.ids[booked.needs[order]],
            slot_ids=problem.slots.ids[booked.slots[order]],
            distances_m=booked.distances_m[order],
        ),
        unmet=_unmet(problem, arcs, paired, booked, agreed.undated),
        status=Status.OPTIMAL if objective == bound else Status.FEASIBLE,
        objective=objective,
        bound=bound,
        gap=(objective - bound) / max(1, abs(objective)),
        seed=problem.params.seed,
        method=paired.method,
        stopped_by=paired.stopped_by.value,
        seconds_by_stage={},
        verdict=Verdict(holds=False, faults=("not judged yet",), objective=0),
    )


def _unmet(
    problem: Problem, arcs: candidates.Arcs, paired: pairing.Assignment, booked: slots.Booked, undated: Ints
) -> Unmet:
    """Say for each unmet need what each rule took away, and which rule took the last candidate."""
    needs = np.concatenate((paired.unmet, booked.unmet, undated))
    order = np.argsort(problem.needs.ids[needs])
    needs, is_undated = needs[order], np.isin(needs[order], undated)
    taken = np.zeros((len(needs), len(CANDIDATE_RULES)), dtype=np.int64)
    remaining = np.zeros(len(needs), dtype=np.int64)
    by_slot = problem.needs.served_by[needs] == ServedBy.SLOT
    for rows, names, count in (
        (np.flatnonzero(~by_slot), candidates.RULES, candidates.count_taken),
        (np.flatnonzero(by_slot), slots.COUNTED, partial(slots.count_taken, booked=booked)),
    ):
        columns = np.array([CANDIDATE_RULES.index(name) for name in names])
        counts, left = count(problem, needs[rows])
        taken[np.ix_(rows, columns)], remaining[rows] = counts, left
    is_far = np.isin(needs, np.concatenate((_far_from_room(problem, arcs, paired), _far_from_places(problem, booked))))
    reasons = tuple(
        UnmetReason.CALENDAR
        if is_undated[row]
        else UnmetReason.COST
        if is_far[row]
        else _reason(taken[row], int(remaining[row]), slot=bool(by_slot[row]))
        for row in range(len(needs))
    )
    return Unmet(need_ids=problem.needs.ids[needs], reasons=reasons, taken_by_rule=taken, remaining=remaining)


def _far_from_room(problem: Problem, arcs: candidates.Arcs, paired: pairing.Assignment) -> Ints:
    """Return unmet needs whose penalty is less than the way to a volunteer who has room."""
    cheap = paired.unmet[problem.needs.penalties[paired.unmet] < problem.params.max_distance_m]
    taken = np.bincount(arcs.volunteers[paired.arcs], minlength=len(problem.volunteers))
    has_room = problem.volunteers.max_needs > taken
    return candidates.find_all(problem, cheap, worth=lambda _needs, who, _metres: has_room[who]).needs


def _far_from_places(problem: Problem, booked: slots.Booked) -> Ints:
    """Return needs with an open visit whose penalty is less than the way to a slot with a place left."""
    cheap = problem.needs.penalties[booked.open_needs] < problem.params.max_slot_distance_m
    owners = booked.open_needs[cheap]
    due, slot, _ = slots.find_places(problem, owners, booked.open_slices[cheap])
    taken = np.bincount(booked.slots, minlength=len(problem.slots))
    return owners[due[problem.slots.places[slot] > taken[slot]]]


def _reason(taken: Ints, remaining: int, *, slot: bool) -> UnmetReason:
    if remaining:
        return UnmetReason.SLOT_PLACES if slot else UnmetReason.CAPACITY
    rules = np.flatnonzero(taken)
    return UnmetReason(CANDIDATE_RULES[rules[-1]]) if len(rules) else UnmetReason.SKILL

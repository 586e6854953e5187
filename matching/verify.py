"""The judge: checks every rule of a plan and counts its cost anew.

It shares no code with those who build the plan, only the definition of the problem and of when a visit is due.
Each rule is a function of its own name that yields faults in words; they stand in families: pairs, visits, slots.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import chain, islice

import numpy as np

from matching.case import Case, days_by_need, look_up
from matching.columns import Ints
from matching.due import slot_slices
from matching.plan import Plan, Status, Verdict
from matching.problem import Problem, ServedBy
from matching.verify_pairs import (
    capacity,
    distance,
    exclusion,
    gender,
    language,
    preset,
    skill,
    traits,
)
from matching.verify_slots import at_once, budget, eligibility, series, slot_places, wheelchairs
from matching.verify_visits import availability, frequency, overlap, together, weekly_minutes, window

MOST_FAULTS = 100
LEAST_GAP = 1e-9


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Judge a plan; at most 100 faults are listed, each begins with the name of its rule."""
    misfits = tuple(islice(chain(_misfits(problem, plan), _unknown_ids(problem, plan)), MOST_FAULTS))
    if misfits:
        return Verdict(holds=False, faults=misfits, objective=0)
    case = look_up(problem, plan)
    found = (f"{name}: {fault}" for name, rule in RULE_BY_NAME.items() for fault in rule(case))
    faults = tuple(islice(found, MOST_FAULTS))
    return Verdict(holds=not faults, faults=faults, objective=count_objective(case))


def _misfits(problem: Problem, plan: Plan) -> Iterator[str]:
    """Faults that leave nothing to judge: another problem's days, or columns of unlike lengths."""
    if (plan.starts_on, plan.horizon_days) != (problem.starts_on.isoformat(), problem.horizon_days):
        asked = f"{problem.horizon_days} from {problem.starts_on}"
        yield f"coverage: the plan has {plan.horizon_days} days from {plan.starts_on}, the problem {asked}"
    for name in ("pairs", "visits", "bookings", "unmet"):
        table = getattr(plan, name)
        lengths = {column.name: len(getattr(table, column.name)) for column in fields(table)}
        if len(set(lengths.values())) > 1:
            yield f"coverage: the plan's {name} have columns of unlike lengths {lengths}"


def _unknown_ids(problem: Problem, plan: Plan) -> Iterator[str]:
    for known, named, what in (
        (problem.needs.ids, plan.pairs.need_ids, "need"),
        (problem.needs.ids, plan.visits.need_ids, "need"),
        (problem.needs.ids, plan.bookings.need_ids, "need"),
        (problem.needs.ids, plan.unmet.need_ids, "need"),
        (problem.volunteers.ids, plan.pairs.volunteer_ids, "volunteer"),
        (problem.volunteers.ids, plan.visits.volunteer_ids, "volunteer"),
        (problem.slots.ids, plan.bookings.slot_ids, "slot"),
    ):
        for unknown in np.setdiff1d(named, known):
            yield f"coverage: the plan names {what} {unknown}, which the problem does not know"


def coverage(case: Case) -> Iterator[str]:
    """Every need is paired with all it takes, fully booked or unmet, never two of these; each pair has its visits."""
    ids, plan = case.problem.needs.ids, case.plan
    span = np.int64(len(case.problem.volunteers) + 1)
    by_volunteer = case.problem.needs.served_by == ServedBy.VOLUNTEER
    times = np.bincount(case.pair_needs, minlength=len(ids))
    helpers = case.problem.needs.helpers
    for need in np.flatnonzero((times > 0) & (times != helpers)):
        asked = f", {helpers[need]} are asked" if helpers[need] > 1 else ""
        yield f"need {ids[need]} is paired {times[need]} times{asked}"
    twice = np.unique(case.pair_needs * span + case.pair_volunteers, return_counts=True)
    for pair in twice[0][twice[1] > 1]:
        yield f"need {ids[pair // span]} is paired twice with volunteer {case.problem.volunteers.ids[pair % span]}"
    listed, said = np.unique(plan.unmet.need_ids, return_counts=True)
    yield from (f"need {listed[row]} is said to be unmet {said[row]} times" for row in np.flatnonzero(said > 1))
    unmet, is_paired = np.isin(ids, listed), times > 0
    for need in np.flatnonzero(by_volunteer & (is_paired == unmet)):
        yield f"need {ids[need]} is {'both paired and unmet' if unmet[need] else 'neither paired nor unmet'}"
    for need in np.flatnonzero(~by_volunteer & is_paired):
        yield f"need {ids[need]} is met by slots, and paired"
    for need in np.unique(case.booking_needs[by_volunteer[case.booking_needs]]):
        yield f"need {ids[need]} is met by a volunteer, and booked"
    short = _open_due_visits(case)
    for need in np.flatnonzero(~by_volunteer & ((short > 0) != unmet)):
        lacks = f"lacks {short[need]} bookings, not said to be unmet"
        yield f"need {ids[need]} {lacks if short[need] else 'is said to be unmet with all its bookings'}"
    pairs, visits = case.pair_needs * span + case.pair_volunteers, case.visit_needs * span + case.visit_volunteers
    for visit in np.setdiff1d(visits, pairs):
        who = case.problem.volunteers.ids[visit % span]
        yield f"need {ids[visit // span]} has a visit by volunteer {who}, whom it is not paired with"


def _open_due_visits(case: Case) -> Ints:
    """Due visits without a booking of their own skill, for each need met by slots; 0 for the others."""
    own = case.own_bookings
    days = days_by_need(case.booking_needs[own], case.problem.slots.days[case.booking_slots[own]])
    missing = np.zeros(len(case.problem.needs), dtype=np.int64)
    for need in np.flatnonzero(case.problem.needs.served_by == ServedBy.SLOT).tolist():
        mine = days.get(need, [])
        missing[need] = sum(
            not any(start <= day < end for day in mine) for start, end in slot_slices(case.problem, need)
        )
    return missing


def count_objective(case: Case) -> int:
    """Count metres and penalties, less what is kept of the plan before, and what unlike loads and waiting weigh."""
    needs, params, plan = case.problem.needs, case.problem.params, case.plan
    unmet = ~np.isin(np.arange(len(needs)), case.pair_needs) & (needs.served_by == ServedBy.VOLUNTEER)
    lost = needs.penalties + needs.waiting_days * params.waiting_m_per_day
    penalties = int(needs.penalties[unmet].sum()) + int((lost * _open_due_visits(case)).sum())
    metres = int(plan.pairs.distances_m.sum()) + int(plan.bookings.distances_m.sum())
    loads = np.bincount(case.pair_volunteers, minlength=1)
    fairness = params.fairness_m * sum(load * (load - 1) // 2 for load in loads.tolist())
    kept = params.change_m * (_kept_pairs(case) + _kept_slots(case))
    return int(metres + penalties + fairness - kept)


def _kept_pairs(case: Case) -> int:
    standing = set(map(tuple, case.problem.standing.tolist()))
    if not standing:
        return 0
    pairs = zip(case.plan.pairs.need_ids.tolist(), case.plan.pairs.volunteer_ids.tolist(), strict=True)
    return sum(pair in standing for pair in pairs)


def _kept_slots(case: Case) -> int:
    regulars, slots = case.problem.regulars, case.problem.slots
    columns = (regulars.need_ids, regulars.resource_ids, regulars.weekdays, regulars.starts_min)
    standing = set(zip(*(column.tolist() for column in columns), strict=True))
    rows = case.booking_slots
    weekdays = (case.problem.starts_on.weekday() + slots.days[rows]) % 7
    booked = (case.plan.bookings.need_ids, slots.resource_ids[rows], weekdays, slots.starts_min[rows])
    return sum(booking in standing for booking in zip(*(column.tolist() for column in booked), strict=True))


def cost(case: Case) -> Iterator[str]:
    """The cost is as said, the bound is not above it, and gap and status follow from both."""
    plan, counted = case.plan, count_objective(case)
    if counted != plan.objective:
        yield f"{plan.objective} m are said, {counted} m counted"
    if plan.bound > counted:
        yield f"the bound {plan.bound} m lies above the cost {counted} m"
    gap = (plan.objective - plan.bound) / max(1, abs(plan.objective))
    if abs(gap - plan.gap) > LEAST_GAP:
        yield f"a gap of {plan.gap} is said, {gap} counted"
    if (plan.status == Status.OPTIMAL) != (plan.objective == plan.bound):
        yield f"{plan.status} is said of cost {plan.objective} m and bound {plan.bound} m"


RULE_BY_NAME: dict[str, Callable[[Case], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        coverage,
        skill,
        distance,
        gender,
        language,
        traits,
        availability,
        exclusion,
        preset,
        capacity,
        eligibility,
        slot_places,
        wheelchairs,
        at_once,
        series,
        budget,
        frequency,
        together,
        window,
        weekly_minutes,
        overlap,
        cost,
    )
}
RULES = tuple(RULE_BY_NAME)
"""Names of all rules; model, judge, docs/model.md and tests use the same."""

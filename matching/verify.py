"""The judge: checks every rule of a plan and counts its cost anew.

It shares no code with those who build the plan, only the definition of the problem and of a frequency. Each
rule is a function of its own name that yields faults in words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from matching.frequency import due_slices, least_distance_days
from matching.plan import Plan, Verdict
from matching.problem import Floats, FrequencyKind, Gender, Ints, Problem, ServedBy

MOST_FAULTS = 100
DAYS_A_WEEK = 7
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan looked up in its problem: positions of every id it names."""

    problem: Problem
    plan: Plan
    pair_needs: Ints
    pair_volunteers: Ints
    visit_needs: Ints
    visit_volunteers: Ints
    booking_needs: Ints
    booking_slots: Ints


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Judge a plan; at most 100 faults are listed, each begins with the name of its rule."""
    unknown = list(islice(_unknown_ids(problem, plan), MOST_FAULTS))
    if unknown:
        return Verdict(holds=False, faults=tuple(unknown), objective=0)
    case = Case(
        problem=problem,
        plan=plan,
        pair_needs=_positions(problem.needs.ids, plan.pairs.need_ids),
        pair_volunteers=_positions(problem.volunteers.ids, plan.pairs.volunteer_ids),
        visit_needs=_positions(problem.needs.ids, plan.visits.need_ids),
        visit_volunteers=_positions(problem.volunteers.ids, plan.visits.volunteer_ids),
        booking_needs=_positions(problem.needs.ids, plan.bookings.need_ids),
        booking_slots=_positions(problem.slots.ids, plan.bookings.slot_ids),
    )
    found = (f"{name}: {fault}" for name, rule in RULE_BY_NAME.items() for fault in rule(case))
    faults = tuple(islice(found, MOST_FAULTS))
    return Verdict(holds=not faults, faults=faults, objective=_objective(case))


def _positions(ids: Ints, wanted: Ints) -> Ints:
    order = np.argsort(ids)
    return order[np.searchsorted(ids, wanted, sorter=order)] if len(ids) else np.empty(0, dtype=np.int64)


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
        for unknown in np.setdiff1d(named, known)[:MOST_FAULTS]:
            yield f"coverage: the plan names {what} {unknown}, which the problem does not know"


def _pair_faults(case: Case, wrong: NDArray[np.bool_], words: str) -> Iterator[str]:
    for row in np.flatnonzero(wrong)[:MOST_FAULTS]:
        pairs = case.plan.pairs
        yield f"need {pairs.need_ids[row]} and volunteer {pairs.volunteer_ids[row]}: {words}"


def _metres(problem: Problem, from_deg: tuple[Floats, Floats], to_deg: tuple[Floats, Floats]) -> NDArray[np.float64]:
    """The judge's own distance: small-angle arc with the cosine of the problem's middle latitude."""
    every = np.concatenate((problem.needs.lats_deg, problem.volunteers.lats_deg, problem.slots.lats_deg))
    scale = np.cos(np.radians((every.min() + every.max()) / 2)) if len(every) else 1.0
    north = (from_deg[0] - to_deg[0]) * METRES_PER_DEGREE
    east = (from_deg[1] - to_deg[1]) * METRES_PER_DEGREE * scale
    return np.asarray(np.sqrt(north * north + east * east) * problem.params.detour, dtype=np.float64)


def coverage(case: Case) -> Iterator[str]:
    """Every need is paired, fully booked or unmet; never two of these, and each pair has its visits."""
    needs, plan = case.problem.needs, case.plan
    paired, counts = np.unique(case.pair_needs, return_counts=True)
    for need in paired[counts > 1][:MOST_FAULTS]:
        yield f"need {needs.ids[need]} is paired {int(counts[paired == need][0])} times"
    unmet = np.isin(needs.ids, plan.unmet.need_ids)
    by_volunteer = needs.served_by == ServedBy.VOLUNTEER
    is_paired = np.isin(np.arange(len(needs)), paired)
    for need in np.flatnonzero(by_volunteer & (is_paired == unmet))[:MOST_FAULTS]:
        yield f"need {needs.ids[need]} is {'both paired and unmet' if unmet[need] else 'neither paired nor unmet'}"
    for need in np.flatnonzero(~by_volunteer & is_paired)[:MOST_FAULTS]:
        yield f"need {needs.ids[need]} is met by slots, and paired"
    short = _open_due_visits(case) > 0
    for need in np.flatnonzero(~by_volunteer & (short != unmet))[:MOST_FAULTS]:
        words = "lacks a booking, not said to be unmet" if short[need] else "is unmet with all its bookings"
        yield f"need {needs.ids[need]} {words}"
    span = np.int64(len(case.problem.volunteers) + 1)
    pairs, visits = (
        case.pair_needs * span + case.pair_volunteers,
        case.visit_needs * span + case.visit_volunteers,
    )
    for visit in np.setdiff1d(visits, pairs)[:MOST_FAULTS]:
        yield f"need {needs.ids[visit // span]} has a visit by a volunteer it is not paired with"
    if len(plan.unmet.reasons) != len(plan.unmet.need_ids):
        yield "an unmet need has no reason"


def _open_due_visits(case: Case) -> Ints:
    """Due visits without a booking, for each need met by slots; 0 for the others."""
    needs, days = case.problem.needs, case.problem.slots.days[case.booking_slots]
    missing = np.zeros(len(needs), dtype=np.int64)
    for need in np.flatnonzero(needs.served_by == ServedBy.SLOT):
        mine = days[case.booking_needs == need]
        missing[need] = sum(not ((mine >= start) & (mine < end)).any() for start, end in _slices(case, int(need)))
    return missing


def _slices(case: Case, need: int) -> tuple[tuple[int, int], ...]:
    needs = case.problem.needs
    first, last = (
        max(0, int(needs.first_days[need])),
        min(case.problem.horizon_days, int(needs.last_days[need])),
    )
    return due_slices(int(needs.frequency_kinds[need]), int(needs.frequency_counts[need]), first, last)


def skill(case: Case) -> Iterator[str]:
    """A volunteer has the skill of the need; a slot offers it."""
    skills = case.problem.needs.skills
    has = case.problem.volunteers.skills[case.pair_volunteers] >> skills[case.pair_needs].astype(np.uint64)
    yield from _pair_faults(case, has & np.uint64(1) == 0, "the volunteer lacks the skill")
    for row in np.flatnonzero(skills[case.booking_needs] != case.problem.slots.skills[case.booking_slots]):
        yield f"need {case.plan.bookings.need_ids[row]} is booked into a slot of another service"


def distance(case: Case) -> Iterator[str]:
    """Nobody walks farther than allowed, and the metres are as said (to 2 m)."""
    problem, plan = case.problem, case.plan
    needs, who, slots = problem.needs, problem.volunteers, problem.slots
    for metres, said, most, ids in (
        (
            _metres(
                problem,
                (needs.lats_deg[case.pair_needs], needs.lons_deg[case.pair_needs]),
                (who.lats_deg[case.pair_volunteers], who.lons_deg[case.pair_volunteers]),
            ),
            plan.pairs.distances_m,
            problem.params.max_distance_m,
            plan.pairs.need_ids,
        ),
        (
            _metres(
                problem,
                (needs.lats_deg[case.booking_needs], needs.lons_deg[case.booking_needs]),
                (slots.lats_deg[case.booking_slots], slots.lons_deg[case.booking_slots]),
            ),
            plan.bookings.distances_m,
            problem.params.max_slot_distance_m,
            plan.bookings.need_ids,
        ),
    ):
        for row in np.flatnonzero(metres > most + 1)[:MOST_FAULTS]:
            yield f"need {ids[row]}: {metres[row]:.0f} m is farther than {most:.0f} m"
        for row in np.flatnonzero(np.abs(metres - said) > 2)[:MOST_FAULTS]:  # rounding of both sides
            yield f"need {ids[row]}: {said[row]} m are said, {metres[row]:.0f} m counted"


def gender(case: Case) -> Iterator[str]:
    """A wish for a gender is kept."""
    wished = case.problem.needs.genders[case.pair_needs]
    wrong = (wished != Gender.ANY) & (wished != case.problem.volunteers.genders[case.pair_volunteers])
    yield from _pair_faults(case, wrong, "another gender was wished")


def language(case: Case) -> Iterator[str]:
    """A wish for a language is kept."""
    wished = case.problem.needs.languages[case.pair_needs]
    spoken = case.problem.volunteers.languages[case.pair_volunteers]
    yield from _pair_faults(case, (wished != 0) & (wished & spoken == 0), "no wished language is spoken")


def availability(case: Case) -> Iterator[str]:
    """Visits fall on weekdays that suit both."""
    both = case.problem.needs.weekdays[case.visit_needs] & case.problem.volunteers.weekdays[case.visit_volunteers]
    weekday = (case.problem.starts_on.weekday() + case.plan.visits.days) % DAYS_A_WEEK
    for row in np.flatnonzero((both >> weekday) & 1 == 0)[:MOST_FAULTS]:
        yield f"need {case.plan.visits.need_ids[row]} has a visit on day {case.plan.visits.days[row]}, a wrong weekday"


def exclusion(case: Case) -> Iterator[str]:
    """Those who never meet are not paired."""
    never = {(int(senior), int(volunteer)) for senior, volunteer in case.problem.exclusions}
    seniors = case.problem.needs.senior_ids[case.pair_needs].tolist()
    met = zip(seniors, case.plan.pairs.volunteer_ids.tolist(), strict=True)
    wrong = np.array([pair in never for pair in met], dtype=bool) if never else np.zeros(len(seniors), dtype=bool)
    yield from _pair_faults(case, wrong, "these never meet")


def capacity(case: Case) -> Iterator[str]:
    """A volunteer has no more needs than they take."""
    taken = np.bincount(case.pair_volunteers, minlength=len(case.problem.volunteers))
    for who in np.flatnonzero(taken > case.problem.volunteers.max_needs)[:MOST_FAULTS]:
        yield f"volunteer {case.problem.volunteers.ids[who]} has {taken[who]} needs"


def eligibility(case: Case) -> Iterator[str]:
    """A need uses only resources that are open to it."""
    open_to = {(int(need), int(resource)) for need, resource in case.problem.bookable}
    resources = case.problem.slots.resource_ids[case.booking_slots].tolist()
    for need, resource in zip(case.plan.bookings.need_ids.tolist(), resources, strict=True):
        if (need, resource) not in open_to:
            yield f"need {need} uses resource {resource}, which is not open to it"


def slot_places(case: Case) -> Iterator[str]:
    """A slot takes no more seniors than it has places."""
    taken = np.bincount(case.booking_slots, minlength=len(case.problem.slots))
    for slot in np.flatnonzero(taken > case.problem.slots.places)[:MOST_FAULTS]:
        yield f"slot {case.problem.slots.ids[slot]} takes {taken[slot]} of {case.problem.slots.places[slot]}"


def frequency(case: Case) -> Iterator[str]:
    """Visits are as often as the need asks, and each due visit has at most one booking."""
    order = np.lexsort((case.plan.visits.days, case.visit_needs))
    needs, days = case.visit_needs[order], case.plan.visits.days[order]
    starts, ends = (
        np.searchsorted(needs, case.pair_needs),
        np.searchsorted(needs, case.pair_needs, side="right"),
    )
    for need, start, end in zip(case.pair_needs.tolist(), starts.tolist(), ends.tolist(), strict=True):
        fault = _frequency_fault(case, need, days[start:end].tolist())
        if fault:
            yield f"need {case.problem.needs.ids[need]}: {fault}"
    for need in np.unique(case.booking_needs):
        booked = case.problem.slots.days[case.booking_slots[case.booking_needs == need]]
        inside = [int(((booked >= start) & (booked < end)).sum()) for start, end in _slices(case, int(need))]
        if sum(inside) != len(booked) or max(inside, default=0) > 1:
            yield f"need {case.problem.needs.ids[need]}: days {sorted(booked.tolist())} are not one a due visit"


def _frequency_fault(case: Case, need: int, days: list[int]) -> str:
    needs, horizon = case.problem.needs, case.problem.horizon_days
    kind, count = int(needs.frequency_kinds[need]), int(needs.frequency_counts[need])
    first, last = max(0, int(needs.first_days[need])), min(horizon, int(needs.last_days[need]))
    gaps = [later - earlier for earlier, later in pairwise(days)]
    if days and min(gaps, default=1) < 1:
        return "two visits on one day"
    if kind == FrequencyKind.EVERY_N_DAYS:
        edges = [first - 1, *days, last]
        widest = max(there - here for here, there in pairwise(edges))
        return "" if widest <= count or last - first < count else f"{widest} days without a visit, {count} are asked"
    slices = due_slices(kind, count, first, last)
    if kind == FrequencyKind.TIMES_PER_WEEK:
        weeks = range(-(-first // DAYS_A_WEEK), last // DAYS_A_WEEK)
        each = [sum(week <= day / DAYS_A_WEEK < week + 1 for day in days) for week in weeks]
        near = min(gaps, default=DAYS_A_WEEK) < least_distance_days(count)
        return f"visits of the weeks are {each}, {count} are asked" if set(each) - {count} or near else ""
    inside = [sum(start <= day < end for day in days) for start, end in slices]
    return f"{len(days)} visits for {len(slices)} due" if inside != [1] * len(days) or len(days) != len(slices) else ""


def window(case: Case) -> Iterator[str]:
    """A visit lies within the days and hours of both, as long as asked."""
    needs, who, visits = case.problem.needs, case.problem.volunteers, case.plan.visits
    at, ends = visits.starts_min, visits.starts_min + visits.durations_min
    wrong = (visits.durations_min != needs.durations_min[case.visit_needs]) | (visits.days < 0)
    wrong |= (at < needs.window_starts_min[case.visit_needs]) | (ends > needs.window_ends_min[case.visit_needs])
    wrong |= (at < who.window_starts_min[case.visit_volunteers]) | (ends > who.window_ends_min[case.visit_volunteers])
    wrong |= visits.days < needs.first_days[case.visit_needs]
    wrong |= visits.days >= np.minimum(needs.last_days[case.visit_needs], case.problem.horizon_days)
    for row in np.flatnonzero(wrong)[:MOST_FAULTS]:
        yield f"need {visits.need_ids[row]}: day {visits.days[row]}, minute {at[row]} is outside its windows"


def weekly_minutes(case: Case) -> Iterator[str]:
    """A volunteer gives no more minutes in a week than they offer."""
    weeks = case.plan.visits.days // DAYS_A_WEEK
    span = np.int64(max(0, int(weeks.max(initial=0))) + 1)
    keys, inverse = np.unique(case.visit_volunteers * span + weeks, return_inverse=True)
    given = np.bincount(inverse, weights=case.plan.visits.durations_min, minlength=len(keys))
    offered = case.problem.volunteers.weekly_caps_min[keys // span]
    for row in np.flatnonzero(given > offered)[:MOST_FAULTS]:
        who = case.problem.volunteers.ids[keys[row] // span]
        yield f"volunteer {who} gives {given[row]:.0f} min in week {keys[row] % span}, offers {offered[row]}"


def overlap(case: Case) -> Iterator[str]:
    """Two visits of a volunteer never overlap, and keep the gap between."""
    visits = case.plan.visits
    order = np.lexsort((visits.starts_min, visits.days, case.visit_volunteers))
    who, days, at = case.visit_volunteers[order], visits.days[order], visits.starts_min[order]
    free = at + visits.durations_min[order] + case.problem.params.gap_min
    wrong = (who[1:] == who[:-1]) & (days[1:] == days[:-1]) & (at[1:] < free[:-1])
    for row in np.flatnonzero(wrong)[:MOST_FAULTS]:
        yield f"volunteer {case.problem.volunteers.ids[who[row]]} has two visits at once on day {days[row]}"


def _objective(case: Case) -> int:
    needs = case.problem.needs
    unmet = ~np.isin(np.arange(len(needs)), case.pair_needs) & (needs.served_by == ServedBy.VOLUNTEER)
    penalties = int(needs.penalties[unmet].sum()) + int((needs.penalties * _open_due_visits(case)).sum())
    return int(case.plan.pairs.distances_m.sum()) + int(case.plan.bookings.distances_m.sum()) + penalties


def cost(case: Case) -> Iterator[str]:
    """The cost is as said, and the bound is not above it."""
    counted = _objective(case)
    if counted != case.plan.objective:
        yield f"{case.plan.objective} is said, {counted} counted"
    if case.plan.bound > counted:
        yield f"the bound {case.plan.bound} lies above the cost {counted}"


RULE_BY_NAME: dict[str, Callable[[Case], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        coverage,
        skill,
        distance,
        gender,
        language,
        availability,
        exclusion,
        capacity,
        eligibility,
        slot_places,
        frequency,
        window,
        weekly_minutes,
        overlap,
        cost,
    )
}
RULES = tuple(RULE_BY_NAME)
"""Names of all rules; model, judge, docs/model.md and tests use the same."""

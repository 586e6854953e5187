"""The judge: checks every rule of a plan and counts its cost anew.

It shares no code with those who build the plan, only the definition of the problem and of a frequency. Each
rule is a function of its own name that yields faults in words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import chain, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from matching.frequency import due_slices, least_distance_days
from matching.plan import Plan, Status, Verdict
from matching.problem import Floats, FrequencyKind, Gender, Ints, Problem, ServedBy

MOST_FAULTS = 100
DAYS_A_WEEK = 7
METRES_PER_DEGREE = 111_195.0
LEAST_GAP = 1e-9


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
    misfits = tuple(islice(chain(_misfits(problem, plan), _unknown_ids(problem, plan)), MOST_FAULTS))
    if misfits:
        return Verdict(holds=False, faults=misfits, objective=0)
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


def _pair_faults(case: Case, wrong: NDArray[np.bool_], words: str) -> Iterator[str]:
    for row in np.flatnonzero(wrong):
        pairs = case.plan.pairs
        yield f"need {pairs.need_ids[row]} and volunteer {pairs.volunteer_ids[row]}: {words}"


def _metres(problem: Problem, from_deg: tuple[Floats, Floats], to_deg: tuple[Floats, Floats]) -> NDArray[np.float64]:
    """The judge's own distance: small-angle arc with the cosine of the problem's median latitude."""
    every = np.sort(np.concatenate((problem.needs.lats_deg, problem.volunteers.lats_deg, problem.slots.lats_deg)))
    middle = (every[(len(every) - 1) // 2] + every[len(every) // 2]) / 2 if len(every) else 0.0
    scale = np.cos(np.radians(middle))
    north = (from_deg[0] - to_deg[0]) * METRES_PER_DEGREE
    east = (from_deg[1] - to_deg[1]) * METRES_PER_DEGREE * scale
    return np.asarray(np.sqrt(north * north + east * east) * problem.params.detour, dtype=np.float64)


def coverage(case: Case) -> Iterator[str]:
    """Every need is paired, fully booked or unmet; never two of these, and each pair has its visits."""
    ids, plan = case.problem.needs.ids, case.plan
    by_volunteer = case.problem.needs.served_by == ServedBy.VOLUNTEER
    times = np.bincount(case.pair_needs, minlength=len(ids))
    yield from (f"need {ids[need]} is paired {times[need]} times" for need in np.flatnonzero(times > 1))
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
    span = np.int64(len(case.problem.volunteers) + 1)
    pairs, visits = case.pair_needs * span + case.pair_volunteers, case.visit_needs * span + case.visit_volunteers
    for visit in np.setdiff1d(visits, pairs):
        who = case.problem.volunteers.ids[visit % span]
        yield f"need {ids[visit // span]} has a visit by volunteer {who}, whom it is not paired with"


def _open_due_visits(case: Case) -> Ints:
    """Due visits without a booking, for each need met by slots; 0 for the others."""
    days = _days_by_need(case.booking_needs, case.problem.slots.days[case.booking_slots])
    missing = np.zeros(len(case.problem.needs), dtype=np.int64)
    for need in np.flatnonzero(case.problem.needs.served_by == ServedBy.SLOT).tolist():
        mine = days.get(need, [])
        missing[need] = sum(not any(start <= day < end for day in mine) for start, end in _slices(case, need))
    return missing


def _days_by_need(needs: Ints, days: Ints) -> dict[int, list[int]]:
    """Days of each need that has any, ascending."""
    order = np.lexsort((days, needs))
    some, first = np.unique(needs[order], return_index=True)
    parts = np.split(days[order], first[1:]) if len(some) else []
    return {need: part.tolist() for need, part in zip(some.tolist(), parts, strict=True)}


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
        booked = case.plan.bookings
        yield f"need {booked.need_ids[row]} is booked into slot {booked.slot_ids[row]} of another service"


def distance(case: Case) -> Iterator[str]:
    """Nobody walks farther than allowed, and the metres are as said (to 2 m)."""
    problem, plan, needs = case.problem, case.plan, case.problem.needs
    people, slots, params = problem.volunteers, problem.slots, problem.params
    for table, rows, whose, others, most_m in (
        (plan.pairs, case.pair_needs, case.pair_volunteers, people, params.max_distance_m),
        (plan.bookings, case.booking_needs, case.booking_slots, slots, params.max_slot_distance_m),
    ):
        said_m = table.distances_m
        here = needs.lats_deg[rows], needs.lons_deg[rows]
        metres = _metres(problem, here, (others.lats_deg[whose], others.lons_deg[whose]))
        for row in np.flatnonzero(metres > most_m + 1):
            yield f"need {table.need_ids[row]}: {metres[row]:.0f} m is farther than {most_m:.0f} m"
        for row in np.flatnonzero(np.abs(metres - said_m) > 2):  # rounding of both sides
            yield f"need {table.need_ids[row]}: {said_m[row]} m are said, {metres[row]:.0f} m counted"


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
    """Visits fall on weekdays that suit both, bookings on weekdays that suit the need."""
    both = case.problem.needs.weekdays[case.visit_needs] & case.problem.volunteers.weekdays[case.visit_volunteers]
    weekday = (case.problem.starts_on.weekday() + case.plan.visits.days) % DAYS_A_WEEK
    for row in np.flatnonzero((both >> weekday) & 1 == 0):
        who = case.plan.visits.volunteer_ids[row]
        yield f"need {case.plan.visits.need_ids[row]}: day {case.plan.visits.days[row]} with {who} is a wrong weekday"
    days = case.problem.slots.days[case.booking_slots]
    weekday = (case.problem.starts_on.weekday() + days) % DAYS_A_WEEK
    for row in np.flatnonzero((case.problem.needs.weekdays[case.booking_needs] >> weekday) & 1 == 0):
        slot = case.plan.bookings.slot_ids[row]
        yield f"need {case.plan.bookings.need_ids[row]}: slot {slot} on day {days[row]} is on a wrong weekday"


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
    for who in np.flatnonzero(taken > case.problem.volunteers.max_needs):
        most = case.problem.volunteers.max_needs[who]
        yield f"volunteer {case.problem.volunteers.ids[who]} has {taken[who]} needs, takes {most}"


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
    for slot in np.flatnonzero(taken > case.problem.slots.places):
        yield f"slot {case.problem.slots.ids[slot]} takes {taken[slot]} of {case.problem.slots.places[slot]}"


def frequency(case: Case) -> Iterator[str]:
    """Visits are as often as the need asks, and each due visit has at most one booking."""
    ids = case.problem.needs.ids
    visited = _days_by_need(case.visit_needs, case.plan.visits.days)
    for need in np.unique(case.pair_needs).tolist():
        fault = _frequency_fault(case, need, visited.get(need, []))
        if fault:
            yield f"need {ids[need]}: {fault}"
    for need, days in _days_by_need(case.booking_needs, case.problem.slots.days[case.booking_slots]).items():
        inside = [sum(start <= day < end for day in days) for start, end in _slices(case, need)]
        if sum(inside) != len(days) or max(inside, default=0) > 1:
            yield f"need {ids[need]}: bookings on days {days} are not one for each of {len(inside)} due visits"


def _frequency_fault(case: Case, need: int, days: list[int]) -> str:
    needs, horizon = case.problem.needs, case.problem.horizon_days
    kind, count = int(needs.frequency_kinds[need]), int(needs.frequency_counts[need])
    first, last = max(0, int(needs.first_days[need])), min(horizon, int(needs.last_days[need]))
    gaps = [later - earlier for earlier, later in pairwise(days)]
    if min(gaps, default=1) < 1:
        return f"two visits on one day, of days {days}"
    if kind == FrequencyKind.EVERY_N_DAYS:
        return _interval_fault([first - 1, *days, last], count) if last - first >= count else _most_fault(days, 1)
    if kind == FrequencyKind.TIMES_PER_WEEK:
        weeks = [(week, week + DAYS_A_WEEK) for week in range(0, horizon, DAYS_A_WEEK)]
        each = [sum(start <= day < end for day in days) for start, end in weeks]
        least = [count if first <= start and end <= last else 0 for start, end in weeks]
        if any(not low <= visits <= count for low, visits in zip(least, each, strict=True)):
            return f"visits of the weeks are {each}, {count} are asked in a whole week"
        near = min(gaps, default=DAYS_A_WEEK)
        fine = near >= least_distance_days(count)
        return "" if fine else f"two visits are {near} days apart, not {least_distance_days(count)}"
    slices = due_slices(kind, count, first, last)
    inside = [sum(start <= day < end for day in days) for start, end in slices]
    fine = inside == [1] * len(slices) and len(days) == len(slices)
    return "" if fine else f"days {days} are not one for each of {len(slices)} due visits"


def _interval_fault(marks: list[int], count: int) -> str:
    """Marks are the day before the first, the days of visits, and the day after the last."""
    widest = max(later - earlier for earlier, later in pairwise(marks))
    if widest > count:
        return f"{widest} days without a visit, {count} are asked"
    spare = [day for before, day, after in zip(marks, marks[1:], marks[2:], strict=False) if after - before <= count]
    return f"the visit on day {spare[0]} is one more than every {count} days" if spare else ""


def _most_fault(days: list[int], most: int) -> str:
    return f"{len(days)} visits where at most {most} is due" if len(days) > most else ""


def window(case: Case) -> Iterator[str]:
    """A visit lies within the days and hours of both, as long as asked; so does a booking within those of the need."""
    needs, who, visits = case.problem.needs, case.problem.volunteers, case.plan.visits
    at, asked_min = visits.starts_min, needs.durations_min[case.visit_needs]
    early = np.maximum(needs.window_starts_min[case.visit_needs], who.window_starts_min[case.visit_volunteers])
    late = np.minimum(needs.window_ends_min[case.visit_needs], who.window_ends_min[case.visit_volunteers])
    wrong = (at < early) | (at > late - asked_min) | _outside(case, case.visit_needs, visits.days)
    for row in np.flatnonzero(wrong):
        yield f"need {visits.need_ids[row]}: day {visits.days[row]}, minute {at[row]} is outside its windows"
    for row in np.flatnonzero(visits.durations_min != asked_min):
        long_min = visits.durations_min[row]
        yield f"need {visits.need_ids[row]}: {long_min} min on day {visits.days[row]}, {asked_min[row]} min are asked"
    slots, whose = case.problem.slots, case.booking_needs
    starts, ends = slots.starts_min[case.booking_slots], slots.ends_min[case.booking_slots]
    wrong = (starts < needs.window_starts_min[whose]) | (ends > needs.window_ends_min[whose])
    wrong |= (ends - starts < needs.durations_min[whose]) | _outside(case, whose, slots.days[case.booking_slots])
    for row in np.flatnonzero(wrong):
        need, slot = case.plan.bookings.need_ids[row], case.plan.bookings.slot_ids[row]
        yield f"need {need}: slot {slot}, minutes {starts[row]} to {ends[row]}, is outside its windows"


def _outside(case: Case, needs: Ints, days: Ints) -> NDArray[np.bool_]:
    """Whether days lie outside those of their needs, or of the horizon."""
    first = np.maximum(case.problem.needs.first_days[needs], 0)
    return np.asarray(
        (days < first) | (days >= np.minimum(case.problem.needs.last_days[needs], case.problem.horizon_days)),
        dtype=bool,
    )


def weekly_minutes(case: Case) -> Iterator[str]:
    """A volunteer gives no more minutes in a week than they offer."""
    visits, people = case.plan.visits, case.problem.volunteers
    inside = (visits.days >= 0) & (visits.days < case.problem.horizon_days)  # the others break the rule `window`
    weeks = -(-case.problem.horizon_days // DAYS_A_WEEK)
    cells = case.visit_volunteers[inside] * weeks + visits.days[inside] // DAYS_A_WEEK
    given = np.bincount(cells, weights=visits.durations_min[inside], minlength=len(people) * weeks).reshape(-1, weeks)
    for who, week in np.argwhere(given > people.weekly_caps_min[:, None]):
        offered = people.weekly_caps_min[who]
        yield f"volunteer {people.ids[who]} gives {given[who, week]:.0f} min in week {week}, offers {offered}"


def overlap(case: Case) -> Iterator[str]:
    """Two visits of a volunteer never overlap, and keep the gap between."""
    visits, gap_min = case.plan.visits, case.problem.params.gap_min
    order = np.lexsort((visits.starts_min, visits.days, case.visit_volunteers))
    who, days, at = case.visit_volunteers[order], visits.days[order], visits.starts_min[order]
    wrong = (who[1:] == who[:-1]) & (days[1:] == days[:-1])
    wrong &= at[1:] - at[:-1] < visits.durations_min[order][:-1] + gap_min
    for row in np.flatnonzero(wrong):
        here, there = visits.need_ids[order[row]], visits.need_ids[order[row + 1]]
        when = f"day {days[row]}, minutes {at[row]} and {at[row + 1]}"
        yield f"volunteer {case.problem.volunteers.ids[who[row]]}: needs {here} and {there} on {when} leave no gap"


def _objective(case: Case) -> int:
    needs = case.problem.needs
    unmet = ~np.isin(np.arange(len(needs)), case.pair_needs) & (needs.served_by == ServedBy.VOLUNTEER)
    penalties = int(needs.penalties[unmet].sum()) + int((needs.penalties * _open_due_visits(case)).sum())
    return int(case.plan.pairs.distances_m.sum()) + int(case.plan.bookings.distances_m.sum()) + penalties


def cost(case: Case) -> Iterator[str]:
    """The cost is as said, the bound is not above it, and gap and status follow from both."""
    plan, counted = case.plan, _objective(case)
    if counted != plan.objective:
        yield f"{plan.objective} m are said, {counted} m counted"
    if plan.bound > counted:
        yield f"the bound {plan.bound} m lies above the cost {counted} m"
    gap = (plan.objective - plan.bound) / max(1, plan.objective)
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

"""The judge of dates: how often, within which hours, how many minutes a week, and nobody in two places at once."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from matching.case import DAYS_A_WEEK, Case, days_by_need, metres_between
from matching.columns import Ints, Mask
from matching.due import ask_of, slot_slices
from matching.verify_days import closed_fault, frequency_fault


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
    yield from _closed_faults(case)


def _closed_faults(case: Case) -> Iterator[str]:
    """Visits and bookings on closed days, and visits by someone who is away."""
    problem = case.problem
    if not (len(problem.absences) or len(problem.suspensions)):
        return
    visited = days_by_need(case.visit_needs, case.plan.visits.days)
    booked = days_by_need(case.booking_needs, problem.slots.days[case.booking_slots])
    met = np.unique(np.column_stack((case.visit_needs, case.visit_volunteers)), axis=0)
    for need, days in (*visited.items(), *booked.items()):
        first, end = np.searchsorted(met[:, 0], (need, need + 1))
        fault = closed_fault(ask_of(problem, need, met[first:end, 1]), sorted(set(days)))
        if fault:
            yield f"need {problem.needs.ids[need]}: {fault}"


def frequency(case: Case) -> Iterator[str]:
    """Visits are as often as the need asks, and each due visit has at most one booking of its own skill."""
    ids = case.problem.needs.ids
    visited = days_by_need(case.visit_needs, case.plan.visits.days)
    whose: dict[int, list[int]] = {}
    for need, volunteer in zip(case.pair_needs.tolist(), case.pair_volunteers.tolist(), strict=True):
        whose.setdefault(need, []).append(volunteer)
    judged = lru_cache(maxsize=4096)(frequency_fault)
    for need, volunteers in whose.items():
        ask = ask_of(case.problem, need, np.array(volunteers, dtype=np.int64))
        days = visited.get(need, [])
        together = days if len(volunteers) == 1 else sorted(set(days))
        fault = judged(ask, tuple(together))
        if fault:
            yield f"need {ids[need]}: {fault}"
    own = case.own_bookings
    for need, days in days_by_need(case.booking_needs[own], case.problem.slots.days[case.booking_slots[own]]).items():
        slices = slot_slices(case.problem, need)
        inside = [sum(start <= day < end for day in days) for start, end in slices]
        if sum(inside) != len(days) or max(inside, default=0) > 1:
            yield f"need {ids[need]}: bookings on days {days} are not one for each of {len(inside)} due visits"


def together(case: Case) -> Iterator[str]:
    """Everyone who comes to a need comes at the same time, to every visit of it."""
    needs, visits = case.problem.needs, case.plan.visits
    rows = np.flatnonzero(needs.helpers[case.visit_needs] > 1)
    span = np.int64(max(1, case.problem.horizon_days))
    keys, inverse, counts = np.unique(
        case.visit_needs[rows] * span + visits.days[rows], return_inverse=True, return_counts=True
    )
    for row in np.flatnonzero(counts != needs.helpers[keys // span]):
        whose, day = keys[row] // span, keys[row] % span
        yield f"need {needs.ids[whose]}: {counts[row]} come on day {day}, {needs.helpers[whose]} are asked"
    for number in range(len(keys)):
        starts = np.unique(visits.starts_min[rows[inverse == number]])
        if len(starts) > 1:
            need, day = needs.ids[keys[number] // span], keys[number] % span
            yield f"need {need}: on day {day} visits begin at minutes {starts.tolist()}"


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


def _outside(case: Case, needs: Ints, days: Ints) -> Mask:
    """Whether days lie outside those of their needs, or of the horizon."""
    first = np.maximum(case.problem.needs.first_days[needs], 0)
    return np.asarray(
        (days < first) | (days >= np.minimum(case.problem.needs.last_days[needs], case.problem.horizon_days)),
        dtype=bool,
    )


def weekly_minutes(case: Case) -> Iterator[str]:
    """A volunteer gives no more minutes in a week than they offer, ways there and back included where they count."""
    visits, people = case.plan.visits, case.problem.volunteers
    inside = (visits.days >= 0) & (visits.days < case.problem.horizon_days)  # the others break the rule `window`
    weeks = -(-case.problem.horizon_days // DAYS_A_WEEK)
    cells = case.visit_volunteers[inside] * weeks + visits.days[inside] // DAYS_A_WEEK
    minutes = (visits.durations_min + _travel_min(case))[inside]
    given = np.bincount(cells, weights=minutes, minlength=len(people) * weeks).reshape(-1, weeks)
    for who, week in np.argwhere(given > people.weekly_caps_min[:, None]):
        offered = people.weekly_caps_min[who]
        yield f"volunteer {people.ids[who]} gives {given[who, week]:.0f} min in week {week}, offers {offered}"


def _travel_min(case: Case) -> Ints:
    """Minutes from home and back of every visit; one minute less than counted, for both sides round metres."""
    pace, needs, who = case.problem.params.pace_m_per_min, case.problem.needs, case.problem.volunteers
    if not pace:
        return np.zeros(len(case.visit_needs), dtype=np.int64)
    here = needs.lats_deg[case.visit_needs], needs.lons_deg[case.visit_needs]
    there = who.lats_deg[case.visit_volunteers], who.lons_deg[case.visit_volunteers]
    metres = np.maximum(metres_between(case.problem, here, there) - 1, 0)
    return np.asarray(np.ceil(2 * metres / pace), dtype=np.int64)


def overlap(case: Case) -> Iterator[str]:
    """Two visits of a volunteer never overlap, and keep the gap between, or the way where it is longer."""
    visits = case.plan.visits
    order = np.lexsort((visits.starts_min, visits.days, case.visit_volunteers))
    who, days, at = case.visit_volunteers[order], visits.days[order], visits.starts_min[order]
    wrong = (who[1:] == who[:-1]) & (days[1:] == days[:-1])
    wrong &= at[1:] - at[:-1] < visits.durations_min[order][:-1] + _pause_min(case, case.visit_needs[order])
    for row in np.flatnonzero(wrong):
        here, there = visits.need_ids[order[row]], visits.need_ids[order[row + 1]]
        when = f"day {days[row]}, minutes {at[row]} and {at[row + 1]}"
        yield f"volunteer {case.problem.volunteers.ids[who[row]]}: needs {here} and {there} on {when} leave no gap"


def _pause_min(case: Case, needs: Ints) -> Ints:
    """Least minutes between visits of needs that follow each other; a metre less, for both sides round."""
    params, asked = case.problem.params, case.problem.needs
    gaps = np.full(max(0, len(needs) - 1), params.gap_min, dtype=np.int64)
    if not params.pace_m_per_min or not len(gaps):
        return gaps
    here = asked.lats_deg[needs[:-1]], asked.lons_deg[needs[:-1]]
    there = asked.lats_deg[needs[1:]], asked.lons_deg[needs[1:]]
    metres = np.maximum(metres_between(case.problem, here, there) - 1, 0)
    return np.maximum(gaps, np.ceil(metres / params.pace_m_per_min).astype(np.int64))

"""The judge of bookings: who uses which resource, how many fit, what belongs together, what money there is."""

from collections.abc import Iterator

import numpy as np

from matching.case import DAYS_A_WEEK, Case
from matching.due import slot_slices


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


def wheelchairs(case: Case) -> Iterator[str]:
    """A slot takes no more wheelchairs than it has places for them."""
    slots = case.problem.slots
    takes = case.problem.needs.wheelchairs[case.booking_needs] * case.own_bookings
    taken = np.bincount(case.booking_slots, weights=takes, minlength=len(slots)).astype(np.int64)
    for slot in np.flatnonzero(taken > slots.wheelchairs):
        yield f"slot {slots.ids[slot]} takes {taken[slot]} wheelchairs, has places for {slots.wheelchairs[slot]}"


def at_once(case: Case) -> Iterator[str]:
    """A need with further skills has, with each of its bookings, one of every other skill at the same time."""
    needs, slots = case.problem.needs, case.problem.slots
    for need in np.unique(case.booking_needs[needs.also_skills[case.booking_needs] != 0]).tolist():
        mine = case.booking_slots[case.booking_needs == need]
        own = case.booking_slots[(case.booking_needs == need) & case.own_bookings]
        wanted = [skill for skill in range(64) if int(needs.also_skills[need]) >> skill & 1]
        if len(mine) != len(own) * (1 + len(wanted)):
            words = f"{len(mine)} bookings for {len(own)} visits of {1 + len(wanted)} resources"
            yield f"need {needs.ids[need]} has {words}"
        for slot in own.tolist():
            beside = {int(slots.skills[other]) for other in mine.tolist() if _shares_time(case, need, slot, other)}
            if not set(wanted) <= beside:
                yield f"need {needs.ids[need]}: slot {slots.ids[slot]} has no slot of every further skill beside it"


def _shares_time(case: Case, need: int, slot: int, other: int) -> bool:
    slots = case.problem.slots
    if slots.days[slot] != slots.days[other] or slots.resource_ids[slot] == slots.resource_ids[other]:
        return False
    shared = min(slots.ends_min[slot], slots.ends_min[other]) - max(slots.starts_min[slot], slots.starts_min[other])
    return bool(shared >= case.problem.needs.durations_min[need])


def series(case: Case) -> Iterator[str]:
    """A series keeps resource, weekday and time from visit to visit, and is whole."""
    needs, slots = case.problem.needs, case.problem.slots
    for need in np.unique(case.booking_needs[needs.is_series[case.booking_needs] != 0]).tolist():
        mine = case.booking_slots[case.booking_needs == need]
        slices = slot_slices(case.problem, need)
        parts = {start % DAYS_A_WEEK for start, _ in slices} if needs.frequency_kinds[need] == 2 else {0}
        weekdays = (case.problem.starts_on.weekday() + slots.days[mine]) % DAYS_A_WEEK
        kept = set(
            zip(slots.resource_ids[mine].tolist(), weekdays.tolist(), slots.starts_min[mine].tolist(), strict=True)
        )
        most = len(parts) * (1 + int(needs.also_skills[need]).bit_count())
        if len(kept) > most:
            yield f"need {needs.ids[need]} has bookings of {len(kept)} kinds of resource, weekday and time, not {most}"


def budget(case: Case) -> Iterator[str]:
    """No budget pays more than it holds."""
    slots, budgets = case.problem.slots, case.problem.budgets
    for number, cents in zip(budgets.ids.tolist(), budgets.cents.tolist(), strict=True):
        spent = int(slots.costs_cents[case.booking_slots][slots.budget_ids[case.booking_slots] == number].sum())
        if spent > cents:
            yield f"budget {number} pays {spent} cents, holds {cents}"

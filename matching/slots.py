"""Places of shared resources to needs, by the same exact flow.

Each due visit of a need (a slice of days, see :mod:`matching.frequency`) takes at most one place in a slot
of its slice. Rule `eligibility`: a need uses only the resources that are open to it. Rule `slot_places`: a
slot takes no more seniors than it has places. A need that takes two resources at once is not covered.
"""

from dataclasses import dataclass

import numpy as np

from matching import candidates, pairing, travel
from matching.candidates import Mask
from matching.frequency import due_slices
from matching.problem import Ints, Problem, ServedBy

RULES = ("eligibility", "slot_places")
COUNTED = ("skill", "eligibility", "distance", "availability")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Chosen places: need and slot positions, metres; needs with a visit left unmet; cost of all."""

    needs: Ints
    slots: Ints
    distances_m: Ints
    unmet: Ints
    objective: int


def need_slices(problem: Problem, need: int) -> tuple[tuple[int, int], ...]:
    """Return the slices of days in which the need at a position is due within the horizon."""
    needs = problem.needs
    first, last = max(0, int(needs.first_days[need])), min(problem.horizon_days, int(needs.last_days[need]))
    return due_slices(int(needs.frequency_kinds[need]), int(needs.frequency_counts[need]), first, last)


def book(problem: Problem) -> Booked:
    """Give out places at least total metres and penalties, proven."""
    served = np.flatnonzero(problem.needs.served_by == ServedBy.SLOT)
    owners = np.array([need for need in served for _ in need_slices(problem, int(need))], dtype=np.int64)
    bounds = np.array([part for need in served for part in need_slices(problem, int(need))], dtype=np.int64)
    lefts, rights, metres = _arcs(problem, owners, bounds.reshape(-1, 2))
    solved = pairing.cheapest(
        pairing.Network(
            lefts=lefts,
            rights=rights,
            costs=metres,
            rooms=problem.slots.places,
            penalties=problem.needs.penalties[owners],
        )
    )
    return Booked(
        needs=owners[lefts[solved.arcs]],
        slots=rights[solved.arcs],
        distances_m=metres[solved.arcs],
        unmet=np.unique(owners[solved.unmet]),
        objective=solved.objective,
    )


def _arcs(problem: Problem, owners: Ints, bounds: Ints) -> tuple[Ints, Ints, Ints]:
    """Every slot that a due visit could take: due visit, slot, metres."""
    nothing = np.empty(0, dtype=np.int64)
    if not len(owners) or not len(problem.slots):
        return nothing, nothing, nothing
    everyslot = np.arange(len(problem.slots))
    parts = []
    for start in range(0, len(owners), candidates.CHUNK):
        some = np.arange(start, min(start + candidates.CHUNK, len(owners)))
        due, slot = np.repeat(some, len(everyslot)), np.tile(everyslot, len(some))
        days = problem.slots.days[slot]
        fits = (days >= bounds[due, 0]) & (days < bounds[due, 1])
        due, slot = due[fits], slot[fits]
        masks, metres = _rule_masks(problem, owners[due], slot)
        fits = np.logical_and.reduce(masks)
        parts.append((due[fits], slot[fits], metres[fits]))
    lefts, rights, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    return lefts, rights, metres


def _rule_masks(problem: Problem, needs: Ints, slots: Ints) -> tuple[tuple[Mask, ...], Ints]:
    """One mask a rule in the order of ``COUNTED``, and the metres."""
    asked, offered, places = problem.needs, problem.slots, candidates.planes(problem)
    metres = travel.walking_m(places.needs[needs], places.slots[slots], detour=problem.params.detour)
    span = np.int64(max(int(offered.resource_ids.max(initial=0)), int(problem.bookable[:, 1].max(initial=0))) + 1)
    open_to = problem.bookable[:, 0] * span + problem.bookable[:, 1]
    weekday = (problem.starts_on.weekday() + offered.days[slots]) % 7
    fits_day = (asked.weekdays[needs] >> weekday & 1).astype(bool)
    fits_hours = offered.starts_min[slots] >= asked.window_starts_min[needs]
    fits_hours &= offered.ends_min[slots] <= asked.window_ends_min[needs]
    fits_hours &= offered.ends_min[slots] - offered.starts_min[slots] >= asked.durations_min[needs]
    in_days = offered.days[slots] < np.minimum(asked.last_days[needs], problem.horizon_days)
    in_days &= offered.days[slots] >= asked.first_days[needs]
    masks = (
        offered.skills[slots] == asked.skills[needs],
        np.isin(asked.ids[needs] * span + offered.resource_ids[slots], open_to),
        metres <= problem.params.max_slot_distance_m,
        fits_day & fits_hours & in_days,
    )
    return masks, metres


def count_taken(problem: Problem, needs: Ints) -> tuple[Ints, Ints]:
    """Count what each rule of ``COUNTED`` took away from all slots, for some needs (positions)."""
    everyslot = np.arange(len(problem.slots))
    taken = np.zeros((len(needs), len(COUNTED)), dtype=np.int64)
    remaining = np.zeros(len(needs), dtype=np.int64)
    for row, need in enumerate(needs if len(everyslot) else ()):
        masks, _ = _rule_masks(problem, np.full(len(everyslot), need), everyslot)
        left = np.ones(len(everyslot), dtype=bool)
        for column, mask in enumerate(masks):
            taken[row, column] = (left & ~mask).sum()
            left &= mask
        remaining[row] = left.sum()
    return taken, remaining

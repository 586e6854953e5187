"""Places of shared resources to needs: by the exact flow where it can say everything, else offer by offer."""

import numpy as np

from matching import offers, places, slots
from matching.columns import Ints
from matching.due import slot_slices
from matching.offers import Offers
from matching.problem import Problem, ServedBy
from matching.slots import Booked


def book(problem: Problem, standing: Ints | None = None) -> Booked:
    """Give out places at least cost, tier by tier; the answer carries its bound.

    ``standing``, shape (k, 2), are bookings (positions of need and slot) that stay where they still can.
    """
    return _by_offers(problem, standing) if offers.is_compound(problem) else slots.book(problem, standing)


def _by_offers(problem: Problem, standing: Ints | None) -> Booked:
    """Needs that take two resources, a series, a wheelchair place or money."""
    found = offers.find_offers(problem)
    given = places.give_out(problem, found, _stand(found, standing))
    rows = np.flatnonzero(np.isin(found.rows, given.offers))
    needs = found.units.needs[found.owners[found.rows[rows]]]
    taken = found.slots[rows]
    open_needs, open_slices = _open(problem, found, given.offers)
    return Booked(
        needs=needs,
        slots=taken,
        distances_m=slots.distances_m(problem, needs, taken),
        unmet=np.unique(open_needs),
        open_needs=open_needs,
        open_slices=open_slices,
        objective=given.objective,
        bound=given.bound,
    )


def _stand(found: Offers, standing: Ints | None) -> Ints:
    """Offers all of whose slots their need has already."""
    if standing is None or not len(standing):
        return np.empty(0, dtype=np.int64)
    span = np.int64(int(max(found.slots.max(initial=0), standing[:, 1].max())) + 1)
    needs = found.units.needs[found.owners[found.rows]]
    is_had = np.isin(needs * span + found.slots, standing[:, 0] * span + standing[:, 1])
    return np.setdiff1d(np.arange(len(found.owners)), found.rows[~is_had])


def _open(problem: Problem, found: Offers, given: Ints) -> tuple[Ints, Ints]:
    """Due visits without a booking: whose, and in which slice of days."""
    own = found.slots
    days: dict[int, list[int]] = {}
    for row, slot in zip(found.rows.tolist(), own.tolist(), strict=True):
        if row in set(given.tolist()):
            need = int(found.units.needs[found.owners[row]])
            if problem.slots.skills[slot] == problem.needs.skills[need]:
                days.setdefault(need, []).append(int(problem.slots.days[slot]))
    left = [
        (need, *part)
        for need in np.flatnonzero(problem.needs.served_by == ServedBy.SLOT).tolist()
        for part in slot_slices(problem, need)
        if not any(part[0] <= day < part[1] for day in days.get(need, []))
    ]
    table = np.array(left, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1:]


def waiting_list(problem: Problem, booked: Booked, resource_id: int) -> Ints:
    """Return the ids of the needs that wait for a resource open to them: by tier, days of waiting, then number."""
    needs = problem.needs
    open_to = problem.bookable[problem.bookable[:, 1] == resource_id, 0]
    mine = problem.slots.resource_ids == resource_id
    skills = problem.slots.skills[mine]
    waiting = booked.unmet[np.isin(needs.ids[booked.unmet], open_to)]
    waiting = waiting[np.isin(needs.skills[waiting], skills)]
    order = np.lexsort((needs.ids[waiting], -needs.waiting_days[waiting], needs.tiers[waiting]))
    return needs.ids[waiting[order]]

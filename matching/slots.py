"""Places of shared resources to needs, by the exact flow: one place of one slot for each due visit.

Each due visit of a need (a slice of days, see :mod:`matching.frequency`) takes at most one place in a slot
of its slice. Rule `eligibility`: a need uses only the resources that are open to it. Rule `slot_places`: a
slot takes no more seniors than it has places. What takes more than that stands in :mod:`matching.offers`.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching import candidates, flow, travel
from matching.candidates import Planes
from matching.due import closed_days, slot_slices
from matching.network import UNPAIRED, Network, cost
from matching.problem import Ints, Mask, Problem, ServedBy

RULES = ("eligibility", "slot_places")
COUNTED = ("skill", "eligibility", "distance", "availability")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Chosen places: need and slot positions, metres; needs with a visit left unmet; cost of all.

    ``open_needs`` and ``open_slices``, shape (k,) and (k, 2), are the due visits without a place: whose, and in
    which half-open slice of days.
    """

    needs: Ints
    slots: Ints
    distances_m: Ints
    unmet: Ints
    open_needs: Ints
    open_slices: Ints
    objective: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """What every look at the slots needs: places, slots by day, and which need may use which resource."""

    places: Planes
    by_day: Ints  # positions of slots, ordered by day
    resources: Ints  # number of each slot's resource
    resource_count: int
    open_to: Ints  # need position x resource_count + number of the resource


def book(problem: Problem, standing: Ints | None = None) -> Booked:
    """Give out places at least total metres and penalties, proven.

    ``standing``, shape (k, 2), are bookings (positions of need and slot) that stay where they still can; the others
    are then given out around them.
    """
    served = np.flatnonzero(problem.needs.served_by == ServedBy.SLOT)
    visits = [(need, *part) for need in served.tolist() for part in slot_slices(problem, need)]
    due = np.array(visits, dtype=np.int64).reshape(-1, 3)
    owners, slices = due[:, 0], due[:, 1:]
    lefts, rights, metres = find_places(problem, owners, slices)
    lost = problem.needs.penalties + problem.needs.waiting_days * problem.params.waiting_m_per_day
    rooms = np.minimum(problem.slots.places, len(owners))
    network = Network(
        lefts=lefts,
        rights=rights,
        costs=metres,
        weights_min=np.ones(len(lefts), dtype=np.int64),
        penalties=lost[owners],
        tiers=problem.needs.tiers[owners],
        capacities_min=rooms,
        max_lefts=rooms,
    )
    network = replace(network, fixed=_standing(network, owners, standing))
    rest, places = network.free()
    chosen = np.append(places, UNPAIRED)[flow.solve(rest, rest.max_lefts)]
    chosen[network.lefts[network.fixed]] = network.fixed
    taken, left = np.sort(chosen[chosen != UNPAIRED]), np.flatnonzero(chosen == UNPAIRED)
    total = cost(network, chosen)
    return Booked(
        needs=owners[lefts[taken]],
        slots=rights[taken],
        distances_m=metres[taken],
        unmet=np.unique(owners[left]),
        open_needs=owners[left],
        open_slices=slices[left],
        objective=total,
        bound=total,
    )


def _standing(network: Network, owners: Ints, standing: Ints | None) -> Ints:
    """Arcs of the bookings that stay: one for each due visit, no more than a slot has places, earlier tiers first."""
    if standing is None or not len(standing):
        return np.empty(0, dtype=np.int64)
    span = np.int64(network.right_count + 1)
    arcs = np.flatnonzero(
        np.isin(owners[network.lefts] * span + network.rights, standing[:, 0] * span + standing[:, 1])
    )
    lefts = network.lefts[arcs]
    arcs = arcs[np.lexsort((lefts, -network.penalties[lefts], network.tiers[lefts], network.rights[arcs]))]
    arcs = arcs[np.sort(np.unique(network.lefts[arcs], return_index=True)[1])]
    rights = network.rights[arcs]
    rank = np.arange(len(arcs)) - np.searchsorted(rights, rights)
    return arcs[rank < network.max_lefts[rights]]


def distances_m(problem: Problem, needs: Ints, slots: Ints) -> Ints:
    """Return the metres from needs to slots (positions, shape (b,) each)."""
    places = candidates.planes(problem)
    return travel.walking_m(places.needs[needs], places.slots[slots], detour=problem.params.detour)


def find_places(problem: Problem, owners: Ints, slices: Ints) -> tuple[Ints, Ints, Ints]:
    """Return every slot that a due visit could take: due visit, slot, metres; shape (a,) each.

    ``owners``, shape (k,), are the needs of the due visits; ``slices``, shape (k, 2), their half-open days.
    """
    offer = _offer(problem)
    parts = [candidates.NOTHING]
    for some in np.array_split(np.arange(len(owners)), len(owners) * len(problem.slots) // candidates.CELLS + 1):
        rows, slot = _within(problem, offer, slices[some])
        due = some[rows]
        masks, metres = _rule_masks(problem, offer, owners[due], slot)
        fits = np.logical_and.reduce(masks)
        parts.append((due[fits], slot[fits], metres[fits]))
    lefts, rights, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    return lefts, rights, metres


def count_taken(problem: Problem, needs: Ints, booked: Booked) -> tuple[Ints, Ints]:
    """Count, for some needs (positions), what each rule of ``COUNTED`` took away from all slots.

    A slot outside the slices of the need's open visits is counted under availability: it could not help them.
    """
    offer, slot_count = _offer(problem), len(problem.slots)
    taken = np.zeros((len(needs), len(COUNTED)), dtype=np.int64)
    remaining = np.zeros(len(needs), dtype=np.int64)
    for some in np.array_split(np.arange(len(needs)), len(needs) * slot_count // candidates.CELLS + 1):
        shape = (len(some), slot_count)
        every = np.tile(np.arange(slot_count), len(some))
        masks, _ = _rule_masks(problem, offer, np.repeat(needs[some], slot_count), every)
        fits_rules = [*masks[:-1], masks[-1] & _is_open(problem, offer, needs[some], booked).reshape(-1)]
        left = np.ones(shape, dtype=bool)
        for column, mask in enumerate(fits_rules):
            fits = mask.reshape(shape)
            taken[some, column] = (left & ~fits).sum(axis=1)
            left &= fits
        remaining[some] = left.sum(axis=1)
    return taken, remaining


def _is_open(problem: Problem, offer: _Offer, needs: Ints, booked: Booked) -> Mask:
    """Which slots lie in an open visit's slice of some needs; shape (n, s)."""
    row_by_need = np.full(len(problem.needs), -1, dtype=np.int64)
    row_by_need[needs] = np.arange(len(needs))
    whose = row_by_need[booked.open_needs]
    rows, slots = _within(problem, offer, booked.open_slices[whose >= 0])
    is_open = np.zeros((len(needs), len(problem.slots)), dtype=bool)
    is_open[whose[whose >= 0][rows], slots] = True
    return is_open


def _offer(problem: Problem) -> _Offer:
    """Look up once what does not change while slots are compared."""
    resources, number = np.unique(problem.slots.resource_ids, return_inverse=True)
    pairs, order = problem.bookable, np.argsort(problem.needs.ids)
    pairs = pairs[np.isin(pairs[:, 0], problem.needs.ids) & np.isin(pairs[:, 1], resources)]
    whose = order[np.searchsorted(problem.needs.ids, pairs[:, 0], sorter=order)]
    return _Offer(
        places=candidates.planes(problem),
        by_day=np.argsort(problem.slots.days, kind="stable"),
        resources=number,
        resource_count=len(resources),
        open_to=whose * len(resources) + np.searchsorted(resources, pairs[:, 1]),
    )


def _within(problem: Problem, offer: _Offer, slices: Ints) -> tuple[Ints, Ints]:
    """Slots whose day lies in a slice: row of the slice, slot."""
    days = problem.slots.days[offer.by_day]
    first, end = np.searchsorted(days, slices[:, 0]), np.searchsorted(days, slices[:, 1])
    counts = np.maximum(end - first, 0)
    rows = np.repeat(np.arange(len(slices)), counts)
    inside = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, offer.by_day[np.repeat(first, counts) + inside]


def _rule_masks(problem: Problem, offer: _Offer, needs: Ints, slots: Ints) -> tuple[tuple[Mask, ...], Ints]:
    """One mask a rule in the order of ``COUNTED``, and the metres."""
    asked, offered, places = problem.needs, problem.slots, offer.places
    metres = travel.walking_m(places.needs[needs], places.slots[slots], detour=problem.params.detour)
    weekday = (problem.starts_on.weekday() + offered.days[slots]) % 7
    fits_day = (asked.weekdays[needs] >> weekday & 1).astype(bool) & ~_is_closed(problem, needs, offered.days[slots])
    fits_hours = offered.starts_min[slots] >= asked.window_starts_min[needs]
    fits_hours &= offered.ends_min[slots] <= asked.window_ends_min[needs]
    fits_hours &= offered.ends_min[slots] - offered.starts_min[slots] >= asked.durations_min[needs]
    in_days = offered.days[slots] < np.minimum(asked.last_days[needs], problem.horizon_days)
    in_days &= offered.days[slots] >= asked.first_days[needs]
    masks = (
        offered.skills[slots] == asked.skills[needs],
        np.isin(needs * offer.resource_count + offer.resources[slots], offer.open_to),
        metres <= problem.params.max_slot_distance_m,
        fits_day & fits_hours & in_days,
    )
    return masks, metres


def _is_closed(problem: Problem, needs: Ints, days: Ints) -> Mask:
    """Whether days are closed for needs: the senior is away, or visits are suspended."""
    closed = np.zeros(len(needs), dtype=bool)
    if not (len(problem.absences) or len(problem.suspensions)):
        return closed
    for need in np.unique(needs).tolist():
        mine = needs == need
        closed[mine] = np.isin(days[mine], [day for day, _ in closed_days(problem, need)])
    return closed

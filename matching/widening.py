"""Candidates beyond the nearest thirty, added until no volunteer within reach could lower the cost.

Thirty candidates a need keep the flow small, but where volunteers are few the nearest thirty are full while others, a
little farther, have room. The prices of an optimal pairing tell which arcs are missing: only one whose metres
are below the price of its need less the price of its volunteer can help. These are added and the flow solved
again; when none is left, the pairing is optimal over everyone within reach.
"""

from dataclasses import dataclass

import numpy as np

from matching import candidates, objective, pairing
from matching.candidates import Arcs
from matching.pairing import Assignment, Limits
from matching.problem import Ints, Mask, Problem, ServedBy

MOST_WIDENED = 200
"""Arcs that an unmet need is given, nearest first, where prices cannot tell which it lacks."""
NO_PRICE = 1 << 60
"""Price of a volunteer who takes nobody at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What an optimal pairing says a need and a place are worth, in metres.

    ``needs_m``, shape (n,), is what one more need like it would cost, never more than its penalty; 0 for needs met
    by slots. ``volunteers_m``, shape (m,), is what the loss of one place at the volunteer would cost; 0 with room.
    """

    needs_m: Ints
    volunteers_m: Ints


def pair_within_reach(problem: Problem, arcs: Arcs, limits: Limits | None = None) -> tuple[Arcs, Assignment]:
    """Pair at least cost over all able volunteers within reach, beginning with some arcs.

    Where loads are equal, the answer is optimal over everyone within reach, tiers and kept pairs counted in, unless
    fairness weighs or several come together. Elsewhere needs that stay unmet are given all their arcs within reach,
    and all is paired once more.

    Returns
    -------
    tuple
        The arcs with those that were added, ordered as before, and the assignment.

    Notes
    -----
    For every need the arcs given are its nearest, or all it has. With prices y of needs and w of volunteers an
    arc at d metres lowers the cost only if d - y + w < 0; as w >= 0, a need whose y is not above its farthest
    arc has nothing to gain. Source: pricing of columns, as in Ahuja, Magnanti and Orlin, Network Flows, 1993, ch. 9.
    """
    arcs = pairing.with_named_pairs(problem, arcs)
    looked_m = _looked_m(problem, arcs)
    while True:
        paired = pairing.pair(problem, arcs, limits)
        if not _is_priced(problem, paired):
            return _pair_again(problem, arcs, paired, limits)
        prices = find_prices(problem, arcs, paired)
        narrow = np.flatnonzero(prices.needs_m > looked_m)
        missing = candidates.find_all(
            problem, narrow, reaches_m=prices.needs_m[narrow].astype(np.float64), worth=_below(prices)
        )
        if not len(missing.needs):
            return arcs, paired
        arcs = _joined(arcs, _best(problem, prices, missing))


def _is_priced(problem: Problem, paired: Assignment) -> bool:
    """Whether prices prove which arcs are missing: exact flow, one who comes, loads that add nothing."""
    plain = paired.rooms is not None and not problem.params.fairness_m and not len(problem.preset)
    return bool(plain and (problem.needs.helpers == 1).all())


def _pair_again(problem: Problem, arcs: Arcs, paired: Assignment, limits: Limits | None) -> tuple[Arcs, Assignment]:
    """Give unmet needs all their arcs within reach, and pair once more."""
    known = arcs.needs * np.int64(len(problem.volunteers) + 1) + arcs.volunteers
    everyone = candidates.find_all(problem, np.sort(paired.unmet))
    rank = np.arange(len(everyone.needs)) - np.searchsorted(everyone.needs, everyone.needs)
    new = rank < MOST_WIDENED
    new &= ~np.isin(everyone.needs * np.int64(len(problem.volunteers) + 1) + everyone.volunteers, known)
    if not new.any():
        return arcs, paired
    more = Arcs(needs=everyone.needs[new], volunteers=everyone.volunteers[new], distances_m=everyone.distances_m[new])
    wider = _joined(arcs, more)
    again = pairing.pair(problem, wider, limits)
    return wider, again


def find_prices(problem: Problem, arcs: Arcs, paired: Assignment) -> Prices:
    """Return the prices of an optimal pairing: shortest ways to a free place, or to a penalty, in what is left of it.

    Notes
    -----
    y(i) = min(stake(i), min over arcs (i, j) of d(i, j) + w(j)), the stake being its penalty and what its tier adds;
    w(j) = 0 with room, else min over the needs i of j of y(i) without j, less d(i, j).
    Sum of y less sum of places times w equals the cost of the pairing (strong duality).
    """
    is_chosen = np.zeros(len(arcs.needs), dtype=bool)
    is_chosen[paired.arcs] = True
    costs = objective.arc_costs(problem, arcs)
    others = Arcs(needs=arcs.needs[~is_chosen], volunteers=arcs.volunteers[~is_chosen], distances_m=costs[~is_chosen])
    has_others = np.unique(others.needs)
    first = np.searchsorted(others.needs, has_others)
    needs, who, metres = arcs.needs[is_chosen], arcs.volunteers[is_chosen], costs[is_chosen]
    rooms = problem.volunteers.max_needs if paired.rooms is None else paired.rooms
    room = rooms - np.bincount(who, minlength=len(problem.volunteers))
    volunteers_m = np.where(room > 0, 0, NO_PRICE)
    while True:
        needs_m = np.where(problem.needs.served_by == ServedBy.VOLUNTEER, paired.stakes_m, 0)
        if len(has_others):
            ways = np.minimum.reduceat(others.distances_m + volunteers_m[others.volunteers], first)
            needs_m[has_others] = np.minimum(needs_m[has_others], ways)
        before = volunteers_m.copy()
        np.minimum.at(volunteers_m, who, needs_m[needs] - metres)
        if (volunteers_m == before).all():
            break
    needs_m[needs] = metres + volunteers_m[who]
    return Prices(needs_m=needs_m, volunteers_m=volunteers_m)


def _looked_m(problem: Problem, arcs: Arcs) -> Ints:
    """How far each need has looked: to its farthest arc, or past all reach when it has fewer than it may."""
    counts = np.bincount(arcs.needs, minlength=len(problem.needs))
    farthest = np.zeros(len(problem.needs), dtype=np.int64)
    np.maximum.at(farthest, arcs.needs, arcs.distances_m)
    return np.where(counts < problem.params.candidates_per_need, NO_PRICE, farthest)


def _below(prices: Prices) -> candidates.Worth:
    """Whether arcs would lower the cost."""

    def is_below(needs: Ints, volunteers: Ints, metres: Ints) -> Mask:
        return np.asarray(metres - prices.needs_m[needs] + prices.volunteers_m[volunteers] < 0, dtype=bool)

    return is_below


def _best(problem: Problem, prices: Prices, missing: Arcs) -> Arcs:
    """Of the arcs that would lower the cost, those that lower it most: as many a need as it has candidates."""
    gains = missing.distances_m + prices.volunteers_m[missing.volunteers]
    order = np.lexsort((gains, missing.needs))
    needs = missing.needs[order]
    rank = np.arange(len(needs)) - np.searchsorted(needs, needs)
    kept = order[rank < problem.params.candidates_per_need]
    return Arcs(needs=missing.needs[kept], volunteers=missing.volunteers[kept], distances_m=missing.distances_m[kept])


def _joined(arcs: Arcs, more: Arcs) -> Arcs:
    needs = np.concatenate((arcs.needs, more.needs))
    volunteers = np.concatenate((arcs.volunteers, more.volunteers))
    metres = np.concatenate((arcs.distances_m, more.distances_m))
    order = np.lexsort((volunteers, metres, needs))
    return Arcs(needs=needs[order], volunteers=volunteers[order], distances_m=metres[order])

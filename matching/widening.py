"""Candidates beyond the nearest thirty, added until no volunteer within reach could lower the cost.

Thirty candidates a need keep the flow small, but where volunteers are few the nearest thirty are full while others, a
little farther, have room. The prices of an optimal pairing tell which arcs are missing: only one whose metres
are below the price of its need less the price of its volunteer can help. These are added and the flow solved
again; when none is left, the pairing is optimal over everyone within reach. Where few are added, only the needs round
them are paired again, and prices prove whether that was enough.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching import candidates, flow, objective, pairing
from matching.candidates import Arcs
from matching.pairing import Assignment, Limits
from matching.problem import Ints, Mask, Problem, ServedBy

MOST_WIDENED = 200
"""Arcs that an unmet need is given, nearest first, where prices cannot tell which it lacks."""
NO_PRICE = 1 << 60
"""Price of a volunteer who takes nobody at all."""
HOPS = (4, 8)
"""How far from added arcs needs are paired again, first and then: from one to the next that shares a volunteer."""
LARGE = 0.25
"""Share of the needs past which pairing them again takes about as long as pairing all."""


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
    arc at d metres lowers the cost only if d - y + w < 0; a need whose y, less the least w, is not above its
    farthest arc has nothing to gain. Source: pricing of columns, as in Ahuja, Magnanti and Orlin, Network Flows,
    1993, ch. 9.
    """
    arcs = pairing.with_named_pairs(problem, arcs)
    looked_m = _looked_m(problem, arcs)
    paired, prices = pairing.pair(problem, arcs, limits), None
    while True:
        if not _is_priced(problem, paired):
            return _pair_again(problem, arcs, paired, limits)
        prices = prices or find_prices(problem, arcs, paired)
        missing = _missing(problem, prices, looked_m)
        if not len(missing.needs):
            return arcs, paired
        wider, order = _joined(arcs, _best(problem, prices, missing))
        is_new, arcs = order >= len(arcs.needs), wider
        near = _pair_near(problem, arcs, is_new, replace(paired, arcs=_moved(paired.arcs, order)), prices)
        paired, prices = near or (pairing.pair(problem, arcs, limits), None)


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
    wider, _ = _joined(arcs, more)
    return wider, pairing.pair(problem, wider, limits)


def _pair_near(
    problem: Problem, arcs: Arcs, is_new: Mask, paired: Assignment, prices: Prices
) -> tuple[Assignment, Prices] | None:
    """Pair again the needs round new arcs; nothing where no prices prove that the others may stay as they are."""
    if not _is_roomy(problem, arcs, is_new, paired):
        return None
    for hops in HOPS:
        chosen = _chosen_near(problem, arcs, is_new, paired, prices, hops)
        if chosen is None:
            break
        is_met = problem.needs.served_by != ServedBy.VOLUNTEER
        is_met[arcs.needs[chosen]] = True
        unmet = np.flatnonzero(~is_met)
        cost = pairing.cost_of(problem, arcs, chosen, unmet)
        solved = replace(paired, arcs=chosen, unmet=unmet, objective=cost, bound=cost)
        proof = _prices(problem, arcs, solved)
        if proof is not None:
            return solved, proof
    return None


def _is_roomy(problem: Problem, arcs: Arcs, is_new: Mask, paired: Assignment) -> bool:
    """Whether new arcs change neither how many needs a volunteer can take nor what leaving a need unmet weighs."""
    who, served = problem.volunteers, problem.needs.served_by == ServedBy.VOLUNTEER
    more = Arcs(needs=arcs.needs[is_new], volunteers=arcs.volunteers[is_new], distances_m=arcs.distances_m[is_new])
    minutes, most = objective.arc_minutes(problem, more), who.max_needs[more.volunteers]
    fits = who.weekly_caps_min[more.volunteers] // np.maximum(minutes, 1) >= most
    same = paired.rooms is not None and (paired.rooms[more.volunteers] == most).all()
    return bool(same and fits.all() and (paired.stakes_m == problem.needs.penalties)[served].all())


def _chosen_near(
    problem: Problem, arcs: Arcs, is_new: Mask, paired: Assignment, prices: Prices, hops: int
) -> Ints | None:
    """Choose arcs anew for the needs so many hops round new arcs; nothing where these are a large part of all.

    An improvement moves needs along arcs that cost, over prices, less than a new arc gains; only these are followed.
    """
    costs = objective.arc_costs(problem, arcs)
    over_m = costs + prices.volunteers_m[arcs.volunteers] - prices.needs_m[arcs.needs]
    tight = np.flatnonzero(over_m <= -over_m[is_new].min())
    needs, who = arcs.needs[tight], arcs.volunteers[tight]
    is_loose = np.zeros(len(problem.needs), dtype=bool)
    is_loose[arcs.needs[is_new]] = True
    is_reached = np.zeros(len(problem.volunteers), dtype=bool)
    for _ in range(hops):
        is_reached[who[is_loose[needs]]] = True
        is_loose[needs[is_reached[who]]] = True
    loose, kept = np.flatnonzero(is_loose), tight[is_loose[needs]]
    if len(loose) > LARGE * len(problem.needs):
        return None
    staying = paired.arcs[~is_loose[arcs.needs[paired.arcs]]]
    taken = np.bincount(arcs.volunteers[staying], minlength=len(problem.volunteers))
    solved = flow.cheapest(
        flow.Transport(
            lefts=np.searchsorted(loose, arcs.needs[kept]),
            rights=arcs.volunteers[kept],
            costs=costs[kept],
            demands=np.ones(len(loose), dtype=np.int64),
            penalties=paired.stakes_m[loose],
            rooms=problem.volunteers.max_needs - taken,
            steps=np.empty((0, 0), dtype=np.int64),
        )
    )
    return np.sort(np.concatenate((staying, kept[np.flatnonzero(solved.units)])))


def find_prices(problem: Problem, arcs: Arcs, paired: Assignment) -> Prices:
    """Return the prices of an optimal pairing: shortest ways to a free place, or to a penalty, in what is left of it.

    Raises
    ------
    ValueError
        When the pairing is not optimal: nothing has a price then.

    Notes
    -----
    y(i) = min(stake(i), min over arcs (i, j) of d(i, j) + w(j)), the stake being its penalty and what its tier adds;
    w(j) = 0 with room, else min over the needs i of j of y(i) without j, less d(i, j).
    Sum of y less sum of places times w equals the cost of the pairing (strong duality).
    """
    prices = _prices(problem, arcs, paired)
    if prices is None:
        message = "The pairing is not optimal: some needs could change volunteers at less cost, so nothing has a price."
        raise ValueError(message)
    return prices


def _prices(problem: Problem, arcs: Arcs, paired: Assignment) -> Prices | None:
    """Find prices, or nothing when one falls below 0: round a change that lowers the cost they would fall for ever."""
    costs = objective.arc_costs(problem, arcs)
    needs, who, metres = arcs.needs[paired.arcs], arcs.volunteers[paired.arcs], costs[paired.arcs]
    others = costs.copy()
    others[paired.arcs] = NO_PRICE
    first = np.flatnonzero(np.diff(arcs.needs, prepend=-1))
    rooms = problem.volunteers.max_needs if paired.rooms is None else paired.rooms
    room = rooms - np.bincount(who, minlength=len(problem.volunteers))
    volunteers_m = np.where(room > 0, 0, NO_PRICE)
    while True:
        needs_m = np.where(problem.needs.served_by == ServedBy.VOLUNTEER, paired.stakes_m, 0)
        if len(first):
            ways = np.minimum.reduceat(others + volunteers_m[arcs.volunteers], first)
            needs_m[arcs.needs[first]] = np.minimum(needs_m[arcs.needs[first]], ways)
        before = volunteers_m.copy()
        np.minimum.at(volunteers_m, who, needs_m[needs] - metres)
        if (volunteers_m < 0).any():
            return None
        if (volunteers_m == before).all():
            break
    needs_m[needs] = metres + volunteers_m[who]
    return Prices(needs_m=needs_m, volunteers_m=volunteers_m)


def _missing(problem: Problem, prices: Prices, looked_m: Ints) -> Arcs:
    """Arcs that would lower the cost, among those farther than each need has looked."""
    reaches_m = prices.needs_m - prices.volunteers_m.min(initial=NO_PRICE)
    narrow = np.flatnonzero(reaches_m > looked_m)
    reaches = reaches_m[narrow].astype(np.float64)
    return candidates.find_all(problem, narrow, reaches_m=reaches, worth=_below(prices))


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


def _joined(arcs: Arcs, more: Arcs) -> tuple[Arcs, Ints]:
    """All arcs in order, and where each comes from: its position in ``arcs``, or after them in ``more``."""
    needs = np.concatenate((arcs.needs, more.needs))
    volunteers = np.concatenate((arcs.volunteers, more.volunteers))
    metres = np.concatenate((arcs.distances_m, more.distances_m))
    order = np.argsort(needs, kind="stable")
    is_longer = np.zeros(int(needs.max(initial=0)) + 1, dtype=bool)
    is_longer[more.needs] = True
    rows = np.flatnonzero(is_longer[needs[order]])  # only these are not in order yet
    mixed = order[rows]
    order[rows] = mixed[np.lexsort((volunteers[mixed], metres[mixed], needs[mixed]))]
    return Arcs(needs=needs[order], volunteers=volunteers[order], distances_m=metres[order]), order


def _moved(positions: Ints, order: Ints) -> Ints:
    """Where positions are after arcs were joined."""
    is_there = np.zeros(len(order), dtype=bool)
    is_there[positions] = True
    return np.flatnonzero(is_there[order])

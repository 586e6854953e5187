"""A bound for a whole city from what its areas know: what each left is worth, put together and judged on the whole.

Any multipliers give a sound bound (:mod:`matching.bound`), and so do any prices of the rights where loads are equal. It
holds over everyone within reach, not only over the candidates that were looked at, as long as nothing is worth more
than the cheapest volunteer who was left out: such an arc then never pays.
"""

from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from matching import candidates, flow, tiers
from matching.bound import MOST_PARTS, parts_of, raise_bound
from matching.network import MOST, UNPAIRED, Ints, Network, cost
from matching.pairing import Roster
from matching.problem import Problem

NO_PRICE = 1 << 60
"""Price of a right that takes nobody at all."""
LOWERED = 60
"""How often prices are lowered beyond the borders of areas."""
FEW = 0.01
"""Share of unpaired lefts up to which whole bundles bound better than prices do, which know no end of scarcity."""


def flow_multipliers(network: Network, chosen: Ints) -> Ints:
    """Return what each left is worth in an optimal flow, in parts of a metre.

    They are the prices of :func:`matching.widening.find_prices`, on a bare network. Where they fall below 0, the
    answer was not the optimum, and where load costs weigh, they leave these out: the bound is then lower, and holds.
    """
    stakes = tiers.chain_prices(network)
    rooms = flow.rooms(network)
    most = network.max_lefts if rooms is None else rooms
    lefts = np.flatnonzero(chosen != UNPAIRED)
    arcs = chosen[lefts]
    room = most - np.bincount(network.rights[arcs], minlength=network.right_count)
    rights_m = np.where(room > 0, 0, NO_PRICE)
    order = np.argsort(network.lefts, kind="stable")
    costs, rights = network.costs[order], network.rights[order]
    is_chosen = np.zeros(len(order), dtype=bool)
    is_chosen[arcs] = True
    costs[is_chosen[order]] = NO_PRICE
    first = np.flatnonzero(np.diff(network.lefts[order], prepend=UNPAIRED))
    whose = network.lefts[order[first]]
    while True:
        lefts_m = stakes.copy()
        if len(first):
            lefts_m[whose] = np.minimum(lefts_m[whose], np.minimum.reduceat(costs + rights_m[rights], first))
        before = rights_m.copy()
        np.minimum.at(rights_m, network.rights[arcs], lefts_m[lefts] - network.costs[arcs])
        np.maximum(rights_m, 0, out=rights_m)
        if (rights_m == before).all():
            break
    lefts_m[lefts] = network.costs[arcs] + rights_m[network.rights[arcs]]
    return np.minimum(lefts_m, network.penalties) * MOST_PARTS


def bound_within_reach(
    problem: Problem, roster: Roster, multipliers: Ints, chosen: Ints, *, steps: int, executor: Executor
) -> int:
    """Return metres that no answer costs less than, over every able volunteer within reach.

    Parameters
    ----------
    multipliers
        Of each left, in parts of a metre.
    chosen
        The known answer, position of the arc of each left: what the bound rises towards.
    steps
        How often the bound is counted where loads are unlike; past the first the multipliers are raised.
    """
    rest, places = roster.network.free()
    known = np.full(len(roster.network.lefts) + 1, UNPAIRED)
    known[places] = np.arange(len(places))
    rest_cost = cost(rest, known[chosen])
    left = replace(roster, network=rest)
    values = []
    if flow.rooms(rest) is not None:
        value, multipliers = _flow_bound(problem, left, known[chosen], multipliers)
        values, steps = [value], 1
    if not values or (chosen == UNPAIRED).sum() < FEW * len(chosen):
        values.append(_bundle_bound(problem, left, rest_cost, multipliers, steps, executor))
    return max(values) + cost(roster.network, chosen) - rest_cost


def _flow_bound(problem: Problem, roster: Roster, chosen: Ints, multipliers: Ints) -> tuple[int, Ints]:
    """Count the dual of the flow; and what each left is worth then, in parts of a metre.

    Each left takes its cheapest way over the prices of all rights within reach. A right that has room is priced 0; a
    full one, at the least that one of its lefts is worth more than its way. With w those prices and k the room of
    each right, no answer costs less than the sum over lefts of min(penalty, c + w over its arcs), less the sum over
    rights of k w, from which load costs take their part.
    """
    network = roster.network
    lightest = max(1, int(network.weights_min.min(initial=MOST)))
    rooms = np.minimum(network.max_lefts, network.capacities_min // lightest)  # over arcs that are not listed, too
    lefts = np.flatnonzero(chosen != UNPAIRED)
    rights = network.rights[chosen[lefts]]
    least = np.full(network.right_count, NO_PRICE)
    np.minimum.at(least, rights, -(-multipliers[lefts] // MOST_PARTS) - network.costs[chosen[lefts]])
    full = np.bincount(rights, minlength=network.right_count) >= rooms
    prices = _lowered(network, chosen, rooms, np.where(full & (least < NO_PRICE), np.maximum(least, 0), 0))
    worth = network.penalties.copy()
    np.minimum.at(worth, network.lefts, network.costs + prices[network.rights])
    fair = worth * MOST_PARTS
    worth = np.minimum(worth, _caps(problem, roster, worth, prices))
    taken = rooms * prices
    if network.load_costs.size:
        last = network.load_costs.shape[1]
        gains = np.maximum(prices[:, None] - network.load_costs, 0)
        counts = np.minimum(1, np.maximum(0, rooms[:, None] - np.arange(last)))
        counts[:, -1] = np.maximum(0, rooms - last + 1)
        taken = (gains * counts).sum(axis=1)
    return int(worth.sum()) - int(taken.sum()), fair


def _lowered(network: Network, chosen: Ints, rooms: Ints, prices: Ints) -> Ints:
    """Lower prices that a left could escape by going elsewhere, as long as that raises the bound; the best of all.

    Areas knew only their own: beyond a border there may be a cheaper way, which makes a place worth less, and the
    places of who would go there in turn.
    """
    lefts = np.flatnonzero(chosen != UNPAIRED)
    arcs = chosen[lefts]
    order = np.argsort(network.lefts, kind="stable")
    costs, rights = network.costs[order], network.rights[order]
    is_chosen = np.zeros(len(order), dtype=bool)
    is_chosen[arcs] = True
    is_chosen = is_chosen[order]
    first = np.flatnonzero(np.diff(network.lefts[order], prepend=UNPAIRED))
    whose = network.lefts[order[first]]
    best, kept, now = -NO_PRICE, prices, prices.copy()
    for _ in range(LOWERED):
        ways = costs + now[rights]
        elsewhere = network.penalties.copy()
        if len(first):
            other = np.minimum.reduceat(np.where(is_chosen, NO_PRICE, ways), first)
            elsewhere[whose] = np.minimum(elsewhere[whose], other)
        worth = elsewhere.copy()
        worth[lefts] = np.minimum(worth[lefts], network.costs[arcs] + now[network.rights[arcs]])
        value = int(worth.sum()) - int((rooms * now).sum())
        if value > best:
            best, kept = value, now.copy()
        before = now.copy()
        np.minimum.at(now, network.rights[arcs], elsewhere[lefts] - network.costs[arcs])
        np.maximum(now, 0, out=now)
        if (now == before).all():
            break
    return kept


def _bundle_bound(
    problem: Problem, roster: Roster, target: int, multipliers: Ints, steps: int, executor: Executor
) -> int:
    """Raise the bound of the whole network from multipliers that no volunteer who was left out can undercut."""
    network = roster.network
    alone = np.bincount(network.lefts, minlength=network.left_count) == 0
    multipliers = np.where(alone, network.penalties * MOST_PARTS, multipliers)  # nobody can come: it costs its penalty
    nothing = np.zeros(network.right_count, dtype=np.int64)
    caps = np.minimum(network.penalties, _caps(problem, roster, -(-multipliers // MOST_PARTS), nothing))
    parts = parts_of(network, caps)
    bound = raise_bound(
        network,
        caps,
        target=target,
        iterations=steps,
        executor=executor,
        multipliers=multipliers * parts // MOST_PARTS,
    )
    return bound.value


def _caps(problem: Problem, roster: Roster, worth_m: Ints, prices_m: Ints) -> Ints:
    """Metres, with the price of the volunteer, of the cheapest who can come and has no arc; for each left.

    Where a left is worth no more than its farthest arc, that arc will do: who was left out is no nearer.
    """
    network = roster.network
    farthest = np.zeros(network.left_count, dtype=np.int64)
    np.maximum.at(farthest, network.lefts, network.costs)
    named = np.isin(problem.needs.ids, np.concatenate((problem.standing[:, 0], problem.preset[:, 0])))
    farthest[named[roster.needs]] = 0  # a named pair may be farther than what was looked at
    is_narrow = worth_m - prices_m.min(initial=NO_PRICE) > farthest
    narrow, where = np.unique(roster.needs[is_narrow], return_inverse=True)
    most = np.zeros(len(problem.needs), dtype=np.int64)
    np.maximum.at(most, roster.needs, worth_m)
    caps = np.maximum(farthest, worth_m)
    caps[is_narrow] = _cheapest_left_out(problem, roster, narrow, most, prices_m)[where]
    return caps


def _cheapest_left_out(problem: Problem, roster: Roster, needs: Ints, worth_m: Ints, prices_m: Ints) -> Ints:
    """Metres and price of the cheapest able volunteer without an arc, for each of some needs (positions)."""
    within = candidates.find_all(
        problem,
        needs,
        reaches_m=worth_m[needs].astype(np.float64),
        worth=lambda rows, who, metres: metres + prices_m[who] < worth_m[rows],
    )
    span = np.int64(len(problem.volunteers) + 1)
    is_mine = np.isin(roster.needs[roster.network.lefts], needs)
    known = roster.needs[roster.network.lefts[is_mine]] * span + roster.network.rights[is_mine]
    out = ~np.isin(within.needs * span + within.volunteers, known)
    cheapest = np.full(len(needs), NO_PRICE)
    metres = within.distances_m[out] + prices_m[within.volunteers[out]]
    np.minimum.at(cheapest, np.searchsorted(needs, within.needs[out]), metres)
    return cheapest

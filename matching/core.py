"""The arcs that matter, whole, by CP-SAT: for rights that take so many lefts that bundles cannot be listed.

Arcs matter when their reduced cost at the price of minutes is among the least of their left, or when the known answer
uses them. The solver starts from that answer, with one worker and a limit in its own deterministic units.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from matching.network import UNPAIRED, Ints, Network
from matching.partition import Solved, value


def improve(
    network: Network,
    prices: Ints,
    chosen: Ints,
    minute_prices: NDArray[np.float64],
    *,
    width: int,
    work: float,
    seed: int,
    halts: Callable[[Callable[[], Any]], None],
) -> Solved:
    """Look for a better answer among the ``width`` most promising arcs of each left."""
    arcs = promising(network, minute_prices, chosen, width)
    model = cp_model.CpModel()
    takes = [model.new_bool_var("") for _ in range(len(arcs))]
    stays = [model.new_bool_var("") for _ in range(network.left_count)]
    by_left: list[list[cp_model.IntVar]] = [[stay] for stay in stays]
    by_right: list[list[int]] = [[] for _ in range(network.right_count)]
    for place, (left, right) in enumerate(
        zip(network.lefts[arcs].tolist(), network.rights[arcs].tolist(), strict=True)
    ):
        by_left[left].append(takes[place])
        by_right[right].append(place)
        model.add_hint(takes[place], bool(chosen[left] == arcs[place]))
    for left, group in enumerate(by_left):
        model.add_exactly_one(group)
        model.add_hint(stays[left], bool(chosen[left] == UNPAIRED))
    weights = network.weights_min[arcs].tolist()
    terms, factors = [*takes, *stays], [*network.costs[arcs].tolist(), *prices.tolist()]
    for right, places in enumerate(by_right):
        group = [takes[place] for place in places]
        model.add(
            cp_model.LinearExpr.weighted_sum(group, [weights[place] for place in places])
            <= int(network.capacities_min[right])
        )
        if network.max_lefts[right] < len(places):
            model.add(cp_model.LinearExpr.sum(group) <= int(network.max_lefts[right]))
        if network.load_costs.size and group:
            loads, steps = _loads(model, network.load_costs[right].tolist(), group)
            terms += loads
            factors += steps
    model.minimize(cp_model.LinearExpr.weighted_sum(terms, factors))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.linearization_level = 2
    halts(solver.stop_search)
    status = solver.solve(model)
    proposal = chosen
    if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        taken = arcs[[solver.boolean_value(take) for take in takes]]
        proposal = np.full(network.left_count, UNPAIRED, dtype=np.int64)
        proposal[network.lefts[taken]] = taken
        if value(network, prices, proposal) >= value(network, prices, chosen):
            proposal = chosen
    is_proven = status == cp_model.OPTIMAL and len(arcs) == len(network.lefts)
    return Solved(chosen=proposal, is_proven=is_proven, work=solver.response_proto.deterministic_time)


def promising(network: Network, minute_prices: NDArray[np.float64], chosen: Ints, width: int) -> Ints:
    """Positions of the most promising arcs of each left and of those that the answer uses, in order."""
    promise = network.costs + minute_prices[network.rights] * network.weights_min
    order = np.lexsort((promise, network.lefts))
    starts = np.searchsorted(network.lefts[order], np.arange(network.left_count))
    place = np.arange(len(order)) - starts[network.lefts[order]]
    return np.union1d(order[place < width], chosen[chosen != UNPAIRED])


def _loads(
    model: cp_model.CpModel, steps: list[int], group: list[cp_model.IntVar]
) -> tuple[list[cp_model.IntVar], list[int]]:
    """Count the lefts of a right on steps that never fall in cost, so that the cheapest are used first."""
    count = len(group)
    columns = (
        [model.new_bool_var("") for _ in steps[: count - 1]]
        if count < len(steps)
        else [model.new_bool_var("") for _ in steps[:-1]]
    )
    last = model.new_int_var(0, count, "")
    model.add(cp_model.LinearExpr.sum(group) == cp_model.LinearExpr.sum([*columns, last]))
    return [*columns, last], [*steps[: len(columns)], steps[len(columns)]]

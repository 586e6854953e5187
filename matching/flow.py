"""Equal loads: the exact answer by min-cost flow.

Loads are equal for a right when its minutes only ever count lefts: whichever of its lefts it takes, the same number
fits. Then the assignment is a flow with integral optimum, and the solver's answer is the proven one. Load costs
are convex, so they are parallel arcs from a right to the sink, taken cheapest first.
"""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from matching import tiers
from matching.network import UNPAIRED, Ints, Network

METHOD = "min-cost flow"
MOST_SCALED = 1 << 62
"""The solver multiplies every cost by the number of nodes and keeps it in 64 bits."""


class FlowFailed(Exception):
    """The solver answered other than OPTIMAL on a model that is feasible by construction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A bipartite flow of units: arcs with unit costs, demands on the left, rooms on the right.

    ``steps`` is the cost of the first, second, ... unit of a right, shape (rights, steps) or empty; never falling.
    """

    lefts: Ints
    rights: Ints
    costs: Ints
    demands: Ints
    penalties: Ints  # of each unit of a left that is not met
    rooms: Ints
    steps: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Units along each arc, units of each left that are not met, and the optimal cost."""

    units: Ints
    unmet: Ints
    cost: int


def rooms(network: Network) -> Ints | None:
    """How many lefts each right takes, or None when that depends on which lefts they are.

    It does not depend when as many of the heaviest arcs fit as of the lightest.
    """
    most = np.minimum(network.max_lefts, np.bincount(network.rights, minlength=network.right_count))
    heaviest = np.zeros(network.right_count, dtype=np.int64)
    np.maximum.at(heaviest, network.rights, network.weights_min)
    if (heaviest <= network.capacities_min // np.maximum(most, 1)).all():
        return np.asarray(most, dtype=np.int64)
    fewest = _fitting(network, np.lexsort((-network.weights_min, network.rights)))
    largest = _fitting(network, np.lexsort((network.weights_min, network.rights)))
    counts = np.minimum(fewest, most)
    return counts if (counts == np.minimum(largest, most)).all() else None


def _fitting(network: Network, order: Ints) -> Ints:
    """How many arcs of each right fit when taken in the given order (arcs of a right stand together)."""
    rights, weights = network.rights[order], network.weights_min[order]
    sums = np.cumsum(weights)
    starts = np.searchsorted(rights, np.arange(network.right_count))
    before = np.concatenate(([0], sums))[starts]
    fits = sums - before[rights] <= network.capacities_min[rights]
    return np.bincount(rights[fits], minlength=network.right_count).astype(np.int64)


def solve(network: Network, room_counts: Ints) -> Ints:
    """Choose the arcs of the optimum; position of the arc of each left, -1 for unpaired.

    Raises
    ------
    FlowFailed
        When the solver does not prove its answer; it is feasible by construction, so this is a fault.
    ValueError
        When tiers and costs are too large for the solver's 64 bits.
    """
    flow = cheapest(
        Transport(
            lefts=network.lefts,
            rights=network.rights,
            costs=network.costs,
            demands=np.ones(network.left_count, dtype=np.int64),
            penalties=tiers.chain_prices(network),
            rooms=room_counts,
            steps=network.load_costs,
        )
    )
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    taken = np.flatnonzero(flow.units)
    chosen[network.lefts[taken]] = taken
    return chosen


def fewest_unpaired(network: Network, room_counts: Ints, chosen: Ints) -> int:
    """How many lefts stay unpaired at least, whatever it costs: those of a largest flow."""
    unpaired = int((chosen == UNPAIRED).sum())
    without_arcs = int((np.bincount(network.lefts, minlength=network.left_count) == 0).sum())
    if unpaired == without_arcs:
        return unpaired
    ones = np.ones(network.left_count, dtype=np.int64)
    flow = cheapest(
        Transport(
            lefts=network.lefts,
            rights=network.rights,
            costs=np.zeros(len(network.lefts), dtype=np.int64),
            demands=ones,
            penalties=ones,
            rooms=room_counts,
            steps=np.empty((0, 0), dtype=np.int64),
        )
    )
    return flow.cost


def cheapest(transport: Transport) -> Flow:
    """Solve a flow of units to proven optimality; see :func:`solve` for what it raises."""
    if not len(transport.demands):
        nothing = np.empty(0, dtype=np.int64)
        return Flow(units=nothing, unmet=nothing, cost=0)
    flow, shift = load(transport)
    status = flow.solve()
    if status != flow.OPTIMAL:
        message = f"The flow ended as {status}, not OPTIMAL, on a model that is always feasible."
        raise FlowFailed(message)
    arcs = len(transport.lefts)
    units = flow.flows(np.arange(arcs + len(transport.demands), dtype=np.int64))
    return Flow(units=units[:arcs], unmet=units[arcs:], cost=int(flow.optimal_cost()) + shift)


def load(transport: Transport) -> tuple[min_cost_flow.SimpleMinCostFlow, int]:
    """Load a flow into the solver: arcs, then unmet demand, then rooms; and what to add to the solver's cost.

    The solver is given costs of 0 and more: each left's least cost is taken off all its ways, and so is each step's.
    """
    lefts, rights = len(transport.penalties), len(transport.rooms)
    sink = lefts + rights
    least = transport.penalties.copy()
    np.minimum.at(least, transport.lefts, transport.costs)
    least = np.minimum(least, 0)
    steps = transport.steps if transport.steps.size else np.zeros((rights, 1), dtype=np.int64)
    step = min(0, int(steps.min(initial=0)))
    costs = transport.costs - least[transport.lefts]
    # A unit that is not met passes no step: what is taken off the steps is taken off its own way.
    unmet = transport.penalties - least - step
    if max(costs.max(initial=0), unmet.max(initial=0)) > MOST_SCALED // (sink + 2):
        message = "Penalties and tiers are too large for a flow of this size; join tiers or use a coarser unit."
        raise ValueError(message)
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        transport.lefts, lefts + transport.rights, transport.demands[transport.lefts], costs
    )
    nodes = np.arange(lefts, dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(nodes, np.full(lefts, sink), transport.demands, unmet)
    columns = steps.shape[1]
    widths = np.ones((rights, columns), dtype=np.int64)
    widths[:, -1] = np.iinfo(np.int32).max  # the last step repeats
    before = np.arange(columns)
    widths = np.clip(transport.rooms[:, None] - before, 0, widths)
    right, column = np.nonzero(widths)
    flow.add_arcs_with_capacity_and_unit_cost(
        lefts + right, np.full(len(right), sink), widths[right, column], steps[right, column] - step
    )
    flow.set_nodes_supplies(nodes, transport.demands)
    flow.set_node_supply(sink, -int(transport.demands.sum()))
    return flow, int(((least + step) * transport.demands).sum())

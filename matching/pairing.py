"""Needs to volunteers at proven least cost: an exact min-cost flow for equal loads.

Rule `capacity`: a volunteer takes at most ``max_needs`` needs. Each need also has an arc to the sink at its
penalty, so the model is feasible by construction (without one, the solver may not end).
"""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from matching.candidates import Arcs
from matching.problem import Ints, Problem, ServedBy

RULES = ("capacity",)
METHOD = "min-cost flow"


class FlowFailed(Exception):
    """The solver answered other than OPTIMAL on a model that is feasible by construction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Chosen arcs (positions), and the cost that no other choice is below, in metres."""

    arcs: Ints
    unmet: Ints
    objective: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A bipartite flow: arcs from left to right nodes, room on the right, a penalty for each left node."""

    lefts: Ints
    rights: Ints
    costs: Ints
    rooms: Ints
    penalties: Ints


def pair(problem: Problem, arcs: Arcs) -> Assignment:
    """Choose at most one volunteer for each need at least total metres and penalties.

    Ties are broken by the problem's seed; the same problem gives the same answer.
    """
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    left_by_need = np.full(len(problem.needs), -1, dtype=np.int64)
    left_by_need[served] = np.random.default_rng(problem.params.seed).permutation(len(served))
    penalties = np.empty(len(served), dtype=np.int64)
    penalties[left_by_need[served]] = problem.needs.penalties[served]
    solved = cheapest(
        Network(
            lefts=left_by_need[arcs.needs],
            rights=arcs.volunteers,
            costs=arcs.distances_m,
            rooms=problem.volunteers.max_needs,
            penalties=penalties,
        )
    )
    unmet = served[np.isin(left_by_need[served], solved.unmet)]
    return Assignment(arcs=solved.arcs, unmet=unmet, objective=solved.objective)


def build(network: Network) -> min_cost_flow.SimpleMinCostFlow:
    """Load a network into the solver; arcs first, then penalties, then rooms."""
    lefts, rights = len(network.penalties), len(network.rooms)
    sink = lefts + rights
    flow = min_cost_flow.SimpleMinCostFlow()
    ones = np.ones(len(network.lefts), dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(network.lefts, lefts + network.rights, ones, network.costs)
    nodes = np.arange(lefts, dtype=np.int64)
    to_sink = np.full(lefts, sink, dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(nodes, to_sink, np.ones(lefts, dtype=np.int64), network.penalties)
    nodes = np.arange(lefts, sink, dtype=np.int64)
    nothing = np.zeros(rights, dtype=np.int64)
    rooms = np.minimum(network.rooms, lefts)  # more room than needs changes nothing, and could overflow
    flow.add_arcs_with_capacity_and_unit_cost(nodes, np.full(rights, sink, dtype=np.int64), rooms, nothing)
    flow.set_nodes_supplies(np.arange(lefts, dtype=np.int64), np.ones(lefts, dtype=np.int64))
    flow.set_node_supply(sink, -lefts)
    return flow


def cheapest(network: Network) -> Assignment:
    """Solve a network; positions of the chosen arcs and of the left nodes that pay their penalty.

    Raises
    ------
    FlowFailed
        When the solver does not prove its answer; it is feasible by construction, so this is a fault.
    """
    if not len(network.penalties):
        return Assignment(arcs=np.empty(0, np.int64), unmet=np.empty(0, np.int64), objective=0)
    flow = build(network)
    status = flow.solve()
    if status != flow.OPTIMAL:
        message = f"The flow ended as {status}, not OPTIMAL, on a model that is always feasible."
        raise FlowFailed(message)
    count = len(network.lefts)
    flows = flow.flows(np.arange(count + len(network.penalties), dtype=np.int64))
    chosen, unmet = np.flatnonzero(flows[:count]), np.flatnonzero(flows[count:])
    return Assignment(arcs=chosen, unmet=unmet, objective=int(flow.optimal_cost()))

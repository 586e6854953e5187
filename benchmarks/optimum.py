"""The optimum of a pairing from two solvers that are asked directly, without the engine's own model."""

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from matching.candidates import Arcs
from matching.problem import Problem


def bare_flow(problem: Problem, arcs: Arcs) -> min_cost_flow.SimpleMinCostFlow:
    """Load the arcs of a problem into a bare solver: needs, then volunteers, then the sink."""
    needs, people = problem.needs, problem.volunteers
    n, m = len(needs), len(people)
    tails = np.concatenate((arcs.needs, np.arange(n), np.arange(n, n + m)))
    heads = np.concatenate((n + arcs.volunteers, np.full(n + m, n + m)))
    rooms = np.concatenate((np.ones(len(arcs.needs) + n, np.int64), people.max_needs))
    costs = np.concatenate((arcs.distances_m, needs.penalties, np.zeros(m, np.int64)))
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tails, heads, rooms, costs)
    flow.set_nodes_supplies(np.arange(n), np.ones(n, np.int64))
    flow.set_node_supply(n + m, -n)
    return flow


def lp_optimum(problem: Problem, arcs: Arcs) -> float:
    """Return the cost of the same pairing as a linear program, solved by HiGHS.

    The matrix is that of a bipartite graph, totally unimodular: the optimum of the LP is that of whole pairs.

    Raises
    ------
    RuntimeError
        When HiGHS does not end with an optimum.
    """
    needs, people, count = problem.needs, problem.volunteers, len(arcs.needs)
    ones, columns = np.ones(count), np.arange(count)
    each = coo_array((ones, (arcs.needs, columns)), shape=(len(needs), count))
    room = coo_array((ones, (arcs.volunteers, columns)), shape=(len(people), count))
    worth = arcs.distances_m - needs.penalties[arcs.needs]
    limits = np.concatenate((np.ones(len(needs)), people.max_needs))
    solved = linprog(worth, A_ub=vstack((each, room)).tocsr(), b_ub=limits, bounds=(0, 1), method="highs")
    if not solved.success:
        message = f"HiGHS ended without an optimum: {solved.message}"
        raise RuntimeError(message)
    return float(solved.fun + needs.penalties.sum())

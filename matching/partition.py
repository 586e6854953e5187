"""The best answer of a part, put together from bundles: one bundle a right, each left in one of them.

The part is solved as a set partitioning over the bundles that could be in a better answer, by CP-SAT with one worker
and a limit in its own deterministic units, so that the answer does not depend on the machine. Whatever the solver
says is only a proposal: the caller counts it again and keeps what is better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from matching import bundles, knapsack
from matching.bound import rights_of
from matching.network import UNPAIRED, Ints, Network

MOST_BUNDLES = 40
"""Bundles a right, on average, that a model may have."""
ASCENT = 400
TRIES = 16
ENOUGH = 0.8
"""Of the limit: a range that gives so many bundles is wide enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Arc of each left of the part (-1 for unpaired), and what the solver spent."""

    chosen: Ints
    is_proven: bool
    work: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """Bundles of all rights: where the arcs of each start, their arcs, its cost in metres, its right."""

    starts: Ints
    arcs: Ints
    costs: Ints
    rights: Ints
    is_unpaired: NDArray[np.bool_]  # of each left, in the known answer
    is_complete: bool  # no bundle of a better answer is missing


def improve(
    network: Network,
    prices: Ints,
    chosen: Ints,
    multipliers: Ints,
    parts: int,
    *,
    work: float,
    seed: int,
    halts: Callable[[Callable[[], Any]], None],
) -> Solved:
    """Look for a better answer of a small network than the one that is known.

    Parameters
    ----------
    prices
        Of staying unpaired, of each left.
    multipliers
        Where the bound of the part begins, in ``parts`` of a metre.
    work
        CP-SAT's deterministic units; about a second each.
    halts
        Is told how the solver is made to end at once.
    """
    rights, order = rights_of(network, parts)
    known = value(network, prices, chosen)
    # An unpaired left that cannot be helped would lift its multiplier up to its whole price, and take all steps for it.
    limits = np.minimum(prices * parts, 2 * int(multipliers.max(initial=0)) + parts)
    bound, kept = knapsack.ascend(rights, limits, np.minimum(multipliers, limits), known * parts, ASCENT, parts - 1)
    if known * parts - bound < parts:
        return Solved(chosen=chosen, is_proven=True, work=0.0)
    listed = _list(network, rights, kept, known * parts - bound, order, chosen, parts)
    proposal, is_proven, spent = _solve(network, prices, listed, work=work, seed=seed, halts=halts)
    if value(network, prices, proposal) < known:
        chosen = proposal
    return Solved(chosen=chosen, is_proven=is_proven and listed.is_complete, work=spent)


def value(network: Network, prices: Ints, chosen: Ints) -> int:
    """Cost of an answer at prices, with load costs."""
    paired = chosen[chosen != UNPAIRED]
    value = int(network.costs[paired].sum()) + int(prices[chosen == UNPAIRED].sum())
    if network.load_costs.size:
        counts = np.bincount(network.rights[paired], minlength=network.right_count)
        sums = np.cumsum(network.load_costs, axis=1)
        last = np.minimum(counts, sums.shape[1]) - 1
        value += int(np.where(counts > 0, np.take_along_axis(sums, last[:, None], axis=1)[:, 0], 0).sum())
        over = np.maximum(0, counts - sums.shape[1])
        value += int((over * network.load_costs[:, -1]).sum())
    return value


def _list(
    network: Network, rights: knapsack.Rights, multipliers: Ints, gap: int, order: Ints, chosen: Ints, parts: int
) -> _Listed:
    """List the bundles of the known answer and those near the best, as wide a range as the limits allow."""
    count = network.right_count
    counts, best = np.zeros(network.left_count, dtype=np.int32), np.zeros(count, dtype=np.int64)
    knapsack.best_bundles(0, count, rights, multipliers, counts, best, np.zeros(0), 0.0)
    held = _widest(rights, multipliers, best, gap, count * MOST_BUNDLES)
    known_starts, known_arcs, known_costs = _known(network, chosen)
    return _Listed(
        starts=np.concatenate((known_starts[:-1], known_starts[-1] + held.starts)),
        arcs=np.concatenate((known_arcs, order[held.arcs])),
        costs=np.concatenate((known_costs, held.costs // parts)),
        rights=np.concatenate((np.arange(count), held.owners)),
        is_unpaired=chosen == UNPAIRED,
        is_complete=held.extra == gap,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Bundles within ``extra`` of the best of their rights."""

    starts: Ints
    arcs: Ints
    costs: Ints
    owners: Ints
    extra: int


def _widest(rights: knapsack.Rights, multipliers: Ints, best: Ints, gap: int, most: int) -> _Held:
    """List the bundles within the widest range, up to the gap, that gives no more than the limit."""
    starts, costs = np.zeros(most + 1, dtype=np.int64), np.zeros(most, dtype=np.int64)
    arcs = np.zeros(12 * most, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    found = _Held(starts=np.zeros(1, dtype=np.int64), arcs=none, costs=none, owners=none, extra=-1)
    extra, high = gap, gap
    for _ in range(TRIES):
        held, ends = 0, []
        for right in range(len(best)):
            held = bundles.list_bundles(right, rights, multipliers, int(best[right]), extra, starts, arcs, costs, held)
            if held == bundles.FULL:
                break
            ends.append(held)
        if held == bundles.FULL:
            high = extra
        else:
            found = _Held(
                starts=starts[: held + 1].copy(),
                arcs=arcs[: starts[held]].copy(),
                costs=costs[:held].copy(),
                owners=np.repeat(np.arange(len(best)), np.diff(ends, prepend=0)),
                extra=extra,
            )
            if extra == gap or held > ENOUGH * most:
                break
        extra = (found.extra + high) // 2 if found.extra >= 0 else extra // 4
    return found


def _known(network: Network, chosen: Ints) -> tuple[Ints, Ints, Ints]:
    """Bundles of the known answer, one a right."""
    paired = chosen[chosen != UNPAIRED]
    paired = paired[np.argsort(network.rights[paired], kind="stable")]
    counts = np.bincount(network.rights[paired], minlength=network.right_count)
    starts = np.concatenate(([0], np.cumsum(counts)))
    costs = np.zeros(network.right_count, dtype=np.int64)
    np.add.at(costs, network.rights[paired], network.costs[paired])
    if network.load_costs.size:
        for right in np.flatnonzero(counts):
            steps = np.minimum(np.arange(counts[right]), network.load_costs.shape[1] - 1)
            costs[right] += network.load_costs[right, steps].sum()
    return starts, paired, costs


def _solve(
    network: Network,
    prices: Ints,
    listed: _Listed,
    *,
    work: float,
    seed: int,
    halts: Callable[[Callable[[], Any]], None],
) -> tuple[Ints, bool, float]:
    """Choose bundles; the known answer is the first hint."""
    model = cp_model.CpModel()
    takes = [model.new_bool_var("") for _ in range(len(listed.rights))]
    stays = [model.new_bool_var("") for _ in range(network.left_count)]
    by_left: list[list[cp_model.IntVar]] = [[stay] for stay in stays]
    by_right: list[list[cp_model.IntVar]] = [[] for _ in range(network.right_count)]
    owners = network.lefts[listed.arcs].tolist()
    starts = listed.starts.tolist()
    for bundle, right in enumerate(listed.rights.tolist()):
        by_right[right].append(takes[bundle])
        for left in owners[starts[bundle] : starts[bundle + 1]]:
            by_left[left].append(takes[bundle])
        model.add_hint(takes[bundle], bundle < network.right_count)
    for left, stay in enumerate(stays):
        model.add_hint(stay, bool(listed.is_unpaired[left]))
    for group in by_left:
        model.add_exactly_one(group)
    for group in by_right:
        model.add_at_most_one(group)
    model.minimize(cp_model.LinearExpr.weighted_sum(takes + stays, [*listed.costs.tolist(), *prices.tolist()]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.linearization_level = 2
    halts(solver.stop_search)
    status = solver.solve(model)
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        for bundle in range(len(takes)):
            if solver.boolean_value(takes[bundle]):
                arcs = listed.arcs[starts[bundle] : starts[bundle + 1]]
                chosen[network.lefts[arcs]] = arcs
    return chosen, status == cp_model.OPTIMAL, solver.response_proto.deterministic_time

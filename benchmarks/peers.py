"""The engine beside its peers: the same instances, the same machine, cost, coverage and seconds in one table.

Peers that are not installed are shown as such; `python -m pip install -r benchmarks/peers.lock` brings them. Every
answer is counted here, never taken from the peer's word.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import mean
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import coo_array, vstack

from benchmarks.command import Tell, answer, options
from benchmarks.instances import city, with_unlike_minutes
from benchmarks.optimum import lp_optimum
from benchmarks.peer_days import ROUND_PEERS, VAN_PEERS, Route, stops_of, vans_of
from benchmarks.report import Report, Target, Value, at_most
from matching.assign import USUAL
from matching.candidates import Arcs, find_arcs
from matching.columns import Ints
from matching.greedy import pair_by_hand
from matching.network import UNPAIRED, Network, cost, faults
from matching.pairing import Limits, Roster, pair, roster_of
from matching.problem import Problem

QUICK = ("--seniors", "200", "--volunteers", "45", "--small", "100", "--days", "1", "--limit_s", "1")
"""Sees that everything runs; figures of this size say nothing."""
NOT_INSTALLED = "not installed"
CAP_MIN = 430
"""Minutes a week of one volunteer: 110 % of what all visits take."""
DENSE = 2_000
"""Seniors up to which a dense matrix of every pair is not absurd."""
Answer = dict[str, Value]


def measure(*, seniors: int, volunteers: int, small: int, days: int, limit_s: float, seed: int, tell: Tell) -> Report:
    """Pair at two sizes, equal and unlike, then route days; ``limit_s`` is the time of whoever takes a limit."""
    figures: dict[str, Value] = {"seniors": seniors, "volunteers": volunteers, "small_seniors": small}
    figures |= {"limit_s": limit_s}
    few = max(1, small * volunteers // seniors)
    large, little = (city(seniors=n, volunteers=m, seed=seed) for n, m in ((seniors, volunteers), (small, few)))
    for name, problem, peers in (
        ("equal", large, ("engine", "by_hand", "highs_lp")),
        ("equal_small", little, ("engine", "by_hand", "highs_lp", "scipy_lsa", "scipy_milp", "highspy")),
        (
            "unlike_small",
            with_unlike_minutes(little, weekly_cap_min=CAP_MIN),
            ("engine", "by_hand", "scipy_milp", "highspy"),
        ),
    ):
        arcs = find_arcs(problem)
        for peer in peers:
            tell(f"{name}, {peer}")
            figures |= named(f"{name}.{peer}", partial(PAIRING_PEERS[peer], problem, arcs, limit_s))
    for kind, each in (("round", partial(_round, days, limit_s)), ("van", partial(_van, days, limit_s))):
        for peer in ROUND_PEERS:
            tell(f"{kind}, {peer}")
            figures |= named(f"{kind}.{peer}", partial(each, peer))
    return Report(figures=figures, targets=_targets(figures))


def named(name: str, work: Callable[[], Answer]) -> Answer:
    """Measure a peer; say so where it is not installed."""
    try:
        return {f"{name}.{figure}": value for figure, value in work().items()}
    except ModuleNotFoundError as missing:
        return {f"{name}.cost_m": f"{NOT_INSTALLED}: {missing.name}"}


def _targets(figures: dict[str, Value]) -> list[Target]:
    """The engine is nowhere dearer than whoever answered the same question."""
    found = []
    for name, value in figures.items():
        kind, _, rest = name.partition(".")
        peer, _, figure = rest.partition(".")
        if figure == "cost_m" and peer != "engine" and not isinstance(value, str):
            ours = float(figures[f"{kind}.engine.cost_m"])
            found.append(at_most(f"{kind}.engine_cost_per_{peer}", ours / max(1.0, value), 1.0))
    return found


def _of(problem: Problem, needs: Ints, volunteers: Ints, cost_m: float, seconds: float) -> Answer:
    met = len(np.unique(needs))
    idle = len(problem.volunteers) - len(np.unique(volunteers))
    return {"cost_m": cost_m, "met": met, "idle": idle, "seconds": seconds}


def by_engine(problem: Problem, arcs: Arcs, limit_s: float) -> Answer:
    """Pair by the engine over the same arcs."""
    began = perf_counter()
    paired = pair(problem, arcs, Limits(effort=USUAL, time_limit_s=limit_s))
    took_s = perf_counter() - began
    taken = paired.arcs
    found = _of(problem, arcs.needs[taken], arcs.volunteers[taken], paired.objective, took_s)
    return found | {"bound_m": paired.bound}


def by_hand(problem: Problem, arcs: Arcs, _limit_s: float) -> Answer:
    """Pair greedily in the order of the list; where minutes are unlike, each to the nearest whose minutes suffice."""
    network = roster_of(problem, arcs).network
    if len(np.unique(network.weights_min)) == 1:
        began = perf_counter()
        paired = pair_by_hand(problem, arcs)
        return _of(problem, paired.needs, paired.volunteers, paired.objective, perf_counter() - began)
    began = perf_counter()
    chosen = _nearest_with_room(network)
    return _judged(problem, roster_of(problem, arcs), chosen, perf_counter() - began)


def _nearest_with_room(network: Network) -> Ints:
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    rooms, counts = network.capacities_min.copy(), network.max_lefts.copy()
    for arc in np.lexsort((network.costs, network.lefts)).tolist():
        left, right, minutes = network.lefts[arc], network.rights[arc], network.weights_min[arc]
        if chosen[left] == UNPAIRED and rooms[right] >= minutes and counts[right] > 0:
            chosen[left] = arc
            rooms[right] -= minutes
            counts[right] -= 1
    return chosen


def by_highs_lp(problem: Problem, arcs: Arcs, _limit_s: float) -> Answer:
    """Pair equal loads as a linear program by the HiGHS of scipy; its optimum is one of whole pairs."""
    began = perf_counter()
    optimum = lp_optimum(problem, arcs)
    return {"cost_m": round(optimum), "seconds": perf_counter() - began}


def by_linear_sum_assignment(problem: Problem, arcs: Arcs, _limit_s: float) -> Answer:
    """Pair equal loads by scipy's dense assignment: a column for every place of a volunteer, one for staying unmet.

    Raises
    ------
    ValueError
        When the dense matrix would be absurd.
    """
    network = roster_of(problem, arcs).network
    if network.left_count > DENSE:
        message = f"A dense matrix of {network.left_count} seniors is absurd; {DENSE} at most."
        raise ValueError(message)
    began = perf_counter()
    places = np.repeat(np.arange(network.right_count), network.max_lefts)
    dense = np.full((network.left_count, network.right_count), int(network.penalties.max()) * 2)
    dense[network.lefts, network.rights] = network.costs
    unmet = np.full((network.left_count, network.left_count), int(network.penalties.max()) * 2)
    np.fill_diagonal(unmet, network.penalties)
    lefts, columns = linear_sum_assignment(np.hstack((dense[:, places], unmet)))
    took_s = perf_counter() - began
    is_paired = columns < len(places)
    arc_of = {pair: arc for arc, pair in enumerate(zip(network.lefts.tolist(), network.rights.tolist(), strict=True))}
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    for left, column in zip(lefts[is_paired].tolist(), columns[is_paired].tolist(), strict=True):
        chosen[left] = arc_of[left, int(places[column])]
    return _judged(problem, roster_of(problem, arcs), chosen, took_s)


def _program(network: Network) -> tuple[Any, Any, Ints]:
    """Rows of a whole-number program: each senior once, minutes and number of each volunteer; limits; worths."""
    count, columns = len(network.lefts), np.arange(len(network.lefts))
    once = coo_array((np.ones(count), (network.lefts, columns)), shape=(network.left_count, count))
    minutes = coo_array((network.weights_min, (network.rights, columns)), shape=(network.right_count, count))
    numbers = coo_array((np.ones(count), (network.rights, columns)), shape=(network.right_count, count))
    limits = np.concatenate((np.ones(network.left_count), network.capacities_min, network.max_lefts))
    return vstack((once, minutes, numbers)).tocsr(), limits, network.costs - network.penalties[network.lefts]


def by_scipy_milp(problem: Problem, arcs: Arcs, limit_s: float) -> Answer:
    """Pair by scipy's milp (HiGHS) within the limit of time."""
    roster = roster_of(problem, arcs)
    began = perf_counter()
    rows, limits, worths = _program(roster.network)
    solved = milp(
        worths,
        constraints=LinearConstraint(rows, ub=limits),
        integrality=np.ones(len(worths)),
        bounds=Bounds(0, 1),
        options={"time_limit": limit_s},
    )
    took_s = perf_counter() - began
    values = np.zeros(len(worths)) if solved.x is None else solved.x
    return _judged(problem, roster, _chosen(roster.network, values), took_s)


def by_highspy(problem: Problem, arcs: Arcs, limit_s: float) -> Answer:
    """Pair by HiGHS itself within the limit of time, with the bound that it proves."""
    import highspy  # noqa: PLC0415  # an extra, which only this peer needs

    roster = roster_of(problem, arcs)
    began = perf_counter()
    rows, limits, worths = _program(roster.network)
    count = len(worths)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, len(limits)
    model.col_cost_ = worths.astype(np.float64)
    model.col_lower_, model.col_upper_ = np.zeros(count), np.ones(count)
    model.row_lower_, model.row_upper_ = np.full(len(limits), -highspy.kHighsInf), limits
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * count
    with _to_stderr():
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("time_limit", limit_s)
        solver.passModel(model)
        solver.run()
    took_s = perf_counter() - began
    values = np.array(solver.getSolution().col_value)
    found = _judged(problem, roster, _chosen(roster.network, values), took_s)
    return found | {"bound_m": solver.getInfo().mip_dual_bound + float(roster.network.penalties.sum())}


@contextmanager
def _to_stderr() -> Iterator[None]:
    """Turn what a library writes past Python away from our own output, which is one JSON object."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(own, 1)
        os.close(own)


def _chosen(network: Network, values: Any) -> Ints:
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    taken = np.flatnonzero(values > 0.5)
    chosen[network.lefts[taken]] = taken
    return chosen


def _judged(problem: Problem, roster: Roster, chosen: Ints, took_s: float) -> Answer:
    """Count an answer by plain code.

    Raises
    ------
    RuntimeError
        When it breaks a rule.
    """
    broken = faults(roster.network, chosen)
    if broken:
        message = f"The answer breaks a rule: {broken[0]}."
        raise RuntimeError(message)
    taken = chosen[chosen != UNPAIRED]
    needs = roster.needs[roster.network.lefts[taken]]
    return _of(problem, needs, roster.network.rights[taken], cost(roster.network, chosen), took_s)


def _round(days: int, limit_s: float, peer: str) -> Answer:
    return _mean([ROUND_PEERS[peer](*stops_of(20, seed), limit_s / 6) for seed in range(1, days + 1)])


def _van(days: int, limit_s: float, peer: str) -> Answer:
    return _mean([VAN_PEERS[peer](*vans_of(24, 4, seed), limit_s / 6) for seed in range(1, days + 1)])


def _mean(routes: list[Route]) -> Answer:
    return {
        "cost_m": mean(route.cost_m for route in routes),
        "met": sum(route.served for route in routes),
        "asked": sum(route.asked for route in routes),
        "seconds": mean(route.seconds for route in routes),
    }


PAIRING_PEERS: dict[str, Callable[[Problem, Arcs, float], Answer]] = {
    "engine": by_engine,
    "by_hand": by_hand,
    "highs_lp": by_highs_lp,
    "scipy_lsa": by_linear_sum_assignment,
    "scipy_milp": by_scipy_milp,
    "highspy": by_highspy,
}


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"seniors": 12_500, "volunteers": 2_433, "small": 2_000, "days": 5, "limit_s": 60.0, "seed": 1}
    answer(options("peers", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

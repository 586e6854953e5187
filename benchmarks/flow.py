"""Equal loads: instances at their proven optimum, and the whole call beside a bare solver.

With ``--path`` the files of a folder are read, and their optima from its ``optimum.csv``; without, instances are made
and HiGHS proves the optimum of each as a linear program.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from benchmarks import flow_files
from benchmarks.clock import Rounds
from benchmarks.command import Tell, answer, options
from benchmarks.report import Report, Value, at_most, equal
from matching.flow import Transport, cheapest

SIZES = ((200, 40, 8, 0.8), (1_000, 200, 12, 0.9), (3_000, 600, 15, 0.96), (5_000, 1_000, 15, 1.1))
QUICK = ("--rounds", "1", "--scale", "0.05")
"""Sees that everything runs; figures of this size say nothing."""


def measure(*, path: Path | None, rounds: int, scale: float, seed: int, tell: Tell) -> Report:
    """Solve every instance by the engine and by a bare solver, in turn."""
    clock, figures, found = Rounds(), dict[str, Value](), 0
    count = 0
    for name, transport, optimum in _instances(path, scale, seed):
        done: dict[str, int] = {}
        for _ in range(rounds):
            done = clock.play({"engine": partial(engine, transport), "bare": partial(bare, transport)})
        tell(f"{name}: {done['engine']:,}, optimum {optimum:,}")
        figures[f"{name}.cost"], figures[f"{name}.optimum"] = done["engine"], optimum
        found += done["engine"] == optimum == done["bare"]
        count += 1
    ratio = sum(clock.seconds["engine"]) / sum(clock.seconds["bare"])
    figures |= {"engine_s": sum(clock.seconds["engine"]) / rounds, "bare_s": sum(clock.seconds["bare"]) / rounds}
    return Report(
        figures={**figures, "instances": count, "ratio_to_bare": ratio},
        targets=[equal("at proven optimum", found, count), at_most("ratio to bare solver", ratio, 1.3)],
    )


def _instances(path: Path | None, scale: float, seed: int) -> Iterator[tuple[str, Transport, int]]:
    """Name, instance and proven optimum of each."""
    if path is not None:
        optima = flow_files.optima(path)
        for file in sorted([*path.glob("*.json.gz"), *path.glob("*.json")]):
            name = file.name.removesuffix(".gz").removesuffix(".json")
            yield name, flow_files.read(file), optima[name]
        return
    for lefts, rights, degree, tightness in SIZES:
        size = [max(10, round(count * scale)) for count in (lefts, rights)]
        made = flow_files.made(
            lefts=size[0], rights=size[1], degree=min(degree, size[1]), tightness=tightness, seed=seed
        )
        yield f"made_{size[0]}x{size[1]}", made, lp_optimum(made)


def engine(transport: Transport) -> int:
    """Ask the engine."""
    return cheapest(transport).cost


def bare(transport: Transport) -> int:
    """Ask the solver directly."""
    lefts, rights = len(transport.demands), len(transport.rooms)
    nodes = np.arange(lefts + rights)
    tails = np.concatenate((transport.lefts, nodes))
    heads = np.concatenate((lefts + transport.rights, np.full(lefts + rights, lefts + rights)))
    rooms = np.concatenate((transport.demands[transport.lefts], transport.demands, transport.rooms))
    costs = np.concatenate((transport.costs, transport.penalties, np.zeros(rights, dtype=np.int64)))
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tails, heads, rooms, costs)
    flow.set_nodes_supplies(nodes[:lefts], transport.demands)
    flow.set_node_supply(lefts + rights, -int(transport.demands.sum()))
    flow.solve()
    return int(flow.optimal_cost())


def lp_optimum(transport: Transport) -> int:
    """Return the optimum of the linear program, whose matrix is totally unimodular, by HiGHS.

    Raises
    ------
    RuntimeError
        When HiGHS does not end with an optimum.
    """
    lefts, rights, count = len(transport.demands), len(transport.rooms), len(transport.lefts)
    ones, columns = np.ones(count), np.arange(count)
    each = coo_array((ones, (transport.lefts, columns)), shape=(lefts, count))
    room = coo_array((ones, (transport.rights, columns)), shape=(rights, count))
    solved = linprog(
        transport.costs - transport.penalties[transport.lefts],
        A_ub=vstack((each, room)).tocsr(),
        b_ub=np.concatenate((transport.demands, transport.rooms)),
        bounds=(0, None),
        method="highs",
    )
    if not solved.success:
        message = f"HiGHS ended without an optimum: {solved.message}"
        raise RuntimeError(message)
    return round(float(solved.fun) + int((transport.penalties * transport.demands).sum()))


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    parser = options("flow", (__doc__ or "").partition("\n")[0], rounds=3, scale=1.0, seed=1)
    parser.add_argument("--path", type=Path, help="folder of instances and optimum.csv; made anew if unsaid")
    answer(parser, measure, asked)


if __name__ == "__main__":
    main()

"""A city, 200,000 seniors and 40,000 volunteers as dense as the district: whole plans on processes and on a cluster.

Equal loads on one process, two processes and two Dask workers, beside the same pairing solved whole; loads of unlike
minutes on two processes. Every plan is judged, and prints what a coordinator asks for.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from threading import Event, Thread
from time import perf_counter
from typing import Any

import psutil

from benchmarks.command import Tell, answer, options
from benchmarks.instances import city, with_unlike_minutes
from benchmarks.memory import BYTES_A_MEGABYTE
from benchmarks.report import Report, Target, Value, at_most, equal
from matching.assign import Effort
from matching.candidates import find_arcs
from matching.dive import Dive
from matching.figures import count_figures
from matching.pairing import Limits
from matching.plan import Plan
from matching.problem import Problem
from matching.regions import Cut
from matching.scale import solve_city
from matching.widening import pair_within_reach

EQUAL_S, UNLIKE_S, MOST_MB = 60, 300, 2_000
UNLIKE_CAP_MIN = 450
"""Minutes a week of one volunteer: 115 % of what all visits take."""
AREA_EFFORT = Effort(steps=80, moves_per_left=300, dives=(Dive(steps=10),), passes=(), dive_work=0)
UNLIKE_ROUNDS = 2
"""For one area in one round, and rounds: what two cores do for a whole city in five minutes."""
QUICK = ("--seniors", "300", "--volunteers", "60", "--areas", "2", "--rounds", "1", "--places", "1")
"""Sees that everything runs; figures of this size say nothing."""
LOOK_S = 0.1
PLACES = ("1 process", "2 processes", "2 Dask workers")


def measure(
    *, seniors: int, volunteers: int, areas: int, rounds: int, places: int, unlike: int, seed: int, tell: Tell
) -> Report:
    """Plan the city on the first ``places``; on ``unlike`` of them with unlike minutes as well."""
    problem = city(seniors=seniors, volunteers=volunteers, seed=seed)
    cut = Cut(areas=areas, rounds=rounds)
    figures: dict[str, Value] = {"seniors": seniors, "volunteers": volunteers, "areas": areas, "rounds": rounds}
    targets: list[Target] = []
    plans = []
    for place in PLACES[:places]:
        tell(f"equal loads, {place}")
        plan, took = planned(problem, cut, place, Limits())
        plans.append(plan)
        tell(f"equal loads, {place}: {_said(took)}")
        figures |= {f"equal_{_word(place)}_{name}": value for name, value in took.items()}
        targets += [
            at_most(f"equal_{_word(place)}_pairing_s", float(took["candidates_and_pairing_s"]), EQUAL_S),
            at_most(f"equal_{_word(place)}_whole_plan_s", float(took["plan_s"]), EQUAL_S),
            at_most(f"equal_{_word(place)}_peak_mb", float(took["peak_mb"]), MOST_MB),
        ]
    targets.append(equal("equal_plans_that_differ", len({_told(plan) for plan in plans}) - 1, 0))
    figures |= {f"equal_{name}": value for name, value in count_figures(problem, plans[0]).rows()}
    figures |= {"equal_gap_percent": 100 * plans[0].gap, "equal_method": plans[0].method}
    plan = plans[0]
    plans.clear()
    tell("equal loads, the pairing solved whole")
    figures |= _whole(problem, plan)
    cut = replace(cut, rounds=min(rounds, UNLIKE_ROUNDS))
    figures |= _unlike(with_unlike_minutes(problem, weekly_cap_min=UNLIKE_CAP_MIN), cut, unlike, targets, tell)
    return Report(figures=figures, targets=targets)


def _whole(problem: Problem, plan: Plan) -> dict[str, Value]:
    """Solve the pairing whole: what cutting loses, and what it takes otherwise."""
    with _peak() as peak:
        began = perf_counter()
        _, paired = pair_within_reach(problem, find_arcs(problem))
        took_s = perf_counter() - began
    return {
        "whole_candidates_and_pairing_s": took_s,
        "whole_peak_mb": peak(),
        "whole_objective_m": paired.objective,
        "cutting_loses_percent": 100 * (plan.objective - paired.objective) / paired.objective,
        "bound_below_optimum_percent": 100 * (paired.objective - plan.bound) / paired.objective,
    }


def _unlike(problem: Problem, cut: Cut, count: int, targets: list[Target], tell: Tell) -> dict[str, Value]:
    """Plan unlike minutes on two processes first, then elsewhere."""
    figures: dict[str, Value] = {}
    told = set()
    for place in ("2 processes", "2 Dask workers", "1 process")[:count]:
        tell(f"unlike minutes, {place}")
        plan, took = planned(problem, cut, place, Limits(effort=AREA_EFFORT))
        tell(f"unlike minutes, {place}: {_said(took)}")
        told.add(_told(plan))
        if not figures:
            figures |= {f"unlike_{name}": value for name, value in count_figures(problem, plan).rows()}
            figures |= {"unlike_gap_percent": 100 * plan.gap, "unlike_method": plan.method}
        figures |= {f"unlike_{_word(place)}_{name}": value for name, value in took.items()}
        targets += [
            at_most(f"unlike_{_word(place)}_whole_plan_s", float(took["plan_s"]), UNLIKE_S),
            at_most(f"unlike_{_word(place)}_peak_mb", float(took["peak_mb"]), MOST_MB),
        ]
    targets.append(equal("unlike_plans_that_differ", len(told) - 1, 0))
    return figures


def planned(problem: Problem, cut: Cut, place: str, limits: Limits) -> tuple[Plan, dict[str, Value]]:
    """Plan on a place; seconds of the whole and of each stage, seconds of all cores, and megabytes of all processes."""
    with _executor(place) as executor, _peak() as peak:
        before, began = _cpu_s(), perf_counter()
        plan = solve_city(problem, cut=cut, executor=executor, limits=limits)
        took_s, cpu_s = perf_counter() - began, _cpu_s() - before
        stages = plan.seconds_by_stage
        took: dict[str, Value] = {"plan_s": took_s, "cpu_s": cpu_s, "peak_mb": peak()}
    took["candidates_and_pairing_s"] = stages["candidates"] + stages["pairing"]
    return plan, took | {f"{stage}_s": seconds for stage, seconds in stages.items()}


def _cpu_s() -> float:
    """Seconds that all cores have spent on this process and those it began, which still run."""
    own = os.times()
    children = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return own.user + own.system + sum(times.user + times.system for times in children)


@contextmanager
def _executor(place: str) -> Iterator[Executor]:
    """Where areas are worked off."""
    if "Dask" not in place:
        with ProcessPoolExecutor(int(place[0]), mp_context=get_context("spawn")) as executor:
            yield executor
        return
    from distributed import Client, LocalCluster  # noqa: PLC0415  # an extra, which only this place needs

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


@contextmanager
def _peak() -> Iterator[Callable[[], float]]:
    """Watch the megabytes of this process and of all that it began; the largest sum so far."""
    gc.collect()
    most, is_over = [_resident_mb()], Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            most[0] = max(most[0], _resident_mb())

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield partial(most.__getitem__, 0)
    finally:
        is_over.set()
        watcher.join()


def _resident_mb() -> float:
    total = 0
    process = psutil.Process()
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / BYTES_A_MEGABYTE


def _said(took: dict[str, Value]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in took.items() if not isinstance(value, str))


def _word(place: str) -> str:
    return place.replace(" ", "_").lower()


def _told(plan: Plan) -> bytes:
    """What a plan says, but for how long it took."""
    return replace(plan, seconds_by_stage={}).to_json()


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers: dict[str, Any] = {
        "seniors": 200_000,
        "volunteers": 40_000,
        "areas": 16,
        "rounds": 3,
        "places": 3,
        "unlike": 1,
        "seed": 1,
    }
    answer(options("city", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

"""A whole city: the same plan as :func:`matching.solve.solve` makes, worked out in areas on any executor.

Candidates are found for a range of needs at a time, pairs area by area in rounds (:mod:`matching.regions`), visits
dated for some volunteers at a time, and the judge looks at the whole. The answer depends on the problem, the cut and
the effort alone: one process, many, threads or a cluster make the same plan. The pairing may cost a little more than
solved whole; the bound, which is one of the whole city, says how little.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from multiprocessing import get_context
from time import perf_counter, time

import numpy as np

from matching import assign, booking, candidates, duals, flow, portions, widening
from matching.assign import Answer, Effort, Proof, StoppedBy
from matching.network import UNPAIRED, Network, cost, rank
from matching.pairing import Limits, Roster
from matching.plan import Plan
from matching.problem import Floats, Ints, Problem
from matching.regions import AreaAnswer, Cut, Joined, solve_in_areas
from matching.solve import STAGES, PlanRejected, assemble, started
from matching.stages import Progress, Stages
from matching.verify import verify

METHOD = "areas"
USUAL_CUT = Cut(areas=16)
BOUND_STEPS = 40
"""Steps by which the bound of the whole rises from what the areas know, where loads are unlike."""


def solve_city(
    problem: Problem,
    *,
    cut: Cut = USUAL_CUT,
    executor: Executor | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """Answer the problem of a whole city in areas.

    Parameters
    ----------
    executor
        Where areas are worked off; without one, as many processes as this one may use cores. A program that lets
        it start processes guards its main module with ``if __name__ == "__main__"``.
    limits
        How hard to try in each area and round; see :func:`matching.solve.solve`.

    Raises
    ------
    Cancelled
        When ``is_cancelled`` answers yes; asked between stages and ten times a second while areas are paired.
    PlanRejected
        When the judge finds a fault.
    """
    stages = Stages(STAGES, progress, is_cancelled)
    limits = started(limits or Limits(), stages)
    with _processes() if executor is None else nullcontext(executor) as workers:
        stages.begin("candidates")
        arcs = portions.find_arcs(problem, cut.areas, workers)
        stages.end("candidates")
        stages.begin("pairing")
        areas = Areas(problem, cut, workers)
        arcs, paired = widening.pair_within_reach(problem, arcs, replace(limits, assigner=areas))
        stages.end("pairing")
        stages.begin("slots")
        booked = booking.book(problem)
        stages.end("slots")
        stages.begin("calendar")
        agreed = portions.date_pairs(problem, arcs, paired.arcs, cut.areas, workers)
        stages.end("calendar")
    stages.begin("verify")
    plan = assemble(problem, arcs, paired, booked, agreed)
    verdict = verify(problem, plan)
    stages.end("verify")
    if not verdict.holds:
        raise PlanRejected(verdict.faults, problem)
    return replace(plan, verdict=verdict, seconds_by_stage=stages.seconds)


def _processes() -> Executor:
    """As many processes as cores, begun anew: a fork would copy the locks of threads that it leaves behind."""
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaWork:
    """Solves one area on one core: exactly where its loads are equal, else by search; travels to other processes."""

    effort: Effort
    ends_at: float | None  # seconds of the epoch, which other processes and machines know as well

    def __call__(self, network: Network, current: Ints, seed: int) -> AreaAnswer:
        """Solve an area, beginning with what stands."""
        left_s = None if self.ends_at is None else max(0.0, self.ends_at - time())
        answer = assign.assign(network, effort=self.effort, seed=seed, workers=1, time_limit_s=left_s, first=current)
        multipliers = answer.multipliers
        if multipliers is None:
            multipliers = duals.flow_multipliers(network, answer.chosen)
        return AreaAnswer(chosen=answer.chosen, multipliers=multipliers)


class Areas:
    """Answers the network of a whole city area by area, with a bound over everyone within reach."""

    def __init__(self, problem: Problem, cut: Cut, executor: Executor) -> None:
        self._problem, self._cut, self._executor = problem, cut, executor
        self._places: Floats = candidates.planes(problem).volunteers

    def __call__(self, roster: Roster, limits: Limits, seed: int) -> Answer:
        """Choose at most one arc for each left; see :class:`matching.pairing.Assigner`."""
        began, network, left_s = perf_counter(), roster.network, limits.left_s
        tell = limits.progress
        joined = solve_in_areas(
            network,
            self._places,
            replace(self._cut, seed=self._cut.seed + seed),
            AreaWork(effort=limits.effort, ends_at=None if left_s is None else time() + left_s),
            executor=self._executor,
            progress=None if tell is None else lambda share: tell(METHOD, share),
            is_cancelled=limits.is_cancelled,
        )
        with ThreadPoolExecutor(limits.workers or len(os.sched_getaffinity(0))) as threads:
            bound = duals.bound_within_reach(
                self._problem,
                roster,
                joined.multipliers,
                joined.chosen,
                steps=BOUND_STEPS,
                executor=threads,
            )
        return self._answer(roster, limits, joined, bound, seed, perf_counter() - began)

    def _answer(self, roster: Roster, limits: Limits, joined: Joined, bound: int, seed: int, seconds: float) -> Answer:
        network, chosen = roster.network, joined.chosen
        objective = cost(network, chosen)
        is_proven = objective <= bound and not any(rank(network, chosen)[:-1])
        without_arcs = network.left_count - len(np.unique(network.lefts))
        return Answer(
            chosen=chosen,
            objective=objective,
            bound=min(objective, bound),
            unpaired=int((chosen == UNPAIRED).sum()),
            unpaired_bound=without_arcs,
            proof=Proof.OPTIMAL if is_proven else Proof.FEASIBLE,
            method=f"{METHOD}: {self._cut.areas} in {len(joined.ranks_by_round)} rounds, "
            f"{assign.SEARCHED if flow.rooms(network) is None else flow.METHOD}",
            stopped_by=StoppedBy.PROVEN if is_proven else _stopped_by(limits),
            seed=seed,
            seconds=seconds,
            moves=0,
            work=0.0,
            multipliers=joined.multipliers,
        )


def _stopped_by(limits: Limits) -> StoppedBy:
    if limits.is_cancelled is not None and limits.is_cancelled():
        return StoppedBy.CANCELLED
    return StoppedBy.TIME if limits.left_s == 0 else StoppedBy.EFFORT

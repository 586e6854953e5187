"""What the engine's stages take: seconds in turn with a bare solver, megabytes, and the optimum from others."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median

from benchmarks.clock import Rounds
from benchmarks.command import Tell
from benchmarks.instances import MOST_NEEDS, district
from benchmarks.memory import measured_mb
from benchmarks.optimum import bare_flow, lp_optimum
from benchmarks.report import Report, Target, Value, at_most, equal
from matching.calendar import make_calendar
from matching.candidates import Arcs, find_arcs
from matching.greedy import pair_by_hand
from matching.plan import Status
from matching.problem import Ints, Problem
from matching.solve import solve
from matching.verify import verify
from matching.widening import pair_within_reach

PAIRING_PER_BARE_FLOW, CALENDAR_PER_PAIRING = 1.5, 20
PLAYS = 3
"""How often works that are compared are played in a round."""
WIDER, SMALLER = 4, 10
"""A flow over four times the candidates says whether the first ones were enough; HiGHS gets a tenth of the district."""
STAGES = ("candidates", "pairing", "calendar", "verify")
Instance = Callable[[int], Problem]


class Tally:
    """Costs of all rounds: the engine's, the bare flow's and the hand's; the plans' statuses; most visits and arcs."""

    def __init__(self) -> None:
        self.engine_m = self.optimum_m = self.by_hand_m = 0
        self.statuses: set[str] = set()
        self.sizes: dict[str, Value] = {}


def measure_engine(instance: Instance, *, rounds: int, seed: int, tell: Tell) -> Report:
    """Measure districts of ``rounds`` seeds from ``seed`` on."""
    tell("memory of each stage")
    figures: dict[str, Value] = dict(_megabytes(instance(seed)))
    clock, tally = Rounds(), Tally()
    for number in range(rounds):
        tell(f"engine, round {number + 1} of {rounds}")
        _round(clock, tally, instance(seed + number))
    tell("the same with more candidates, and a tenth of the district by HiGHS")
    checked = [_wider(instance(seed)), *(_smaller(instance(seed), short=short) for short in (False, True))]
    pairing, calendar = clock.ratios("pairing", "bare_flow_solve"), clock.ratios("calendar", "pairing")
    figures |= {f"{name}_s": clock.median_s(name) for name in clock.seconds}
    figures |= {
        "pairing_per_bare_flow_solve_least": min(pairing),
        "pairing_per_bare_flow_solve_most": max(pairing),
        "engine_objective_m": tally.engine_m,
        "by_hand_objective_m": tally.by_hand_m,
        "by_hand_per_engine_objective": tally.by_hand_m / tally.engine_m,
    }
    targets: list[Target] = [
        equal("pairing_objective_m", tally.engine_m, tally.optimum_m),
        *(equal(f"pairing_objective_{name}_m", mine, other) for name, mine, other in checked),
        equal("plan_status", " ".join(sorted(tally.statuses)), Status.OPTIMAL.value),
        at_most("pairing_per_bare_flow_solve", median(pairing), PAIRING_PER_BARE_FLOW),
        at_most("calendar_per_pairing", median(calendar), CALENDAR_PER_PAIRING),
    ]
    return Report(figures=tally.sizes | figures, targets=targets)


def _megabytes(problem: Problem) -> dict[str, float]:
    """Peak growth of each stage, in the order in which they need one another; then of all together."""
    arcs, candidates_mb = measured_mb(partial(find_arcs, problem))
    (arcs, paired), pairing_mb = measured_mb(partial(pair_within_reach, problem, arcs))
    pairs = arcs.needs[paired.arcs], arcs.volunteers[paired.arcs]
    _, calendar_mb = measured_mb(partial(make_calendar, problem, *pairs))
    plan, solve_mb = measured_mb(partial(solve, problem))
    _, verify_mb = measured_mb(partial(verify, problem, plan))
    return dict(
        zip(
            (*(f"{stage}_mb" for stage in STAGES), "whole_solve_mb"),
            (candidates_mb, pairing_mb, calendar_mb, verify_mb, solve_mb),
            strict=True,
        )
    )


def _round(clock: Rounds, tally: Tally, problem: Problem) -> None:
    """Measure every stage on one district; the whole pairing beside one solve of a bare solver with the same arcs."""
    nearest = clock.play({"candidates": partial(find_arcs, problem)})["candidates"]
    arcs, paired = pair_within_reach(problem, nearest)
    optima_m = {_compare(clock, problem, nearest, arcs, paired.arcs) for _ in range(PLAYS)}
    plan = clock.play({"whole_solve": partial(solve, problem)})["whole_solve"]
    clock.play({"verify": partial(verify, problem, plan)})
    by_hand = clock.play({"by_hand": partial(pair_by_hand, problem, arcs)})["by_hand"]
    tally.engine_m += paired.objective
    tally.optimum_m += max(optima_m)
    tally.by_hand_m += by_hand.objective
    tally.statuses.add(plan.status.value)
    tally.sizes = {
        "needs": len(problem.needs),
        "volunteers": len(problem.volunteers),
        "arcs": len(arcs.needs),
        "visits": len(plan.visits.days),
    }


def _compare(clock: Rounds, problem: Problem, nearest: Arcs, arcs: Arcs, chosen: Ints) -> int:
    """Play the whole pairing, a bare solver with the same arcs, and the calendar in turn; returns the bare optimum."""
    flow = clock.play({"bare_flow_load": partial(bare_flow, problem, arcs)})["bare_flow_load"]
    works = {
        "pairing": partial(pair_within_reach, problem, nearest),
        "bare_flow_solve": flow.solve,
        "calendar": partial(make_calendar, problem, arcs.needs[chosen], arcs.volunteers[chosen]),
    }
    status = clock.play(works)["bare_flow_solve"]
    if status != flow.OPTIMAL:
        message = f"The bare flow ended as {status}, so there is nothing to compare with."
        raise RuntimeError(message)
    return int(flow.optimal_cost())


def _wider(problem: Problem) -> tuple[str, int, int]:
    """Pair, and ask a bare flow over many more candidates; returns name, the engine's cost, and the flow's."""
    most = problem.params.candidates_per_need * WIDER
    arcs = find_arcs(replace(problem, params=replace(problem.params, candidates_per_need=most)))
    flow = bare_flow(problem, arcs)
    flow.solve()
    return f"of_{most}_candidates", pair_within_reach(problem, find_arcs(problem))[1].objective, flow.optimal_cost()


def _smaller(problem: Problem, *, short: bool) -> tuple[str, int, int]:
    """Pair a tenth of the district, once with room for all and once without, and ask HiGHS for the same."""
    seniors = max(MOST_NEEDS + 1, len(problem.needs) // SMALLER)
    volunteers = seniors // (MOST_NEEDS + 1) if short else max(1, len(problem.volunteers) // SMALLER)
    tenth = district(seniors=seniors, volunteers=volunteers, seed=problem.params.seed)
    arcs, paired = pair_within_reach(tenth, find_arcs(tenth))
    name = "short_of_hands" if short else "tenth"
    return name, paired.objective, round(lp_optimum(tenth, arcs))

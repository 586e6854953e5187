"""Repair: 5 % of the volunteers of a district leave; the mended plan beside one made anew; substitutes and dispatch.

Every round takes another district. The mended plan is compared with one that is solved anew with the same wish for
continuity (a pair that moves costs as much), and with one that nobody's familiar face counts for. Loads are equal in
the district; a part of it with unlike minutes is solved with a light effort. "Solve" is the whole of it: candidates,
pairing, calendar, judge. "Repair" is a kept plan's (matching.upkeep), whose index was made before, timed by itself;
"repair_once" is one that knows nothing but the plan.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.clock import Rounds
from benchmarks.command import Tell, answer, options
from benchmarks.instances import city, district, with_unlike_minutes
from benchmarks.report import Report, Target, Value, at_least, at_most
from matching.assign import LIGHT
from matching.columns import Ints, Mask
from matching.dispatch import Call, Responders
from matching.greedy import pair_by_hand
from matching.pairing import Limits
from matching.plan import Pairs, Plan, Visits
from matching.problem import Problem
from matching.rematch import USUAL_CHANGE_M, Repair, rematch
from matching.solve import solve
from matching.substitutes import Substitutes
from matching.upkeep import Upkeep
from matching.whatif import FewerVolunteers

LEAVING, MOST_TIME, LEAST_KEPT, MOST_COST = 0.05, 0.1, 0.99, 1.01
MOST_MS, ASKED, UNLIKE_PART = 5.0, 200, 20
NEEDS_EACH, EVERY_DAYS = 5, 2
UNLIKE_CAP_MIN = 450
QUICK = ("--seniors", "200", "--volunteers", "40", "--rounds", "1", "--residents", "200")
"""Sees that everything runs; figures of this size say nothing."""


def measure(*, seniors: int, volunteers: int, rounds: int, residents: int, seed: int, tell: Tell) -> Report:
    """Measure districts of ``rounds`` seeds, a part with unlike minutes, and a city of so many ``residents``."""
    sizes = {"seniors": seniors, "volunteers": volunteers, "rounds": rounds, "change_m": USUAL_CHANGE_M}
    figures: dict[str, Value] = dict(sizes)
    targets: list[Target] = []
    tell("a small district, so that all code is loaded")
    _Tally(Limits(effort=LIGHT)).take(district(seniors=60, volunteers=15, seed=seed))
    tally = _Tally()
    for number in range(rounds):
        tell(f"equal loads, round {number + 1} of {rounds}")
        tally.take(district(seniors=seniors, volunteers=volunteers, seed=seed + number))
    figures |= tally.figures("equal")
    targets += tally.targets("equal")
    tell("unlike minutes")
    unlike = _Tally(Limits(effort=LIGHT))
    size = {"seniors": max(1, seniors // UNLIKE_PART), "volunteers": max(1, volunteers // UNLIKE_PART)}
    unlike.take(with_unlike_minutes(district(**size, seed=seed), weekly_cap_min=UNLIKE_CAP_MIN))
    figures |= unlike.figures("unlike")
    targets += unlike.targets("unlike")
    tell("substitutes and dispatch in a city")
    at_once = _at_once(residents, seed)
    figures |= at_once
    targets += [at_most(name, float(at_once[name]), MOST_MS) for name in ("substitutes_ms", "dispatch_ms")]
    return Report(figures=figures, targets=targets)


class _Tally:
    """Seconds, pairs kept and costs of all rounds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits
        self.clock = Rounds()
        self.kept: list[float] = []
        self.costs: dict[str, list[float]] = {"anew_with_continuity": [], "anew_without": []}
        self.rows: dict[str, list[float]] = {}

    def take(self, problem: Problem) -> None:
        """Solve a district, let some leave, mend and solve anew."""
        before = solve(problem, limits=self.limits)
        random = np.random.default_rng(problem.params.seed)
        who = problem.volunteers.ids
        gone = random.choice(who, max(1, round(LEAVING * len(who))), replace=False)
        now = FewerVolunteers(tuple(gone.tolist())).apply(problem)
        pairs = np.column_stack((before.pairs.need_ids, before.pairs.volunteer_ids))
        weighed = replace(now, standing=pairs, params=replace(now.params, change_m=USUAL_CHANGE_M))
        kept = self.clock.play({"index": partial(Upkeep, problem, before)})["index"]
        limits = self.limits
        done = self.clock.play(
            {
                "repair": partial(kept.mend, now),
                "solve": partial(solve, now, limits=limits),
                "repair_once": partial(rematch, now, before),
            }
        )
        mended, anew = done["repair"], done["solve"]
        steady = solve(weighed, limits=limits)
        same = rematch(weighed, before)
        untouched = ~np.isin(before.pairs.volunteer_ids, gone)
        self.kept.append(_kept(before, mended.plan, untouched))
        self.costs["anew_with_continuity"].append(_moved_m(same.plan, pairs) / _moved_m(steady, pairs))
        self.costs["anew_without"].append(mended.plan.objective / anew.objective)
        self._note(mended, anew, steady, before, untouched)

    def _note(self, mended: Repair, anew: Plan, steady: Plan, before: Plan, untouched: Mask) -> None:
        seconds = mended.plan.seconds_by_stage
        for name, value in (
            ("lost_pairs", float((~untouched).sum())),
            ("changes", float(len(mended.changes.pairs))),
            ("repair_unmet", float(len(mended.plan.unmet.need_ids))),
            ("anew_unmet", float(len(anew.unmet.need_ids))),
            ("anew_kept", _kept(before, anew, untouched)),
            ("steady_kept", _kept(before, steady, untouched)),
            ("judge_s", seconds["verify"]),
            *((f"repair_{stage}_s", seconds[stage]) for stage in seconds),
        ):
            self.rows.setdefault(name, []).append(value)

    def figures(self, loads: str) -> dict[str, Value]:
        """Return medians by name."""
        found: dict[str, Value] = {f"{loads}_{name}": median(values) for name, values in self.rows.items()}
        found |= {f"{loads}_{name}_s": self.clock.median_s(name) for name in self.clock.seconds}
        found |= {f"{loads}_{name}_cpu_s": self.clock.median_cpu_s(name) for name in self.clock.cpu_seconds}
        return found | {f"{loads}_cost_per_{name}": median(values) for name, values in self.costs.items()}

    def targets(self, loads: str) -> list[Target]:
        """Return what should be reached."""
        return [
            at_most(f"{loads}_repair_per_solve", median(self.clock.ratios("repair", "solve")), MOST_TIME),
            at_most(
                f"{loads}_repair_per_solve_cpu",
                self.clock.median_cpu_s("repair") / self.clock.median_cpu_s("solve"),
                MOST_TIME,
            ),
            at_least(f"{loads}_untouched_pairs_kept", min(self.kept), LEAST_KEPT),
            at_most(
                f"{loads}_cost_per_solving_anew_with_continuity", max(self.costs["anew_with_continuity"]), MOST_COST
            ),
            at_most(f"{loads}_cost_per_solving_anew_without", max(self.costs["anew_without"]), MOST_COST),
        ]


def _kept(before: Plan, after: Plan, untouched: Mask) -> float:
    """Part of the untouched pairs that stand in another plan."""
    now = set(zip(after.pairs.need_ids.tolist(), after.pairs.volunteer_ids.tolist(), strict=True))
    rows = np.flatnonzero(untouched)
    was = zip(before.pairs.need_ids[rows].tolist(), before.pairs.volunteer_ids[rows].tolist(), strict=True)
    return sum(pair in now for pair in was) / max(1, len(rows))


def _moved_m(plan: Plan, pairs: Ints) -> int:
    """Cost of a plan in which kept pairs are worth ``change_m``: metres, and what each pair that is not kept costs."""
    return plan.objective + USUAL_CHANGE_M * len(pairs)


def _at_once(seniors: int, seed: int) -> dict[str, Value]:
    """Milliseconds of a substitute for one visit, and of a responder to one call, from indexes made once."""
    problem = city(seniors=seniors, volunteers=max(1, seniors // NEEDS_EACH), seed=seed)
    plan = _plain_plan(problem)
    clock = Rounds()
    index = clock.play({"index": partial(Substitutes, problem, plan)})["index"]
    responders = Responders(problem.volunteers)
    random = np.random.default_rng(seed)
    visits = random.integers(0, len(plan.visits.days), ASKED)
    needs = random.integers(0, len(problem.needs), ASKED)
    for visit, need in zip(visits.tolist(), needs.tolist(), strict=True):
        call = Call(
            lat_deg=float(problem.needs.lats_deg[need]),
            lon_deg=float(problem.needs.lons_deg[need]),
            skill=0,
            weekday=0,
            minute=600,
        )
        asked = int(plan.visits.need_ids[visit]), int(plan.visits.days[visit])
        for name, work in (
            ("substitutes", partial(index.find, *asked)),
            ("dispatch", partial(responders.nearest, call)),
        ):
            began = perf_counter()
            work()
            clock.seconds.setdefault(name, []).append(perf_counter() - began)
    return {
        "city_seniors": len(problem.needs),
        "city_volunteers": len(problem.volunteers),
        "city_visits": len(plan.visits.days),
        "substitutes_index_s": clock.median_s("index"),
        "substitutes_ms": 1000 * clock.median_s("substitutes"),
        "dispatch_ms": 1000 * clock.median_s("dispatch"),
        "substitutes_most_ms": 1000 * max(clock.seconds["substitutes"]),
        "dispatch_most_ms": 1000 * max(clock.seconds["dispatch"]),
    }


def _plain_plan(problem: Problem) -> Plan:
    """A plan made by hand, a week of visits every two days: the index needs visits, whoever made them."""
    hand = pair_by_hand(problem)
    order = np.argsort(hand.volunteers, kind="stable")
    needs, who = hand.needs[order], hand.volunteers[order]
    turn = np.arange(len(who)) - np.searchsorted(who, who)
    days = np.arange(0, 7, EVERY_DAYS)
    empty = solve(replace(problem, needs=type(problem.needs).empty()))
    rows = np.tile(np.arange(len(who)), len(days))
    when = np.repeat(days, len(who)) + turn[rows] % EVERY_DAYS
    return replace(
        empty,
        pairs=Pairs(
            need_ids=problem.needs.ids[needs],
            volunteer_ids=problem.volunteers.ids[who],
            distances_m=hand.distances_m[order],
        ),
        visits=Visits(
            need_ids=problem.needs.ids[needs[rows]],
            volunteer_ids=problem.volunteers.ids[who[rows]],
            days=when,
            starts_min=480 + 20 * turn[rows],
            durations_min=problem.needs.durations_min[needs[rows]],
        ),
    )


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"seniors": 12_500, "volunteers": 2_433, "rounds": 3, "residents": 200_000, "seed": 1}
    answer(options("repair", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

"""The calendar of the district: 28 days of 12,500 seniors, every visit dated, no rule broken, even days."""

from collections.abc import Sequence
from functools import partial
from statistics import median

from benchmarks.clock import Rounds
from benchmarks.command import Tell, answer, options
from benchmarks.instances import district, with_unlike_minutes
from benchmarks.memory import measured_mb
from benchmarks.report import Report, Target, Value, at_most, equal
from matching.assign import LIGHT
from matching.calendar import make_calendar
from matching.figures import count_figures
from matching.pairing import Limits
from matching.plan import Plan
from matching.problem import Problem
from matching.solve import solve

LONGEST_S = 30
QUICK = ("--seniors", "200", "--volunteers", "45", "--rounds", "1")
"""Sees that everything runs; figures of this size say nothing."""
UNLIKE_CAP_MIN = 450
"""Minutes a week of one volunteer: 112 % of what all visits take."""


def measure(*, seniors: int, volunteers: int, rounds: int, seed: int, tell: Tell) -> Report:
    """Date the greetings of the district, and the same people with visits of unlike minutes."""
    figures: dict[str, Value] = {"rounds": rounds}
    targets: list[Target] = []
    same = district(seniors=seniors, volunteers=volunteers, seed=seed)
    unlike = with_unlike_minutes(same, weekly_cap_min=UNLIKE_CAP_MIN)
    for name, problem, limits in (("greetings", same, Limits()), ("unlike", unlike, Limits(effort=LIGHT))):
        tell(f"{name}: the plan")
        plan = solve(problem, limits=limits)
        tell(f"{name}: the calendar, {rounds} times")
        found, wanted = _dated(name, problem, plan, rounds)
        figures |= found
        targets += wanted
    return Report(figures=figures, targets=targets)


def _dated(name: str, problem: Problem, plan: Plan, rounds: int) -> tuple[dict[str, Value], list[Target]]:
    """Date the pairs of a plan that the judge has checked; seconds, megabytes, and what a coordinator asks for."""
    who = problem.volunteers.ids.searchsorted(plan.pairs.volunteer_ids)
    work = partial(make_calendar, problem, problem.needs.ids.searchsorted(plan.pairs.need_ids), who)
    clock = Rounds()
    for _ in range(rounds):
        clock.play({"calendar": work})
    dated, peak_mb = measured_mb(work)
    counted = count_figures(problem, plan)
    took_s = median(clock.seconds["calendar"])
    figures: dict[str, Value] = {f"{name}.calendar_s": took_s, f"{name}.calendar_mb": peak_mb}
    figures |= {f"{name}.{figure}": value for figure, value in counted.rows()}
    return figures, [
        at_most(f"{name}.calendar_s", took_s, LONGEST_S),
        equal(f"{name}.faults", len(plan.verdict.faults), 0),
        equal(f"{name}.undated_pairs", len(dated.undated), 0),
    ]


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"seniors": 12_500, "volunteers": 2_433, "rounds": 3, "seed": 1}
    answer(options("calendar", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

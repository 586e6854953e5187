"""Rule `cost`: the cost is as said, the bound is not above it, and gap and status follow from both."""

from dataclasses import replace
from typing import Any

import pytest

from matching.plan import Plan, Status
from matching.problem import Problem, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, faults
from tests.matching.questions import MON, VILLAGE_OBJECTIVE, Need, Slot, Volunteer, bath, question, village

WALKED_M, PENALTY_M = 300 + 200, 7_000
COST_M = WALKED_M + 2 * PENALTY_M


def _half_met() -> tuple[Problem, Plan]:
    """One pair over 300 m, one of two baths in 200 m; a greeting and a bath unmet at 7,000 m each."""
    asked = question(
        Need(id=1),
        Need(id=2, penalty=PENALTY_M),
        bath(id=3, penalty=PENALTY_M, frequency=TimesPerWeek(2)),
        Volunteer(id=11, east_m=300, max_needs=1),
        Slot(id=21, east_m=200),
    )
    return asked, answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)], bookings=[(3, 21)], unmet=[2, 3])


def test_judge_counts_metres_and_penalties() -> None:
    """A need met by a volunteer pays once when unmet, one met by slots for each due visit without a place."""
    asked, plan = _half_met()

    assert plan.objective == COST_M
    assert faults(asked, plan) == ()


def test_judge_allows_a_bound_below_the_cost_with_its_gap() -> None:
    """A plan that is not optimal may say so."""
    asked, plan = _half_met()

    honest = replace(plan, bound=COST_M // 2, gap=0.5, status=Status.FEASIBLE)

    assert faults(asked, honest) == ()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"objective": COST_M - 1, "bound": COST_M - 1},
            [f"{COST_M - 1} m are said, {COST_M} m counted"],
        ),
        (
            {"bound": COST_M + 1},
            [
                f"the bound {COST_M + 1} m lies above the cost {COST_M} m",
                f"a gap of 0.0 is said, {-1 / COST_M} counted",
                f"OPTIMAL is said of cost {COST_M} m and bound {COST_M + 1} m",
            ],
        ),
        ({"gap": 0.01}, ["a gap of 0.01 is said, 0.0 counted"]),
        ({"status": Status.FEASIBLE}, [f"FEASIBLE is said of cost {COST_M} m and bound {COST_M} m"]),
        (
            {"bound": 0, "gap": 1.0},
            [f"OPTIMAL is said of cost {COST_M} m and bound 0 m"],
        ),
    ],
    ids=["cost", "bound", "gap", "status", "optimal without proof"],
)
def test_judge_forbids_a_cost_a_bound_or_a_gap_that_is_not_so(changes: dict[str, object], found: list[str]) -> None:
    """A plan's own proof is worth nothing unless somebody counts again."""
    asked, plan = _half_met()

    boasting = replace(plan, **changes)  # type: ignore[arg-type]  # parts of a plan, by name

    assert faults(asked, boasting) == tuple(f"cost: {fault}" for fault in found)


def test_verdict_holds_the_cost_counted_anew() -> None:
    """Readers of a verdict see the judge's figure, not the plan's."""
    asked = village()

    verdict = solve(asked).verdict

    assert verdict.holds
    assert verdict.objective == VILLAGE_OBJECTIVE


def test_engine_says_its_cost_bound_and_gap() -> None:
    """What the calendar loses is paid for and told: both want the same half hour of the one day."""
    hour: dict[str, Any] = {"window_min": (480, 510), "weekdays": MON, "penalty": 9_000}
    needs = [Need(id=1, east_m=100, **hour), Need(id=2, east_m=200, **hour)]

    plan = solve(question(*needs, Volunteer()))

    assert (plan.objective, plan.bound, plan.status) == (9_100, 300, Status.FEASIBLE)
    assert plan.gap == pytest.approx(8_800 / 9_100)

"""The judge of a change finds what the whole judge finds, wherever the fault is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching.plan import Plan
from matching.problem import Ints, Problem
from matching.solve import solve
from matching.upkeep import Upkeep
from matching.verify import verify
from matching.verify_changes import verify_changes
from tests.matching.instances import quarter

NOBODY = np.empty(0, dtype=np.int64)


@pytest.fixture(scope="module")
def case() -> tuple[Problem, Plan, Problem, Plan, Ints]:
    """A quarter, its plan, the quarter without one volunteer, the mended plan, and whose pairs it changed."""
    asked = quarter(needs=40, volunteers=9, seed=4)
    before, who = solve(asked), asked.volunteers
    now = replace(asked, volunteers=replace(who, **{name: getattr(who, name)[1:] for name in who.to_columns()}))
    mended = Upkeep(asked, before).mend(now, change_m=1_000_000)
    changed = np.array([one.need_id for one in mended.changes.pairs], dtype=np.int64)
    return asked, before, now, mended.plan, changed


def _visits(plan: Plan, name: str, row: int, value: int) -> Plan:
    column = getattr(plan.visits, name).copy()
    column[row] = value
    changes: dict[str, Any] = {name: column}
    return replace(plan, visits=replace(plan.visits, **changes))


def _without_a_visit(plan: Plan) -> Plan:
    rows: dict[str, Any] = {name: getattr(plan.visits, name)[1:] for name in plan.visits.__dataclass_fields__}
    return replace(plan, visits=type(plan.visits)(**rows))


def _to_another(plan: Plan) -> Plan:
    who = plan.pairs.volunteer_ids.copy()
    who[0] = who[who != who[0]][0]
    return replace(plan, pairs=replace(plan.pairs, volunteer_ids=who))


MUTATIONS: dict[str, Callable[[Plan], Plan]] = {
    "another minute": lambda plan: _visits(plan, "starts_min", 0, 0),
    "another day": lambda plan: _visits(plan, "days", 0, plan.horizon_days),
    "another length": lambda plan: _visits(plan, "durations_min", 3, 7),
    "no visit": _without_a_visit,
    "somebody else": _to_another,
    "unknown": lambda plan: _visits(plan, "volunteer_ids", 5, 999_999),
    "cheaper": lambda plan: replace(plan, objective=plan.objective - 1),
    "unmet as well": lambda plan: replace(plan, unmet=replace(plan.unmet, need_ids=plan.pairs.need_ids[:1])),
    "other days": lambda plan: replace(plan, horizon_days=plan.horizon_days + 1),
}


@pytest.mark.parametrize("said", ["who was mended", "nobody"])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_fault_is_found_whoever_is_said_to_have_changed(
    case: tuple[Problem, Plan, Problem, Plan, Ints], mutation: str, said: str
) -> None:
    """Nothing is taken on trust: what is said to be as before is compared, and where it is not all is judged."""
    asked, before, now, plan, changed = case
    wrong = MUTATIONS[mutation](plan)

    verdict = verify_changes(now, wrong, before, asked, changed if said == "who was mended" else NOBODY)

    assert not verdict.holds
    assert not verify(now, wrong).holds


@pytest.mark.parametrize("said", ["who was mended", "nobody"])
def test_right_plan_holds_at_the_cost_that_all_of_it_has(
    case: tuple[Problem, Plan, Problem, Plan, Ints], said: str
) -> None:
    """The cost is counted over everybody, touched or not."""
    asked, before, now, plan, changed = case

    verdict = verify_changes(now, plan, before, asked, changed if said == "who was mended" else NOBODY)

    assert verdict == verify(now, plan)


def test_question_that_became_stricter_is_judged_by_its_new_rules(
    case: tuple[Problem, Plan, Problem, Plan, Ints],
) -> None:
    """A plan that nobody changed does not hold any more when somebody takes fewer; the judge sees it by itself."""
    asked, before, _, _, _ = case
    fewer = replace(asked, volunteers=replace(asked.volunteers, max_needs=np.zeros(9, dtype=np.int64)))

    verdict = verify_changes(fewer, before, before, asked, NOBODY)

    assert not verdict.holds
    assert verdict.faults[0].startswith("capacity")


def test_plan_that_never_held_is_judged_whole(case: tuple[Problem, Plan, Problem, Plan, Ints]) -> None:
    """Being the same as something wrong is not being right."""
    asked, before, _, _, _ = case
    wrong = _visits(before, "starts_min", 0, 0)
    judged = replace(wrong, verdict=verify(asked, wrong))

    assert not verify_changes(asked, judged, judged, asked, NOBODY).holds

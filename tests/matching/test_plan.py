"""A plan is the same after it was written and read."""

import json
from dataclasses import replace

import numpy as np
import pytest

from matching.plan import CANDIDATE_RULES, Plan, UnmetReason
from matching.problem import Problem
from matching.solve import solve
from matching.verify import verify
from tests.matching.answers import answer
from tests.matching.questions import pair, question, storm, village


@pytest.mark.parametrize("asked", [question(), pair(), village(), storm()], ids=["nothing", "pair", "village", "storm"])
def test_plan_is_the_same_after_json(asked: Problem) -> None:
    """Plans are stored as JSON; what is read later must be what was judged."""
    plan = solve(asked)

    read = Plan.from_json(plan.to_json())

    assert json.loads(read.to_json()) == json.loads(plan.to_json())
    assert read.verdict == plan.verdict
    assert read.status is plan.status


def test_plan_read_has_columns_of_numbers() -> None:
    """Whoever computes with a stored plan gets arrays, and reasons as reasons."""
    plan = Plan.from_json(solve(storm()).to_json())

    assert plan.pairs.need_ids.dtype == np.int64
    assert plan.unmet.taken_by_rule.shape == (len(plan.unmet.need_ids), len(CANDIDATE_RULES))
    assert {type(reason) for reason in plan.unmet.reasons} == {UnmetReason}


def test_plan_without_an_unmet_need_keeps_the_shape_of_its_counts() -> None:
    """No rows, and still as many columns as there are rules."""
    plan = Plan.from_json(solve(pair()).to_json())

    assert plan.unmet.taken_by_rule.shape == (0, len(CANDIDATE_RULES))


def test_faults_of_a_verdict_survive() -> None:
    """A plan that was rejected can be read with the reasons why."""
    asked = pair()
    forgetful = answer(asked)

    read = Plan.from_json(replace(forgetful, verdict=verify(asked, forgetful)).to_json())

    assert not read.verdict.holds
    assert read.verdict.faults == ("coverage: need 1 is neither paired nor unmet",)


@pytest.mark.parametrize("reason", list(UnmetReason))
def test_every_reason_that_is_a_rule_is_counted(reason: UnmetReason) -> None:
    """A reason says which rule took the last candidate; each such rule has a column of counts."""
    ran_out = {UnmetReason.CAPACITY, UnmetReason.SLOT_PLACES, UnmetReason.CALENDAR, UnmetReason.COST}

    assert (reason.value in CANDIDATE_RULES) == (reason not in ran_out)

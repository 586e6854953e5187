"""The same question with the same seed has the same answer, in every process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from matching.plan import Plan
from matching.problem import Problem
from matching.solve import solve
from tests.matching.instances import quarter
from tests.matching.questions import Need, Volunteer, question

SOLVE = """
import sys
from matching.problem import Problem
from matching.solve import solve
from tests.matching.test_determinism import written
sys.stdout.buffer.write(written(solve(Problem.from_json(open(sys.argv[1], "rb").read()))))
"""
ROOT = Path(__file__).parents[2]


def written(plan: Plan) -> bytes:
    """Return a plan as JSON without its seconds."""
    plan.seconds_by_stage.clear()
    return plan.to_json()


def _ties(seed: int) -> Problem:
    """Everyone in one tower: all pairings cost the same, so only the rule for ties decides."""
    needs = [Need(id=number) for number in range(12)]
    return question(*needs, *(Volunteer(id=100 + number, max_needs=1) for number in range(12)), seed=seed)


@pytest.mark.parametrize(
    "asked", [quarter(needs=60, volunteers=20, seed=1), _ties(1)], ids=["a quarter", "a tower of ties"]
)
def test_same_question_has_the_same_plan(asked: Problem) -> None:
    """A plan that cannot be made again cannot be checked again."""
    first, second = solve(asked), solve(asked)

    assert written(first) == written(second)


@pytest.mark.parametrize("hash_seed", ["1", "77"])
def test_another_process_makes_the_same_plan(tmp_path: Path, hash_seed: str) -> None:
    """Nothing hangs on the order in which a process happens to keep its sets."""
    asked = quarter(needs=60, volunteers=20, seed=2)
    saved = tmp_path / "question.json"
    saved.write_bytes(asked.to_json())

    there = subprocess.run(
        [sys.executable, "-c", SOLVE, str(saved)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )

    assert there.stdout == written(solve(asked))


def test_seed_decides_between_equal_plans_and_changes_no_cost() -> None:
    """Another seed is another fair draw among the best plans."""
    plans = [solve(_ties(seed)) for seed in range(5)]

    assert {plan.objective for plan in plans} == {0}
    assert len({tuple(plan.pairs.volunteer_ids.tolist()) for plan in plans}) > 1
    assert [plan.seed for plan in plans] == [0, 1, 2, 3, 4]


def test_order_of_rows_does_not_change_the_cost() -> None:
    """The optimum belongs to the people, not to their place in a list."""
    asked = quarter(needs=60, volunteers=20, seed=3)
    order = np.random.default_rng(0).permutation(60)
    columns = {name: np.array(values)[order] for name, values in asked.needs.to_columns().items()}

    turned = Problem(
        starts_on=asked.starts_on,
        horizon_days=asked.horizon_days,
        needs=type(asked.needs)(**columns),
        volunteers=asked.volunteers,
        slots=asked.slots,
        exclusions=asked.exclusions,
        params=asked.params,
    )

    assert solve(turned).objective == solve(asked).objective

"""Whatever is done in whatever order, by whichever path and with whatever trouble: both databases are as the model."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.conftest import fresh_database
from tests.ledger.machine import BookMachine
from tests.ledger.sides import PATHS
from timebank.core.database import database

BUDGET = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
"""A look at every change; ``python -m tests.ledger.soak`` looks for hours."""


@pytest.fixture
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """A fresh database of each kind, side by side."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                database(stack.enter_context(fresh_database(request, kind, tmp_path_factory.mktemp("side"))))
            )
            for kind in ("sqlite", "postgres")
        ]


def test_both_databases_and_the_model_agree_whatever_is_done(engines: list[Engine]) -> None:
    """Posts, batches, groups, holds, endings, reversals, retries, lost replies, faults, two at once, jumping clocks."""
    steps: list[str] = []

    class Here(BookMachine):
        def __init__(self) -> None:
            super().__init__(engines, steps)

    run_state_machine_as_test(Here, settings=BUDGET)

    assert set(steps) == {*PATHS, "hashes compared"}

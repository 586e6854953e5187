"""A social organisation: the pairs of its sub-districts with their reasons, and a match run that it follows.

Run it: .venv/bin/python examples/social_organisation.py
It builds a small district of its own; give the address of an empty database to build it there instead.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.core.database import database, transaction
from timebank.core.jobs import Report, work_one
from timebank.core.tables import Job
from timebank.demo.run import run_demo
from timebank.people.tables import Organisation
from timebank.planning.listing import plan_seen
from timebank.planning.pairs import list_pairs, list_unmet, pair_reason, unmet_reason
from timebank.planning.runs import MATCH, run_match, run_of, start_run
from timebank.planning.storing import publish_plan

NOW = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)


def main(url: str | None = None) -> None:
    """Tell the story on a small district of its own."""
    with TemporaryDirectory() as folder, database(url or f"sqlite:///{Path(folder) / 'district.sqlite'}") as engine:
        run_demo(engine, seed=7, scale=0.02, starts_on=date(2026, 3, 2), now=NOW, progress=lambda *_: None)
        with transaction(engine, read_only=True) as session:
            mine = session.exec(select(Organisation.id).where(Organisation.code == "SO3")).one() or 0
            tell_pairs(session, mine)
        run = ask_for_a_run(engine, mine)
        work(engine, mine, run)
        accept(engine, mine, run)


def tell_pairs(session: Session, mine: int) -> None:
    """Print some pairs and some unmet needs, each with its reason."""
    print("Pairs:")
    for row in list_pairs(session, mine, first=3):
        print(f"  {row.senior_ref} with {row.volunteer_ref} in {row.area_en}: {pair_reason(row, 'en')}")
    print("Unmet:")
    for row in list_unmet(session, mine, first=3):
        print(f"  {row.senior_ref} {row.service} in {row.area_en}: {unmet_reason(row, 'en')}")


def ask_for_a_run(engine: Engine, mine: int) -> int:
    """Ask for a plan of the next weeks; the answer comes at once, and the same key again is the same run."""
    with transaction(engine) as session:
        run = start_run(
            session,
            organisation_id=mine,
            starts_on=date(2026, 4, 27),
            horizon_days=14,
            idempotency_key="spring",
            now=NOW,
        )
        print(f"Run {run.id}: {run.status}")
        return run.id or 0


def work(engine: Engine, mine: int, run: int) -> None:
    """Let a worker do the run, and look at it from outside whenever a stage ends; `make serve` has such workers."""

    def watched(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
        def tell(stage: str, share: float) -> None:
            before = _share(engine, mine, run)
            report(stage, share)
            if _share(engine, mine, run) > before:
                print(f"Run {run}: running, {_share(engine, mine, run)} %, {stage} done")

        return run_match(engine, job, tell)

    work_one(engine, {MATCH: watched})


def _share(engine: Engine, mine: int, run: int) -> int:
    with transaction(engine, read_only=True) as session:
        return run_of(session, run, organisation_id=mine).progress_ppm // 10_000


def accept(engine: Engine, mine: int, run: int) -> None:
    """Look at what came out, and put it into force for the organisation's own needs."""
    with transaction(engine) as session:
        done = run_of(session, run, organisation_id=mine)
        plan = plan_seen(session, done.result["plan_id"], organisation_id=mine, is_own=True)
        print(f"Run {run}: {done.status}")
        print(
            f"Plan {plan.id}: {plan.state}, {plan.status}, {plan.figures['visits']} visits in {plan.horizon_days} days"
        )
        publish_plan(session, plan.id or 0)
        print(
            f"Plan {plan.id}: {plan.state}; the pairs of {len(list_pairs(session, mine, first=100))} needs are its own"
        )


if __name__ == "__main__":
    main(*sys.argv[1:2])

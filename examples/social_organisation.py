"""A social organisation: the pairs of its sub-districts with their reasons, and a match run that it follows.

Run it: .venv/bin/python examples/social_organisation.py
"""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.core.database import open_database, transaction
from timebank.core.jobs import work_one
from timebank.demo.run import run_demo
from timebank.people.tables import Organisation
from timebank.planning.listing import plan_seen
from timebank.planning.pairs import list_pairs, list_unmet, pair_reason, unmet_reason
from timebank.planning.runs import MATCH, run_match, run_of, start_run

NOW = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)


def main() -> None:
    """Tell the story on a small district of its own."""
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'district.sqlite'}")
        run_demo(engine, seed=7, scale=0.05, starts_on=date(2026, 3, 2), now=NOW, progress=lambda *_: None)
        with transaction(engine, read_only=True) as session:
            mine = session.exec(select(Organisation.id).where(Organisation.code == "SO3")).one() or 0
            tell_pairs(session, mine)
        follow_a_run(engine, mine)
        engine.dispose()


def tell_pairs(session: Session, mine: int) -> None:
    """Print some pairs and some unmet needs, each with its reason."""
    print("Pairs:")
    for row in list_pairs(session, mine, first=4):
        print(f"  {row.senior_ref} with {row.volunteer_ref} in {row.area_en}: {pair_reason(row, 'en')}")
    print("Unmet:")
    for row in list_unmet(session, mine, first=3):
        print(f"  {row.senior_ref} {row.service} in {row.area_en}: {unmet_reason(row, 'en')}")


def follow_a_run(engine: Engine, mine: int) -> None:
    """Ask for a run over the next weeks, let a worker do it, and look at what came out."""
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
    work_one(engine, {MATCH: run_match})
    with transaction(engine, read_only=True) as session:
        run = run_of(session, run.id or 0, organisation_id=mine)
        plan = plan_seen(session, run.result["plan_id"], organisation_id=mine)
        print(f"Run {run.id}: {run.status}, {run.progress_ppm // 10_000} %, last stage {run.stage}")
        print(
            f"Plan {plan.id}: {plan.state}, {plan.status}, {plan.figures['visits']} visits in {plan.horizon_days} days"
        )


if __name__ == "__main__":
    main()

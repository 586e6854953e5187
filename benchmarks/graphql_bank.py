"""A bank to be asked by: an organisation with a token, and a hundred match runs with a plan each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlmodel import Session

from timebank.core.database import database, transaction
from timebank.core.schema import upgrade
from timebank.core.tables import Job
from timebank.people.tables import Organisation
from timebank.people.tokens import issue_token
from timebank.planning.runs import MATCH
from timebank.planning.tables import Plan

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A database, the token of the organisation that asks, and the number of one of its runs."""

    engine: Engine
    token: str
    organisation_id: int
    run_id: int


@contextmanager
def bank() -> Iterator[Bank]:
    """Build it in an SQLite file, for as long as the block runs."""
    with TemporaryDirectory() as folder, database(f"sqlite:///{Path(folder) / 'bank.sqlite'}") as engine:
        upgrade(engine)
        with transaction(engine) as session:
            found = _filled(session, engine)
        yield found


def _filled(session: Session, engine: Engine) -> Bank:
    organisation = Organisation(code="EAST", kind="social_organisation", name_zh="东", name_en="East")
    session.add(organisation)
    session.flush()
    number = organisation.id or 0
    run_id = 0
    for n in range(RUNS):
        plan = Plan(
            scope=f"organisation:{number}",
            organisation_id=number,
            input_hash=f"{n:064d}",
            starts_on=date(2026, 3, 2),
            horizon_days=28,
            status="OPTIMAL",
            objective=n,
            bound=n,
            seed=1,
            method="min-cost flow",
            payload=b"",
            created_at=NOON,
        )
        session.add(plan)
        session.flush()
        job = Job(
            kind=MATCH,
            scope=f"organisation:{number}",
            organisation_id=number,
            idempotency_key=str(n),
            status="done",
            stage="verify",
            progress_ppm=1_000_000,
            result={"plan_id": plan.id},
            created_at=NOON,
        )
        session.add(job)
        session.flush()
        run_id = job.id or 0
    token = issue_token(session, scopes=frozenset({"matches:read"}), now=NOON, organisation_id=number)
    return Bank(engine=engine, token=token, organisation_id=number, run_id=run_id)

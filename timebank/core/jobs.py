"""Long work as jobs: taken by one worker at a time under a lease, with progress, and taken again if it dies.

The same table and code serve both databases. A handler may run twice for one job, so it must store its result
under a key of its own.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Table, or_, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.clock import now as this_moment
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, Refusal
from timebank.core.tables import Job

JOB: Table = Job.__table__  # type: ignore[attr-defined]  # SQLModel adds it
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
PPM = 1_000_000
Report = Callable[[str, float], None]
Handler = Callable[[Engine, Job, Report], dict[str, Any]]


class JobCancelled(Exception):
    """The job was cancelled while it ran, or another worker has it; the handler stops."""


def enqueue(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    idempotency_key: str,
    now: datetime,
    organisation_id: int | None = None,
) -> Job:
    """Ask for a job; the same key and content of the same scope is the same job.

    Raises
    ------
    KeyConflict
        When the key was used for other content.
    """
    scope = "district" if organisation_id is None else f"organisation:{organisation_id}"
    standing = pick(Job).where(Job.scope == scope, Job.idempotency_key == idempotency_key)
    job = session.exec(standing).first()
    if job is None:
        job = Job(
            kind=kind,
            payload=payload,
            scope=scope,
            organisation_id=organisation_id,
            idempotency_key=idempotency_key,
            created_at=now,
        )
        session.add(job)
        session.flush()
    if (job.kind, _digest(job.payload)) != (kind, _digest(payload)):
        raise KeyConflict(key=idempotency_key)
    return job


def _digest(payload: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def take(engine: Engine, *, now: datetime) -> Job | None:
    """Take the oldest job that waits, or whose worker has let its lease run out; nothing when there is none."""
    j = JOB.c
    free = or_(j.status == "queued", (j.status == "running") & (j.lease_until < now))
    with transaction(engine) as session:
        connection = session.connection()
        number = connection.execute(
            select(j.id).where(free).order_by(j.id).limit(1).with_for_update(skip_locked=True)
        ).scalar()
        if number is None:
            return None
        if connection.execute(select(j.attempts).where(j.id == number)).scalar_one() >= MOST_ATTEMPTS:
            fault = f"Its worker ended {MOST_ATTEMPTS} times before the job was done."
            connection.execute(_change(number, status="failed", fault=fault, finished_at=now))
            return None
        connection.execute(_change(number, status="running", lease_until=now + LEASE, attempts=j.attempts + 1))
        return session.get_one(Job, number)


def _change(number: int | None, **values: Any) -> Any:
    return update(JOB).where(JOB.c.id == number).values(**values)


def report(engine: Engine, job: Job, stage: str, share: float, *, now: datetime) -> None:
    """Write progress and renew the lease.

    Raises
    ------
    JobCancelled
        When the job is no longer this worker's.
    """
    mine = (JOB.c.status == "running", JOB.c.attempts == job.attempts)
    values = {"stage": stage, "progress_ppm": round(share * PPM), "lease_until": now + LEASE}
    with transaction(engine) as session:
        if session.connection().execute(_change(job.id, **values).where(*mine)).rowcount != 1:
            raise JobCancelled


def cancel(session: Session, job_id: int, *, now: datetime) -> bool:
    """Stop a job that waits or runs; tells whether there was something to stop."""
    stopped = _change(job_id, status="cancelled", finished_at=now).where(JOB.c.status.in_(("queued", "running")))
    return bool(session.connection().execute(stopped).rowcount)


def job_of(session: Session, job_id: int, *, organisation_id: int | None = None) -> Job:
    """Return a job, of an organisation when one is given.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    job = session.get(Job, job_id, populate_existing=True)
    if job is None or (organisation_id is not None and job.organisation_id != organisation_id):
        raise NotFound(kind="job", key=str(job_id))
    return job


def work_one(engine: Engine, handlers: dict[str, Handler], *, clock: Callable[[], datetime] = this_moment) -> bool:
    """Take one job and do it; tells whether there was one. A fault of the job is stored with it."""
    job = take(engine, now=clock())
    if job is None:
        return False
    try:
        result = handlers[job.kind](engine, job, lambda stage, share: report(engine, job, stage, share, now=clock()))
    except JobCancelled:
        return True
    except (Refusal, ValueError, KeyError) as fault:
        values: dict[str, Any] = {"status": "failed", "fault": f"{type(fault).__name__}: {fault}"[:2000]}
    else:
        values = {"status": "done", "result": result, "progress_ppm": PPM}
    mine = (JOB.c.status == "running", JOB.c.attempts == job.attempts)
    with transaction(engine) as session:
        session.connection().execute(_change(job.id, finished_at=clock(), **values).where(*mine))
    return True


def work(engine: Engine, handlers: dict[str, Handler], *, pause_s: float = 0.5) -> None:
    """Work until the process that started this one is gone, or it is interrupted."""
    parent = os.getppid()
    while os.getppid() == parent:
        if not work_one(engine, handlers):
            time.sleep(pause_s)

"""Long work as jobs: taken by one worker at a time under a lease, with progress, and taken again if it dies.

The same table and code serve both databases. While a handler runs, its worker renews the lease; a worker that is
killed renews nothing, so its job is taken again when the lease ends, a few times. A handler may therefore run twice
for one job, so it must store its result under a key of its own.
"""

import hashlib
import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, case, or_, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.clock import now as this_moment
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip, transaction
from timebank.core.errors import KeyConflict, NotFound, Refusal, StoreUnavailable
from timebank.core.keys import check_key
from timebank.core.tables import Job

JOB = table_of(Job)
LOG = logging.getLogger("timebank.jobs")
LEASE = timedelta(seconds=60)
BEAT_S = LEASE.total_seconds() / 4
"""Seconds between two renewals of a lease; three may be lost before the job is another's."""
KEEP_S = 5.0
"""Seconds between two times that a worker does what is to be done besides jobs."""
MOST_ATTEMPTS = 3
PPM = 1_000_000
Report = Callable[[str, float], None]
Handler = Callable[[Engine, Job, Report], dict[str, Any]]
Ended = Callable[[Session, Job, str, datetime], None]
"""Told of a job's end in the transaction that writes it: the job, ``done`` or ``failed``, and the moment."""


def nobody(_session: Session, _job: Job, _status: str, _now: datetime) -> None:
    """Tell nobody of a job's end."""


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
    WrongInput
        When the key is empty, or longer than 200 characters.
    """
    check_key(idempotency_key, field="idempotency_key")
    scope = "district" if organisation_id is None else f"organisation:{organisation_id}"
    asked = Job(
        kind=kind,
        payload=payload,
        scope=scope,
        organisation_id=organisation_id,
        idempotency_key=idempotency_key,
        created_at=now,
    )
    connection = session.connection()
    gate = insert_or_skip(connection, JOB).values(**asked.model_dump(exclude={"id"}))
    connection.execute(gate.on_conflict_do_nothing(index_elements=["scope", "idempotency_key"]))
    job = session.exec(pick(Job).where(Job.scope == scope, Job.idempotency_key == idempotency_key)).one()
    if (job.kind, _digest(job.payload)) != (kind, _digest(payload)):
        raise KeyConflict(key=idempotency_key)
    return job


def _digest(payload: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def take(engine: Engine, *, now: datetime, ended: Ended = nobody) -> Job | None:
    """Take the oldest job that waits, or whose worker has let its lease run out; nothing when there is none.

    A job whose workers ended too often is failed on the way, so that it does not end every worker there is.
    """
    with transaction(engine) as session:
        connection = session.connection()
        while (found := _next_free(connection, now)) is not None:
            number, attempts = found
            if attempts < MOST_ATTEMPTS:
                held = {"status": "running", "lease_until": now + LEASE, "attempts": attempts + 1}
                connection.execute(_change(number, **held))
                return session.get_one(Job, number)
            fault = f"Its worker ended {MOST_ATTEMPTS} times before the job was done."
            connection.execute(_change(number, status="failed", fault=fault, finished_at=now))
            ended(session, session.get_one(Job, number, populate_existing=True), "failed", now)
    return None


def _next_free(connection: Connection, now: datetime) -> tuple[int, int] | None:
    """Lock the oldest job that can be taken; returns its number and its attempts so far."""
    j = JOB.c
    free = or_(j.status == "queued", (j.status == "running") & (j.lease_until < now))
    wanted = select(j.id, j.attempts).where(free).order_by(j.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(wanted).first()
    return None if row is None else (int(row.id), int(row.attempts))


def _change(number: int | None, **values: Any) -> Any:
    return update(JOB).where(JOB.c.id == number).values(**values)


def report(engine: Engine, job: Job, stage: str, share: float, *, now: datetime) -> None:
    """Write progress, which never falls, and renew the lease; ``share`` is 0 to 1.

    Raises
    ------
    JobCancelled
        When the job is no longer this worker's.
    """
    reached = round(min(max(share, 0.0), 1.0) * PPM)
    furthest = case((JOB.c.progress_ppm > reached, JOB.c.progress_ppm), else_=reached)
    if not _change_mine(engine, job, stage=stage, progress_ppm=furthest, lease_until=now + LEASE):
        raise JobCancelled


def renew(engine: Engine, job: Job, *, now: datetime) -> bool:
    """Keep a job for another lease; tells whether it is still this worker's."""
    return _change_mine(engine, job, lease_until=now + LEASE)


def _change_mine(engine: Engine, job: Job, **values: Any) -> bool:
    """Change a job that runs, unless it was cancelled or another worker took it since."""
    mine = (JOB.c.status == "running", JOB.c.attempts == job.attempts)
    with transaction(engine) as session:
        return bool(session.connection().execute(_change(job.id, **values).where(*mine)).rowcount)


def _end_mine(engine: Engine, job: Job, ended: Ended, now: datetime, **values: Any) -> None:
    """Write the end of a job that is still this worker's, and tell of it in the same transaction."""
    mine = (JOB.c.status == "running", JOB.c.attempts == job.attempts)
    with transaction(engine) as session:
        if session.connection().execute(_change(job.id, finished_at=now, **values).where(*mine)).rowcount:
            ended(session, job, values["status"], now)


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


def work_one(
    engine: Engine,
    handlers: dict[str, Handler],
    *,
    clock: Callable[[], datetime] = this_moment,
    beat_s: float = BEAT_S,
    ended: Ended = nobody,
) -> bool:
    """Take one job and do it; tells whether there was one. A fault of the job is stored with it, and is not retried.

    Raises
    ------
    StoreUnavailable
        When the database goes away meanwhile; the job is taken again when its lease ends.
    """
    job = take(engine, now=clock(), ended=ended)
    if job is None:
        return False
    try:
        with _kept(engine, job, clock, beat_s):
            result = _handle(engine, handlers, job, clock)
    except JobCancelled:
        return True
    except StoreUnavailable:
        raise
    except (Refusal, ValueError) as fault:
        ending: dict[str, Any] = {"status": "failed", "fault": f"{type(fault).__name__}: {fault}"[:2000]}
    except Exception as fault:  # noqa: BLE001  # whatever a handler meets, its asker hears of it and the worker lives
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)[-6:]]
        kind = type(fault).__name__  # its words can hold personal data and are left out
        LOG.error("job %s failed: %s at %s", job.id, kind, " > ".join(places))  # noqa: TRY400  # no words, see above
        ending = {"status": "failed", "fault": f"Unexpected {type(fault).__name__}; the log of job {job.id} has more."}
    else:
        ending = {"status": "done", "result": result, "progress_ppm": PPM}
    _end_mine(engine, job, ended, clock(), **ending)
    return True


def _handle(engine: Engine, handlers: dict[str, Handler], job: Job, clock: Callable[[], datetime]) -> dict[str, Any]:
    if job.kind not in handlers:
        message = f"This worker knows {sorted(handlers)}, not jobs of kind {job.kind!r}."
        raise ValueError(message)
    return handlers[job.kind](engine, job, lambda stage, share: report(engine, job, stage, share, now=clock()))


@contextmanager
def _kept(engine: Engine, job: Job, clock: Callable[[], datetime], beat_s: float) -> Iterator[None]:
    """Renew the lease from a second thread for as long as the block runs, however long that is."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(beat_s):
            try:
                if not renew(engine, job, now=clock()):
                    return
            except StoreUnavailable:
                continue  # the next beat may find it again

    heart = threading.Thread(target=beat, name=f"job-{job.id}", daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()


def work(
    engine: Engine,
    handlers: dict[str, Handler],
    *,
    pause_s: float = 0.5,
    parent: int | None = None,
    keep: Callable[[], object] | None = None,
    ended: Ended = nobody,
) -> None:
    """Work until the process that started this one is gone, or it is interrupted; outlives a database that rests.

    ``parent`` is that process's number; without it, whoever is the parent now. One that dies while this one still
    starts up is only noticed when it gave its number. ``keep`` is what is to be done every few seconds besides, between
    two jobs; ``ended`` is told of every job's end.
    """
    parent = os.getppid() if parent is None else parent
    kept_at = -KEEP_S
    while os.getppid() == parent:
        try:
            if keep is not None and time.monotonic() - kept_at >= KEEP_S:
                kept_at = time.monotonic()
                _keep(keep)
            is_idle = not work_one(engine, handlers, ended=ended)
        except StoreUnavailable as fault:
            LOG.warning("the database does not answer: %s", fault)
            is_idle = True
        if is_idle:
            time.sleep(pause_s)


def _keep(keep: Callable[[], object]) -> None:
    """Do what is to be done besides jobs; a fault in it must not end the worker, and is seen in the log."""
    try:
        keep()
    except StoreUnavailable:
        raise
    except Exception as fault:  # noqa: BLE001  # whatever it meets, jobs are still to be done
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)[-6:]]
        kind = type(fault).__name__  # its words can hold personal data and are left out
        LOG.error("upkeep failed: %s at %s", kind, " > ".join(places))  # noqa: TRY400  # no words, see above

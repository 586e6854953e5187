"""Match runs: a question is planned and stored; asked through a job, its progress can be followed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from timebank.core.clock import now as this_moment
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.jobs import Report, cancel, enqueue
from timebank.core.keys import check_key
from timebank.core.tables import Job
from timebank.core.texts import Phrase
from timebank.outbox.events import Happened, emit
from timebank.planning.making import make_plan
from timebank.planning.question import Question
from timebank.planning.repairs import Mend, repair_plan

__all__ = ["MATCH", "cancel_run", "make_plan", "run_match", "run_of", "start_repair", "start_run", "tell_run_ended"]

MATCH = "match"
LONGEST_HORIZON_DAYS = 92
MOST_RUNS = 3
"""Runs of an organisation that wait or work at once; one more is refused and names the one that is ahead."""
FIRST_START, LAST_START = date(2000, 1, 1), date(2199, 12, 31)
"""First days that a run may ask for; what lies outside is a slip of the hand, and has no days after it at worst."""


def start_run(
    session: Session,
    *,
    organisation_id: int,
    starts_on: date,
    horizon_days: int,
    idempotency_key: str,
    now: datetime,
) -> Job:
    """Ask for a match run over an organisation's own needs; the same key and content is the same run.

    Raises
    ------
    WrongInput
        When the first day, the horizon or the key is out of its bounds.
    KeyConflict
        When the key was used for other content.
    WrongState
        When as many runs of the organisation wait or work already; it names the first of them.
    """
    if not FIRST_START <= starts_on <= LAST_START:
        right = Phrase("right_range", least=FIRST_START, most=LAST_START)
        raise WrongInput(field="startsOn", value=starts_on.isoformat(), right=right)
    if not 1 <= horizon_days <= LONGEST_HORIZON_DAYS:
        right = Phrase("right_range", least=1, most=LONGEST_HORIZON_DAYS)
        raise WrongInput(field="horizonDays", value=str(horizon_days), right=right)
    check_key(idempotency_key)
    payload = {"starts_on": starts_on.isoformat(), "horizon_days": horizon_days}
    return _ask(session, organisation_id, payload, idempotency_key, now)


def start_repair(session: Session, *, organisation_id: int, from_day: date, idempotency_key: str, now: datetime) -> Job:
    """Ask that the plan in force of an organisation is mended from a day on; the same key and content is one run.

    Raises
    ------
    WrongInput
        When the key is out of its bounds.
    KeyConflict
        When the key was used for other content.
    WrongState
        When as many runs of the organisation wait or work already; it names the first of them.
    """
    return _ask(session, organisation_id, {"mend_from": from_day.isoformat()}, idempotency_key, now)


def _ask(session: Session, organisation_id: int, payload: dict[str, Any], idempotency_key: str, now: datetime) -> Job:
    wait_turn(session, f"runs of {organisation_id}")
    mine = select(Job).where(Job.organisation_id == organisation_id)
    if session.exec(mine.where(Job.idempotency_key == idempotency_key)).first() is None:
        _refuse_crowd(session, organisation_id)
    return enqueue(session, MATCH, payload, idempotency_key=idempotency_key, now=now, organisation_id=organisation_id)


def _refuse_crowd(session: Session, organisation_id: int) -> None:
    """Refuse one run more than may wait or work at once."""
    live = select(Job).where(
        Job.organisation_id == organisation_id, Job.kind == MATCH, col(Job.status).in_(("queued", "running"))
    )
    ahead = session.exec(live.order_by(col(Job.id)).limit(MOST_RUNS)).all()
    if len(ahead) == MOST_RUNS:
        raise WrongState(kind="run", key=str(ahead[0].id), state=ahead[0].status, allowed="finished")


def run_match(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
    """Do a match run, or a repair; the handler of jobs of kind ``match``."""
    if "mend_from" in job.payload:
        day = date.fromisoformat(job.payload["mend_from"])
        mend = Mend(organisation_id=job.organisation_id, from_day=day)
        return {"plan_id": repair_plan(engine, mend, now=this_moment(), progress=report)}
    question = Question(
        starts_on=date.fromisoformat(job.payload["starts_on"]),
        horizon_days=int(job.payload["horizon_days"]),
        organisation_id=job.organisation_id,
    )
    return {"plan_id": make_plan(engine, question, now=this_moment(), progress=report)}


def tell_run_ended(session: Session, job: Job, status: str, now: datetime) -> None:
    """Tell the organisation of a match run that it has ended; told of the end of any job."""
    if job.kind == MATCH and job.organisation_id is not None:
        emit(session, Happened("match_run.finished", job.organisation_id, job.id or 0, {"status": status}), now=now)


def run_of(session: Session, job_id: int, *, organisation_id: int) -> Job:
    """Return a match run of an organisation, as it stands.

    Raises
    ------
    NotFound
        When there is none, or it is another's, or a job of another kind.
    """
    mine = select(Job).where(Job.id == job_id, Job.organisation_id == organisation_id, Job.kind == MATCH)
    job = session.exec(mine.execution_options(populate_existing=True)).first()
    if job is None:
        raise NotFound(kind="run", key=str(job_id))
    return job


def cancel_run(session: Session, job_id: int, *, organisation_id: int, now: datetime) -> Job:
    """Stop a match run of an organisation; one that has ended stays as it is.

    Raises
    ------
    NotFound
        When there is none, or it is another's, or a job of another kind.
    """
    cancel(session, run_of(session, job_id, organisation_id=organisation_id).id or 0, now=now)
    return run_of(session, job_id, organisation_id=organisation_id)

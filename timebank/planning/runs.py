"""Match runs: a question is planned and stored; asked through a job, its progress can be followed."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from matching.problem import Params
from matching.solve import solve
from timebank.core.clock import now as this_moment
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.jobs import Report, cancel, enqueue
from timebank.core.tables import Job
from timebank.core.texts import Phrase
from timebank.planning.figures import plan_figures
from timebank.planning.problem_rows import Question, load_problem
from timebank.planning.storing import plan_number, store_plan

MATCH = "match"
LONGEST_HORIZON_DAYS = 92
FIRST_START, LAST_START = date(2000, 1, 1), date(2199, 12, 31)
"""First days that a run may ask for; what lies outside is a slip of the hand, and has no days after it at worst."""
Progress = Callable[[str, float], None]


def make_plan(engine: Engine, question: Question, *, now: datetime, progress: Progress | None = None) -> int:
    """Load, solve, judge and store; returns the number of the plan. No transaction is open while it solves."""
    with transaction(_at_one_moment(engine), read_only=True) as session:
        problem = load_problem(session, question)
    answer = solve(problem, progress=progress)
    figures = plan_figures(problem, answer)
    with transaction(engine) as session:
        stored = store_plan(
            session,
            problem,
            answer,
            scope=question.scope,
            organisation_id=question.organisation_id,
            figures=figures,
            now=now,
        )
        return plan_number(stored)


def _at_one_moment(engine: Engine) -> Engine:
    """Let every query of a transaction see the rows of one moment; on SQLite it is so already."""
    is_postgres = engine.dialect.name == "postgresql"
    return engine.execution_options(isolation_level="REPEATABLE READ") if is_postgres else engine


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
    """
    if not FIRST_START <= starts_on <= LAST_START:
        right = Phrase("right_range", least=FIRST_START, most=LAST_START)
        raise WrongInput(field="startsOn", value=starts_on.isoformat(), right=right)
    if not 1 <= horizon_days <= LONGEST_HORIZON_DAYS:
        right = Phrase("right_range", least=1, most=LONGEST_HORIZON_DAYS)
        raise WrongInput(field="horizonDays", value=str(horizon_days), right=right)
    if not 1 <= len(idempotency_key) <= 200:
        right = Phrase("right_length", least=1, most=200)
        raise WrongInput(field="idempotencyKey", value=f"{idempotency_key[:20]}...", right=right)
    payload = {"starts_on": starts_on.isoformat(), "horizon_days": horizon_days}
    return enqueue(session, MATCH, payload, idempotency_key=idempotency_key, now=now, organisation_id=organisation_id)


def run_match(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
    """Do a match run; the handler of jobs of kind ``match``."""
    question = Question(
        starts_on=date.fromisoformat(job.payload["starts_on"]),
        horizon_days=int(job.payload["horizon_days"]),
        organisation_id=job.organisation_id,
        params=Params(),
    )
    return {"plan_id": make_plan(engine, question, now=this_moment(), progress=report)}


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

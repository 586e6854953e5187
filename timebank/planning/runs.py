"""Match runs: a question is planned and stored; asked through a job, its progress can be followed."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from matching.problem import Params
from matching.solve import solve
from timebank.core.clock import now as this_moment
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.core.jobs import Report, enqueue, job_of
from timebank.core.tables import Job
from timebank.planning.figures import plan_figures
from timebank.planning.problem_rows import Question, load_problem
from timebank.planning.storing import plan_number, store_plan

MATCH = "match"
LONGEST_HORIZON_DAYS = 92
Progress = Callable[[str, float], None]


def make_plan(engine: Engine, question: Question, *, now: datetime, progress: Progress | None = None) -> int:
    """Load, solve, judge and store; returns the number of the plan. No transaction is open while it solves."""
    with transaction(engine, read_only=True) as session:
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
        When the horizon or the key is out of its bounds.
    KeyConflict
        When the key was used for other content.
    """
    if not 1 <= horizon_days <= LONGEST_HORIZON_DAYS:
        right = f"1 to {LONGEST_HORIZON_DAYS} days"
        raise WrongInput(field="horizonDays", value=str(horizon_days), right=right)
    if not 1 <= len(idempotency_key) <= 200:
        raise WrongInput(field="idempotencyKey", value=f"{idempotency_key[:20]}...", right="1 to 200 characters")
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
        When there is none, or it is another's.
    """
    return job_of(session, job_id, organisation_id=organisation_id)

"""Plans and match runs that an organisation may see."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, or_
from sqlalchemy import select as pick
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.core.tables import Job
from timebank.planning.runs import MATCH
from timebank.planning.tables import Plan

JOB, PLAN = map(table_of, (Job, Plan))
MINE: BindParameter[int] = bindparam("organisation_id")
RUNS: Select[Any] = (
    pick(
        *(JOB.c.id, JOB.c.status, JOB.c.stage, JOB.c.progress_ppm, JOB.c.created_at, JOB.c.finished_at),
        JOB.c.result["plan_id"].as_integer().label("plan_id"),
    )
    .where(JOB.c.organisation_id == MINE, JOB.c.kind == MATCH)
    .order_by(JOB.c.id.desc())
    .limit(bindparam("first"))
)
ONE_RUN = RUNS.where(JOB.c.id == bindparam("job_id"))
OLDER_RUNS = RUNS.where(JOB.c.id < bindparam("before_id"))


def plan_seen(session: Session, plan_id: int, *, organisation_id: int, is_own: bool = False) -> Plan:
    """Return an organisation's own plan, or (unless ``is_own``) the district's when it is or was in force.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    seen = col(Plan.organisation_id) == organisation_id if is_own else _seen(organisation_id)
    plan = session.exec(_light().where(Plan.id == plan_id, seen)).first()
    if plan is None:
        raise NotFound(kind="plan", key=str(plan_id))
    return plan


def plans_seen(session: Session, plan_ids: Sequence[int], *, organisation_id: int) -> dict[int, Row[Any]]:
    """Return those of some plans that an organisation may see, as :func:`plan_seen` does one, by number.

    They are rows with what a plan is shown by, not things that can be changed.
    """
    found = session.connection().execute(PLANS, {"plan_ids": plan_ids, "organisation_id": organisation_id})
    return {plan.id: plan for plan in found}


def _light() -> SelectOfScalar[Plan]:
    """Select plans without the visits they hold, which are megabytes for a district."""
    return select(Plan).options(defer(Plan.payload), defer(Plan.figures))  # type: ignore[arg-type]  # SQLModel columns are SQL columns


def _seen(organisation_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    district = (col(Plan.scope) == "district") & (col(Plan.state) != "proposed")
    return or_(col(Plan.organisation_id) == organisation_id, district)


PLANS: Select[Any] = pick(
    *(PLAN.c.id, PLAN.c.state, PLAN.c.starts_on, PLAN.c.horizon_days),
    *(PLAN.c.status, PLAN.c.objective, PLAN.c.bound, PLAN.c.method),
).where(PLAN.c.id.in_(bindparam("plan_ids", expanding=True)), _seen(MINE))


def run_seen(session: Session, job_id: int, *, organisation_id: int) -> Row[Any]:
    """Return a match run of an organisation as :func:`list_runs` lists it.

    Raises
    ------
    NotFound
        When there is none, or it is another's, or a job of another kind.
    """
    values = {"organisation_id": organisation_id, "first": 1, "job_id": job_id}
    found = session.connection().execute(ONE_RUN, values).first()
    if found is None:
        raise NotFound(kind="run", key=str(job_id))
    return found


def list_runs(
    session: Session, *, organisation_id: int, first: int, before_id: int | None = None
) -> Sequence[Row[Any]]:
    """Return up to ``first`` (1 to 100) match runs of an organisation, newest first, older than ``before_id``.

    They are rows with what a run is shown by, and the number of its plan: a page of things that could be changed took
    twice as long.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 runs, not {first}."
        raise ValueError(message)
    values = {"organisation_id": organisation_id, "first": first}
    wanted = RUNS if before_id is None else OLDER_RUNS
    return session.connection().execute(wanted, values | {"before_id": before_id}).all()

"""Plans and match runs that an organisation may see."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from timebank.core.errors import NotFound
from timebank.core.tables import Job
from timebank.planning.runs import MATCH
from timebank.planning.tables import Plan


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


def plans_seen(session: Session, plan_ids: Sequence[int], *, organisation_id: int) -> dict[int, Plan]:
    """Return those of some plans that an organisation may see, as :func:`plan_seen` does one, by number."""
    wanted = _light().where(col(Plan.id).in_(plan_ids), _seen(organisation_id))
    return {plan.id: plan for plan in session.exec(wanted) if plan.id is not None}


def _light() -> SelectOfScalar[Plan]:
    """Select plans without the visits they hold, which are megabytes for a district."""
    return select(Plan).options(defer(Plan.payload), defer(Plan.figures))  # type: ignore[arg-type]  # SQLModel columns are SQL columns


def _seen(organisation_id: int) -> ColumnElement[bool]:
    district = (col(Plan.scope) == "district") & (col(Plan.state) != "proposed")
    return or_(col(Plan.organisation_id) == organisation_id, district)


def list_runs(session: Session, *, organisation_id: int, first: int, before_id: int | None = None) -> list[Job]:
    """Return up to ``first`` (1 to 100) match runs of an organisation, newest first, older than ``before_id``."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 runs, not {first}."
        raise ValueError(message)
    wanted = select(Job).where(Job.organisation_id == organisation_id, Job.kind == MATCH)
    if before_id is not None:
        wanted = wanted.where(col(Job.id) < before_id)
    return list(session.exec(wanted.order_by(col(Job.id).desc()).limit(first)))

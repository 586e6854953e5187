"""Plans and match runs that an organisation may see."""

from sqlalchemy import or_
from sqlmodel import Session, col, select

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
    district = (col(Plan.scope) == "district") & (col(Plan.state) != "proposed")
    own = col(Plan.organisation_id) == organisation_id
    seen = own if is_own else or_(own, district)
    plan = session.exec(select(Plan).where(Plan.id == plan_id, seen)).first()
    if plan is None:
        raise NotFound(kind="plan", key=str(plan_id))
    return plan


def list_runs(session: Session, *, organisation_id: int, first: int, before_id: int | None = None) -> list[Job]:
    """Return up to ``first`` (1 to 100) match runs of an organisation, newest first, older than ``before_id``."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 runs, not {first}."
        raise ValueError(message)
    wanted = select(Job).where(Job.organisation_id == organisation_id, Job.kind == MATCH)
    if before_id is not None:
        wanted = wanted.where(col(Job.id) < before_id)
    return list(session.exec(wanted.order_by(col(Job.id).desc()).limit(first)))

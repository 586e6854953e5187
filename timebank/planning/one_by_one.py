"""The plan to which visits belong that are agreed one by one, and not by a run of the engine.

It pairs nobody and speaks for no need, so it is never in force; but its scope is its own, so that plans count its
visits among what volunteers have promised, and never clear them away.
"""

from datetime import datetime

from sqlmodel import Session, select

from timebank.core.clock import day_of
from timebank.core.database import wait_turn
from timebank.planning.commitments import REQUESTS
from timebank.planning.storing import plan_number
from timebank.planning.tables import Plan


def plan_of_requests(session: Session, organisation_id: int, *, now: datetime) -> int:
    """Return the number of an organisation's plan for single visits, made when it is first asked for."""
    scope = f"{REQUESTS}{organisation_id}"
    wait_turn(session, f"plan of {scope}")
    plan = session.exec(select(Plan).where(Plan.scope == scope)).first()
    if plan is None:
        plan = Plan(
            scope=scope,
            input_hash="requests",
            state="superseded",
            starts_on=day_of(now),
            horizon_days=0,
            status="BY_HAND",
            objective=0,
            bound=0,
            seed=0,
            method="one by one",
            payload=b"",
            created_at=now,
        )
        session.add(plan)
        session.flush()
    return plan_number(plan)

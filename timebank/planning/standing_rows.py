"""What stands as rows: the pairs in force, the visits and places ahead, as the engine's plan of the days from one on.

It is read from rows and not from a stored answer, so what people changed by hand since counts too.
"""

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from matching.plan import CANDIDATE_RULES, Bookings, Pairs, Status, Unmet, UnmetReason, Verdict, Visits
from matching.plan import Plan as Answer
from timebank.core.errors import NotFound
from timebank.planning.columns import ints
from timebank.planning.commitments import REQUESTS
from timebank.planning.in_force import DISTRICT, PAIR, PLAN, UNMET, is_in_force
from timebank.planning.question import BOOKING, SLOT, Question, needs_asked
from timebank.planning.tables import Plan
from timebank.visits.life import VISIT

STANDS = ("planned", "checked_in", "checked_out", "confirmed", "disputed")
"""States of a visit that is held, was held, or is still to be."""


def plan_in_force(session: Session, organisation_id: int | None, day: date) -> Plan:
    """Return the plan in force that reaches a day: the organisation's own, else the district's.

    Raises
    ------
    NotFound
        When there is none.
    """
    own = f"organisation:{organisation_id}"
    scopes = [DISTRICT] if organisation_id is None else [own, DISTRICT]
    published = session.exec(pick(Plan).where(Plan.state == "published", col(Plan.scope).in_(scopes))).all()
    reaching = [plan for plan in published if _ends(plan) > day.toordinal()]
    if not reaching:
        raise NotFound(kind="plan", key=day.isoformat())
    return min(reaching, key=lambda plan: scopes.index(plan.scope))


def _ends(plan: Plan) -> int:
    return plan.starts_on.toordinal() + plan.horizon_days


def standing_plan(session: Session, question: Question) -> Answer:
    """Return what stands for the needs of a question within its days; its cost and verdict say nothing."""
    asked = needs_asked(question)
    pairs = _rows(
        session,
        select(PAIR.c.need_id, PAIR.c.volunteer_id, PAIR.c.distance_m)
        .join(PLAN, PLAN.c.id == PAIR.c.plan_id)
        .where(is_in_force(PAIR), PAIR.c.need_id.in_(asked))
        .order_by(PAIR.c.need_id, PAIR.c.volunteer_id),
    )
    bookings = _rows(
        session,
        select(BOOKING.c.need_id, BOOKING.c.slot_id, BOOKING.c.distance_m)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(BOOKING.c.status == "booked", SLOT.c.day >= question.starts_on, SLOT.c.day < question.ends_on)
        .where(BOOKING.c.need_id.in_(asked))
        .order_by(BOOKING.c.need_id, BOOKING.c.slot_id),
    )
    return Answer(
        starts_on=question.starts_on.isoformat(),
        horizon_days=question.horizon_days,
        pairs=Pairs(
            need_ids=ints(row.need_id for row in pairs),
            volunteer_ids=ints(row.volunteer_id for row in pairs),
            distances_m=ints(row.distance_m for row in pairs),
        ),
        visits=_visits(session, question),
        bookings=Bookings(
            need_ids=ints(row.need_id for row in bookings),
            slot_ids=ints(row.slot_id for row in bookings),
            distances_m=ints(row.distance_m for row in bookings),
        ),
        unmet=_unmet(session, question),
        status=Status.FEASIBLE,
        objective=0,
        bound=0,
        gap=0.0,
        seed=question.params.seed,
        method="as it stands",
        seconds_by_stage={},
        verdict=Verdict(holds=False, faults=("not judged",), objective=0),
    )


def _rows(session: Session, wanted: Select[Any]) -> list[Row[Any]]:
    return list(session.connection().execute(wanted))


def _visits(session: Session, question: Question) -> Visits:
    v = VISIT.c
    rows = _rows(
        session,
        select(v.need_id, v.volunteer_id, v.day, v.starts_min, v.planned_min)
        .join(PLAN, PLAN.c.id == v.plan_id)
        .where(v.status.in_(STANDS), v.day >= question.starts_on, v.day < question.ends_on)
        .where(~PLAN.c.scope.startswith(REQUESTS, autoescape=True), v.need_id.in_(needs_asked(question)))
        .order_by(v.day, v.volunteer_id, v.starts_min, v.need_id),
    )
    return Visits(
        need_ids=ints(row.need_id for row in rows),
        volunteer_ids=ints(row.volunteer_id for row in rows),
        days=ints((row.day - question.starts_on).days for row in rows),
        starts_min=ints(row.starts_min for row in rows),
        durations_min=ints(row.planned_min for row in rows),
    )


def _unmet(session: Session, question: Question) -> Unmet:
    rows = _rows(
        session,
        select(UNMET)
        .join(PLAN, PLAN.c.id == UNMET.c.plan_id)
        .where(is_in_force(UNMET), UNMET.c.need_id.in_(needs_asked(question)))
        .order_by(UNMET.c.need_id),
    )
    taken = [[int(row.taken_by_rule.get(rule, 0)) for rule in CANDIDATE_RULES] for row in rows]
    return Unmet(
        need_ids=ints(row.need_id for row in rows),
        reasons=tuple(UnmetReason(row.reason) for row in rows),
        taken_by_rule=np.array(taken, dtype=np.int64).reshape(-1, len(CANDIDATE_RULES)),
        remaining=ints(row.remaining for row in rows),
    )

"""Plan to rows: a plan with its pairs and reasons, then, when it is published, its visits and bookings."""

import hashlib
import zlib
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert, select
from sqlmodel import Session
from sqlmodel import select as pick

from matching import explain
from matching.plan import CANDIDATE_RULES
from matching.plan import Plan as Answer
from matching.problem import Ints, Mask, Problem
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongState
from timebank.planning.in_force import PAIR, UNMET
from timebank.planning.replacing import book_places, clear, refuse_double_hours, take_place, visits_that_can_be
from timebank.planning.tables import Plan
from timebank.projects.projects import GIVE_PLACES
from timebank.visits.life import VISIT

VISITS = ("need_ids", "volunteer_ids", "days", "starts_min", "durations_min")
"""Columns of an engine's visits, in the order in which they are stored."""
VISIT_COLUMNS = "plan_id, need_id, volunteer_id, day, starts_min, planned_min, helper, status, evidence, confirmed_by"


def question_hash(problem: Problem) -> str:
    """Return the SHA-256 of a whole problem: the same question has the same hash."""
    return hashlib.sha256(problem.to_json()).hexdigest()


def store_plan(
    session: Session,
    problem: Problem,
    answer: Answer,
    *,
    scope: str,
    organisation_id: int | None,
    figures: dict[str, Any],
    now: datetime,
    digest: str | None = None,
) -> Plan:
    """Store a plan as proposed; the same question in the same scope is stored once.

    One that was superseded, and is the answer again because the rows are what they were, is proposed anew. ``digest``
    says what was asked when it is more than the problem.
    """
    wait_turn(session, f"plan of {scope}")
    digest = digest or question_hash(problem)
    stored = session.exec(pick(Plan).where(Plan.scope == scope, Plan.input_hash == digest)).first()
    if stored is not None:
        if stored.state != "published":
            stored.state, stored.created_at = "proposed", max(now, stored.created_at)
            session.flush()
        return stored
    plan = Plan(
        scope=scope,
        organisation_id=organisation_id,
        input_hash=digest,
        starts_on=problem.starts_on,
        horizon_days=problem.horizon_days,
        status=answer.status.value,
        objective=answer.objective,
        bound=answer.bound,
        seed=answer.seed,
        method=answer.method,
        figures=figures,
        payload=zlib.compress(answer.to_json()),
        created_at=now,
    )
    session.add(plan)
    session.flush()
    _store_pairs(session, plan_number(plan), problem, answer)
    _store_unmet(session, plan_number(plan), answer)
    return plan


def plan_number(plan: Plan) -> int:
    """Return the number of a stored plan."""
    if plan.id is None:
        message = "The plan is not stored yet."
        raise ValueError(message)
    return plan.id


def _store_pairs(session: Session, plan_id: int, problem: Problem, answer: Answer) -> None:
    reasons = explain.explain_pairs(problem, answer.pairs)
    columns = (
        answer.pairs.need_ids,
        answer.pairs.volunteer_ids,
        answer.pairs.distances_m,
        reasons.ranks,
        reasons.candidates,
    )
    names = ("need_id", "volunteer_id", "distance_m", "rank", "candidates")
    rows = [
        {"plan_id": plan_id} | dict(zip(names, row, strict=True))
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]
    if rows:
        session.connection().execute(insert(PAIR), rows)


def _store_unmet(session: Session, plan_id: int, answer: Answer) -> None:
    unmet = answer.unmet
    rows = [
        {
            "plan_id": plan_id,
            "need_id": need,
            "reason": reason.value,
            "taken_by_rule": dict(zip(CANDIDATE_RULES, taken, strict=True)),
            "remaining": remaining,
        }
        for need, reason, taken, remaining in zip(
            unmet.need_ids.tolist(), unmet.reasons, unmet.taken_by_rule.tolist(), unmet.remaining.tolist(), strict=True
        )
    ]
    if rows:
        session.connection().execute(insert(UNMET), rows)


def answer_of(plan: Plan) -> Answer:
    """Return the engine's plan as it was stored."""
    return Answer.from_json(zlib.decompress(plan.payload))


def publish_plan(session: Session, plan_id: int) -> Plan:
    """Put a proposed plan into force, in one transaction; publishing it again changes nothing.

    From its first day on, planned visits and open bookings of its needs, and those of older plans of its scope,
    give way to its own; what has begun or happened is never touched, and no need gets two visits on a day. Left
    out, and counted in ``figures["left_out"]``, is what cannot be any more: a need that ended, a volunteer who is
    gone, a day that has its visit. One plan is published at a time.

    Raises
    ------
    NotFound
        When there is no such plan.
    WrongState
        When a later plan has taken its place, or others have taken its hours or places since it was made.
    """
    wait_turn(session, GIVE_PLACES)
    plan = session.get(Plan, plan_id, with_for_update=True, populate_existing=True)
    if plan is None:
        raise NotFound(kind="plan", key=str(plan_id))
    if plan.state == "published":
        return plan
    if plan.state != "proposed":
        raise WrongState(kind="plan", key=str(plan_id), state=plan.state, allowed="proposed")
    take_place(session, plan)
    answer = answer_of(plan)
    clear(session, plan, answer)
    can_be = visits_that_can_be(session, plan, answer)
    columns = (getattr(answer.visits, name)[can_be] for name in VISITS)
    visits = insert_visits(session, plan_id, plan.starts_on, *columns)
    bookings = book_places(session, plan, answer)
    refuse_double_hours(session, plan)
    left_out = {"visits": len(can_be) - visits, "bookings": len(answer.bookings.need_ids) - bookings}
    plan.state, plan.figures = "published", plan.figures | {"left_out": left_out}
    session.flush()
    return plan


def insert_visits(
    session: Session,
    plan_id: int,
    starts_on: date,
    need_ids: Ints,
    volunteer_ids: Ints,
    days: Ints,
    starts_min: Ints,
    durations_min: Ints,
) -> int:
    """Store dated visits set-based, columns of shape (v,); returns how many are new.

    SQLite takes rows by the driver's own loop, PostgreSQL by COPY. A need with a visit on that day keeps it, and
    nobody else comes.
    """
    connection = session.connection()
    dates = [starts_on + timedelta(days=n) for n in range(int(days.max(initial=0)) + 1)]
    helpers = number_helpers(need_ids, days, volunteer_ids)
    columns = [need_ids, volunteer_ids, days, starts_min, durations_min, helpers]
    if helpers.max(initial=1) > 1:
        is_free = ~_have_visits(session, starts_on, need_ids, days)
        columns = [column[is_free] for column in columns]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    if connection.dialect.name == "sqlite":
        on = [day.isoformat() for day in dates]
        values = [(plan_id, n, v, on[d], s, m, h) for n, v, d, s, m, h in rows]
        row = "(?, ?, ?, ?, ?, ?, ?, 'planned', '', '')"
        sql = f"INSERT INTO visit ({VISIT_COLUMNS}) VALUES {row} ON CONFLICT DO NOTHING"
        return connection.exec_driver_sql(sql, values).rowcount if values else 0
    connection.exec_driver_sql("CREATE TEMP TABLE new_visit (LIKE visit) ON COMMIT DROP")
    connection.exec_driver_sql("ALTER TABLE new_visit ALTER id DROP NOT NULL")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY new_visit ({VISIT_COLUMNS}) FROM STDIN") as copy:
        for need, volunteer, day, start, minutes, helper in rows:
            copy.write_row((plan_id, need, volunteer, dates[day], start, minutes, helper, "planned", "", ""))
    stored = connection.exec_driver_sql(
        f"INSERT INTO visit ({VISIT_COLUMNS}) SELECT {VISIT_COLUMNS} FROM new_visit ON CONFLICT DO NOTHING"
    ).rowcount
    connection.exec_driver_sql("DROP TABLE new_visit")
    return stored


def number_helpers(need_ids: Ints, days: Ints, volunteer_ids: Ints) -> Ints:
    """Number those who come together to a visit from 1 on, by volunteer; columns of shape (v,)."""
    order = np.lexsort((volunteer_ids, days, need_ids))
    keys = np.column_stack((need_ids, days))[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    rows = np.arange(len(order))
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = rows - np.maximum.accumulate(np.where(is_first, rows, 0)) + 1
    return numbers


def _have_visits(session: Session, starts_on: date, need_ids: Ints, days: Ints) -> Mask:
    """Tell of each need whether it has a visit on a day already."""
    v = VISIT.c
    last = starts_on + timedelta(days=int(days.max(initial=0)))
    held = select(v.need_id, v.day).where(v.day >= starts_on, v.day <= last, v.status != "cancelled")
    had = {(need, (day - starts_on).days) for need, day in session.connection().execute(held)}
    return np.array([pair in had for pair in zip(need_ids.tolist(), days.tolist(), strict=True)], dtype=bool)


def published_plan(session: Session, scope: str) -> Plan | None:
    """Return the plan in force of a scope, or nothing."""
    return session.exec(pick(Plan).where(Plan.scope == scope, Plan.state == "published")).first()

"""Visits of seniors who are away: called off on the day, so that nobody goes in vain and nobody counts as missed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.people.tables import Absence
from timebank.programmes.programmes import ENROLMENT
from timebank.visits.endings import ENDING
from timebank.visits.life import EVENT, VISIT

ABSENCE = table_of(Absence)


def call_off_away(session: Session, day: date, *, actor: str, note: str, now: datetime) -> int:
    """Call off a day's planned visits of programmes to seniors who are away then, set-based; returns how many.

    It is the side of the served, and nobody's fault. Again calls nothing off.
    """
    v, connection = VISIT.c, session.connection()
    rows = list(connection.execute(_to_people_away(day).order_by(v.id).with_for_update(of=VISIT)))
    if rows:
        numbers = [row.id for row in rows]
        for start in range(0, len(numbers), 5000):
            some = numbers[start : start + 5000]
            connection.execute(update(VISIT).where(v.id.in_(some)).values(status="cancelled"))
        event = {"kind": "cancelled", "actor": actor, "note": note, "happened_at": now}
        connection.execute(insert(EVENT), [{"visit_id": number} | event for number in numbers])
        ending = {"kind": "cancelled", "side": "served", "is_late": False, "actor": actor, "ended_at": now}
        notices = [max(0, int((moment_at(day, row.starts_min) - now).total_seconds() // 60)) for row in rows]
        skip = insert_or_skip(connection, ENDING).on_conflict_do_nothing()
        connection.execute(
            skip,
            [{"visit_id": n, "notice_min": minutes} | ending for n, minutes in zip(numbers, notices, strict=True)],
        )
    return len(rows)


def has_away(session: Session, day: date) -> bool:
    """Tell whether a visit of a day is planned to somebody who is away."""
    return session.connection().execute(_to_people_away(day).limit(1)).first() is not None


def _to_people_away(day: date) -> Select[Any]:
    v, a = VISIT.c, ABSENCE.c
    away = select(a.person_id).where(a.withdrawn_at.is_(None), a.from_day <= day, a.to_day > day)
    return (
        select(v.id, v.starts_min)
        .join(ENROLMENT, ENROLMENT.c.need_id == v.need_id)
        .where(v.day == day, v.status == "planned", ENROLMENT.c.senior_id.in_(away))
    )

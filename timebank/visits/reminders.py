"""Who is to be reminded of which visit: each at most once, whatever crashes.

Whoever sends takes reminders on first (``claim``) and commits that; then sends; then says so (``mark_sent``). After a
crash in between nobody is reminded twice: what was taken on and never said to be sent is shown to a person
(``unsent``), and goes out no more by itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, literal, null, select, tuple_, update
from sqlalchemy.sql.selectable import Select
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import UtcMoment, table_of
from timebank.core.database import insert_or_skip
from timebank.needs.requests import NEED
from timebank.people.belonging import areas_of
from timebank.people.tables import Senior
from timebank.visits.life import VISIT
from timebank.visits.tables import Reminder

REMINDER = table_of(Reminder)
SENIOR = table_of(Senior)
LONGEST_LEAD_MIN = 14 * 1440
MOST_AT_ONCE = 1000


class Due(NamedTuple):
    """A reminder that was taken on: of which visit, to whom, as ``giver`` or ``served``, how long before."""

    visit_id: int
    role: str
    lead_min: int
    person_id: int
    begins_at: datetime


def claim(session: Session, organisation_id: int, role: str, *, lead_min: int, now: datetime) -> list[Due]:
    """Take on the reminders of visits that begin within ``lead_min`` from now in an organisation's areas.

    Two who claim at once share them. At most a thousand a call; the next call takes the rest.

    Raises
    ------
    ValueError
        When the role is none, or the lead is not from a minute to two weeks.
    """
    if role not in ("giver", "served") or not 1 <= lead_min <= LONGEST_LEAD_MIN:
        message = f"Reminders are for giver or served, 1 to {LONGEST_LEAD_MIN} minutes before; not {role}, {lead_min}."
        raise ValueError(message)
    connection, r = session.connection(), REMINDER.c
    names = [r.visit_id.name, r.role.name, r.lead_min.name, r.person_id.name, r.claimed_at.name, r.sent_at.name]
    due = _due(organisation_id, role, lead_min, now)
    taken = insert_or_skip(connection, REMINDER).from_select(names, due).on_conflict_do_nothing().returning(r.visit_id)
    numbers = list(connection.execute(taken).scalars())
    return _shown(session, numbers, role, lead_min)


def mark_sent(session: Session, reminders: Iterable[Due], *, now: datetime) -> None:
    """Say that reminders went out; said again, the first moment stays."""
    r = REMINDER.c
    rows = [{"visit": due.visit_id, "as_role": due.role, "lead": due.lead_min} for due in reminders]
    if rows:
        own = (r.visit_id == bindparam("visit"), r.role == bindparam("as_role"), r.lead_min == bindparam("lead"))
        session.connection().execute(update(REMINDER).where(*own, r.sent_at.is_(None)).values(sent_at=now), rows)


def unsent(session: Session, organisation_id: int, *, claimed_before: datetime) -> list[Due]:
    """Return what was taken on before a moment and never said to be sent, for a person to decide; at most 1,000."""
    r, v = REMINDER.c, VISIT.c
    wanted = (
        select(r.visit_id, r.role, r.lead_min, r.person_id, v.day, v.starts_min)
        .join(VISIT, v.id == r.visit_id)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(r.sent_at.is_(None), r.claimed_at < claimed_before, v.status == "planned")
        .where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
        .order_by(v.day, v.starts_min, r.visit_id, r.role)
        .limit(MOST_AT_ONCE)
    )
    return [Due(*row[:4], moment_at(row.day, row.starts_min)) for row in session.connection().execute(wanted)]


def _due(organisation_id: int, role: str, lead_min: int, now: datetime) -> Select[tuple[object, ...]]:
    """Return the query of reminders that nobody has taken on, in the order of the visits."""
    v, until = VISIT.c, now + timedelta(minutes=lead_min)
    begins = tuple_(v.day, v.starts_min)
    person = v.volunteer_id if role == "giver" else NEED.c.senior_id
    taken = select(REMINDER.c.visit_id).where(
        REMINDER.c.visit_id == v.id, REMINDER.c.role == role, REMINDER.c.lead_min == lead_min
    )
    return (
        select(
            v.id,
            literal(role),
            literal(lead_min, type_=REMINDER.c.lead_min.type),
            person,
            literal(now, type_=UtcMoment()),
            null(),
        )
        .join(NEED, NEED.c.id == v.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(v.status == "planned", v.day >= day_of(now), v.day <= day_of(until))
        .where(begins > tuple_(*_minute(now)), begins <= tuple_(*_minute(until)))
        .where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)), ~taken.exists())
        .order_by(v.day, v.starts_min, v.id)
        .limit(MOST_AT_ONCE)
    )


def _minute(moment: datetime) -> tuple[object, int]:
    """Return day and whole minute of the day of a moment."""
    day = day_of(moment)
    return day, int((moment - moment_at(day, 0)).total_seconds() // 60)


def _shown(session: Session, numbers: list[int], role: str, lead_min: int) -> list[Due]:
    v, r = VISIT.c, REMINDER.c
    wanted = (
        select(v.id, r.person_id, v.day, v.starts_min)
        .join(REMINDER, r.visit_id == v.id)
        .where(v.id.in_(numbers), r.role == role, r.lead_min == lead_min)
        .order_by(v.day, v.starts_min, v.id)
    )
    return [
        Due(row.id, role, lead_min, row.person_id, moment_at(row.day, row.starts_min))
        for row in session.connection().execute(wanted)
    ]

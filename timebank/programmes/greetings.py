"""Greetings and visits of a programme as they are written down: by phone or at the door, or without a visit.

Most are only a visit. What was otherwise than usual, or must be told, leaves a contact beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.people.belonging import require_person
from timebank.people.tables import Senior
from timebank.programmes.programmes import ENROLMENT, PROGRAMME, WAYS
from timebank.programmes.steps import words_of
from timebank.programmes.tables import Contact
from timebank.visits.diary import Outcome, record_day
from timebank.visits.life import VISIT

CONTACT = table_of(Contact)
SENIOR = table_of(Senior)
CONDITIONS = ("well", "unwell", "needs_help")
EVIDENCE_BY_WAY = {"phone": "landline", "door": "paper", "video": "app"}
"""What shows a greeting that an organisation writes down, by how it was given."""
HELD = ("checked_out", "confirmed", "disputed")
"""States of a visit at which somebody was met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """How a greeting went: met or not, which way, when (minute of the day) and how long, and how the senior was."""

    is_met: bool
    way: str = ""
    began_min: int | None = None
    minutes: int | None = None
    condition: str = "well"
    note: str = ""


def programme_visits() -> Select[Any]:
    """Return the query of visits with the enrolment and programme that they belong to."""
    v, e, p = VISIT.c, ENROLMENT.c, PROGRAMME.c
    return (
        select(
            v.id,
            v.day,
            v.starts_min,
            v.planned_min,
            v.served_min,
            v.status,
            v.volunteer_id,
            v.need_id,
            e.senior_id,
            e.area_id,
            p.id.label("programme_id"),
            p.organisation_id,
            p.usual_way,
        )
        .join(ENROLMENT, e.need_id == v.need_id)
        .join(PROGRAMME, p.id == e.programme_id)
    )


def visit_in_programme(session: Session, visit_id: int, *, organisation_id: int | None = None) -> Row[Any]:
    """Return a visit of a programme; for an organisation, of one that it runs.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    row = session.connection().execute(programme_visits().where(VISIT.c.id == visit_id)).first()
    if row is None or organisation_id not in (None, row.organisation_id):
        raise NotFound(kind="visit", key=str(visit_id))
    return row


def record_greeting(
    session: Session,
    visit_id: int,
    greeting: Greeting,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> str:
    """Write down how a planned greeting went; the same again changes nothing. Returns the state of the visit.

    Raises
    ------
    NotFound
        When there is no such visit of a programme, or it is another's.
    WrongInput
        When a value cannot be.
    WrongState
        When it was written down otherwise before.
    """
    visit = visit_in_programme(session, visit_id, organisation_id=organisation_id)
    check_greeting(greeting)
    if visit.status == "planned":
        record_day(session, visit.day, [outcome_of(visit, greeting)], actor=actor, now=now)
        write_contacts(session, [(visit, greeting)], actor=actor, now=now)
    elif not is_as_written(visit, greeting):
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="planned")
    return str(session.connection().execute(select(VISIT.c.status).where(VISIT.c.id == visit_id)).scalar_one())


def check_greeting(greeting: Greeting) -> None:
    """Refuse a way or a condition that is none, and a note that is too long."""
    for field, word, known in (("way", greeting.way or "phone", WAYS), ("condition", greeting.condition, CONDITIONS)):
        if word not in known:
            raise WrongInput(field=field, value=word[:20], right=Phrase("right_one_of", known=", ".join(known)))
    words_of("note", greeting.note, least=0)


def outcome_of(visit: Row[Any], greeting: Greeting) -> Outcome:
    """Say a greeting as a line of a day's sheet; what was not said is as it was planned."""
    if not greeting.is_met:
        return Outcome(visit.id, "missed", 0, 0, "", "", greeting.note)
    began = visit.starts_min if greeting.began_min is None else greeting.began_min
    minutes = visit.planned_min if greeting.minutes is None else greeting.minutes
    evidence = EVIDENCE_BY_WAY[greeting.way or visit.usual_way]
    return Outcome(visit.id, "confirmed", began, minutes, evidence, "organisation")


def is_as_written(visit: Row[Any], greeting: Greeting) -> bool:
    """Tell whether a visit that was written down says what a greeting says, as far as it says anything."""
    if not greeting.is_met:
        return bool(visit.status == "missed")
    return visit.status in HELD and greeting.minutes in (None, visit.served_min)


def write_contacts(
    session: Session, greeted: Sequence[tuple[Row[Any], Greeting]], *, actor: str, now: datetime
) -> None:
    """Write what was otherwise than usual, or must be told, beside each visit; once."""
    rows = [
        {
            "visit_id": visit.id,
            "senior_id": visit.senior_id,
            "day": visit.day,
            "way": greeting.way or visit.usual_way,
            "condition": greeting.condition,
            "note": greeting.note.strip() or None,
            "recorded_by": actor,
            "recorded_at": now,
        }
        for visit, greeting in greeted
        if greeting.is_met
        and ((greeting.way or visit.usual_way) != visit.usual_way or greeting.condition != "well" or greeting.note)
    ]
    if rows:
        session.connection().execute(insert_or_skip(session.connection(), CONTACT).on_conflict_do_nothing(), rows)


def record_contact(
    session: Session,
    senior_id: int,
    *,
    day: date,
    way: str,
    actor: str,
    now: datetime,
    condition: str = "well",
    note: str = "",
    organisation_id: int | None = None,
) -> None:
    """Write down that a senior was met or spoken to without a visit of a programme; again that day changes nothing.

    Raises
    ------
    NotFound
        When there is no such senior, or they are not of the organisation's people.
    WrongInput
        When the day has not come, or a value cannot be.
    """
    require_person(session, senior_id, organisation_id)
    if session.connection().execute(select(SENIOR.c.person_id).where(SENIOR.c.person_id == senior_id)).first() is None:
        raise NotFound(kind="senior", key=str(senior_id))
    if day > day_of(now):
        raise WrongInput(field="day", value=day.isoformat(), right=Phrase("right_until_day", day=day_of(now)))
    check_greeting(Greeting(is_met=True, way=way, condition=condition, note=note))
    row = {"visit_id": None, "senior_id": senior_id, "day": day, "way": way, "condition": condition}
    row |= {"note": note.strip() or None, "recorded_by": actor, "recorded_at": now}
    session.connection().execute(insert_or_skip(session.connection(), CONTACT).on_conflict_do_nothing(), row)


def is_over(visit: Row[Any], now: datetime) -> bool:
    """Tell whether the planned hour of a visit is over."""
    return moment_at(visit.day, visit.starts_min + visit.planned_min) <= now

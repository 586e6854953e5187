"""Visits of a day that wait for somebody, as a clerk sees them: by number, with nobody's name or home."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.needs.tables import Need, Service
from timebank.people.tables import Senior, Volunteer
from timebank.visits.life import VISIT

NEED = table_of(Need)
SERVICE = table_of(Service)
SENIOR = table_of(Senior)
VOLUNTEER = table_of(Volunteer)
WAITING = ("planned", "checked_in", "checked_out", "disputed")
MOST = 200


class Due(NamedTuple):
    """A visit that waits: number, minute of the day, service, giver and served by their numbers, and its state."""

    visit_id: int
    starts_min: int
    service: str
    giver_ref: str
    served_ref: str
    status: str


def due_visits(session: Session, organisation_id: int, day: date, *, first: int, after: int = 0) -> list[Due]:
    """Return up to ``first`` (1 to 200) visits of an organisation's day that wait, by number.

    ``after`` is the number of the last one of the page before.
    """
    if not 1 <= first <= MOST:
        message = f"A page has 1 to {MOST} visits, not {first}."
        raise ValueError(message)
    v = VISIT.c
    wanted = (
        select(v.id, v.starts_min, SERVICE.c.code, VOLUNTEER.c.external_ref, SENIOR.c.external_ref, v.status)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == v.volunteer_id)
        .where(v.day == day, v.status.in_(WAITING), NEED.c.organisation_id == organisation_id, v.id > after)
    )
    return [Due(*row) for row in session.connection().execute(wanted.order_by(v.id).limit(first))]

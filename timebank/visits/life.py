"""The life of a visit: planned, checked in, checked out, confirmed; or disputed, missed, cancelled.

Every step is one conditional UPDATE, so of two who try at once one succeeds. Doing the same again is harmless.
What is out of the ordinary leaves an event. Actors are written as ``person:<id>`` or ``organisation:<id>``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, update
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.tables import Need
from timebank.people.tables import Senior
from timebank.visits.refusals import PartyToDispute, TooEarly
from timebank.visits.tables import Visit, VisitEvent

VISIT: Table = Visit.__table__  # type: ignore[attr-defined]  # SQLModel adds it
EVENT: Table = VisitEvent.__table__  # type: ignore[attr-defined]  # SQLModel adds it
CONFIRMERS = ("senior", "organisation", "sample")


def visit_of(session: Session, visit_id: int) -> Visit:
    """Return a visit as it is now.

    Raises
    ------
    NotFound
        When there is none.
    """
    visit = session.get(Visit, visit_id, populate_existing=True)
    if visit is None:
        raise NotFound(kind="visit", key=str(visit_id))
    return visit


def check_in(session: Session, visit_id: int, *, at: datetime, evidence: str, now: datetime) -> Visit:
    """Begin a planned visit.

    Raises
    ------
    TooEarly
        When ``at`` is not on the visit's day, or has not come.
    WrongState
        When the visit is past that.
    """
    visit = visit_of(session, visit_id)
    if day_of(at) != visit.day or at > now:
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    values = {"checked_in_at": at, "evidence": evidence}
    return _step(session, visit, frm=("planned",), to="checked_in", values=values)


def check_out(session: Session, visit_id: int, *, at: datetime, now: datetime) -> Visit:
    """End a visit; the minutes between are what was served, travel is no part of them.

    Raises
    ------
    WrongInput
        When it would end before it began, or on another day.
    """
    visit = visit_of(session, visit_id)
    if at > now:
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    if visit.checked_in_at is None:
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_in")
    if at <= visit.checked_in_at or day_of(at) != visit.day:
        right = f"after {visit.checked_in_at.isoformat()}, on the same day"
        raise WrongInput(field="checked_out_at", value=at.isoformat(), right=right)
    served = int((at - visit.checked_in_at).total_seconds() // 60)
    return _step(
        session, visit, frm=("checked_in",), to="checked_out", values={"checked_out_at": at, "served_min": served}
    )


def confirm(session: Session, visit_id: int, *, confirmed_by: str) -> Visit:
    """Confirm what was served, by the senior, the organisation or a sample audit."""
    if confirmed_by not in CONFIRMERS:
        raise WrongInput(field="confirmed_by", value=confirmed_by, right=f"one of {', '.join(CONFIRMERS)}")
    visit = visit_of(session, visit_id)
    return _step(session, visit, frm=("checked_out",), to="confirmed", values={"confirmed_by": confirmed_by})


def dispute(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Say what was not right; nothing is credited until it is resolved."""
    visit = visit_of(session, visit_id)
    changed = _step(session, visit, frm=("checked_out",), to="disputed", values={})
    return _tell(session, changed, "disputed", actor, _noted(note), now)


def resolve(session: Session, visit_id: int, *, actor: str, served_min: int, note: str, now: datetime) -> Visit:
    """End a dispute with the minutes that count; 0 minutes is a visit that did not happen.

    Raises
    ------
    PartyToDispute
        When the actor gave, received or disputed the visit.
    WrongInput
        When the note is empty, or more minutes are given than were claimed.
    """
    visit = visit_of(session, visit_id)
    if actor in _parties(session, visit):
        raise PartyToDispute(visit_id=visit_id)
    if not 0 <= served_min <= (visit.served_min or 0):
        right = f"0 to the {visit.served_min or 0} that were claimed"
        raise WrongInput(field="served_min", value=str(served_min), right=right)
    note = _noted(note)
    to = "confirmed" if served_min else "missed"
    values = {"served_min": served_min, "confirmed_by": "organisation"}
    changed = _step(session, visit, frm=("disputed",), to=to, values=values)
    return _tell(session, changed, "resolved", actor, note, now)


def miss(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Record that a planned visit did not happen."""
    visit = visit_of(session, visit_id)
    if visit.status == "missed":
        return visit
    changed = _step(session, visit, frm=("planned", "checked_in"), to="missed", values={})
    return _tell(session, changed, "missed", actor, note, now)


def cancel(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Call a planned visit off."""
    visit = visit_of(session, visit_id)
    if visit.status == "cancelled":
        return visit
    changed = _step(session, visit, frm=("planned",), to="cancelled", values={})
    return _tell(session, changed, "cancelled", actor, note, now)


def _step(session: Session, visit: Visit, *, frm: tuple[str, ...], to: str, values: dict[str, Any]) -> Visit:
    """Change the state if it is one of ``frm``; the same step with the same values again changes nothing."""
    if visit.status == to and all(getattr(visit, name) == value for name, value in values.items()):
        return visit
    where = (VISIT.c.id == visit.id, VISIT.c.status.in_(frm))
    changed = session.connection().execute(update(VISIT).where(*where).values(status=to, **values))
    if changed.rowcount != 1:
        raise WrongState(kind="visit", key=str(visit.id), state=visit.status, allowed=" or ".join(frm))
    session.refresh(visit)
    return visit


def _tell(session: Session, visit: Visit, kind: str, actor: str, note: str, now: datetime) -> Visit:
    row = {"visit_id": visit.id, "kind": kind, "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(EVENT), row)
    return visit


def _noted(note: str) -> str:
    if not note.strip():
        raise WrongInput(field="note", value=note, right="a dispute says in words what was not right, and how it ended")
    return note


def _parties(session: Session, visit: Visit) -> set[str]:
    """Who gave, who was served, and whoever disputed."""
    need = session.get_one(Need, visit.need_id)
    senior = session.get_one(Senior, need.senior_id)
    disputing = session.connection().execute(
        EVENT.select().where(EVENT.c.visit_id == visit.id, EVENT.c.kind == "disputed")
    )
    return {f"person:{visit.volunteer_id}", f"person:{senior.person_id}"} | {row.actor for row in disputing}

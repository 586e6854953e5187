"""The life of a visit: planned, checked in, checked out, confirmed; or disputed, missed, cancelled.

Every step is one conditional UPDATE, so of two who try at once one succeeds. Doing the same again is harmless,
also at the same moment: who comes second finds the step done. What is out of the ordinary leaves an event, once.
Actors are written as ``person:<id>`` or ``organisation:<id>``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.rules.pack import EVIDENCE
from timebank.visits.paid import settle_paid
from timebank.visits.refusals import PartyToDispute, TooEarly
from timebank.visits.tables import Visit, VisitEvent, VisitStatement

VISIT = table_of(Visit)
EVENT = table_of(VisitEvent)
CONFIRMERS = ("senior", "organisation", "sample")
LONGEST_NOTE = 1000


def visit_of(session: Session, visit_id: int, *, volunteer_id: int | None = None) -> Visit:
    """Return a visit as it is now; for a volunteer, one of their own.

    Raises
    ------
    NotFound
        When there is none, or it is another volunteer's; the two are never told apart.
    """
    visit = session.get(Visit, visit_id, populate_existing=True)
    if visit is None or volunteer_id not in (None, visit.volunteer_id):
        raise NotFound(kind="visit", key=str(visit_id))
    return visit


def check_in(
    session: Session, visit_id: int, *, volunteer_id: int, at: datetime, evidence: str, now: datetime
) -> Visit:
    """Begin a planned visit; only its own volunteer does.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    TooEarly
        When ``at`` lies before the visit's day, or has not come.
    WrongInput
        When ``at`` lies after the visit's day, or the evidence is of no known grade.
    WrongState
        When the visit is past that.
    """
    visit = visit_of(session, visit_id, volunteer_id=volunteer_id)
    check_evidence(evidence)
    if at > now or day_of(at) < visit.day:
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    if day_of(at) > visit.day:
        raise WrongInput(
            field="checked_in_at", value=at.isoformat(), right=Phrase("right_moment_of_day", day=visit.day)
        )
    return _step(session, visit, frm=("planned",), to="checked_in", checked_in_at=at, evidence=evidence)[0]


def check_out(session: Session, visit_id: int, *, volunteer_id: int, at: datetime, now: datetime) -> Visit:
    """End a visit; the minutes between are what was served, travel is no part of them.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    TooEarly
        When ``at`` has not come.
    WrongInput
        When it would end before it began, or on another day.
    WrongState
        When it was not checked in, or is past that.
    """
    visit = visit_of(session, visit_id, volunteer_id=volunteer_id)
    if at > now:
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    if visit.checked_in_at is None:
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_in")
    if at <= visit.checked_in_at or day_of(at) != visit.day:
        right = Phrase("right_after", moment=visit.checked_in_at.isoformat())
        raise WrongInput(field="checked_out_at", value=at.isoformat(), right=right)
    served = int((at - visit.checked_in_at).total_seconds() // 60)
    return _step(session, visit, frm=("checked_in",), to="checked_out", checked_out_at=at, served_min=served)[0]


def confirm(session: Session, visit_id: int, *, confirmed_by: str) -> Visit:
    """Confirm what was served, by the senior, the organisation or a sample audit.

    What is held for it in coins is captured by the next sweep of what is paid.

    Raises
    ------
    WrongInput
        When it is confirmed by nobody of these.
    WrongState
        When it is not checked out, or is past that.
    """
    check_confirmer(confirmed_by)
    visit = visit_of(session, visit_id)
    return _step(session, visit, frm=("checked_out",), to="confirmed", confirmed_by=confirmed_by)[0]


def dispute(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Say what was not right; nothing is credited until it is resolved. A second person's words are added.

    Raises
    ------
    WrongInput
        When the note is empty.
    WrongState
        When the visit is not checked out, or is past that.
    """
    visit = visit_of(session, visit_id)
    note = check_note(note)
    visit, _ = _step(session, visit, frm=("checked_out",), to="disputed")
    if actor not in _actors(session, visit, "disputed"):
        _tell(session, visit, "disputed", actor, note, now)
    return visit


def resolve(session: Session, visit_id: int, *, actor: str, served_min: int, note: str, now: datetime) -> Visit:
    """End a dispute with the minutes that count; 0 minutes is a visit that did not happen.

    Raises
    ------
    PartyToDispute
        When the actor gave, received or disputed the visit.
    WrongInput
        When the note is empty, or more minutes are given than were claimed.
    WrongState
        When the visit is not disputed, or the dispute ended otherwise.
    """
    visit = visit_of(session, visit_id)
    if actor in _parties(session, visit):
        raise PartyToDispute(visit_id=visit_id)
    note = check_note(note)
    if visit.status != "disputed" and not _actors(session, visit, "resolved"):
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="disputed")
    if not 0 <= served_min <= (visit.served_min or 0):
        right = Phrase("right_claimed", most=visit.served_min or 0)
        raise WrongInput(field="served_min", value=str(served_min), right=right)
    to = "confirmed" if served_min else "missed"
    visit, is_new = _step(session, visit, frm=("disputed",), to=to, served_min=served_min, confirmed_by="organisation")
    if is_new:
        _tell(session, visit, "resolved", actor, note, now)
        settle_paid(session, visit_id=visit_id, actor=actor, now=now)
    return visit


def miss(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Record that a visit did not happen, or was not finished.

    Raises
    ------
    TooEarly
        When the hour it is planned for has not come.
    WrongState
        When it is checked out, or is past that.
    """
    visit = visit_of(session, visit_id)
    if now < moment_at(visit.day, visit.starts_min):
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    return _end(session, visit, ("planned", "checked_in"), "missed", actor, note, now)


def cancel(session: Session, visit_id: int, *, actor: str, note: str, now: datetime) -> Visit:
    """Call a planned visit off; its day is free again.

    Raises
    ------
    WrongState
        When it has begun or ended.
    """
    return _end(session, visit_of(session, visit_id), ("planned",), "cancelled", actor, note, now)


def _end(session: Session, visit: Visit, frm: tuple[str, ...], to: str, actor: str, note: str, now: datetime) -> Visit:
    """End a visit that is not served, with an event."""
    _check_length(note)
    visit, is_new = _step(session, visit, frm=frm, to=to)
    if is_new:
        _tell(session, visit, to, actor, note, now)
    return visit


def _step(session: Session, visit: Visit, *, frm: tuple[str, ...], to: str, **values: Any) -> tuple[Visit, bool]:
    """Change the state if it is one of ``frm``; tells whether it changed now or was so already."""
    number = visit.id or 0
    where = (VISIT.c.id == number, VISIT.c.status.in_(frm))
    is_new = session.connection().execute(update(VISIT).where(*where).values(status=to, **values)).rowcount == 1
    after = visit_of(session, number)
    if not is_new and (after.status, *(getattr(after, name) for name in values)) != (to, *values.values()):
        raise WrongState(kind="visit", key=str(number), state=after.status, allowed=" or ".join(frm))
    return after, is_new


def _tell(session: Session, visit: Visit, kind: str, actor: str, note: str, now: datetime) -> None:
    row = {"visit_id": visit.id, "kind": kind, "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(EVENT), row)


def check_evidence(evidence: str) -> None:
    """Refuse evidence of no known grade: it could never be credited."""
    if evidence not in EVIDENCE:
        raise WrongInput(
            field="evidence", value=evidence, right=Phrase("right_one_of", known=", ".join(sorted(EVIDENCE)))
        )


def check_confirmer(confirmed_by: str) -> None:
    """Refuse a confirmation by nobody in particular."""
    if confirmed_by not in CONFIRMERS:
        raise WrongInput(
            field="confirmed_by", value=confirmed_by, right=Phrase("right_one_of", known=", ".join(CONFIRMERS))
        )


def check_note(note: str) -> str:
    """Return the note of a dispute, which must have words."""
    if not note.strip():
        raise WrongInput(field="note", value=note, right=Phrase("right_note"))
    _check_length(note)
    return note


def _check_length(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise WrongInput(
            field="note", value=f"{note[:20]}...", right=Phrase("right_length", least=0, most=LONGEST_NOTE)
        )


def _actors(session: Session, visit: Visit, kind: str) -> set[str]:
    """Who did what to a visit, by its events."""
    told = select(EVENT.c.actor).where(EVENT.c.visit_id == visit.id, EVENT.c.kind == kind)
    return set(session.connection().execute(told).scalars())


def _parties(session: Session, visit: Visit) -> set[str]:
    """Who gave, who was served, whoever disputed, and whoever said how long it took."""
    need = session.get_one(Need, visit.need_id)
    stated = select(col(VisitStatement.actor)).where(col(VisitStatement.visit_id) == visit.id)
    said = set(session.connection().execute(stated).scalars())
    return {f"person:{visit.volunteer_id}", f"person:{need.senior_id}"} | _actors(session, visit, "disputed") | said

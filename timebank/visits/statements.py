"""Two sides say how long a visit took: within the pack's tolerance the lesser counts, beyond it nobody decides alone.

Both numbers stay, whatever comes of them. The tolerance is that of the rule pack in force on the visit's day.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.rules.pack import pack_in_force
from timebank.visits.claim_tables import VisitClaim
from timebank.visits.life import EVENT, VISIT, visit_of
from timebank.visits.paid import settle_paid
from timebank.visits.refusals import PartyToAudit
from timebank.visits.tables import Visit, VisitStatement

STATEMENT = table_of(VisitStatement)
CLAIM = table_of(VisitClaim)
SIDES = ("senior", "organisation")
CLOCK = "clock"
"""Who disputes when two numbers do it by themselves."""


def state_minutes(session: Session, visit_id: int, *, side: str, actor: str, minutes: int, now: datetime) -> Visit:
    """Say how long a visit took; the second side's word confirms it, or disputes it by itself.

    The volunteer's own check-in and check-out are no statement. Stated again alike, nothing changes.

    Raises
    ------
    WrongInput
        When the side is none, the minutes are of no day, or the side said another number before.
    PartyToAudit
        When the giver speaks for the other side.
    WrongState
        When the visit is not over, or did not happen.
    """
    visit = _locked(session, visit_id)
    _check(visit, side, actor, minutes)
    connection = session.connection()
    row = {"visit_id": visit_id, "side": side, "minutes": minutes, "actor": actor, "stated_at": now}
    skip = insert_or_skip(connection, STATEMENT).on_conflict_do_nothing().returning(STATEMENT.c.visit_id)
    is_new = connection.execute(skip, row).first() is not None
    stated = stated_min(session, visit_id)
    if stated[side] != minutes:
        raise WrongInput(field="minutes", value=str(minutes), right=Phrase("right_stated", minutes=stated[side]))
    if is_new and len(stated) == len(SIDES):
        _compare(session, visit, stated, now)
        settle_paid(session, visit_id=visit_id, actor=actor, now=now)
    return visit_of(session, visit_id)


def confirm_alone(session: Session, visit_id: int, *, now: datetime) -> Visit:
    """Confirm a visit with the word of one side, when the other has been waited for long enough.

    Raises
    ------
    WrongState
        When nobody has said anything, or the visit is confirmed otherwise.
    """
    visit = _locked(session, visit_id)
    stated = stated_min(session, visit_id)
    if len(stated) == 1 and visit.status == "checked_out":
        ((side, minutes),) = stated.items()
        if minutes:
            _confirm(session, visit, side, minutes)
            settle_paid(session, visit_id=visit_id, now=now)
        else:
            _dispute(session, visit, stated, now)
    elif not stated or visit.status not in ("confirmed", "disputed"):
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_out")
    return visit_of(session, visit_id)


def stated_min(session: Session, visit_id: int) -> dict[str, int]:
    """Return the minutes that each side has said."""
    wanted = select(STATEMENT.c.side, STATEMENT.c.minutes).where(STATEMENT.c.visit_id == visit_id)
    return {row.side: row.minutes for row in session.connection().execute(wanted)}


def dispute_uncredited(session: Session, visit_id: int) -> bool:
    """Take a visit that is checked out, or confirmed and not settled, back to disputed; tells whether it was so."""
    change = update(VISIT).where(*_unsettled(visit_id)).values(status="disputed", confirmed_by="")
    return session.connection().execute(change).rowcount == 1


def _unsettled(visit_id: int) -> tuple[ColumnElement[bool], ...]:
    """Tell whether a visit is over and has become nothing yet: neither coins nor anything else."""
    v, c = VISIT.c, CLAIM.c
    is_settled = exists().where(c.visit_id == v.id, c.settled_at.is_not(None))
    return (v.id == visit_id, v.status.in_(("checked_out", "confirmed")), v.transfer_id.is_(None), ~is_settled)


def tell_visit(session: Session, visit_id: int, kind: str, actor: str, note: str, now: datetime) -> None:
    """Write an event of a visit."""
    row = {"visit_id": visit_id, "kind": kind, "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(EVENT), row)


def parties_of(session: Session, visit: Visit) -> set[str]:
    """Return who gave and who was served."""
    return {f"person:{visit.volunteer_id}", f"person:{session.get_one(Need, visit.need_id).senior_id}"}


def _locked(session: Session, visit_id: int) -> Visit:
    session.connection().execute(select(VISIT.c.id).where(VISIT.c.id == visit_id).with_for_update())
    return visit_of(session, visit_id)


def _check(visit: Visit, side: str, actor: str, minutes: int) -> None:
    if side not in SIDES:
        raise WrongInput(field="side", value=side, right=Phrase("right_one_of", known=", ".join(SIDES)))
    if not 0 <= minutes <= 1440:
        raise WrongInput(field="minutes", value=str(minutes), right=Phrase("right_range", least=0, most=1440))
    if actor == f"person:{visit.volunteer_id}":
        raise PartyToAudit(kind="visit", key=str(visit.id))
    if visit.status not in ("checked_out", "confirmed", "disputed"):
        allowed = "checked_out or confirmed"
        raise WrongState(kind="visit", key=str(visit.id), state=visit.status, allowed=allowed)


def _compare(session: Session, visit: Visit, stated: dict[str, int], now: datetime) -> None:
    """Decide what two numbers mean: nothing for one that says it never happened is small enough to pass."""
    tolerance: int = pack_in_force(visit.day).value("confirmation_tolerance_min")
    low, high = sorted(stated.values())
    if low == 0 or high - low > tolerance:
        _dispute(session, visit, stated, now)
    else:
        _confirm(session, visit, "senior", low)


def _confirm(session: Session, visit: Visit, side: str, minutes: int) -> None:
    """Confirm the lesser of what was said and what was measured; more than was measured is nobody's to give."""
    counted = min(minutes, visit.served_min or 0)
    change: dict[str, Any] = {"status": "confirmed", "confirmed_by": side, "served_min": counted}
    session.connection().execute(update(VISIT).where(*_unsettled(visit.id or 0)).values(**change))


def _dispute(session: Session, visit: Visit, stated: dict[str, int], now: datetime) -> None:
    """Dispute it, or, when it has its credit already, leave word for the person who can reverse that."""
    note = ", ".join(f"{side}: {minutes}" for side, minutes in sorted(stated.items()))
    kind = "disputed" if dispute_uncredited(session, visit.id or 0) else "stated_otherwise"
    tell_visit(session, visit.id or 0, kind, CLOCK, note, now)

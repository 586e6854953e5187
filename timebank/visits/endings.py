"""How a visit ends that is not served: called off or missed, by whose side, and whether in time.

Nobody's no-show mints. The giver's is counted, for a person to talk about; nothing follows from it by itself. The
request behind a visit goes on: to the next volunteer when the giver cannot come, to its end when the senior calls off.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, func, insert, select, update
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.needs.requests import EVENT as REQUEST_EVENT
from timebank.needs.requests import LIVE, NEED, REQUEST, check_words, request_of, step
from timebank.rules.pack import pack_in_force
from timebank.visits.life import EVENT, VISIT, cancel, miss, visit_of
from timebank.visits.offers import OFFER, withdraw_offers
from timebank.visits.paid import settle_paid
from timebank.visits.tables import Visit, VisitEnding

ENDING = table_of(VisitEnding)
SIDES = ("giver", "served", "organisation")


class NoShows(NamedTuple):
    """Visits that a giver missed, and called off too late."""

    missed: int
    cancelled_late: int


def cancel_by(
    session: Session,
    visit_id: int,
    *,
    side: str,
    actor: str,
    note: str,
    now: datetime,
) -> Visit:
    """Call a planned visit off for a side; with less notice than the pack of its day asks for it is called off late.

    Raises
    ------
    WrongInput
        When the side is none.
    WrongState
        When the visit has begun or ended.
    """
    _check_side(side, SIDES)
    visit = cancel(session, visit_id, actor=actor, note=note, now=now)
    if _keep(session, visit, "cancelled", side, actor, now):
        _follow(session, visit, side, "cancelled", actor, now)
        settle_paid(session, visit_id=visit_id, actor=actor, now=now)
    return visit


def miss_by(session: Session, visit_id: int, *, side: str, actor: str, note: str, now: datetime) -> Visit:
    """Record who did not come, or was not there: ``giver`` or ``served``.

    Raises
    ------
    WrongInput
        When the side is none.
    TooEarly
        When the hour it is planned for has not come.
    WrongState
        When the visit is checked out, or is past that.
    """
    _check_side(side, SIDES[:2])
    visit = miss(session, visit_id, actor=actor, note=note, now=now)
    if _keep(session, visit, "missed", side, actor, now):
        _follow(session, visit, side, "missed", actor, now)
        settle_paid(session, visit_id=visit_id, actor=actor, now=now)
    return visit


def no_shows(session: Session, volunteer_id: int, *, from_day: date, to_day: date) -> NoShows:
    """Count a giver's own no-shows of some days (half-open)."""
    e, v = ENDING.c, VISIT.c
    missed, late = (func.count().filter(e.kind == kind) for kind in ("missed", "cancelled"))
    counted = (
        select(missed, late)
        .select_from(ENDING.join(VISIT, v.id == e.visit_id))
        .where(v.volunteer_id == volunteer_id, v.day >= from_day, v.day < to_day, e.side == "giver", e.is_late)
    )
    return NoShows(*session.connection().execute(counted).one())


def withdraw_request(session: Session, request_id: int, *, actor: str, reason: str, now: datetime) -> None:
    """End a request for the side that asked: its offers are taken back, its planned visit is called off.

    Raises
    ------
    WrongInput
        When there is no reason.
    WrongState
        When it has ended otherwise, or its visit has begun.
    """
    words = check_words("reason", reason)
    session.connection().execute(select(REQUEST.c.id).where(REQUEST.c.id == request_id).with_for_update())
    request = request_of(session, request_id)
    visit_id = _visit_ahead(session, request_id) if request.status == "planned" else None
    if visit_id is not None:
        cancel_by(session, visit_id, side="served", actor=actor, note=words, now=now)
        return
    withdraw_offers(session, [request_id], now)
    allowed = ("received", "listed", "offered")
    step(session, request_id, allowed, "withdrawn", actor=actor, note=words, now=now, closed_at=now)
    settle_paid(session, request_id=request_id, actor=actor, now=now)


def end_for_senior(session: Session, senior_id: int, *, actor: str, note: str, now: datetime) -> int:
    """End what lies ahead of a senior who has died or left: visits, requests, offers and needs; again ends nothing.

    Nobody called off late: it is no one's fault. A visit that has begun stays, with its hour. Returns the number of
    visits that were called off.
    """
    connection = session.connection()
    r, v = REQUEST.c, VISIT.c
    live = select(r.id).where(r.senior_id == senior_id, r.status.in_(LIVE)).order_by(r.id).with_for_update()
    requests = list(connection.execute(live).scalars())
    needs = select(NEED.c.id).where(NEED.c.senior_id == senior_id)
    ahead = select(v.id).where(v.need_id.in_(needs), v.status == "planned").order_by(v.id).with_for_update()
    visits = list(connection.execute(ahead).scalars())
    if visits:
        connection.execute(update(VISIT).where(v.id.in_(visits)).values(status="cancelled"))
        event = {"kind": "cancelled", "actor": actor, "note": note, "happened_at": now}
        connection.execute(insert(EVENT), [{"visit_id": number} | event for number in visits])
        ending = {"kind": "cancelled", "side": "served", "is_late": False, "notice_min": 0}
        ending |= {"actor": actor, "ended_at": now}
        skip = insert_or_skip(connection, ENDING).on_conflict_do_nothing()
        connection.execute(skip, [{"visit_id": number} | ending for number in visits])
    if requests:
        withdraw_offers(session, requests, now)
        connection.execute(update(REQUEST).where(r.id.in_(requests)).values(status="withdrawn", closed_at=now))
        _tell_requests(session, requests, actor, note, now)
    connection.execute(
        update(NEED).where(NEED.c.senior_id == senior_id, NEED.c.status != "closed").values(status="closed")
    )
    settle_paid(session, senior_id=senior_id, actor=actor, now=now)
    return len(visits)


def _tell_requests(session: Session, requests: Iterable[int], actor: str, note: str, now: datetime) -> None:
    event = {"kind": "withdrawn", "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(REQUEST_EVENT), [{"request_id": number} | event for number in requests])


def _check_side(side: str, known: tuple[str, ...]) -> None:
    if side not in known:
        raise WrongInput(field="side", value=side, right=Phrase("right_one_of", known=", ".join(known)))


def _keep(session: Session, visit: Visit, kind: str, side: str, actor: str, now: datetime) -> bool:
    """Write by whose side a visit ended, once; who says it second changes nothing."""
    connection = session.connection()
    late_min: int = pack_in_force(visit.day).value("late_cancellation_min")
    notice = moment_at(visit.day, visit.starts_min) - now
    row: dict[str, Any] = {"visit_id": visit.id, "kind": kind, "side": side, "actor": actor, "ended_at": now}
    row |= {"notice_min": max(0, int(notice.total_seconds() // 60))}
    row |= {"is_late": kind == "missed" or notice < timedelta(minutes=late_min)}
    skip = insert_or_skip(connection, ENDING).on_conflict_do_nothing().returning(ENDING.c.visit_id)
    return connection.execute(skip, row).first() is not None


def _follow(session: Session, visit: Visit, side: str, kind: str, actor: str, now: datetime) -> None:
    """Let the request behind a visit, if there is one, go on or end."""
    behind = select(OFFER.c.request_id).where(OFFER.c.visit_id == visit.id)
    request_id = session.connection().execute(behind).scalar()
    if request_id is None or (side == "served" and kind == "missed"):
        return  # a senior who was not there had the visit; they may ask again
    if side == "served":
        step(session, request_id, ("planned",), "withdrawn", actor=actor, note="", now=now, closed_at=now)
        return
    request = request_of(session, request_id)
    first = day_of(now) if kind == "cancelled" else visit.day + timedelta(days=1)
    from_day = max(request.from_day, first)
    if from_day < request.to_day:
        step(session, request_id, ("planned",), "listed", actor=actor, note="", now=now, from_day=from_day)
    else:
        step(session, request_id, ("planned",), "lapsed", actor=actor, note="", now=now, closed_at=now)


def _visit_ahead(session: Session, request_id: int) -> int | None:
    """Return the visit that a request became and that can still be called off or is the reason why not."""
    behind = and_(OFFER.c.visit_id == VISIT.c.id, OFFER.c.request_id == request_id)
    wanted = select(VISIT.c.id).select_from(VISIT.join(OFFER, behind)).where(VISIT.c.status != "cancelled")
    number = session.connection().execute(wanted.order_by(VISIT.c.id.desc()).limit(1)).scalar()
    return None if number is None else visit_of(session, number).id

"""Visits that are paid with coins: what is held for one is captured, released or waits, as the visit ends.

A visit that is confirmed is captured as far as it was served; one that did not happen is released, unless the request
behind it goes on to the next volunteer. Where a visit ends with its moment told, this happens at once; the sweep of
:func:`settle_paid` over a book does what is left, such as visits that were confirmed by the day.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, Table, func, or_, select
from sqlmodel import Session

from timebank.coins.acts import Act, has_acted
from timebank.coins.redeeming import REDEMPTION, Booking, redeem
from timebank.coins.settling import capture_redemption, release_redemption
from timebank.coins.tables import Redemption
from timebank.core.errors import NotFound, WrongState
from timebank.needs.requests import NEED, REQUEST
from timebank.needs.tables import Need
from timebank.visits.tables import Visit

VISIT: Table = Visit.__table__  # type: ignore[attr-defined]  # SQLModel adds it
PAGE = 500
LOOKED_FOR = ("received", "listed", "offered")
"""States of a request in which somebody is still looked for, so that what is held for it stays held."""
SWEEP = "clock"
"""Who acts when a sweep does."""


class Settled(NamedTuple):
    """Redemptions that were captured, the minutes of them, and redemptions that were released."""

    captured: int
    minutes: int
    released: int


def redeem_visit(
    session: Session,
    act: Act,
    visit_id: int,
    *,
    payer_id: int | None = None,
    from_family: bool = False,
    residence: str | None = None,
) -> Redemption:
    """Hold the price of a planned visit; paid by the senior who is to be served, or by somebody for them.

    Raises
    ------
    NotFound
        When there is no such visit.
    WrongState
        When it has begun or ended, or is paid for already.
    NotByRules, BalanceTooLow, NotTheirs
        As :func:`timebank.coins.redeeming.redeem` does.
    """
    visit = session.get(Visit, visit_id, populate_existing=True)
    if visit is None:
        raise NotFound(kind="visit", key=str(visit_id))
    need = session.get_one(Need, visit.need_id)
    payer = need.senior_id if payer_id is None else payer_id
    booking = Booking(
        payer_id=payer,
        service_id=need.service_id,
        minutes=visit.planned_min,
        last_day=visit.day,
        taker_id=None if payer == need.senior_id else need.senior_id,
        from_family=from_family,
        residence=residence,
        visit_id=visit_id,
    )
    if visit.status != "planned" and not has_acted(session, act):
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="planned")
    return redeem(session, act, booking)


def settle_paid(
    session: Session,
    *,
    now: datetime,
    actor: str = SWEEP,
    book_id: int | None = None,
    visit_id: int | None = None,
    request_id: int | None = None,
    senior_id: int | None = None,
) -> Settled:
    """Set what is held, or was captured, for visits and requests to what became of them; again changes nothing.

    It looks at one visit, one request, one senior's, or all that is held in a book, page by page.
    """
    some = {"visit_id": visit_id, "request_id": request_id, "senior_id": senior_id, "book_id": book_id}
    total, last = Settled(0, 0, 0), 0
    while rows := session.connection().execute(_wanted(some, last)).all():
        for row in rows:
            total = Settled(*(a + b for a, b in zip(total, _settle(session, row, actor, now), strict=True)))
        last = rows[-1].id
    return total


def _wanted(some: dict[str, int | None], last: int) -> Select[Any]:
    """Ask for a page of redemptions with the visit they are for: the last one, where a request had several."""
    r, q, v = REDEMPTION.c, REQUEST.c, VISIT.c
    newest = select(func.max(v.id)).where(v.need_id == q.need_id).scalar_subquery()
    visit = VISIT.alias("visit_of_it")
    columns = (r.id, visit.c.status.label("visit"), visit.c.served_min, q.status.label("request"))
    wanted = (
        select(*columns, r.status, r.captured_min)
        .outerjoin(REQUEST, q.id == r.request_id)
        .outerjoin(visit, visit.c.id == func.coalesce(r.visit_id, newest))
        .where(r.id > last, or_(r.visit_id.is_not(None), r.request_id.is_not(None)))
    )
    if some["visit_id"] is not None:
        asked = select(q.id).join(NEED, NEED.c.id == q.need_id).join(VISIT, v.need_id == NEED.c.id)
        behind = asked.where(v.id == some["visit_id"])
        wanted = wanted.where(or_(r.visit_id == some["visit_id"], r.request_id.in_(behind)))
    if some["request_id"] is not None:
        wanted = wanted.where(r.request_id == some["request_id"])
    if some["senior_id"] is not None:
        wanted = wanted.where(or_(r.holder_id == some["senior_id"], r.taker_id == some["senior_id"]))
    if some["book_id"] is not None:
        wanted = wanted.where(r.book_id == some["book_id"])
    is_one = some["visit_id"] is not None or some["request_id"] is not None
    states = ("held", "captured") if is_one else ("held",)
    return wanted.where(r.status.in_(states)).order_by(r.id).limit(PAGE)


def _settle(session: Session, row: Row[Any], actor: str, now: datetime) -> Settled:
    if row.visit == "confirmed":
        minutes = capture_redemption(session, row.id, served_min=row.served_min or 0, actor=actor, now=now)
        return Settled(int(minutes > 0), minutes, int(minutes == 0))
    is_gone = row.visit in ("missed", "cancelled") if row.visit else row.request not in (*LOOKED_FOR, "planned")
    if not is_gone or row.request in LOOKED_FOR:
        return Settled(0, 0, 0)
    release_redemption(session, row.id, now=now)
    return Settled(0, 0, 1)

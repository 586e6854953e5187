"""Visits that are paid with coins: what is held for one is captured, released or waits, as the visit ends.

A visit that is confirmed is captured as far as it was served; one that did not happen is released, unless the request
behind it goes on to the next volunteer. A group service is captured of each who was to be served and pays, as long as
it went. Where it ends with its moment told, this happens at once; the sweep of :func:`settle_paid` over a book does
what is left, such as visits that were confirmed by the day.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Row, Select, func, or_, select, union_all
from sqlmodel import Session

from timebank.coins.acts import Act, has_acted
from timebank.coins.redeeming import REDEMPTION, Booking, redeem
from timebank.coins.settling import capture_redemption, release_redemption
from timebank.coins.tables import Redemption
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongState
from timebank.needs.requests import REQUEST
from timebank.needs.tables import Need
from timebank.visits.group_tables import GroupGiver, GroupServed, GroupService
from timebank.visits.tables import Visit

VISIT = table_of(Visit)
GROUP = table_of(GroupService)
GIVER = table_of(GroupGiver)
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


def redeem_group(
    session: Session,
    act: Act,
    group_id: int,
    *,
    served_id: int,
    payer_id: int | None = None,
    from_family: bool = False,
    residence: str | None = None,
) -> Redemption:
    """Hold the price of a planned group service for one of those who are to be served at it.

    Raises
    ------
    NotFound
        When there is no such group service, or they are not to be served at it.
    WrongState
        When it was held or has ended, or is paid for already.
    NotByRules, BalanceTooLow, NotTheirs
        As :func:`timebank.coins.redeeming.redeem` does.
    """
    group = session.get(GroupService, group_id, populate_existing=True)
    if group is None or session.get(GroupServed, (group_id, served_id)) is None:
        raise NotFound(kind="group", key=str(group_id))
    if group.status != "planned" and not has_acted(session, act):
        raise WrongState(kind="group", key=str(group_id), state=group.status, allowed="planned")
    payer = served_id if payer_id is None else payer_id
    booking = Booking(
        payer_id=payer,
        service_id=group.service_id,
        minutes=group.planned_min,
        last_day=group.day,
        taker_id=None if payer == served_id else served_id,
        from_family=from_family,
        residence=residence,
        group_id=group_id,
    )
    return redeem(session, act, booking)


def settle_paid(
    session: Session,
    *,
    now: datetime,
    actor: str = SWEEP,
    book_id: int | None = None,
    visit_id: int | None = None,
    request_id: int | None = None,
    group_id: int | None = None,
    senior_id: int | None = None,
) -> Settled:
    """Set what is held, or was captured, for visits, requests and groups to what became of them; again changes nothing.

    It looks at one visit, one request, one group service, one senior's, or all that is held in a book, page by page.
    """
    some = {"visit_id": visit_id, "request_id": request_id, "group_id": group_id}
    some |= {"senior_id": senior_id, "book_id": book_id}
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
    longest = select(func.max(GIVER.c.served_min)).where(GIVER.c.group_id == r.group_id).scalar_subquery()
    served = func.coalesce(visit.c.served_min, longest, 0).label("served_min")
    columns = (visit.c.status.label("visit"), q.status.label("request"), GROUP.c.status.label("group"))
    wanted = (
        select(r.id, *columns, served)
        .outerjoin(REQUEST, q.id == r.request_id)
        .outerjoin(visit, visit.c.id == func.coalesce(r.visit_id, newest))
        .outerjoin(GROUP, GROUP.c.id == r.group_id)
        .where(r.id > last, or_(r.visit_id.is_not(None), r.request_id.is_not(None), r.group_id.is_not(None)))
    )
    if some["visit_id"] is not None:
        wanted = wanted.where(r.id.in_(_of_visit(some["visit_id"])))
    for name in ("request_id", "group_id", "book_id"):
        if some[name] is not None:
            wanted = wanted.where(r[name] == some[name])
    if some["senior_id"] is not None:
        wanted = wanted.where(or_(r.holder_id == some["senior_id"], r.served_id == some["senior_id"]))
    is_one = any(some[name] is not None for name in ("visit_id", "request_id", "group_id"))
    states = ("held", "captured") if is_one else ("held",)
    return wanted.where(r.status.in_(states)).order_by(r.id).limit(PAGE)


def _of_visit(visit_id: int) -> CompoundSelect[Any]:
    """Ask for the redemptions of a visit and of the request behind it, each by its index."""
    r, q, v = REDEMPTION.alias("of_it").c, REQUEST.alias("behind_it").c, VISIT.alias("the_visit").c
    asked = select(r.id).join(q.id.table, q.id == r.request_id).join(v.id.table, v.need_id == q.need_id)
    return union_all(select(r.id).where(r.visit_id == visit_id), asked.where(v.id == visit_id))


def _settle(session: Session, row: Row[Any], actor: str, now: datetime) -> Settled:
    if "confirmed" in (row.visit, row.group):
        minutes = capture_redemption(session, row.id, served_min=row.served_min, actor=actor, now=now)
        return Settled(int(minutes > 0), minutes, int(minutes == 0))
    if row.request in LOOKED_FOR or not _is_gone(row):
        return Settled(0, 0, 0)
    release_redemption(session, row.id, now=now)
    return Settled(0, 0, 1)


def _is_gone(row: Row[Any]) -> bool:
    """Tell whether what was paid for will not be served."""
    if row.group is not None:
        return bool(row.group == "cancelled")
    if row.visit is not None:
        return bool(row.visit in ("missed", "cancelled"))
    return bool(row.request != "planned")

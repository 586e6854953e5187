"""Figures that good practice may show: each a named query over the rows of one organisation, counted and traced.

A figure counts rows over days of a period (half-open). What it counts can be listed by their numbers, so that whoever
doubts it finds the very visits, bookings and referrals.
"""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlmodel import Session

from timebank.bridge.consents import REFERRAL
from timebank.bridge.offers import OFFER, TAKING
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.projects.projects import BOOKING, PROJECT, SLOT
from timebank.projects.tables import Resource
from timebank.visits.life import VISIT

NEED = table_of(Need)
RESOURCE = table_of(Resource)


class Period(NamedTuple):
    """Whose rows are counted, from a day to a day (half-open)."""

    organisation_id: int
    from_day: date
    to_day: date


class Counted(NamedTuple):
    """A query of a figure: names, the rows it looks at (number, amount, who), and how they make one number.

    ``rows`` selects ``id``, ``amount`` and ``who``; ``sums`` is of ``id`` (rows are counted), ``amount`` (added) or
    ``who`` (different ones are counted).
    """

    name_zh: str
    name_en: str
    table: str
    sums: str
    rows: Callable[[Period], Select[tuple[int, int, int]]]


def _visits(period: Period) -> Select[tuple[int, int, int]]:
    v = VISIT.c
    wanted = select(v.id.label("id"), v.served_min.label("amount"), NEED.c.senior_id.label("who"))
    own = wanted.join(NEED, NEED.c.id == v.need_id).where(NEED.c.organisation_id == period.organisation_id)
    return own.where(v.status == "confirmed", v.day >= period.from_day, v.day < period.to_day)


def _places(period: Period) -> Select[tuple[int, int, int]]:
    b = BOOKING.c
    wanted = (
        select(b.id.label("id"), (b.id * 0 + 1).label("amount"), NEED.c.senior_id.label("who"))
        .join(NEED, NEED.c.id == b.need_id)
        .join(SLOT, SLOT.c.id == b.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
    )
    own = wanted.where(PROJECT.c.organisation_id == period.organisation_id, b.status == "used")
    return own.where(SLOT.c.day >= period.from_day, SLOT.c.day < period.to_day)


def _referrals(period: Period) -> Select[tuple[int, int, int]]:
    r = REFERRAL.c
    wanted = select(r.id.label("id"), (r.id * 0 + 1).label("amount"), r.senior_id.label("who"))
    own = wanted.where(
        r.receiver_id == period.organisation_id, r.status == "closed", r.outcome.in_(("helped", "partly"))
    )
    return own.where(r.ended_at >= moment_at(period.from_day, 0), r.ended_at < moment_at(period.to_day, 0))


def _given(period: Period) -> Select[tuple[int, int, int]]:
    t = TAKING.c
    wanted = select(t.id.label("id"), t.quantity.label("amount"), t.organisation_id.label("who"))
    own = wanted.join(OFFER, OFFER.c.id == t.offer_id).where(OFFER.c.organisation_id == period.organisation_id)
    return own.where(
        t.returned_at.is_(None), t.taken_at >= moment_at(period.from_day, 0), t.taken_at < moment_at(period.to_day, 0)
    )


QUERIES: dict[str, Counted] = {
    "visits_confirmed": Counted("已确认的服务次数", "Confirmed visits", "visit", "id", _visits),
    "minutes_confirmed": Counted("已确认的服务分钟", "Confirmed minutes", "visit", "amount", _visits),
    "seniors_visited": Counted("上门服务的老年人", "Seniors visited", "visit", "who", _visits),
    "places_used": Counted("使用的名额", "Places used", "booking", "id", _places),
    "seniors_with_places": Counted("使用名额的老年人", "Seniors who used a place", "booking", "who", _places),
    "referrals_helped": Counted("转介后得到帮助", "Referrals that helped", "referral", "id", _referrals),
    "resources_given": Counted("给出的资源数量", "Resources given", "offer_taking", "amount", _given),
    "organisations_supplied": Counted("得到资源的组织", "Organisations supplied", "offer_taking", "who", _given),
}
"""Every query that a figure can name."""


def query_of(code: str) -> Counted:
    """Return a query by its code.

    Raises
    ------
    WrongInput
        When there is none.
    """
    found = QUERIES.get(code)
    if found is None:
        raise WrongInput(field="query", value=code[:40], right=Phrase("right_one_of", known=", ".join(QUERIES)))
    return found


def count(session: Session, code: str, period: Period) -> int:
    """Count a figure as its rows are now.

    Raises
    ------
    WrongInput
        When there is no such query.
    """
    query = query_of(code)
    rows = query.rows(period).subquery()
    measure = {"id": func.count(), "amount": func.coalesce(func.sum(rows.c.amount), 0), "who": None}[query.sums]
    if measure is None:
        measure = func.count(func.distinct(rows.c.who))
    return int(session.connection().execute(select(measure).select_from(rows)).scalar_one())


def trace(session: Session, code: str, period: Period, *, first: int, after_id: int = 0) -> list[int]:
    """Return the numbers of up to ``first`` rows that a figure counts, in their order, after one of them.

    Raises
    ------
    WrongInput
        When there is no such query.
    """
    rows = query_of(code).rows(period).subquery()
    wanted = select(rows.c.id).where(rows.c.id > after_id).order_by(rows.c.id).limit(first)
    return list(session.connection().execute(wanted).scalars())

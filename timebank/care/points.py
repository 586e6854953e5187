"""Advice points: when they are open, when they are shut, whether one is open now and when it opens next."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, or_, select
from sqlmodel import Session

from timebank.care.tables import AdviceClosure, AdviceHours
from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.belonging import areas_of
from timebank.people.focus import AREA
from timebank.people.notes import note_of, take_back
from timebank.people.tables import AdvicePoint

POINT = table_of(AdvicePoint)
HOURS = table_of(AdviceHours)
CLOSURE = table_of(AdviceClosure)
LOOK_AHEAD_DAYS = 60
"""A point that does not open within so many days has no next opening."""
EVERY_DAY = 127
DAY_MIN = 1440
LONGEST_CLOSED_DAYS = 366


class Opening(NamedTuple):
    """A time that a point is open, half-open."""

    opens_at: datetime
    closes_at: datetime


class Standing(NamedTuple):
    """A point at a moment: when it closes, if it is open, and else when it opens next; nothing for a long time."""

    open_until: datetime | None
    next_opening: datetime | None


def set_hours(
    session: Session,
    point_id: int,
    *,
    weekdays: int,
    opens_min: int,
    closes_min: int,
    from_day: date,
    actor: str,
    now: datetime,
) -> AdviceHours:
    """Let a point be open at the same hours of some weekdays from a day on; the same again is the same.

    Raises
    ------
    NotFound
        When there is no such point.
    WrongInput
        When days or hours cannot be, or other hours of the point overlap with them.
    """
    point_of(session, point_id)
    if not 1 <= weekdays <= EVERY_DAY:
        raise WrongInput(field="weekdays", value=str(weekdays), right=Phrase("right_range", least=1, most=EVERY_DAY))
    if not 0 <= opens_min < closes_min <= DAY_MIN:
        raise WrongInput(field="hours", value=f"{opens_min}-{closes_min}", right=Phrase("right_hours"))
    h = HOURS.c
    stands = select(HOURS).where(h.point_id == point_id, or_(h.to_day.is_(None), h.to_day > from_day))
    for row in session.connection().execute(stands):
        said = (row.weekdays, row.opens_min, row.closes_min)
        if said == (weekdays, opens_min, closes_min) and row.to_day is None:
            return session.get_one(AdviceHours, row.id)
        if row.weekdays & weekdays and row.opens_min < closes_min and opens_min < row.closes_min:
            raise WrongInput(field="hours", value=f"{opens_min}-{closes_min}", right=Phrase("right_no_overlap"))
    hours = AdviceHours(
        point_id=point_id,
        weekdays=weekdays,
        opens_min=opens_min,
        closes_min=closes_min,
        from_day=from_day,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(hours)
    session.flush()
    return hours


def end_hours(session: Session, hours_id: int, *, to_day: date) -> AdviceHours:
    """Let hours hold no more from a day on; those that have ended stay as they are.

    Raises
    ------
    NotFound
        When there are none.
    WrongInput
        When they would end before they begin.
    """
    hours = note_of(session, AdviceHours, hours_id)
    if hours.to_day is not None:
        return hours
    if to_day < hours.from_day:
        right = Phrase("right_not_before", day=hours.from_day.isoformat())
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    hours.to_day = to_day
    session.flush()
    return hours


def shut(
    session: Session, point_id: int, from_day: date, to_day: date, *, reason: str, actor: str, now: datetime
) -> AdviceClosure:
    """Shut a point on some days (half-open), whatever its hours say; the same days again are the same.

    Raises
    ------
    NotFound
        When there is no such point.
    WrongInput
        When the days are none, or more than a year.
    """
    point_of(session, point_id)
    if not from_day < to_day <= from_day + timedelta(days=LONGEST_CLOSED_DAYS):
        right = Phrase("right_days_away", most=LONGEST_CLOSED_DAYS)
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    c = CLOSURE.c
    same = (c.point_id == point_id, c.from_day == from_day, c.to_day == to_day, c.withdrawn_at.is_(None))
    standing = session.connection().execute(select(c.id).where(*same)).scalar()
    if standing is not None:
        return session.get_one(AdviceClosure, standing)
    closure = AdviceClosure(
        point_id=point_id, from_day=from_day, to_day=to_day, reason=reason[:120], recorded_by=actor, recorded_at=now
    )
    session.add(closure)
    session.flush()
    return closure


def reopen(session: Session, closure_id: int, *, actor: str, now: datetime) -> AdviceClosure:
    """Take a closure back; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none.
    """
    closure = note_of(session, AdviceClosure, closure_id)
    take_back(session, closure, actor=actor, now=now)
    return closure


def point_of(session: Session, point_id: int) -> AdvicePoint:
    """Return a point.

    Raises
    ------
    NotFound
        When there is none.
    """
    point = session.get(AdvicePoint, point_id)
    if point is None:
        raise NotFound(kind="advice_point", key=str(point_id))
    return point


def openings(session: Session, points: Collection[int], day: date, days: int) -> dict[int, list[Opening]]:
    """Return when each of some points is open on some days from a day on, in order; two queries for all of them."""
    last = day + timedelta(days=days)
    h, c, connection = HOURS.c, CLOSURE.c, session.connection()
    shut_on: dict[int, list[tuple[date, date]]] = {}
    closed = select(c.point_id, c.from_day, c.to_day).where(
        c.point_id.in_(points), c.withdrawn_at.is_(None), c.to_day > day, c.from_day < last
    )
    for point, from_day, to_day in connection.execute(closed):
        shut_on.setdefault(point, []).append((from_day, to_day))
    wanted = select(HOURS).where(h.point_id.in_(points), h.from_day < last, or_(h.to_day.is_(None), h.to_day > day))
    found: dict[int, list[Opening]] = {}
    for row in connection.execute(wanted.order_by(h.point_id, h.opens_min)):
        for number in range(days):
            on = day + timedelta(days=number)
            is_open = (
                row.weekdays >> on.weekday() & 1 and row.from_day <= on and (row.to_day is None or on < row.to_day)
            )
            if is_open and not any(begins <= on < ends for begins, ends in shut_on.get(row.point_id, ())):
                times = Opening(moment_at(on, row.opens_min), moment_at(on, row.closes_min))
                found.setdefault(row.point_id, []).append(times)
    return {point: sorted(times) for point, times in found.items()}


def standing(session: Session, points: Collection[int], now: datetime) -> dict[int, Standing]:
    """Return of each of some points whether it is open at a moment, and when it opens next."""
    found = openings(session, points, day_of(now), LOOK_AHEAD_DAYS)
    return {point: _standing(found.get(point, []), now) for point in points}


def _standing(times: list[Opening], now: datetime) -> Standing:
    open_until = next((one.closes_at for one in times if one.opens_at <= now < one.closes_at), None)
    return Standing(open_until, next((one.opens_at for one in times if one.opens_at > now), None))


def list_points(
    session: Session,
    *,
    first: int,
    after: int | None = None,
    organisation_id: int | None = None,
    subdistrict: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` points by number, after one, each with its area; their places are public."""
    wanted = select(
        POINT, AREA.c.code.label("area_code"), AREA.c.name_zh.label("area_zh"), AREA.c.name_en.label("area_en")
    ).join(AREA, AREA.c.id == POINT.c.area_id)
    if organisation_id is not None:
        own = areas_of(organisation_id)
        wanted = wanted.where(or_(POINT.c.area_id.in_(own), AREA.c.parent_id.in_(own)))
    if subdistrict is not None:
        street = select(AREA.c.id).where(AREA.c.code == subdistrict).scalar_subquery()
        wanted = wanted.where(or_(POINT.c.area_id == street, AREA.c.parent_id == street))
    if after is not None:
        wanted = wanted.where(POINT.c.id > after)
    return list(session.connection().execute(wanted.order_by(POINT.c.id).limit(first)))

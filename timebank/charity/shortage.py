"""What was missing where in a week: needed, served, still planned and unmet minutes by street and service, and why.

A visit that was held, and a place that was used, count with the minutes they were planned for. What one need has too
much covers no other, so unmet minutes are counted need by need.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session

from timebank.charity.due import WEEK_DAYS, Calendar, due_min
from timebank.charity.refusals import StreetNotYours
from timebank.core.clock import monday_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.needs.tables import Need, Service
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Senior
from timebank.planning.in_force import PAIR, PLAN, UNMET, is_in_force
from timebank.projects.projects import BOOKING, SLOT
from timebank.visits.life import VISIT

NEED, SERVICE, AREA, SENIOR = map(table_of, (Need, Service, Area, Senior))
HELD, AHEAD, FELL_OUT = ("checked_out", "confirmed", "disputed"), ("planned", "checked_in"), ("missed", "cancelled")
OWN_REASONS = ("missed", "called_off", "partly", "unplanned")
"""Reasons that the week itself tells beside those of the engine: nobody came, it was called off, the plan reaches
a part of it, no plan speaks of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: the week of a day, of whose streets (else the district's), of one street, of one service."""

    day: date
    organisation_id: int | None = None
    street: str | None = None
    service: str | None = None

    @property
    def week(self) -> date:
        """The Monday of the week."""
        return monday_of(self.day)


class Lack(NamedTuple):
    """A need in a week: what it asked for, what of it was done or is still to come, what is missing and why."""

    need_id: int
    senior_id: int
    area_id: int
    service_id: int
    needed_min: int
    served_min: int
    planned_min: int
    unmet_min: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A service in a street in a week, in minutes; ``unmet`` counts needs, ``by_reason`` unmet minutes."""

    week: date
    area_id: int
    street: str
    street_zh: str
    street_en: str
    service: str
    service_zh: str
    service_en: str
    needs: int
    unmet: int
    needed_min: int
    served_min: int
    planned_min: int
    unmet_min: int
    by_reason: dict[str, int]


def shortage_of(session: Session, asked: Asked) -> list[Short]:
    """Return every street and service with something due in the week, by street and service.

    Raises
    ------
    StreetNotYours
        When an organisation asks about a street in which it does not work.
    NotFound
        When there is no such street or service.
    """
    lacks: dict[tuple[int, int], list[Lack]] = defaultdict(list)
    for lack in lacks_of(session, asked):
        lacks[lack.area_id, lack.service_id].append(lack)
    areas = {row.id: row for row in session.connection().execute(select(AREA))}
    services = {row.id: row for row in session.connection().execute(select(SERVICE))}
    return [_short(asked.week, areas[area], services[service], lacks[area, service]) for area, service in sorted(lacks)]


def lacks_of(session: Session, asked: Asked) -> list[Lack]:
    """Return every need that asks for something in the week, with what is missing of it.

    Raises
    ------
    StreetNotYours, NotFound
        As :func:`shortage_of` does.
    """
    streets = require_streets(session, asked.organisation_id, [asked.street] if asked.street else [])
    service = _service(session, asked.service) if asked.service else None
    week, end = asked.week, asked.week + timedelta(days=WEEK_DAYS)
    n = NEED.c
    wanted = (
        select(NEED, SENIOR.c.subdistrict_id)
        .join(SENIOR, SENIOR.c.person_id == n.senior_id)
        .where(n.status.in_(("open", "paused")), SENIOR.c.status == "active", n.from_day < end)
        .where(n.to_day.is_(None) | (n.to_day > week), SENIOR.c.subdistrict_id.in_(streets))
        .order_by(n.id)
    )
    if service is not None:
        wanted = wanted.where(n.service_id == service)
    rows = session.connection().execute(wanted).all()
    calendar, done, last = Calendar(session, week), _done(session, week, end), _last_met(session, week)
    engine, paired = _in_force(session)
    found = []
    for row in rows:
        due = due_min(calendar, row, last.get(row.id))
        if due:
            minutes = done.get(row.id, Counter())
            unmet = max(0, due - minutes["held"] - minutes["ahead"])
            reason = _reason(row, minutes, engine, paired) if unmet else ""
            found.append(
                Lack(
                    row.id,
                    row.senior_id,
                    row.subdistrict_id,
                    row.service_id,
                    due,
                    minutes["held"],
                    minutes["ahead"],
                    unmet,
                    reason,
                )
            )
    return found


def require_streets(session: Session, organisation_id: int | None, codes: Sequence[str]) -> list[int]:
    """Return sub-districts by number: those named, or all that an organisation (or the district) works in.

    Raises
    ------
    StreetNotYours
        When the organisation does not work in one of them.
    NotFound
        When there is no such sub-district.
    """
    wanted = select(AREA.c.code, AREA.c.id).where(AREA.c.level == "subdistrict").order_by(AREA.c.id)
    known: dict[str, int] = {row.code: row.id for row in session.connection().execute(wanted)}
    own = known
    if organisation_id is not None:
        works_in = areas_of(organisation_id)
        numbers = set(session.connection().execute(works_in).scalars())
        own = {code: number for code, number in known.items() if number in numbers}
    for code in codes:
        if code not in known:
            raise NotFound(kind="area", key=code[:40])
        if code not in own:
            raise StreetNotYours(street=code, yours=", ".join(own))
    return [own[code] for code in codes] if codes else list(own.values())


def _service(session: Session, code: str) -> int:
    number = session.connection().execute(select(SERVICE.c.id).where(SERVICE.c.code == code)).scalar()
    if number is None:
        raise NotFound(kind="service", key=code[:40])
    return int(number)


def _done(session: Session, week: date, end: date) -> dict[int, Counter[str]]:
    """Return by need the minutes held and still ahead in a week, and how often it fell out."""
    v, b = VISIT.c, BOOKING.c
    visits: Select[Any] = (
        select(v.need_id, v.status, func.sum(v.planned_min).label("minutes"), func.count().label("times"))
        .where(v.day >= week, v.day < end)
        .group_by(v.need_id, v.status)
    )
    places: Select[Any] = (
        select(b.need_id, b.status, func.sum(NEED.c.minutes).label("minutes"), func.count().label("times"))
        .join(SLOT, SLOT.c.id == b.slot_id)
        .join(NEED, NEED.c.id == b.need_id)
        .where(SLOT.c.day >= week, SLOT.c.day < end)
        .group_by(b.need_id, b.status)
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for query in (visits, places):
        for row in session.connection().execute(query):
            if row.status in (*HELD, "used"):
                found[row.need_id]["held"] += int(row.minutes)
            elif row.status in (*AHEAD, "booked"):
                found[row.need_id]["ahead"] += int(row.minutes)
            else:
                found[row.need_id][row.status] += int(row.times)
    return found


def _last_met(session: Session, week: date) -> dict[int, date]:
    """Return by need the last day before a week on which it was met; for those that come less often than weekly."""
    v, b, n = VISIT.c, BOOKING.c, NEED.c
    rare = select(n.id).where(n.frequency_kind.in_(("once", "per_month", "every_n_days")) & (n.status != "closed"))
    seldom = rare.where((n.frequency_kind != "every_n_days") | (n.frequency_count > WEEK_DAYS))
    visits = (
        select(v.need_id, func.max(v.day)).where(v.day < week, v.status.in_(HELD), v.need_id.in_(seldom))
    ).group_by(v.need_id)
    places = (
        select(b.need_id, func.max(SLOT.c.day))
        .join(SLOT, SLOT.c.id == b.slot_id)
        .where(SLOT.c.day < week, b.status == "used")
        .group_by(b.need_id)
    )
    found: dict[int, date] = {}
    for query in (visits, places):
        for need, day in session.connection().execute(query):
            found[need] = max(day, found.get(need, day))
    return found


def _in_force(session: Session) -> tuple[dict[int, str], set[int]]:
    """Return why the plans in force leave needs unmet, and which needs they pair."""
    connection = session.connection()
    left = select(UNMET.c.need_id, UNMET.c.reason).join(PLAN, PLAN.c.id == UNMET.c.plan_id).where(is_in_force(UNMET))
    pairs = select(PAIR.c.need_id).join(PLAN, PLAN.c.id == PAIR.c.plan_id).where(is_in_force(PAIR))
    return {row.need_id: row.reason for row in connection.execute(left)}, set(connection.execute(pairs).scalars())


def _reason(need: Row[Any], minutes: Counter[str], engine: dict[int, str], paired: set[int]) -> str:
    """Say why something is missing: nobody came, it was called off, what the engine says, or no plan speaks of it."""
    if minutes["missed"]:
        return "missed"
    if minutes["cancelled"]:
        return "called_off"
    if need.id in engine:
        return engine[need.id]
    return "partly" if need.id in paired or minutes["held"] or minutes["ahead"] else "unplanned"


def _short(week: date, area: Row[Any], service: Row[Any], lacks: list[Lack]) -> Short:
    by_reason: Counter[str] = Counter()
    for lack in lacks:
        if lack.unmet_min:
            by_reason[lack.reason] += lack.unmet_min
    return Short(
        week=week,
        area_id=area.id,
        street=area.code,
        street_zh=area.name_zh,
        street_en=area.name_en,
        service=service.code,
        service_zh=service.name_zh,
        service_en=service.name_en,
        needs=len(lacks),
        unmet=sum(1 for lack in lacks if lack.unmet_min),
        needed_min=sum(lack.needed_min for lack in lacks),
        served_min=sum(lack.served_min for lack in lacks),
        planned_min=sum(lack.planned_min for lack in lacks),
        unmet_min=sum(lack.unmet_min for lack in lacks),
        by_reason=dict(by_reason.most_common()),
    )

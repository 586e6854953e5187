"""Rows to slots: dated places of running projects, how many are free, and who may use them on which days."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, Table, and_, select
from sqlmodel import Session

from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, SeniorCategory
from timebank.projects.eligibility import is_eligible
from timebank.projects.tables import Booking, Project, Resource, Slot
from timebank.rules.decision import age_on


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


SLOT, RESOURCE, PROJECT, BOOKING, AREA = map(_table, (Slot, Resource, Project, Booking, Area))
CATEGORY, NEED, SERVICE = map(_table, (SeniorCategory, Need, Service))
Span = tuple[str, date, date | None]


class Open(NamedTuple):
    """Resources that a need may use, and the days (half-open) on which it may use just these."""

    resources: frozenset[int]
    first_day: date
    end_day: date


def slot_rows(session: Session, days: tuple[date, date]) -> list[Row[Any]]:
    """Return the slots of running projects within the days (half-open), with place and service of their resource."""
    wanted = (
        select(SLOT, RESOURCE.c.lat_deg, RESOURCE.c.lon_deg, RESOURCE.c.service_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(PROJECT, and_(PROJECT.c.id == RESOURCE.c.project_id, PROJECT.c.status == "running"))
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1])
        .order_by(SLOT.c.id)
    )
    return list(session.connection().execute(wanted))


def taken_places(session: Session, days: tuple[date, date], give_way: set[int]) -> Counter[int]:
    """Count by slot the places within the days (half-open) that stay taken when a new plan comes.

    A place that was only booked, for a need of ``give_way``, is free: the new plan says anew where that need goes.
    """
    wanted = (
        select(BOOKING.c.slot_id, BOOKING.c.need_id, BOOKING.c.status)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1], BOOKING.c.status != "cancelled")
    )
    rows = session.connection().execute(wanted)
    return Counter(row.slot_id for row in rows if row.status != "booked" or row.need_id not in give_way)


def open_resources(session: Session, days: tuple[date, date], needs: list[Row[Any]]) -> dict[int, Open]:
    """Return for each need, by its number, what is open to it: every part of a project's eligibility must hold.

    Categories begin and end, and people have birthdays, within the days of a plan. A need is given the first days
    on which something is open to it, up to the day on which that changes; what is open later is for the next plan.
    """
    by_slot = [row for row in needs if row.served_by == "slot"]
    if not by_slot:
        return {}
    wanted = (
        select(RESOURCE.c.id, RESOURCE.c.service_id, PROJECT.c.eligibility)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running")
    )
    rows: list[Row[Any]] = list(session.connection().execute(wanted))
    resources: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        resources[row.service_id].append(row)
    spans, codes = _category_spans(session), _codes(session)
    found = {}
    for need in by_slot:
        first = max(days[0], need.from_day)
        end = min(days[1], need.to_day or days[1])
        offered, held = resources[need.service_id], spans.get(need.senior_id, [])
        cuts = [first, *sorted(day for day in set(_changes(need, offered, held)) if first < day < end)]
        sets = [_eligible(need, offered, held, codes[need.subdistrict_id], day) for day in cuts]
        chosen = next((n for n, each in enumerate(sets) if each), None)
        if chosen is not None:
            later = (cuts[n] for n in range(chosen + 1, len(cuts)) if sets[n] != sets[chosen])
            found[need.id] = Open(sets[chosen], cuts[chosen], next(later, end))
    return found


def _category_spans(session: Session) -> dict[int, list[Span]]:
    """Categories with their days, of the seniors who need something that a slot gives."""
    seniors = select(NEED.c.senior_id).join(SERVICE, SERVICE.c.id == NEED.c.service_id)
    c = CATEGORY.c
    held = select(c.senior_id, c.category, c.from_day, c.to_day).where(
        c.senior_id.in_(seniors.where(SERVICE.c.served_by == "slot"))
    )
    spans: dict[int, list[Span]] = defaultdict(list)
    for senior, category, from_day, to_day in session.connection().execute(held):
        spans[senior].append((category, from_day, to_day))
    return spans


def _codes(session: Session) -> dict[int, str]:
    return {row.id: row.code for row in session.connection().execute(select(AREA.c.id, AREA.c.code))}


def _changes(need: Row[Any], offered: list[Row[Any]], held: list[Span]) -> Iterator[date]:
    """Yield the days on which a senior's eligibility may change."""
    for _, from_day, to_day in held:
        yield from_day
        if to_day is not None:
            yield to_day
    for resource in offered:
        least = int(resource.eligibility.get("min_age") or 0)
        if least:
            yield _birthday(need.born_on, least)


def _birthday(born_on: date, age: int) -> date:
    """Return the day of an age; one born on 29 February has it on 1 March in short years."""
    year = born_on.year + age
    try:
        return born_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _eligible(need: Row[Any], offered: list[Row[Any]], held: list[Span], code: str, day: date) -> frozenset[int]:
    categories = frozenset(
        category for category, from_day, to_day in held if from_day <= day and (to_day is None or day < to_day)
    )
    age = age_on(need.born_on, day)
    return frozenset(
        resource.id
        for resource in offered
        if is_eligible(resource.eligibility, categories=categories, subdistrict=code, age=age)
    )

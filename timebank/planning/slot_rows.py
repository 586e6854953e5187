"""Rows to slots: dated places of running projects, how many are free, what they cost, and who may use them when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Row, and_, func, select
from sqlmodel import Session

from matching.tables import Budgets, Slots
from timebank.core.columns import table_of
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area
from timebank.planning.codes import Codes
from timebank.planning.columns import floats, ints
from timebank.planning.person_rows import Span, categories_on, category_spans
from timebank.planning.question import Question
from timebank.projects.eligibility import is_eligible
from timebank.projects.fitting import unstaffed
from timebank.projects.tables import Booking, Project, ProjectState, Resource, Slot
from timebank.rules.decision import age_on

SLOT, RESOURCE, PROJECT, BOOKING, AREA = map(table_of, (Slot, Resource, Project, Booking, Area))
NEED, SERVICE, STATE = map(table_of, (Need, Service, ProjectState))


class Open(NamedTuple):
    """Resources that a need may use, and the days (half-open) on which it may use just these."""

    resources: frozenset[int]
    first_day: date
    end_day: date


def slot_rows(session: Session, days: tuple[date, date], project_id: int | None = None) -> list[Row[Any]]:
    """Return the slots of running projects, or of one, within the days (half-open), with their resource's service.

    A slot on a day on which its resource has no crew is none.
    """
    wanted = (
        select(
            SLOT,
            RESOURCE.c.lat_deg,
            RESOURCE.c.lon_deg,
            RESOURCE.c.service_id,
            RESOURCE.c.place_cost_cents,
            RESOURCE.c.project_id,
        )
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(PROJECT, and_(PROJECT.c.id == RESOURCE.c.project_id, PROJECT.c.status == "running"))
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1])
        .order_by(SLOT.c.id)
    )
    if project_id is not None:
        wanted = wanted.where(PROJECT.c.id == project_id)
    without = unstaffed(session, days)
    return [row for row in session.connection().execute(wanted) if (row.resource_id, row.day) not in without]


class Taken(NamedTuple):
    """Places that stay taken when a new plan comes, and those for a wheelchair among them, by slot."""

    places: Counter[int]
    wheelchairs: Counter[int]


def taken_places(session: Session, days: tuple[date, date], give_way: set[int]) -> Taken:
    """Count by slot the places within the days (half-open) that stay taken when a new plan comes.

    A place that was only booked, for a need of ``give_way``, is free: the new plan says anew where that need goes.
    """
    wanted = (
        select(BOOKING.c.slot_id, BOOKING.c.need_id, BOOKING.c.status, NEED.c.wheelchairs)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1], BOOKING.c.status != "cancelled", BOOKING.c.is_freed == 0)
    )
    rows = session.connection().execute(wanted)
    stay = [row for row in rows if row.status != "booked" or row.need_id not in give_way]
    return Taken(Counter(row.slot_id for row in stay), Counter(row.slot_id for row in stay if row.wheelchairs))


def load_slots(rows: list[Row[Any]], taken: Taken, question: Question, codes: Codes) -> Slots:
    """Return the slots with the places that are free; a project pays for those that cost something."""
    free = [max(0, row.places - taken.places[row.id]) for row in rows]
    chairs = [max(0, row.wheelchairs - taken.wheelchairs[row.id]) for row in rows]
    return Slots(
        ids=ints(row.id for row in rows),
        resource_ids=ints(row.resource_id for row in rows),
        lats_deg=floats(row.lat_deg for row in rows),
        lons_deg=floats(row.lon_deg for row in rows),
        skills=ints(codes.skills[row.service_id] for row in rows),
        days=ints((row.day - question.starts_on).days for row in rows),
        starts_min=ints(row.starts_min for row in rows),
        ends_min=ints(row.ends_min for row in rows),
        places=ints(free),
        wheelchairs=np.minimum(ints(chairs), ints(free)),
        costs_cents=ints(row.place_cost_cents for row in rows),
        budget_ids=ints(row.project_id if row.place_cost_cents else 0 for row in rows),
    )


def load_budgets(session: Session, rows: list[Row[Any]], days: tuple[date, date], give_way: set[int]) -> Budgets:
    """Return what is left of the budgets of projects whose places cost something, beside what stays booked."""
    projects = {row.project_id for row in rows if row.place_cost_cents}
    left = project_budgets(session, projects)
    for project, need, day, status, cents in _spent(session, projects):
        gives_way = status == "booked" and need in give_way and days[0] <= day < days[1]
        left[project] -= 0 if gives_way else cents
    return Budgets(ids=ints(sorted(left)), cents=ints(max(0, left[project]) for project in sorted(left)))


def project_budgets(session: Session, projects: Iterable[int]) -> dict[int, int]:
    """Return what the budgets of some projects hold for places, in cents: all that no line of a budget is for."""
    lines = func.coalesce(STATE.c.lines_cents, 0)
    wanted = (
        select(PROJECT.c.id, (PROJECT.c.budget_cents - lines).label("cents"))
        .outerjoin(STATE, STATE.c.project_id == PROJECT.c.id)
        .where(PROJECT.c.id.in_(sorted(projects)))
    )
    return {row.id: row.cents for row in session.connection().execute(wanted)}


def _spent(session: Session, projects: set[int]) -> Iterable[Any]:
    """Yield project, need, day, status and cents of every place of some projects that costs something and stands."""
    wanted = (
        select(RESOURCE.c.project_id, BOOKING.c.need_id, SLOT.c.day, BOOKING.c.status, RESOURCE.c.place_cost_cents)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .where(RESOURCE.c.project_id.in_(sorted(projects)), BOOKING.c.status != "cancelled")
        .where(RESOURCE.c.place_cost_cents > 0)
    )
    return session.connection().execute(wanted) if projects else ()


def left_for_places(session: Session, projects: Iterable[int]) -> dict[int, int]:
    """Return what is left of the budgets of some projects for more places, in cents."""
    numbers = sorted(projects)
    wanted = select(STATE.c.project_id, STATE.c.places_cents).where(STATE.c.project_id.in_(numbers))
    taken = {row.project_id: row.places_cents for row in session.connection().execute(wanted)}
    return {project: cents - taken.get(project, 0) for project, cents in project_budgets(session, numbers).items()}


def open_resources(
    session: Session,
    days: tuple[date, date],
    needs: list[Row[Any]],
    also: dict[int, frozenset[int]],
    project_id: int | None = None,
) -> dict[int, Open]:
    """Return for each need, by its number, what is open to it: every part of a project's eligibility must hold.

    Categories begin and end, and people have birthdays, within the days of a plan. A need is given the first days
    on which something is open to it, up to the day on which that changes; what is open later is for the next plan.
    ``also`` are further services that a need takes at the same time. With ``project_id`` nothing else is open.
    """
    by_slot = [row for row in needs if row.served_by == "slot"]
    if not by_slot:
        return {}
    wanted = (
        select(RESOURCE.c.id, RESOURCE.c.service_id, PROJECT.c.eligibility)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running")
    )
    if project_id is not None:
        wanted = wanted.where(PROJECT.c.id == project_id)
    rows: list[Row[Any]] = list(session.connection().execute(wanted))
    resources: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        resources[row.service_id].append(row)
    seniors = select(NEED.c.senior_id).join(SERVICE, SERVICE.c.id == NEED.c.service_id)
    spans, codes = category_spans(session, seniors.where(SERVICE.c.served_by == "slot")), _codes(session)
    found = {}
    for need in by_slot:
        first = max(days[0], need.from_day)
        end = min(days[1], need.to_day or days[1])
        services = (need.service_id, *sorted(also.get(need.id, ())))
        offered, held = [row for one in services for row in resources[one]], spans.get(need.senior_id, [])
        cuts = [first, *sorted(day for day in set(_changes(need, offered, held)) if first < day < end)]
        sets = [_eligible(need, offered, held, codes[need.subdistrict_id], day) for day in cuts]
        chosen = next((n for n, each in enumerate(sets) if each), None)
        if chosen is not None:
            later = (cuts[n] for n in range(chosen + 1, len(cuts)) if sets[n] != sets[chosen])
            found[need.id] = Open(sets[chosen], cuts[chosen], next(later, end))
    return found


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
    categories = categories_on(held, day)
    age = age_on(need.born_on, day)
    return frozenset(
        resource.id
        for resource in offered
        if is_eligible(resource.eligibility, categories=categories, subdistrict=code, age=age)
    )

"""What a desk looks at: requests with their places, what is free, and what came of a service's places."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bookings.steps import BOOKING, NEED, PLACE_NEED, REQUEST, RESOURCE, SENIOR, SLOT
from timebank.bookings.tables import PlaceRequest
from timebank.people.belonging import areas_of
from timebank.planning.slot_rows import slot_rows, taken_places


class Had(NamedTuple):
    """A place of a request: which resource when, and what became of it."""

    resource: str
    name_zh: str
    day: date
    starts_min: int
    ends_min: int
    status: str
    served_min: int
    cost_cents: int


class FreeSlot(NamedTuple):
    """A slot of a running project with what is free of it."""

    slot_id: int
    resource_id: int
    day: date
    starts_min: int
    ends_min: int
    places: int
    free: int
    free_wheelchairs: int


class Performed(NamedTuple):
    """What came of a service's places: used, missed, minutes, and cost of all that goes with them."""

    used: int
    missed: int
    served_min: int
    cost_cents: int


def _of_organisation(organisation_id: int) -> Select[Any]:
    """Return the query of the seniors of an organisation's sub-districts."""
    areas = areas_of(organisation_id)
    return select(SENIOR.c.person_id).where(SENIOR.c.subdistrict_id.in_(areas))


def requests_in(
    session: Session,
    *,
    first: int,
    before_id: int | None = None,
    status: str | None = None,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> list[PlaceRequest]:
    """Return up to ``first`` (1 to 100) requests, newest first, older than ``before_id``.

    For an organisation those of its sub-districts, for a person their own.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 requests, not {first}."
        raise ValueError(message)
    wanted = pick(PlaceRequest)
    if organisation_id is not None:
        wanted = wanted.where(col(PlaceRequest.senior_id).in_(_of_organisation(organisation_id)))
    if person_id is not None:
        wanted = wanted.where(PlaceRequest.senior_id == person_id)
    if status is not None:
        wanted = wanted.where(PlaceRequest.status == status)
    if before_id is not None:
        wanted = wanted.where(col(PlaceRequest.id) < before_id)
    return list(session.exec(wanted.order_by(col(PlaceRequest.id).desc()).limit(first)))


def places_had(session: Session, requests: Collection[int]) -> dict[int, list[Had]]:
    """Return the places of some requests in the order of their days, by request, in one query."""
    wanted = (
        select(
            PLACE_NEED.c.request_id,
            RESOURCE.c.code,
            RESOURCE.c.name_zh,
            SLOT.c.day,
            SLOT.c.starts_min,
            SLOT.c.ends_min,
            BOOKING.c.status,
            BOOKING.c.served_min,
            BOOKING.c.cost_cents,
        )
        .join(BOOKING, BOOKING.c.need_id == PLACE_NEED.c.need_id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .where(PLACE_NEED.c.request_id.in_(sorted(requests)))
        .order_by(SLOT.c.day, SLOT.c.starts_min, RESOURCE.c.id)
    )
    found: dict[int, list[Had]] = defaultdict(list)
    for request, *values in session.connection().execute(wanted):
        found[request].append(Had(*values))
    return dict(found)


def free_slots(session: Session, service_id: int, days: tuple[date, date]) -> list[FreeSlot]:
    """Return the slots of a service within the days (half-open), by day and time, with what is free of each."""
    rows = [row for row in slot_rows(session, days) if row.service_id == service_id]
    taken = taken_places(session, days, set())
    free = [
        FreeSlot(
            row.id,
            row.resource_id,
            row.day,
            row.starts_min,
            row.ends_min,
            row.places,
            max(0, row.places - taken.places[row.id]),
            max(0, min(row.places - taken.places[row.id], row.wheelchairs - taken.wheelchairs[row.id])),
        )
        for row in rows
    ]
    return sorted(free, key=lambda one: (one.day, one.starts_min, one.slot_id))


def performed(session: Session, service_id: int, days: tuple[date, date]) -> Performed:
    """Count from the rows what came of a service's places within the days (half-open).

    A trip with a stair climber is one trip, and costs what both cost.
    """
    used = case((BOOKING.c.status == "used", 1), else_=0)
    is_own = case((RESOURCE.c.service_id == NEED.c.service_id, 1), else_=0)
    wanted = (
        select(
            func.coalesce(func.sum(used * is_own), 0),
            func.coalesce(func.sum((1 - used) * is_own), 0),
            func.coalesce(func.sum(BOOKING.c.served_min * is_own), 0),
            func.coalesce(func.sum(BOOKING.c.cost_cents), 0),
        )
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(NEED.c.service_id == service_id, BOOKING.c.status.in_(("used", "missed")))
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1])
    )
    return Performed(*(int(value) for value in session.connection().execute(wanted).one()))


def list_length(session: Session, service_id: int) -> int:
    """Count who waits for a service."""
    waiting = (REQUEST.c.service_id == service_id) & (REQUEST.c.status == "waiting")
    return int(session.connection().execute(select(func.count()).where(waiting)).scalar_one())

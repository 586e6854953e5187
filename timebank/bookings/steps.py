"""Steps of a request: who may be looked at, the states it goes through, and each step written down."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlmodel import Session

from timebank.bookings.tables import PlaceEvent, PlaceNeed, PlaceRequest
from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.needs.tables import Need
from timebank.people.belonging import areas_of
from timebank.people.tables import Senior
from timebank.projects.tables import Booking, Resource, Slot

REQUEST = table_of(PlaceRequest)
PLACE_NEED = table_of(PlaceNeed)
EVENT = table_of(PlaceEvent)
NEED = table_of(Need)
SENIOR = table_of(Senior)
BOOKING = table_of(Booking)
SLOT = table_of(Slot)
RESOURCE = table_of(Resource)
LIVE = ("received", "waiting", "placed")
"""States in which a request is still to be served."""


def request_number(request: PlaceRequest) -> int:
    """Return the number of a stored request."""
    if request.id is None:
        message = "The request is not stored yet."
        raise ValueError(message)
    return request.id


def request_of(
    session: Session, request_id: int, *, organisation_id: int | None = None, person_id: int | None = None
) -> PlaceRequest:
    """Return a request as it is now; for an organisation one of its sub-districts, for a person their own.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    r = REQUEST.c
    wanted = select(r.id).join(SENIOR, SENIOR.c.person_id == r.senior_id).where(r.id == request_id)
    if organisation_id is not None:
        areas = areas_of(organisation_id)
        wanted = wanted.where(SENIOR.c.subdistrict_id.in_(areas))
    if person_id is not None:
        wanted = wanted.where(r.senior_id == person_id)
    if session.connection().execute(wanted).scalar() is None:
        raise NotFound(kind="place_request", key=str(request_id))
    return session.get_one(PlaceRequest, request_id, populate_existing=True)


def tell(
    session: Session,
    requests: Iterable[int],
    kind: str,
    *,
    actor: str,
    now: datetime,
    note: str = "",
    day: date | None = None,
    is_late: bool = False,
) -> None:
    """Write a step of some requests."""
    rows = [
        {
            "request_id": number,
            "kind": kind,
            "day": day,
            "is_late": is_late,
            "actor": actor,
            "note": note,
            "happened_at": now,
        }
        for number in requests
    ]
    if rows:
        session.connection().execute(insert(EVENT), rows)


def move(session: Session, requests: Sequence[int], to: str, *, closed_at: datetime | None = None) -> None:
    """Put some requests into a state; those that end close their needs."""
    if not requests:
        return
    values: dict[str, object] = {"status": to} | ({"closed_at": closed_at} if closed_at else {})
    connection = session.connection()
    connection.execute(update(REQUEST).where(REQUEST.c.id.in_(requests)).values(**values))
    if closed_at:
        ended = select(PLACE_NEED.c.need_id).where(PLACE_NEED.c.request_id.in_(requests))
        connection.execute(update(NEED).where(NEED.c.id.in_(ended)).values(status="closed"))


def needs_by_request(session: Session, requests: Iterable[int]) -> dict[int, list[int]]:
    """Return the needs of some requests, by request."""
    p = PLACE_NEED.c
    rows = select(p.request_id, p.need_id).where(p.request_id.in_(sorted(requests))).order_by(p.need_id)
    found: dict[int, list[int]] = {}
    for request, need in session.connection().execute(rows):
        found.setdefault(request, []).append(need)
    return found

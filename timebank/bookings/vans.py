"""The day of a vehicle: who is fetched when, within which window, there and back; stored as it was routed."""

import hashlib
import json
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bookings.notices import tell_desks
from timebank.bookings.steps import BOOKING, NEED, PLACE_NEED, REQUEST, RESOURCE, SENIOR, SLOT
from timebank.bookings.tables import VanCall, VanDay
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.needs.tables import NeedAlso
from timebank.planning.vehicles import Call, Driven, Ride, Van, drive
from timebank.projects.projects import GIVE_PLACES
from timebank.projects.tables import ResourceFitting

CALL = table_of(VanCall)
FITTING = table_of(ResourceFitting)
ALSO = table_of(NeedAlso)
LEAD_MIN = 60
"""A crew leaves the garage up to so long before its first slot, and is back so long after its last one."""
AROUND_MIN = 10
"""A pick-up window reaches so long before and after the planned minute."""
BOARDING_MIN, WHEELCHAIR_MIN, CLIMBING_MIN = 5, 10, 20
"""Minutes to get in or out: on foot, in a wheelchair, and down or up the stairs with a climber."""
MINUTES_A_DAY = 1440


class _Way(NamedTuple):
    """A ride with whose it is, and whether it goes back."""

    ride: Ride
    need_id: int
    request_id: int
    is_back: bool


class _Plan(NamedTuple):
    """What is asked of a vehicle on a day, and the hash of it."""

    van: Van
    ways: list[_Way]
    digest: str


def route_day(session: Session, day: date, *, actor: str, now: datetime) -> list[VanDay]:
    """Route every vehicle that has places to drive to on a day; one whose day is as it was keeps its stored route.

    Who cannot be driven within the hours stays booked, and their desk is told.
    """
    wait_turn(session, GIVE_PLACES)
    return [_route(session, resource, day, actor=actor, now=now) for resource in vehicles_on(session, day)]


def vehicles_on(session: Session, day: date) -> list[int]:
    """Return the vehicles that have a trip of a request on a day."""
    wanted = (
        select(SLOT.c.resource_id)
        .join(FITTING, FITTING.c.resource_id == SLOT.c.resource_id)
        .join(BOOKING, BOOKING.c.slot_id == SLOT.c.id)
        .join(PLACE_NEED, PLACE_NEED.c.need_id == BOOKING.c.need_id)
        .join(REQUEST, REQUEST.c.id == PLACE_NEED.c.request_id)
        .where(SLOT.c.day == day, FITTING.c.kind == "vehicle", BOOKING.c.status != "cancelled")
        .where(REQUEST.c.to_lat_deg.is_not(None))
        .distinct()
        .order_by(SLOT.c.resource_id)
    )
    return list(session.connection().execute(wanted).scalars())


def day_of_van(session: Session, resource_id: int, day: date) -> VanDay | None:
    """Return the last route of a vehicle's day, or nothing when it was not routed."""
    wanted = pick(VanDay).where(VanDay.resource_id == resource_id, VanDay.day == day)
    return session.exec(wanted.order_by(col(VanDay.id).desc())).first()


def is_as_it_was(session: Session, stored: VanDay) -> bool:
    """Tell whether the bookings of a routed day are those that stand now."""
    return _asked(session, stored.resource_id, stored.day).digest == stored.input_hash


def calls_of(session: Session, van_day: VanDay) -> list[VanCall]:
    """Return the stops of a routed day in their order."""
    return list(session.exec(pick(VanCall).where(VanCall.van_day_id == van_day.id).order_by(col(VanCall.position))))


def _route(session: Session, resource_id: int, day: date, *, actor: str, now: datetime) -> VanDay:
    plan, stored = _asked(session, resource_id, day), day_of_van(session, resource_id, day)
    if stored is not None and stored.input_hash == plan.digest:
        return stored
    driven = drive([plan.van], [way.ride for way in plan.ways])
    row = VanDay(
        resource_id=resource_id,
        day=day,
        input_hash=plan.digest,
        driven_m=driven.driven_m,
        method=driven.method,
        left_out=len(driven.left_out),
        made_by=actor,
        made_at=now,
    )
    session.add(row)
    session.flush()
    _store_calls(session, row.id or 0, plan, driven)
    not_driven = sorted({plan.ways[number].request_id for number in driven.left_out})
    tell_desks(session, not_driven, "not_driven", day=day, caused_by=row.id or 0, now=now)
    return row


def _store_calls(session: Session, van_day_id: int, plan: _Plan, driven: Driven) -> None:
    rows = [
        {
            "van_day_id": van_day_id,
            "position": position,
            "need_id": plan.ways[call.ride].need_id,
            "is_back": plan.ways[call.ride].is_back,
            "is_pickup": call.is_pickup,
            "starts_min": call.starts_min,
        }
        | _window(call, plan.ways[call.ride].ride)
        for position, call in enumerate(driven.calls)
    ]
    if rows:
        session.connection().execute(insert(CALL), rows)


def _window(call: Call, ride: Ride) -> dict[str, int]:
    """Return the window that is told: some minutes round the planned one, within what the ride allows."""
    opens, closes = ride.pickup_min if call.is_pickup else ride.dropoff_min
    begins, ends = max(opens, call.starts_min - AROUND_MIN), min(closes, call.starts_min + AROUND_MIN)
    return {"window_start_min": min(begins, call.starts_min), "window_end_min": max(ends, call.starts_min + 1)}


def _asked(session: Session, resource_id: int, day: date) -> _Plan:
    """Read what a vehicle is to drive on a day."""
    van = _van(session, resource_id, day)
    rows = _booked(session, resource_id, day)
    climbed = _climbed(session, [row.need_id for row in rows])
    ways: list[_Way] = []
    for row in rows:
        ways += _ways(row, van, is_climbed=row.need_id in climbed, number=len(ways))
    said = json.dumps([van[0], [(*way.ride, way.need_id, way.is_back) for way in ways], van], sort_keys=True)
    return _Plan(van[0], ways, hashlib.sha256(said.encode()).hexdigest())


def _van(session: Session, resource_id: int, day: date) -> tuple[Van, int]:
    """Return the vehicle with its hours of the day, and the longest ride of one senior."""
    wanted = (
        select(
            RESOURCE.c.lat_deg,
            RESOURCE.c.lon_deg,
            FITTING.c.seats,
            FITTING.c.wheelchairs,
            FITTING.c.longest_ride_min,
            func.min(SLOT.c.starts_min).label("starts_min"),
            func.max(SLOT.c.ends_min).label("ends_min"),
        )
        .join(FITTING, FITTING.c.resource_id == RESOURCE.c.id)
        .join(SLOT, SLOT.c.resource_id == RESOURCE.c.id)
        .where(RESOURCE.c.id == resource_id, SLOT.c.day == day)
        .group_by(RESOURCE.c.lat_deg, RESOURCE.c.lon_deg)
        .group_by(FITTING.c.seats, FITTING.c.wheelchairs, FITTING.c.longest_ride_min)
    )
    row = session.connection().execute(wanted).one()
    hours = max(0, row.starts_min - LEAD_MIN), min(MINUTES_A_DAY, row.ends_min + LEAD_MIN)
    van = Van(resource_id, row.lat_deg, row.lon_deg, *hours, row.seats, row.wheelchairs)
    return van, row.longest_ride_min


def _booked(session: Session, resource_id: int, day: date) -> list[Row[Any]]:
    """Return the places of a vehicle that stand on a day, each with its request and home."""
    wanted = (
        select(
            BOOKING.c.need_id,
            REQUEST.c.id.label("request_id"),
            REQUEST.c.to_lat_deg,
            REQUEST.c.to_lon_deg,
            REQUEST.c.arrive_min,
            REQUEST.c.back_min,
            REQUEST.c.wheelchairs,
            SENIOR.c.lat_deg,
            SENIOR.c.lon_deg,
            SLOT.c.starts_min,
            SLOT.c.ends_min,
        )
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .join(PLACE_NEED, PLACE_NEED.c.need_id == NEED.c.id)
        .join(REQUEST, REQUEST.c.id == PLACE_NEED.c.request_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(SLOT.c.resource_id == resource_id, SLOT.c.day == day, REQUEST.c.to_lat_deg.is_not(None))
        .where(BOOKING.c.status.in_(("booked", "used")))
        .order_by(BOOKING.c.need_id)
    )
    return list(session.connection().execute(wanted))


def _climbed(session: Session, needs: list[int]) -> set[int]:
    """Return the needs that take a further service with the van: somebody carries them down the stairs."""
    rows = select(ALSO.c.need_id).where(ALSO.c.need_id.in_(needs))
    return set(session.connection().execute(rows).scalars())


def _ways(row: Row[Any], van: tuple[Van, int], *, is_climbed: bool, number: int) -> list[_Way]:
    """Return the way there and, when it is asked for, the way back."""
    home, there = (row.lat_deg, row.lon_deg), (row.to_lat_deg, row.to_lon_deg)
    in_out = WHEELCHAIR_MIN if row.wheelchairs else BOARDING_MIN
    at_home = CLIMBING_MIN if is_climbed else in_out
    begins, ends = row.starts_min, row.ends_min
    back = ends if row.back_min is None else min(max(begins + 1, row.back_min), ends - 1)
    arrives = back if row.arrive_min is None else min(max(begins + 1, row.arrive_min), back)
    parts = {"longest_ride_min": van[1], "wheelchairs": row.wheelchairs}
    out = Ride(number, *home, *there, (begins, arrives), (begins, arrives), at_home, in_out, **parts)
    ways = [_Way(out, row.need_id, row.request_id, is_back=False)]
    if row.back_min is not None:
        window = (back, ends)
        ride = Ride(number + 1, *there, *home, window, window, in_out, at_home, **parts)
        ways.append(_Way(ride, row.need_id, row.request_id, is_back=True))
    return ways

"""A row in every table of bookings, and of what resources hold."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from tests.worlds import MONDAY, World
from timebank.bookings.tables import (
    BookingRule,
    DeskNotice,
    PlaceDecision,
    PlaceEvent,
    PlaceNeed,
    PlaceRequest,
    PlaceRound,
    VanCall,
    VanDay,
)
from timebank.projects.tables import Resource, ResourceFitting, ResourceStaff

NEXT_WEEK = MONDAY + timedelta(days=7)


def fill_bookings(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of bookings, and of what resources hold."""
    resource, office = session.exec(select(Resource.id)).first() or 0, world.organisations["CF1"]
    who: dict[str, Any] = {"recorded_by": "organisation:1", "recorded_at": now}
    terms: dict[str, Any] = {
        "notice_days": 3,
        "ahead_days": 60,
        "list_notice_days": 1,
        "cancel_days": 1,
        "series_weeks": 13,
    }
    bath, need = world.services["bath"], world.needs["S2-bath"]
    request = PlaceRequest(
        organisation_id=office,
        senior_id=world.seniors["S2"],
        service_id=bath,
        source="phone",
        recorded_by="organisation:1",
        asker_relation="self",
        from_day=MONDAY,
        to_day=NEXT_WEEK,
        window_start_min=480,
        window_end_min=1080,
        minutes=60,
        idempotency_key="k",
        request_hash=b"hash",
        received_at=now,
    )
    parts: dict[str, Any] = {"asked": 1, "given": 1, "status": "OPTIMAL", "objective": 1, "bound": 1}
    days: dict[str, Any] = {"from_day": MONDAY, "to_day": NEXT_WEEK}
    one = PlaceRound(service_id=bath, decided_by="a", decided_at=now, **days, **parts)
    route: dict[str, Any] = {"input_hash": "h", "driven_m": 1, "method": "exact", "left_out": 0}
    van_day = VanDay(resource_id=resource, day=MONDAY, made_by="a", made_at=now, **route)
    session.add_all(
        (
            ResourceFitting(resource_id=resource, kind="place", **who),
            ResourceStaff(
                resource_id=resource, person_id=world.volunteers["V1"], role="bather", from_day=MONDAY, **who
            ),
            BookingRule(service_id=bath, from_day=MONDAY, decides="round", **terms, **who),
            request,
            one,
            van_day,
        )
    )
    session.flush()
    number = request.id or 0
    counts = dict.fromkeys(("position", "tier", "waited_days", "by_tier", "by_waiting", "by_distance", "by_all"), 0)
    minutes = {"starts_min": 540, "window_start_min": 530, "window_end_min": 550}
    session.add_all(
        (
            PlaceNeed(need_id=need, request_id=number),
            PlaceEvent(request_id=number, kind="received", actor="a", happened_at=now),
            PlaceDecision(round_id=one.id or 0, request_id=number, is_given=True, why="enough", **counts),
            DeskNotice(organisation_id=office, request_id=number, kind="placed", day=MONDAY, caused_by=1, told_at=now),
            VanCall(van_day_id=van_day.id or 0, position=0, need_id=need, is_back=False, is_pickup=True, **minutes),
        )
    )
    session.flush()

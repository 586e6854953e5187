"""A vehicle's day: who is fetched when, there and back, within hours and room; stored as it was routed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tests.bookings.conftest import THURSDAY, Desk
from timebank.bookings.endings import call_off
from timebank.bookings.notices import notices_of
from timebank.bookings.requests import Destination
from timebank.bookings.steps import needs_by_request, request_of
from timebank.bookings.tables import VanCall, VanDay
from timebank.bookings.vans import AROUND_MIN, CLIMBING_MIN, calls_of, is_as_it_was, route_day

CLINIC = Destination(name="社区医院", lat_deg=31.2600, lon_deg=121.4200, arrive_min=560, back_min=640)


def _route(desk: Desk, session: Session) -> list[VanDay]:
    return route_day(session, THURSDAY, actor="organisation:1", now=desk.now)


def _calls(session: Session, day: VanDay, request: int) -> list[VanCall]:
    needs = needs_by_request(session, [request])[request]
    return [call for call in calls_of(session, day) if call.need_id in needs]


def test_there_and_back_within_the_hours(desk: Desk, session: Session) -> None:
    """Fetched at home, at the clinic by 9:20, on the way back from 10:40 on, home before the van's last slot ends."""
    number = desk.number(session, "S1", "trip", destination=CLINIC, window_end_min=720)

    (day,) = _route(desk, session)
    calls = _calls(session, day, number)

    assert [(call.is_back, call.is_pickup) for call in calls] == [
        (False, True),
        (False, False),
        (True, True),
        (True, False),
    ]
    minutes = [call.starts_min for call in calls]
    assert minutes == sorted(minutes)
    assert minutes[0] >= 480
    assert minutes[1] <= 560
    assert minutes[2] >= 640
    assert minutes[3] <= 720
    assert (day.left_out, day.driven_m > 0) == (0, True)


def test_a_pickup_window_lies_round_its_minute(desk: Desk, session: Session) -> None:
    """The senior is told a window of at most twenty minutes in which to be ready."""
    number = desk.number(session, "S1", "trip", window_end_min=720)
    (day,) = _route(desk, session)

    pickup = _calls(session, day, number)[0]

    assert pickup.window_start_min <= pickup.starts_min < pickup.window_end_min
    assert pickup.window_end_min - pickup.window_start_min <= 2 * AROUND_MIN


def test_two_share_a_van(desk: Desk, session: Session) -> None:
    """Both have a place of the same slot: one route holds both, each boards before they alight."""
    first, second = (desk.number(session, who, "trip", window_end_min=720) for who in ("S1", "S2"))

    (day,) = _route(desk, session)

    assert len(calls_of(session, day)) == 4
    assert [[call.is_pickup for call in _calls(session, day, one)] for one in (first, second)] == [[True, False]] * 2


def test_the_stairs_take_their_time(desk: Desk, session: Session) -> None:
    """From boarding to arrival lie at least the minutes of the climber."""
    also = (desk.world.services["stair_climb"],)
    number = desk.number(session, "S1", "trip", also=also, wheelchairs=1, window_end_min=720)
    (day,) = _route(desk, session)

    up, down = _calls(session, day, number)

    assert down.starts_min - up.starts_min >= CLIMBING_MIN


def test_routing_again_changes_nothing_until_a_booking_does(desk: Desk, session: Session) -> None:
    """A sheet that was printed stays true, and one that is not true any more is known as such."""
    first, second = (desk.number(session, who, "trip", window_end_min=720) for who in ("S1", "S2"))
    (before,) = _route(desk, session)
    (same,) = _route(desk, session)
    call_off(session, request_of(session, second), actor="organisation:1", reason="住院", now=desk.now)

    was_true = is_as_it_was(session, before)
    (after,) = _route(desk, session)

    assert same.id == before.id
    assert not was_true
    assert after.id != before.id
    assert {call.need_id for call in calls_of(session, after)} == set(needs_by_request(session, [first])[first])


def test_who_cannot_be_driven_is_told_to_the_desk(desk: Desk, session: Session) -> None:
    """To be at the clinic as the van's day begins cannot be; the place stays, and somebody calls."""
    early: dict[str, Any] = {"destination": Destination(name="院", lat_deg=31.23, lon_deg=121.36, arrive_min=481)}
    number = desk.number(session, "S1", "trip", window_end_min=720, **early)

    (day,) = _route(desk, session)

    notices = notices_of(session, desk.world.organisations["CF1"], first=100)
    assert (day.left_out, calls_of(session, day)) == (1, [])
    assert [(notice.kind, notice.request_id) for notice in notices] == [("not_driven", number)]
    assert [place[3] for place in desk.places(session, number)] == ["booked"]


def test_each_vehicle_has_its_own_day(desk: Desk, session: Session) -> None:
    """Three wheelchairs in the morning do not fit one van; who rides with which is as they were booked."""
    numbers = [desk.number(session, who, "trip", wheelchairs=1) for who in ("S1", "S2")]
    used = {desk.places(session, number)[0][0] for number in numbers}

    days = _route(desk, session)

    codes = session.connection().execute(text("SELECT code FROM resource ORDER BY id")).scalars().all()
    assert used == {"VAN-A", "VAN-B"} <= set(codes)
    assert [len(calls_of(session, day)) for day in days] == [2, 2]


def test_a_day_without_trips_has_no_route(desk: Desk, session: Session) -> None:
    """Nothing is stored, and nothing printed, for a day on which nobody rides."""
    desk.ask(session, "S1")

    assert route_day(session, THURSDAY + timedelta(days=1), actor="organisation:1", now=desk.now) == []
    assert _route(desk, session) == []

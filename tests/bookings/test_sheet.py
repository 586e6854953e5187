"""The driver's sheet: what the drive takes and no more of anybody, from the day before on, in Chinese first."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from tests.bookings.conftest import THURSDAY, Desk
from tests.bookings.test_vans import CLINIC
from timebank.bookings.endings import call_off
from timebank.bookings.refusals import SheetClosed
from timebank.bookings.sheet import Sheet, render_sheet, sheet_of
from timebank.bookings.steps import request_of
from timebank.bookings.vans import route_day
from timebank.core.errors import NotFound, WrongState
from timebank.people.tables import Absence
from timebank.projects.fitting import assign_staff, resource_of

EVE = timedelta(days=2)
"""From Monday noon to the day before Thursday."""


def _booked(desk: Desk, session: Session, **changes: object) -> int:
    also = (desk.world.services["stair_climb"],)
    parts = {"destination": CLINIC, "window_end_min": 720, "also": also, "wheelchairs": 1} | changes
    return desk.number(session, "S1", "trip", wish="透析病人，电话17000000000", **parts)


def _sheet(desk: Desk, session: Session, *, after: timedelta = EVE, day: date = THURSDAY) -> Sheet:
    route_day(session, THURSDAY, actor="organisation:1", now=desk.now)
    return sheet_of(session, resource_of(session, "VAN-A"), day, now=desk.now + after)


def test_a_stop_says_when_whom_and_where(desk: Desk, session: Session) -> None:
    """Home there and back, the clinic between; the climber where the stairs are."""
    _booked(desk, session)

    stops = _sheet(desk, session).stops

    assert [(stop.is_pickup, stop.where, stop.has_climber) for stop in stops] == [
        (True, "王老人1的家", True),
        (False, "社区医院", False),
        (True, "社区医院", False),
        (False, "王老人1的家", True),
    ]
    assert {(stop.rider, stop.who) for stop in stops} == {(1, "王阿姨")}
    assert all(stop.has_wheelchair for stop in stops)
    assert [stop.time for stop in stops] == sorted(stop.time for stop in stops)


def test_two_of_one_name_are_told_apart(desk: Desk, session: Session) -> None:
    """Two 王阿姨 ride together: each has a number of the day, in the order in which they board."""
    _booked(desk, session)
    desk.ask(session, "S3", "trip", destination=CLINIC, window_end_min=720)

    stops = _sheet(desk, session).stops

    assert {(stop.rider, stop.who) for stop in stops} == {(1, "王阿姨"), (2, "王阿姨")}
    assert [stop.rider for stop in stops if stop.is_pickup][:2] == [1, 2]


def test_no_more_of_anybody_than_the_drive_takes(desk: Desk, session: Session) -> None:
    """No full name, no telephone, no birthday, no category, no words of the call."""
    _booked(desk, session)

    page = render_sheet(_sheet(desk, session)).replace("王老人1的家", "")

    assert "王阿姨" in page
    assert not [word for word in ("王老人1", "17000000000", "1945", "失能", "透析") if word in page]


def test_chinese_comes_first(desk: Desk, session: Session) -> None:
    """The driver reads Chinese; English stands small under it."""
    _booked(desk, session)

    page = render_sheet(_sheet(desk, session))

    assert page.index("行车单") < page.index("Driver&#39;s sheet")
    assert page.index("上车") < page.index("<small>In</small>")
    assert "2026-03-05" in page
    assert "周四" in page


@pytest.mark.parametrize("after", [timedelta(days=1), timedelta(days=5)], ids=["two days before", "two days after"])
def test_a_sheet_is_shown_only_round_its_day(desk: Desk, session: Session, after: timedelta) -> None:
    """Who lives where is nobody's business before it is needed, nor after."""
    _booked(desk, session)

    with pytest.raises(SheetClosed) as refusal:
        _sheet(desk, session, after=after)

    assert (refusal.value.from_day, refusal.value.to_day) == (date(2026, 3, 4), date(2026, 3, 6))


def test_a_sheet_that_is_not_true_any_more_is_not_printed(desk: Desk, session: Session) -> None:
    """Somebody called off after the route was made: nobody drives to a closed door."""
    number = _booked(desk, session)
    route_day(session, THURSDAY, actor="organisation:1", now=desk.now)
    call_off(session, request_of(session, number), actor="organisation:1", reason="住院", now=desk.now)

    with pytest.raises(WrongState):
        sheet_of(session, resource_of(session, "VAN-A"), THURSDAY, now=desk.now + EVE)


def test_a_day_that_was_not_routed_has_no_sheet(desk: Desk, session: Session) -> None:
    """An empty page would look like a free day."""
    _booked(desk, session)

    with pytest.raises(NotFound):
        sheet_of(session, resource_of(session, "VAN-A"), THURSDAY, now=desk.now + EVE)


def test_the_crew_of_the_day_stands_on_it(desk: Desk, session: Session) -> None:
    """The driver who is there; not the one who is away."""
    _booked(desk, session)
    van, noon = resource_of(session, "VAN-A"), desk.now
    people = desk.world.volunteers
    for who, role in ((people["V1"], "driver"), (people["V2"], "driver"), (people["V3"], "carer")):
        assign_staff(session, van, who, role, from_day=date(2026, 3, 1), actor="office", now=noon)
    session.add(
        Absence(
            person_id=people["V2"],
            from_day=THURSDAY,
            to_day=THURSDAY + timedelta(days=1),
            recorded_by="office",
            recorded_at=noon,
        )
    )
    session.flush()

    sheet = _sheet(desk, session)

    assert sheet.crew == (("driver", "李阿姨"), ("carer", "李阿姨"))
    assert "驾驶员 李阿姨" in render_sheet(sheet)
    assert "17000000000" not in render_sheet(sheet)


def test_what_does_not_fit_is_said(desk: Desk, session: Session) -> None:
    """A driver must know that somebody was left out and is being called."""
    _booked(desk, session)
    route_day(session, THURSDAY, actor="organisation:1", now=desk.now)
    sheet = sheet_of(session, resource_of(session, "VAN-A"), THURSDAY, now=desk.now + EVE)

    page = render_sheet(Sheet(vehicle=sheet.vehicle, day=THURSDAY, crew=(), stops=(), driven_m=0, left_out=2))

    assert "有 2 程排不下" in page

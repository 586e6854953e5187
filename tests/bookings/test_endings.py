"""A place that becomes free goes to the next on the list in the same transaction, and the desk is told."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from tests.bookings.conftest import THURSDAY, Desk
from tests.worlds import MONDAY
from timebank.bookings.endings import call_off, keep_lists
from timebank.bookings.notices import notice_done, notices_of
from timebank.bookings.steps import request_of
from timebank.bookings.tables import PlaceEvent
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.projects.projects import cancel_project

MONDAYS_ON = MONDAY + timedelta(days=7)


def _status(session: Session, *requests: int) -> list[str]:
    return [request_of(session, number).status for number in requests]


def _events(session: Session, request: int) -> list[tuple[str, bool]]:
    wanted = select(PlaceEvent).where(PlaceEvent.request_id == request).order_by(PlaceEvent.id)  # type: ignore[arg-type]  # SQL columns
    return [(event.kind, event.is_late) for event in session.exec(wanted)]


def _notices(desk: Desk, session: Session) -> list[tuple[str, int]]:
    found = notices_of(session, desk.world.organisations["CF1"], first=100)
    return [(notice.kind, notice.request_id) for notice in found]


def _call_off(desk: Desk, session: Session, request: int, **changes: object) -> list[int]:
    parts = {"actor": "organisation:1", "reason": "住院", "now": desk.now} | changes
    return call_off(session, request_of(session, request), **parts).placed  # type: ignore[arg-type]  # parts by name


def test_what_is_called_off_goes_to_the_next_on_the_list(desk: Desk, session: Session) -> None:
    """The bath of Thursday is never empty while somebody waits for it; the desk knows whom to call."""
    first, second, third = (desk.number(session, who) for who in ("S1", "S2", "S3"))

    moved_up = _call_off(desk, session, first)

    assert moved_up == [second]
    assert _status(session, first, second, third) == ["withdrawn", "placed", "waiting"]
    assert desk.places(session, second) == [("BUS", THURSDAY, 540, "booked")]
    assert _notices(desk, session) == [("placed", second)]


def test_calling_off_twice_changes_nothing(desk: Desk, session: Session) -> None:
    """The clerk's line broke: nobody else is moved up by the second try."""
    first, second, third = (desk.number(session, who) for who in ("S1", "S2", "S3"))
    _call_off(desk, session, first)

    again = _call_off(desk, session, first)

    assert again == []
    assert _status(session, first, second, third) == ["withdrawn", "placed", "waiting"]


def test_one_date_of_a_series_is_left_out_and_the_rest_stays(desk: Desk, session: Session) -> None:
    """In hospital on one Wednesday: that date alone is free, all others are where they were."""
    number = desk.number(session, "S1", "trip", day=MONDAYS_ON, days=28, weekdays=0b10101)
    before, wednesday = desk.places(session, number), MONDAYS_ON + timedelta(days=9)

    _call_off(desk, session, number, day=wednesday)
    _call_off(desk, session, number, day=wednesday)

    after = desk.places(session, number)
    assert [place[:3] for place in after] == [place[:3] for place in before]
    assert [place[1] for place in after if place[3] == "cancelled"] == [wednesday]
    assert _status(session, number) == ["placed"]
    assert _events(session, number) == [("received", False), ("placed", False), ("left_out", False)]


def test_both_resources_of_a_date_become_free(desk: Desk, session: Session) -> None:
    """A stair climber that stays booked for nobody would keep the next one upstairs."""
    both = {"also": (desk.world.services["stair_climb"],), "wheelchairs": 1}
    first, second = desk.number(session, "S1", "trip", **both), desk.number(session, "S2", "trip", **both)

    moved_up = _call_off(desk, session, first)

    assert moved_up == [second]
    assert [place[0] for place in desk.places(session, second)] == ["CLIMB", "VAN-A"]


@pytest.mark.parametrize(("days_before", "is_late"), [(1, False), (0, True)])
def test_what_is_called_off_late_is_noted(desk: Desk, session: Session, days_before: int, *, is_late: bool) -> None:
    """Rules say a day before; later is written down, and the place is free all the same."""
    number = desk.number(session, "S1")

    _call_off(desk, session, number, now=desk.now + timedelta(days=3 - days_before))

    assert _events(session, number)[-1] == ("withdrawn", is_late)


def test_the_list_is_given_no_place_of_today(desk: Desk, session: Session) -> None:
    """Called off in the morning of the day: only who can come at once is disturbed."""
    first, waits, at_once = (
        desk.number(session, "S1"),
        desk.number(session, "S2"),
        desk.number(session, "S3", is_short_notice=True),
    )
    morning = desk.now + timedelta(days=2, hours=20)

    moved_up = _call_off(desk, session, first, now=morning)

    assert moved_up == [at_once]
    assert _status(session, waits) == ["waiting"]


def test_what_is_over_cannot_be_called_off(desk: Desk, session: Session) -> None:
    """What happened stays."""
    number = desk.number(session, "S1")
    session.connection().execute(text("UPDATE place_request SET status = 'done'"))

    with pytest.raises(WrongState):
        _call_off(desk, session, number)


def test_a_reason_is_asked_for(desk: Desk, session: Session) -> None:
    """The next clerk has to know why."""
    number = desk.number(session, "S1")

    with pytest.raises(WrongInput):
        _call_off(desk, session, number, reason=" ")


def test_a_date_without_a_place_is_not_there(desk: Desk, session: Session) -> None:
    """A mistyped date frees nobody's place."""
    number = desk.number(session, "S1")

    with pytest.raises(NotFound):
        _call_off(desk, session, number, day=THURSDAY + timedelta(days=1))


def test_who_waits_is_taken_off_the_list(desk: Desk, session: Session) -> None:
    """Nobody is called for a place they do not want any more."""
    first, second, third = (desk.number(session, who) for who in ("S1", "S2", "S3"))
    _call_off(desk, session, second)

    assert _call_off(desk, session, first) == [third]


def test_a_place_lost_with_its_project_is_waited_for_again(desk: Desk, session: Session) -> None:
    """The office calls the project off: its seniors are back on the list and their desk is told, once."""
    number = desk.number(session, "S1")
    project = session.connection().execute(text("SELECT project_id FROM resource WHERE code = 'BUS'")).scalar_one()
    cancel_project(session, desk.world.organisations["CF1"], project, from_day=MONDAY)

    keep_lists(session, actor="clock", now=desk.now)
    keep_lists(session, actor="clock", now=desk.now)

    assert _status(session, number) == ["waiting"]
    assert _notices(desk, session) == [("lost", number)]


def test_who_waited_in_vain_is_told(desk: Desk, session: Session) -> None:
    """The day is past: the request ends, its need with it, and the desk calls."""
    first, second = desk.number(session, "S1"), desk.number(session, "S2")

    keep_lists(session, actor="clock", now=desk.now + timedelta(days=4))

    assert _status(session, first, second) == ["placed", "lapsed"]
    assert _notices(desk, session) == [("lapsed", second)]
    closed = session.connection().execute(text("SELECT count(*) FROM need WHERE status = 'closed'")).scalar_one()
    assert closed == 1


def test_a_call_that_was_made_is_not_listed_again(desk: Desk, session: Session) -> None:
    """Two clerks share a desk; another organisation's desk sees none of it."""
    first, second = desk.number(session, "S1"), desk.number(session, "S2")
    _call_off(desk, session, first)
    desk_id, other = desk.world.organisations["CF1"], desk.world.organisations["WEST"]
    (notice,) = notices_of(session, desk_id, first=1)

    with pytest.raises(NotFound):
        notice_done(session, notice.id or 0, organisation_id=other, actor="organisation:9", now=desk.now)
    notice_done(session, notice.id or 0, organisation_id=desk_id, actor="organisation:1", now=desk.now)
    again = notice_done(session, notice.id or 0, organisation_id=desk_id, actor="organisation:2", now=desk.now)

    assert (notice.request_id, again.seen_by) == (second, "organisation:1")
    assert notices_of(session, desk_id, first=100) == []

"""What became of a place is recorded once, with minutes and cost; who does not come frees it for who can."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.bookings.conftest import THURSDAY, Desk
from tests.worlds import MONDAY
from timebank.bookings.listing import Performed, performed
from timebank.bookings.outcomes import Outcome, record_day, record_one
from timebank.bookings.refusals import NotYet
from timebank.bookings.steps import needs_by_request, request_of
from timebank.core.errors import NotFound, Refusal, WrongInput, WrongState

FRIDAY = THURSDAY + timedelta(days=1)


def _record(desk: Desk, session: Session, request: int, status: str = "used", **changes: Any) -> list[int]:
    parts: dict[str, Any] = {
        "day": THURSDAY,
        "served_min": 0 if status == "missed" else 70,
        "actor": "organisation:1",
        "now": desk.now + timedelta(days=3),
    }
    return record_one(session, request, status=status, **(parts | changes)).placed


def _performed(desk: Desk, session: Session, service: str = "bath") -> Performed:
    return performed(session, desk.world.services[service], (MONDAY, MONDAY + timedelta(days=28)))


@pytest.mark.parametrize(("said", "cost"), [(None, 5000), (4200, 4200)])
def test_a_used_place_has_minutes_and_cost(desk: Desk, session: Session, said: int | None, cost: int) -> None:
    """Seventy minutes, at what the resource costs or at what the bill says."""
    number = desk.number(session, "S1")

    _record(desk, session, number, cost_cents=said)

    assert _performed(desk, session) == Performed(used=1, missed=0, served_min=70, cost_cents=cost)
    assert request_of(session, number).status == "done"


def test_a_trip_with_two_resources_is_one_trip(desk: Desk, session: Session) -> None:
    """It costs the van and the climber, and counts once."""
    number = desk.number(session, "S1", "trip", also=(desk.world.services["stair_climb"],), wheelchairs=1)

    _record(desk, session, number, cost_cents=7000)

    assert _performed(desk, session, "trip") == Performed(used=1, missed=0, served_min=70, cost_cents=9000)
    assert [place[3] for place in desk.places(session, number)] == ["used", "used"]


def test_recording_twice_changes_nothing(desk: Desk, session: Session) -> None:
    """The same sheet comes in by paper and by telephone."""
    number = desk.number(session, "S1")
    _record(desk, session, number)

    _record(desk, session, number, served_min=30)

    assert _performed(desk, session).served_min == 70


REFUSED: list[Any] = [
    pytest.param({"now": "before"}, NotYet, id="before its day"),
    pytest.param({"served_min": 0}, WrongInput, id="no minutes"),
    pytest.param({"served_min": 2000}, WrongInput, id="more than a day"),
    pytest.param({"cost_cents": -1}, WrongInput, id="a cost below nothing"),
    pytest.param({"status": "lost"}, WrongInput, id="no such outcome"),
    pytest.param({"day": FRIDAY}, NotFound, id="no place on that day"),
]


@pytest.mark.parametrize(("changes", "refusal"), REFUSED)
def test_what_cannot_have_happened_is_refused(
    desk: Desk, session: Session, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """Figures of the year rest on these rows."""
    number = desk.number(session, "S1")
    changed = changes | ({"now": desk.now} if "now" in changes else {})

    with pytest.raises(refusal):
        _record(desk, session, number, **changed)

    assert _performed(desk, session) == Performed(0, 0, 0, 0)


def test_what_was_recorded_otherwise_stays(desk: Desk, session: Session) -> None:
    """Used is not turned into missed by a second clerk."""
    number = desk.number(session, "S1")
    _record(desk, session, number)

    with pytest.raises(WrongState):
        _record(desk, session, number, "missed")


def test_who_does_not_come_frees_the_place_for_who_can(desk: Desk, session: Session) -> None:
    """The bath is open until eleven: whoever said they can come at once has it, and only what is used is paid."""
    gone, at_once = desk.number(session, "S1"), desk.number(session, "S2", is_short_notice=True)

    moved_up = _record(desk, session, gone, "missed", now=desk.now + timedelta(days=2, hours=21, minutes=45))
    _record(desk, session, at_once)

    assert moved_up == [at_once]
    assert _performed(desk, session) == Performed(used=1, missed=1, served_min=70, cost_cents=5000)


def test_a_place_whose_time_is_over_is_nobodys(desk: Desk, session: Session) -> None:
    """Told at noon that nobody came at nine: there is nothing to give any more, and the place was paid for."""
    gone, at_once = desk.number(session, "S1"), desk.number(session, "S2", is_short_notice=True)

    assert _record(desk, session, gone, "missed") == []
    assert request_of(session, at_once).status == "waiting"
    assert _performed(desk, session).cost_cents == 5000


def test_a_series_is_done_with_its_last_date(desk: Desk, session: Session) -> None:
    """One date used and one missed: the request stands until both are over."""
    number = desk.number(session, "S1", "trip", days=14, weekdays=0b01000)
    _record(desk, session, number)
    between = request_of(session, number).status

    later = {"day": THURSDAY + timedelta(days=7), "now": desk.now + timedelta(days=11)}
    _record(desk, session, number, "missed", **later)

    assert between == "placed"
    assert request_of(session, number).status == "done"


def test_a_days_sheet_is_recorded_as_a_whole(desk: Desk, session: Session) -> None:
    """Who was served before, and who has no place on the day, makes no difference to the others."""
    first, second = desk.number(session, "S1", "trip"), desk.number(session, "S2", "trip")
    needs = needs_by_request(session, [first, second])
    sheet = [Outcome(needs[first][0], "used", 100), Outcome(needs[second][0], "missed"), Outcome(999_999, "used", 5)]
    now = desk.now + timedelta(days=3)

    counts = [record_day(session, THURSDAY, sheet, actor="organisation:1", now=now) for _ in range(2)]

    assert counts == [2, 0]
    assert _performed(desk, session, "trip") == Performed(used=1, missed=1, served_min=100, cost_cents=16000)


def test_who_recorded_it_stands_beside_it(desk: Desk, session: Session) -> None:
    """A cost that is questioned has somebody to ask."""
    number = desk.number(session, "S1")
    _record(desk, session, number)

    rows = session.connection().execute(text("SELECT closed_by FROM booking WHERE status = 'used'")).scalars().all()

    assert list(rows) == ["organisation:1"]

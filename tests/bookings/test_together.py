"""Two at once for the last place: one gets it, the other waits, and no slot ever holds more than it can."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tests.bookings.conftest import THURSDAY, Desk
from tests.together import at_once
from timebank.bookings.endings import call_off
from timebank.bookings.refusals import AlreadyBooked, BudgetUsedUp
from timebank.bookings.steps import request_of

FRIDAY = THURSDAY + timedelta(days=1)


def _ask(desk: Desk, senior: str, key: str, service: str = "bath", **changes: Any) -> Any:
    return lambda session: desk.number(session, senior, service, key=key, **changes)


def _states(desk: Desk, *requests: int) -> list[tuple[str, int]]:
    def look(session: Session) -> list[tuple[str, int]]:
        return [(request_of(session, one).status, len(desk.places(session, one))) for one in requests]

    found: list[tuple[str, int]] = desk.act(look)
    return found


def test_two_at_once_for_the_last_place(desk: Desk) -> None:
    """Two desks on two lines: the second sees what the first did, and its senior is on the list."""
    first, second = at_once(desk.engine, _ask(desk, "S1", "a"), _ask(desk, "S2", "b"))

    assert _states(desk, first, second) == [("placed", 1), ("waiting", 0)]


def test_the_same_call_at_once_is_one_booking(desk: Desk) -> None:
    """A click that was sent twice."""
    first, second = at_once(desk.engine, _ask(desk, "S1", "a"), _ask(desk, "S1", "a"))

    assert second == first


def test_the_same_wish_from_two_desks_at_once_is_one(desk: Desk) -> None:
    """Daughter and neighbour call in the same second."""
    first, second = at_once(desk.engine, _ask(desk, "S1", "a"), _ask(desk, "S1", "b"))

    assert isinstance(second, AlreadyBooked)
    assert second.request_id == first


def test_the_last_climber_goes_with_one_van(desk: Desk) -> None:
    """Two vans and one climber: nobody is left with the half of what they need."""
    also = (desk.world.services["stair_climb"],)

    first, second = at_once(
        desk.engine,
        _ask(desk, "S1", "a", "trip", also=also, wheelchairs=1),
        _ask(desk, "S2", "b", "trip", also=also, wheelchairs=1),
    )

    assert _states(desk, first, second) == [("placed", 2), ("waiting", 0)]


def test_two_at_once_never_overspend(desk: Desk) -> None:
    """The budget pays for one more bath, and two are asked for on different days."""
    desk.act(lambda session: session.connection().execute(text("UPDATE project SET budget_cents = 5000")))

    first, second = at_once(desk.engine, _ask(desk, "S1", "a"), _ask(desk, "S2", "b", day=FRIDAY))

    assert isinstance(second, BudgetUsedUp)
    assert _states(desk, first) == [("placed", 1)]


def test_a_place_that_is_freed_goes_to_one_of_two(desk: Desk) -> None:
    """Called off while somebody else asks: the place is given once, to whoever was on the list."""
    first, waits = desk.act(_ask(desk, "S1", "a")), desk.act(_ask(desk, "S2", "b"))

    def free(session: Session) -> None:
        call_off(session, request_of(session, first), actor="organisation:1", reason="住院", now=desk.now)

    _, third = at_once(desk.engine, free, _ask(desk, "S3", "c"))

    assert _states(desk, first, waits, third) == [("withdrawn", 1), ("placed", 1), ("waiting", 0)]

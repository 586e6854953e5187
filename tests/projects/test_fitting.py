"""What a resource holds holds for its slots, and a day without its crew has none."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.core.errors import NotFound, WrongInput
from timebank.people.tables import Absence
from timebank.projects.fitting import Fitting, assign_staff, fit_resource, release_staff, resource_of, unstaffed

DAYS = (MONDAY, MONDAY + timedelta(days=4))


def _fit(session: Session, now: datetime, **changes: Any) -> int:
    number = resource_of(session, "BATH-1")
    parts: dict[str, Any] = {"kind": "place", "wheelchairs": 1} | changes
    fit_resource(session, number, Fitting(**parts), actor="office", now=now)
    return number


def _staff(session: Session, world: World, now: datetime, role: str, *days: date) -> int:
    number = resource_of(session, "BATH-1")
    ends = days[1] if len(days) > 1 else None
    who = world.volunteers["V1"]
    row = assign_staff(session, number, who, role, from_day=days[0], to_day=ends, actor="office", now=now)
    return row.id or 0


@pytest.mark.parametrize(("asked", "had"), [(1, 1), (5, 2)])
def test_slots_hold_as_many_wheelchairs_as_they_have_places(
    session: Session, world: World, noon: datetime, asked: int, had: int
) -> None:
    """A bath for two has no room for five."""
    _fit(session, noon, wheelchairs=asked, place_cost_cents=5000)

    rows = session.connection().execute(text("SELECT DISTINCT wheelchairs, places FROM slot")).all()
    cost = session.connection().execute(text("SELECT place_cost_cents FROM resource")).scalar_one()
    assert [tuple(row) for row in rows] == [(had, 2)]
    assert cost == 5000


@pytest.mark.parametrize(
    "changes",
    [{"kind": "boat"}, {"roles": ("cook",)}, {"seats": -1}, {"wheelchairs": 61}, {"longest_ride_min": 0}],
)
def test_what_cannot_be_is_refused(session: Session, world: World, noon: datetime, changes: dict[str, Any]) -> None:
    """A typing fault in a form takes nothing away from the slots that stand."""
    with pytest.raises(WrongInput):
        _fit(session, noon, **changes)


def test_another_offices_resource_is_not_there(session: Session, world: World) -> None:
    """An organisation fits out its own resources alone."""
    with pytest.raises(NotFound):
        resource_of(session, "BATH-1", world.organisations["EAST"])
    assert resource_of(session, "BATH-1", world.organisations["CF1"]) == resource_of(session, "BATH-1")


def test_a_day_needs_somebody_in_every_role(session: Session, world: World, noon: datetime) -> None:
    """A bather from Tuesday on, a carer on Wednesday alone: Wednesday is the one day with both."""
    number = _fit(session, noon, roles=("bather", "carer"))
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    _staff(session, world, noon, "bather", tuesday)
    _staff(session, world, noon, "carer", wednesday, wednesday + timedelta(days=1))

    without = unstaffed(session, DAYS)

    assert without == {(number, MONDAY), (number, tuesday), (number, MONDAY + timedelta(days=3))}


def test_who_is_away_is_not_there(session: Session, world: World, noon: datetime) -> None:
    """The only bather is ill on Tuesday."""
    number = _fit(session, noon, roles=("bather",))
    _staff(session, world, noon, "bather", MONDAY)
    tuesday = MONDAY + timedelta(days=1)
    days: dict[str, Any] = {"from_day": tuesday, "to_day": tuesday + timedelta(days=1)}
    session.add(Absence(person_id=world.volunteers["V1"], recorded_by="office", recorded_at=noon, **days))
    session.flush()

    assert unstaffed(session, DAYS) == {(number, tuesday)}


def test_a_crew_is_written_down_once_and_taken_back(session: Session, world: World, noon: datetime) -> None:
    """The same again is the same row; taken back, the days are without it."""
    _fit(session, noon, roles=("bather",))
    first, again = (_staff(session, world, noon, "bather", MONDAY) for _ in range(2))
    with_crew = unstaffed(session, DAYS)

    release_staff(session, first, actor="office", now=noon)

    assert (again, with_crew) == (first, set())
    assert len(unstaffed(session, DAYS)) == 4


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [({"role": "cook"}, WrongInput), ({"to_day": MONDAY}, WrongInput), ({"person_id": 999_999}, NotFound)],
)
def test_a_crew_that_cannot_be_is_refused(
    session: Session, world: World, noon: datetime, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    """Nobody drives a van in a role that no rule asks for."""
    parts: dict[str, Any] = {"person_id": world.volunteers["V1"], "role": "driver", "from_day": MONDAY} | changes

    with pytest.raises(refusal):
        assign_staff(session, resource_of(session, "BATH-1"), **parts, actor="office", now=noon)

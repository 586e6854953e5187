"""Absences: written down once, by whom and when, and taken back."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests.conftest import NOON
from tests.worlds import MONDAY, World
from timebank.core.errors import NotFound, WrongInput
from timebank.people.absences import absences_of, record_absence, withdraw_absence

WEEK = (MONDAY, MONDAY + timedelta(days=7))


def test_an_absence_is_written_down_once(session: Session, stored: World) -> None:
    """Two clerks who hear of the same journey write one row."""
    who = stored.volunteers["V1"]

    first = record_absence(session, who, *WEEK, actor="a", now=NOON)
    again = record_absence(session, who, *WEEK, actor="b", now=NOON + timedelta(hours=1))

    assert again.id == first.id
    assert (again.recorded_by, again.recorded_at) == ("a", NOON)
    assert [row.id for row in absences_of(session, who, from_day=MONDAY)] == [first.id]
    assert absences_of(session, who, from_day=WEEK[1]) == []


def test_an_absence_is_taken_back_once(session: Session, stored: World) -> None:
    """Who came home early is there again; the row says who said so first."""
    who = stored.seniors["S1"]
    number = record_absence(session, who, *WEEK, actor="a", now=NOON).id or 0

    withdraw_absence(session, number, actor="b", now=NOON)
    again = withdraw_absence(session, number, actor="c", now=NOON + timedelta(hours=1))
    anew = record_absence(session, who, *WEEK, actor="a", now=NOON)

    assert (again.withdrawn_by, again.withdrawn_at) == ("b", NOON)
    assert [row.id for row in absences_of(session, who, from_day=MONDAY)] == [anew.id]


@pytest.mark.parametrize("length", [0, -1, 367])
def test_days_that_cannot_be_are_refused(session: Session, stored: World, length: int) -> None:
    """A slip in the year would take somebody out of every plan."""
    with pytest.raises(WrongInput):
        record_absence(session, stored.volunteers["V1"], MONDAY, MONDAY + timedelta(days=length), actor="a", now=NOON)


@pytest.mark.parametrize("ref", ["V3", "S5"])
def test_another_organisations_people_are_not_there(session: Session, stored: World, ref: str) -> None:
    """EAST neither writes of WEST's people nor takes back what WEST wrote."""
    who = (stored.volunteers | stored.seniors)[ref]
    east, west = stored.organisations["EAST"], stored.organisations["WEST"]
    own = record_absence(session, who, *WEEK, actor="a", now=NOON, organisation_id=west)

    with pytest.raises(NotFound):
        record_absence(session, who, *WEEK, actor="a", now=NOON, organisation_id=east)
    with pytest.raises(NotFound):
        withdraw_absence(session, own.id or 0, actor="a", now=NOON, organisation_id=east)
    with pytest.raises(NotFound):
        withdraw_absence(session, 999, actor="a", now=NOON)

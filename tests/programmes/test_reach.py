"""The monthly visit rate: who is on the focus list, who was met this month, and whose name is still to be called."""

from datetime import date

import pytest
from sqlmodel import Session, select

from tests.programmes.conftest import STREET, Care
from timebank.people.tables import Person, SeniorCategory
from timebank.programmes.greetings import Greeting, record_contact, record_greeting
from timebank.programmes.months import Month
from timebank.programmes.reach import to_reach, visit_rates

MARCH = Month(2026, 3)


def _list(session: Session, care: Care, *categories: tuple[str, str]) -> None:
    """Put seniors into categories from the beginning of the year."""
    for ref, category in categories:
        senior = care.world.seniors[ref]
        session.add(SeniorCategory(senior_id=senior, category=category, from_day=date(2026, 1, 1)))
    session.flush()


def _rates(session: Session, care: Care) -> list[tuple[str, int, int]]:
    rates = visit_rates(session, MARCH, organisation_id=care.east)
    return [(rate.code, rate.seniors, rate.reached) for rate in rates]


def test_rate_counts_visits_and_contacts(session: Session, paired: Care) -> None:
    """S1 was greeted, S3 was looked in upon, S2 was missed: two of three, and S2 is still to be reached."""
    _list(session, paired, ("S1", "childless"), ("S3", "severe_registered_disability"))
    (first, *_), (missed, *_) = (paired.visits(session, ref=ref) for ref in ("S1", "S2"))
    parts = {"actor": paired.actor, "now": paired.later(days=3)}
    record_greeting(session, first.id, Greeting(is_met=True), **parts)  # type: ignore[arg-type]  # parts by name
    record_greeting(session, missed.id, Greeting(is_met=False), **parts)  # type: ignore[arg-type]  # parts by name
    record_contact(session, paired.world.seniors["S3"], day=date(2026, 3, 1), way="door", **parts)  # type: ignore[arg-type]  # parts by name

    assert _rates(session, paired) == [(STREET, 3, 2)]
    left = to_reach(session, MARCH, first=9, organisation_id=paired.east, with_names=True)
    assert [(row.senior_ref, row.name) for row in left] == [("S2", "王老人2")]


def test_other_months_do_not_count(session: Session, paired: Care) -> None:
    """Who was met on the last day of February was not met in March."""
    record_contact(
        session,
        paired.world.seniors["S2"],
        day=date(2026, 2, 28),
        way="phone",
        actor=paired.actor,
        now=paired.noon,
    )

    assert _rates(session, paired) == [(STREET, 1, 0)]


def test_names_are_read_only_when_they_are_asked_for(session: Session, paired: Care) -> None:
    """A list for a wall has references; the list for the telephone has names."""
    (row,) = to_reach(session, MARCH, first=9, organisation_id=paired.east)

    assert "name" not in row._fields


def test_organisation_sees_its_own_streets_alone(session: Session, paired: Care) -> None:
    """WEST has nobody of EAST's on its list, also when it names EAST's street."""
    west = paired.world.organisations["WEST"]

    assert visit_rates(session, MARCH, organisation_id=west) == []
    assert to_reach(session, MARCH, first=9, organisation_id=west, street=STREET, with_names=True) == []


@pytest.mark.parametrize(("born_on", "seniors"), [(date(1951, 3, 31), 2), (date(1951, 4, 1), 1)])
def test_list_is_that_of_the_last_day(session: Session, paired: Care, born_on: date, seniors: int) -> None:
    """Who lives alone and is 75 within the month is to be met in it, beside S2 who is in special hardship."""
    session.get_one(Person, paired.world.seniors["S4"]).born_on = born_on
    _list(session, paired, ("S4", "living_alone"))

    (rate,) = visit_rates(session, MARCH, organisation_id=paired.east)

    assert rate.seniors == seniors


def test_list_can_be_another(session: Session, paired: Care) -> None:
    """Another rule of focus brings its own query, and the rate is of those."""
    everybody = select(Person.id)

    (rate,) = visit_rates(session, MARCH, organisation_id=paired.east, people=everybody)

    assert (rate.seniors, rate.reached, rate.share) == (4, 0, 0.0)

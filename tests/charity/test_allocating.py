"""A project's places go to those who may have them, by the engine; who gets none is told why, and nobody loses one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select, text
from sqlmodel import Session

from tests.charity.conftest import Office, book, price, slots_of
from tests.planning.conftest import bath_of
from tests.worlds import MONDAY
from timebank.charity.allocating import allocate_places
from timebank.charity.refusals import OutsidePeriod
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.tables import SeniorCategory
from timebank.planning.making import make_plan
from timebank.planning.project_places import allocation_of, given_in, given_reason, left_out
from timebank.planning.question import Question
from timebank.planning.storing import publish_plan
from timebank.planning.tables import Plan
from timebank.projects.projects import BOOKING


def want(session: Session, office: Office, *seniors: str, impaired: bool = True) -> None:
    """Let seniors of Ganquan need a bath, who are of the project's group or not."""
    for ref in seniors:
        session.add(bath_of(office.world, ref, "EAST"))
        if impaired:
            number = office.world.seniors[ref]
            session.add(SeniorCategory(senior_id=number, category="severe_functional_impairment", from_day=MONDAY))
    session.flush()


def allocate(session: Session, office: Office, *, starts_on: date = MONDAY, days: int = 3) -> Plan:
    """Give the places of the running project; Monday and Thursday have two each."""
    return allocate_places(session, office.number, office.running, starts_on=starts_on, days=days, now=office.noon)


def booked(session: Session) -> int:
    """Count the places that stand."""
    wanted = select(func.count()).select_from(BOOKING).where(BOOKING.c.status == "booked")
    return int(session.connection().execute(wanted).scalar_one())


def test_those_who_may_get_a_place_with_the_reason(session: Session, office: Office) -> None:
    """Two places, three who may have one, one who may not: each is told why or why not."""
    want(session, office, "S1", "S3")
    want(session, office, "S4", impaired=False)

    plan = allocate(session, office)

    given, left = given_in(session, plan), left_out(session, plan)
    assert [one.senior_ref for one in given] == ["S1", "S2"]
    assert given_reason(given[0]) == f"优先级 0，已等候 60 天，约 {given[0].distance_m} 米"
    assert {one.senior_ref: one.zh[:8] for one in left}.keys() == {"S3", "S4"}
    assert plan.status == "OPTIMAL"
    assert booked(session) == 2
    assert allocation_of(session, office.running).id == plan.id


def test_the_group_that_comes_first_gets_the_last_place(session: Session, office: Office) -> None:
    """A scarce place goes by the district's order of priority, whatever the way."""
    want(session, office, "S1", "S3")
    session.connection().execute(text("UPDATE slot SET places = 1"))
    session.connection().execute(
        text("INSERT INTO priority_order (id, from_day, recorded_by, recorded_at) VALUES (1, '2026-01-01', 'x', :now)"),
        {"now": office.noon},
    )
    session.connection().execute(
        text("INSERT INTO priority_rule (order_id, position, tier, category) VALUES (1, 0, 0, 'childless')")
    )
    session.add(SeniorCategory(senior_id=office.world.seniors["S3"], category="childless", from_day=MONDAY))
    session.flush()

    plan = allocate(session, office)

    assert [one.senior_ref for one in given_in(session, plan)] == ["S3"]


def test_asked_again_gives_nothing_twice(session: Session, office: Office) -> None:
    """Who has a place is not asked about again; the next places go to the next."""
    want(session, office, "S1", "S3")
    first = allocate(session, office, days=4)
    again = allocate(session, office, days=4)

    assert {one.senior_ref for one in given_in(session, first)} == {"S1", "S2", "S3"}
    assert given_in(session, again) == []
    assert booked(session) == 3


def test_nobody_loses_a_place(session: Session, office: Office) -> None:
    """What stands stays: an allocation fills what is free."""
    want(session, office, "S1", "S3")
    slot = slots_of(session, office.running)[0]
    book(session, slot, office.world.needs["S2-bath"])

    plan = allocate(session, office)

    assert len(given_in(session, plan)) == 1
    assert booked(session) == 2


@pytest.mark.parametrize(("cents", "places"), [(40_000, 2), (60_000, 1), (110_000, 0)])
def test_places_stay_within_the_budget(session: Session, office: Office, cents: int, places: int) -> None:
    """Two could come; as many do as the budget pays."""
    want(session, office, "S1", "S3")
    price(session, office.running, cents)

    assert len(given_in(session, allocate(session, office))) == places


def test_money_of_lines_gives_no_places(session: Session, office: Office) -> None:
    """What is planned for staff is not given out as baths."""
    price(session, office.running, 40_000)
    office.line(session, 60_001)

    assert given_in(session, allocate(session, office)) == []


def test_another_projects_places_are_not_touched(session: Session, office: Office) -> None:
    """The places of the neighbour's project are the neighbour's."""
    office.step(session, "running")
    session.connection().execute(text("UPDATE slot SET places = 1"))
    want(session, office, "S1")

    given = given_in(session, allocate(session, office))

    assert {one.resource for one in given} == {"BATH-1"}


def test_only_days_of_the_project_are_given(session: Session, office: Office) -> None:
    """A place after the end would be a place in nothing."""
    with pytest.raises(OutsidePeriod):
        allocate(session, office, starts_on=date(2026, 5, 30))
    with pytest.raises(OutsidePeriod):
        allocate(session, office, starts_on=MONDAY - timedelta(days=1))
    with pytest.raises(WrongInput):
        allocate(session, office, days=32)


def test_only_a_running_project_gives_places(session: Session, office: Office) -> None:
    """What was not approved gives nothing away, and another's project is not there."""
    with pytest.raises(WrongState):
        allocate_places(session, office.number, office.draft, starts_on=MONDAY, days=1, now=office.noon)
    with pytest.raises(NotFound):
        allocate_places(
            session, office.world.organisations["EAST"], office.running, starts_on=MONDAY, days=1, now=office.noon
        )
    with pytest.raises(NotFound):
        allocation_of(session, office.running)


def test_the_next_plan_says_anew_where_everyone_goes(engine: Engine, office: Office, session: Session) -> None:
    """An allocation stands until the district plans again, and is never in force as a plan itself."""
    want(session, office, "S1")
    allocate(session, office)
    session.commit()

    number = make_plan(engine, Question(starts_on=MONDAY, horizon_days=7), now=office.noon + timedelta(hours=1))
    with transaction(engine) as later:
        publish_plan(later, number)

        owners = later.connection().execute(text("SELECT DISTINCT plan_id FROM booking")).scalars().all()
    assert owners == [number]

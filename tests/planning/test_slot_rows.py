"""Places of projects become slots: how many are free, and who may use them on which days."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlmodel import Session, select

from matching.problem import Problem
from tests.planning.conftest import add, ask, bath_of, book, change, row
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.people.tables import Person, SeniorCategory
from timebank.planning.person_rows import CATEGORY
from timebank.planning.problem_rows import Question
from timebank.projects.tables import Project, Resource, Slot

FORTNIGHT = Question(starts_on=MONDAY, horizon_days=14)
IMPAIRED = "severe_functional_impairment"


def _first_slot(session: Session) -> int:
    return session.exec(select(Slot.id).order_by(Slot.id)).first() or 0  # type: ignore[arg-type]  # SQLModel columns are SQL columns


def _bookable(problem: Problem, world: World, need: str) -> bool:
    return world.needs[need] in problem.bookable[:, 0].tolist()


def _days(problem: Problem, world: World, need: str) -> tuple[int, int]:
    found = row(problem.needs, world.needs[need])
    return found["first_days"], found["last_days"]


def test_slots_lie_on_their_days_in_the_horizon(engine: Engine, world: World) -> None:
    """Mondays and Thursdays of two weeks, nine to ten, two places each."""
    slots = ask(engine, FORTNIGHT).slots

    assert slots.days.tolist() == [0, 3, 7, 10]
    assert set(slots.starts_min.tolist()) == {540}
    assert set(slots.ends_min.tolist()) == {600}
    assert slots.places.tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize("status", ["draft", "closed", "cancelled"])
def test_only_running_projects_give_places(engine: Engine, world: World, status: str) -> None:
    """A draft promises nothing, and what is called off can keep no promise."""
    change(engine, Project, world.project, status=status)

    problem = ask(engine, FORTNIGHT)

    assert len(problem.slots) == 0
    assert len(problem.bookable) == 0


@pytest.mark.parametrize(
    ("status", "need", "free"),
    [
        ("booked", "S2-bath", 2),
        ("used", "S2-bath", 1),
        ("missed", "S2-bath", 1),
        ("cancelled", "S2-bath", 2),
        ("booked", "S5-bath", 1),
    ],
    ids=["mine to place anew", "used", "missed", "cancelled", "of another organisation"],
)
def test_a_place_is_free_when_nobody_keeps_it(engine: Engine, world: World, status: str, need: str, free: int) -> None:
    """EAST plans its needs anew, so their own places are free to them; those of WEST and the past are not."""
    needs = world.needs | {"S5-bath": add(engine, bath_of(world, "S5", "WEST"))}
    with transaction(engine) as session:
        book(session, _first_slot(session), needs[need], status)

    east = Question(starts_on=MONDAY, horizon_days=14, organisation_id=world.organisations["EAST"])

    assert ask(engine, east).slots.places.tolist() == [free, 2, 2, 2]


def test_a_need_that_is_not_due_keeps_its_place(engine: Engine, world: World) -> None:
    """A plan of one week says nothing of a bath every fortnight, so it does not take the place away."""
    change(engine, Need, world.needs["S2-bath"], frequency_kind="every_n_days", frequency_count=14)
    with transaction(engine) as session:
        book(session, _first_slot(session), world.needs["S2-bath"], "booked")

    places = {
        days: ask(engine, Question(starts_on=MONDAY, horizon_days=days)).slots.places.tolist() for days in (7, 14)
    }

    assert places == {7: [1, 2], 14: [2, 2, 2, 2]}


def test_an_overbooked_slot_has_no_places(engine: Engine, world: World) -> None:
    """Whatever went wrong before, a number of places is never negative."""
    with transaction(engine) as session:
        for ref in ("S1-greeting", "S3-greeting", "S4-greeting"):
            book(session, _first_slot(session), world.needs[ref], "used")

    assert ask(engine, FORTNIGHT).slots.places.tolist() == [0, 2, 2, 2]


@pytest.mark.parametrize(
    ("eligibility", "is_open"),
    [
        ({"categories": [IMPAIRED, "low_income"], "subdistricts": ["310107004"], "min_age": 81}, True),
        ({"categories": [IMPAIRED], "subdistricts": ["310107004"], "min_age": 83}, False),
    ],
)
def test_every_part_of_a_rule_must_hold(
    engine: Engine, world: World, eligibility: dict[str, Any], *, is_open: bool
) -> None:
    """S2 is 81, lives in Ganquan and is severely impaired."""
    change(engine, Project, world.project, eligibility=eligibility)

    assert _bookable(ask(engine, FORTNIGHT), world, "S2-bath") is is_open


@pytest.mark.parametrize(
    ("from_day", "to_day", "days"),
    [
        (MONDAY, None, (0, 14)),
        (MONDAY + timedelta(days=5), None, (5, 14)),
        (date(2025, 1, 1), MONDAY + timedelta(days=5), (0, 5)),
        (MONDAY + timedelta(days=2), MONDAY + timedelta(days=9), (2, 9)),
    ],
)
def test_a_place_is_given_on_days_of_the_category_alone(
    engine: Engine, world: World, from_day: date, to_day: date | None, days: tuple[int, int]
) -> None:
    """A proof that ends on Saturday opens no bath on Monday; one that begins on Saturday opens the next."""
    change(engine, SeniorCategory, world.seniors["S2"], from_day=from_day, to_day=to_day)

    problem = ask(engine, FORTNIGHT)

    assert _bookable(problem, world, "S2-bath")
    assert _days(problem, world, "S2-bath") == days


def test_a_category_that_follows_another_keeps_the_place_open(engine: Engine, world: World) -> None:
    """What changes on paper and not in the rule cuts nobody's days short."""
    change(engine, SeniorCategory, world.seniors["S2"], to_day=MONDAY + timedelta(days=5))
    add(
        engine,
        SeniorCategory(senior_id=world.seniors["S2"], category=IMPAIRED, from_day=MONDAY + timedelta(days=5)),
    )

    assert _days(ask(engine, FORTNIGHT), world, "S2-bath") == (0, 14)


@pytest.mark.parametrize(
    ("born_on", "days"),
    [
        (date(1951, 3, 2), (0, 14)),
        (date(1951, 3, 8), (6, 14)),
        (date(1951, 3, 16), None),
    ],
    ids=["seventy-five today", "on Sunday", "after the plan"],
)
def test_age_counts_on_the_day(engine: Engine, world: World, born_on: date, days: tuple[int, int] | None) -> None:
    """Who turns 75 within the plan may come from that day on."""
    change(engine, Project, world.project, eligibility={"min_age": 75})
    change(engine, Person, world.seniors["S2"], born_on=born_on)

    problem = ask(engine, FORTNIGHT)

    assert _bookable(problem, world, "S2-bath") is (days is not None)
    assert _days(problem, world, "S2-bath") == (days or (0, 14))


def test_a_birthday_of_leap_day_is_the_first_of_march(engine: Engine, world: World) -> None:
    """Born on 29 February 1952, a senior is 74 from 1 March 2026 on."""
    change(engine, Project, world.project, eligibility={"min_age": 74})
    change(engine, Person, world.seniors["S2"], born_on=date(1952, 2, 29))

    before = Question(starts_on=date(2026, 2, 23), horizon_days=14)

    assert _days(ask(engine, before), world, "S2-bath") == (6, 14)


def test_a_senior_without_category_finds_nothing_open(engine: Engine, world: World) -> None:
    """The need is asked about all the same, so that it is counted as unmet with its reason."""
    with transaction(engine) as session:
        session.connection().execute(delete(CATEGORY))

    problem = ask(engine, FORTNIGHT)

    assert len(problem.bookable) == 0
    assert world.needs["S2-bath"] in problem.needs.ids.tolist()


def test_a_resource_opens_to_its_own_service_alone(engine: Engine, world: World) -> None:
    """A bath station takes nobody on a trip."""
    trip = add(engine, bath_of(world, "S2", "EAST", external_ref="S2-trip", service_id=world.services["trip"]))

    problem = ask(engine, FORTNIGHT)

    assert problem.bookable.tolist() == [[world.needs["S2-bath"], _resource(engine)]]
    assert trip in problem.needs.ids.tolist()


def _resource(engine: Engine) -> int:
    with transaction(engine, read_only=True) as session:
        return session.exec(select(Resource.id)).one() or 0

"""What is known of places reaches the plan: wheelchairs, money, two resources at once; what is overfull is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.planning.conftest import Plan, add, ask, bath_of, book, booked, change, publish, row, say
from tests.worlds import MONDAY, World
from timebank.core.columns import table_of
from timebank.core.errors import WrongState
from timebank.needs.tables import Need, NeedAlso, Service
from timebank.people.tables import SeniorCategory
from timebank.planning.problem_rows import Question
from timebank.projects.tables import Booking, Project, Resource, Slot

FORTNIGHT = Question(starts_on=MONDAY, horizon_days=14)


@pytest.mark.parametrize(("column", "value"), [("least_gap_days", 3), ("preferred_weekdays", 8), ("helpers", 2)])
def test_a_wish_of_a_need_is_handed(engine: Engine, world: World, column: str, value: int) -> None:
    """What stands in the row is what the engine decides by."""
    number = world.needs["S1-door_visit"]
    change(engine, Need, number, **{column: value})

    assert row(ask(engine, FORTNIGHT).needs, number)[column] == value


def _slots(engine: Engine) -> list[int]:
    return say(engine, lambda session: session.connection().execute(_every_slot()).scalars().all())  # type: ignore[no-any-return]  # numbers


def _every_slot() -> Any:
    table = table_of(Slot)
    return select(table.c.id).order_by(table.c.id)


def test_a_wheelchair_takes_a_place_for_one(engine: Engine, world: World, plan: Plan) -> None:
    """Whoever cannot walk is not booked where no chair fits."""
    change(engine, Need, world.needs["S2-bath"], wheelchairs=1)
    without = booked(engine, plan(horizon_days=1))
    first = _slots(engine)[0]
    change(engine, Slot, first, wheelchairs=1)

    number = plan(horizon_days=1)

    assert without == set()
    assert booked(engine, number) == {(first, world.needs["S2-bath"])}


def test_a_chair_that_was_taken_since_is_not_given_twice(engine: Engine, world: World, plan: Plan) -> None:
    """Two plans that were made at once cannot both have the last wheelchair place."""
    change(engine, Need, world.needs["S2-bath"], wheelchairs=1)
    other = add(engine, bath_of(world, "S3", "EAST", wheelchairs=1, status="paused"))
    for slot in _slots(engine):
        change(engine, Slot, slot, wheelchairs=1)
    number = plan(horizon_days=1, is_proposed=True)
    say(engine, lambda session: book(session, _slots(engine)[0], other, "booked"))

    with pytest.raises(WrongState) as caught:
        publish(engine, number)

    assert caught.value.state == "outdated"


@pytest.fixture
def costly(engine: Engine, world: World) -> World:
    """S2 and S4 need a bath; a place costs 600 yuan, and the project has 1,000."""
    add(engine, SeniorCategory(senior_id=world.seniors["S4"], category="severe_functional_impairment", from_day=MONDAY))
    add(engine, bath_of(world, "S4", "EAST"))
    change(engine, Resource, _resource(engine), place_cost_cents=60_000)
    return world


def _resource(engine: Engine) -> int:
    table = table_of(Resource)
    return int(say(engine, lambda session: session.connection().execute(select(table.c.id)).scalar_one()))


def test_no_project_spends_more_than_it_has(engine: Engine, costly: World, plan: Plan) -> None:
    """The second bath waits for the next gift."""
    poor = booked(engine, plan(is_proposed=False))
    change(engine, Project, costly.project, budget_cents=120_000)

    rich = booked(engine, plan())

    assert (len(poor), len(rich)) == (1, 2)


def test_what_was_spent_is_spent(engine: Engine, costly: World, plan: Plan) -> None:
    """A bath that was taken last week has been paid; one that gives way to the plan has not."""
    first = booked(engine, plan(horizon_days=1))
    open_ = ask(engine, FORTNIGHT).budgets.cents.tolist()
    (slot, need) = next(iter(first))
    say(engine, lambda session: _use(session, slot, need))

    assert (open_, ask(engine, FORTNIGHT).budgets.cents.tolist()) == ([100_000], [40_000])
    assert booked(engine, plan(starts_on=MONDAY + timedelta(days=1))) == set()


def _use(session: Session, slot: int, need: int) -> None:
    table = table_of(Booking)
    session.connection().execute(
        table.update().where(table.c.slot_id == slot, table.c.need_id == need).values(status="used")
    )


def test_money_that_is_gone_since_is_not_spent(engine: Engine, costly: World, plan: Plan) -> None:
    """The budget was cut after the plan was made: it is refused, and nothing of it is booked."""
    number = plan(is_proposed=True)
    change(engine, Project, costly.project, budget_cents=50_000)

    with pytest.raises(WrongState) as caught:
        publish(engine, number)

    assert caught.value.state == "outdated"
    assert booked(engine, number) == set()


def test_a_need_that_takes_two_resources_has_both_or_none(engine: Engine, world: World, plan: Plan) -> None:
    """The van is of no use on the third floor without the stair climber, which comes on Thursdays alone."""
    climber = add(engine, _climber())
    need = world.needs["S2-bath"]
    add(engine, NeedAlso(need_id=need, service_id=climber))
    alone = booked(engine, plan())
    carried = add(engine, _stairs(world, climber))
    thursday = add(
        engine,
        Slot(resource_id=carried, day=date(2026, 3, 5), starts_min=540, ends_min=600, places=1),
    )

    both = booked(engine, plan())

    assert alone == set()
    assert {of for _, of in both} == {need}
    assert len(both) == 2
    assert thursday in {slot for slot, _ in both}


def _climber() -> Service:
    return Service(code="climber", name_zh="爬楼机", name_en="Stair climber", served_by="slot", minutes=60)


def _stairs(world: World, service: int) -> Resource:
    return Resource(
        project_id=world.project,
        service_id=service,
        code="CLIMBER-1",
        name_zh="爬楼机",
        lat_deg=31.264,
        lon_deg=121.43,
        subdistrict_id=world.areas["310107004"],
    )

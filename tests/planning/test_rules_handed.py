"""Rules as rows reach the plan: suspended days, seasons, who comes first; what is written down wrongly is refused."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.planning.conftest import Plan, add, change, paired, say, visited
from tests.worlds import MONDAY, World
from timebank.people.tables import SeniorCategory, Volunteer
from timebank.planning.priorities import First, priorities_on, set_priorities
from timebank.planning.seasons import end_season, set_season
from timebank.planning.suspensions import lift, suspend, suspensions_from

WHO = "organisation:3"
THURSDAY = MONDAY + timedelta(days=3)
GANQUAN, ZHENRU = "310107004", "310107007"


def _days(engine: Engine, world: World, plan_id: int, need: str) -> list[date]:
    return [day for day, _ in visited(engine, world, plan_id, need)]


def _suspend(engine: Engine, now: datetime, **changes: Any) -> int:
    parts: dict[str, Any] = {"cause": "typhoon", "make_up": "drop", "actor": WHO, "now": now}
    days = changes.pop("days", (THURSDAY, THURSDAY + timedelta(days=2)))
    return say(engine, lambda session: suspend(session, *days, **(parts | changes))).id or 0


@pytest.mark.parametrize(
    ("changes", "closed", "open_"),
    [
        ({}, ["S1-greeting", "S5-greeting"], []),
        ({"area": GANQUAN}, ["S1-greeting", "S2-greeting"], ["S5-greeting", "S6-greeting"]),
        ({"service": "door_visit"}, [], ["S1-greeting", "S5-greeting"]),
    ],
)
def test_nobody_is_visited_on_a_suspended_day(  # the world and a case
    engine: Engine,
    world: World,
    plan: Plan,
    noon: datetime,
    changes: dict[str, Any],
    closed: list[str],
    open_: list[str],
) -> None:
    """A typhoon over one sub-district closes its doors, and no others."""
    _suspend(engine, noon, **changes)

    number = plan()

    typhoon = {THURSDAY, THURSDAY + timedelta(days=1)}
    assert [need for need in closed if typhoon & set(_days(engine, world, number, need))] == []
    assert [need for need in open_ if typhoon & set(_days(engine, world, number, need))] == open_


@pytest.mark.parametrize(("make_up", "visits"), [("drop", 1), ("later", 2), ("earlier", 1)])
def test_a_suspended_visit_is_made_up_as_the_rule_says(
    engine: Engine, world: World, plan: Plan, noon: datetime, make_up: str, visits: int
) -> None:
    """The weekly visit of a week of holidays is dropped, or held when it is over; before it there is no day."""
    holidays = (MONDAY, MONDAY + timedelta(days=7))
    _suspend(engine, noon, cause="holiday", make_up=make_up, days=holidays)

    days = _days(engine, world, plan(), "S1-door_visit")

    assert len(days) == visits
    assert min(days) >= holidays[1]


def test_a_suspension_that_is_lifted_counts_no_more(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """The typhoon turned away; the plan is the one it would have been."""
    before = plan(is_proposed=True)
    number = _suspend(engine, noon)
    suspended = plan(is_proposed=True)
    lifted = say(engine, lambda session: lift(session, number, actor=WHO, now=noon))

    assert plan(is_proposed=True) == before != suspended
    assert (lifted.withdrawn_by, lifted.withdrawn_at) == (WHO, noon)
    assert say(engine, lambda session: suspensions_from(session, MONDAY)) == []


def _season(engine: Engine, now: datetime, first: date, end: date, **changes: Any) -> int:
    parts: dict[str, Any] = {"kind": "per_week", "count": 2, "actor": WHO, "now": now}
    return say(engine, lambda session: set_season(session, first, end, **(parts | changes))).id or 0


def test_a_season_changes_how_often(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """In the cold, whoever is visited once a week is visited twice; afterwards once again."""
    season = _season(engine, noon, MONDAY, MONDAY + timedelta(days=7), service="door_visit")

    cold = _days(engine, world, plan(), "S1-door_visit")
    say(engine, lambda session: end_season(session, season, actor=WHO, now=noon))
    mild = _days(engine, world, plan(now=noon + timedelta(hours=1)), "S1-door_visit")

    assert ([day < MONDAY + timedelta(days=7) for day in cold], len(mild)) == ([True, True, False], 2)


@pytest.mark.parametrize(("is_yearly", "visits"), [(True, 4), (False, 2)])
def test_a_season_may_come_back_every_year(  # the world and a case
    engine: Engine, world: World, plan: Plan, noon: datetime, *, is_yearly: bool, visits: int
) -> None:
    """Winter is written down once, over the turn of the year too."""
    _season(engine, noon, date(2022, 11, 15), date(2023, 3, 20), service="door_visit", is_yearly=is_yearly)

    assert len(_days(engine, world, plan(), "S1-door_visit")) == visits


def test_a_season_of_a_need_takes_the_place_of_its_services(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """One senior asked to be left in peace in the cold, and is."""
    end = MONDAY + timedelta(days=14)
    _season(engine, noon, MONDAY, end, service="door_visit")
    _season(engine, noon, MONDAY, end, need_id=world.needs["S1-door_visit"], count=1)

    assert len(_days(engine, world, plan(), "S1-door_visit")) == 2


@pytest.fixture
def scarce(engine: Engine, world: World) -> World:
    """One volunteer for one need in Ganquan; S4, who lives farthest away, is childless."""
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    change(engine, Volunteer, world.volunteers["V1"], max_needs=1)
    add(engine, SeniorCategory(senior_id=world.seniors["S4"], category="childless", from_day=MONDAY))
    return world


def _greeted(engine: Engine, world: World, plan_id: int) -> set[str]:
    return {need for need, who in paired(engine, world, plan_id).items() if who == {"V1"}}


def test_who_comes_first_is_served_first(engine: Engine, scarce: World, plan: Plan, noon: datetime) -> None:
    """The childless before a convenience: no walk that is saved outweighs it."""
    near = _greeted(engine, scarce, plan(is_proposed=True))
    rules = [First(0, "childless", "greeting"), First(1, "living_alone")]
    say(engine, lambda session: set_priorities(session, rules, from_day=MONDAY, actor=WHO, now=noon))

    assert near == {"S1-greeting"}
    assert _greeted(engine, scarce, plan(is_proposed=True)) == {"S4-greeting"}


def test_an_order_holds_from_its_day_until_the_next(engine: Engine, scarce: World, plan: Plan, noon: datetime) -> None:
    """What the bureau decides for spring leaves the plans of winter as they are, and can be taken back."""
    later = MONDAY + timedelta(days=14)
    for day, rules in ((later, [First(0, "childless")]), (later + timedelta(days=14), [])):
        _order(engine, day, rules, noon)

    found = [
        _greeted(engine, scarce, plan(starts_on=MONDAY + timedelta(days=14 * n), is_proposed=True)) for n in (0, 1, 2)
    ]

    assert found == [{"S1-greeting"}, {"S4-greeting"}, {"S1-greeting"}]


def _order(engine: Engine, day: date, rules: list[First], now: datetime) -> None:
    say(engine, lambda session: set_priorities(session, rules, from_day=day, actor=WHO, now=now))


def test_a_tier_may_be_of_a_service(session: Session, world: World, noon: datetime) -> None:
    """Weekly visits before greetings, whoever is visited."""
    set_priorities(session, [First(3, service="door_visit")], from_day=MONDAY, actor=WHO, now=noon)

    assert priorities_on(session, MONDAY) == [(3, "", world.services["door_visit"])]
    assert priorities_on(session, MONDAY - timedelta(days=1)) == []

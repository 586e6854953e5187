"""Volunteers whom plans share: what one plan has promised, another leaves alone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from matching.problem import Problem
from tests.planning.conftest import Plan, ask, change, row
from tests.worlds import MONDAY, World
from timebank.planning.problem_rows import Question
from timebank.visits.tables import Visit

MakeVisit = Callable[..., int]
ALL_DAY = 600


@pytest.fixture
def east(engine: Engine, world: World) -> Callable[[], Problem]:
    """Ask EAST's question of the fortnight."""
    question = Question(starts_on=MONDAY, horizon_days=14, organisation_id=world.organisations["EAST"])
    return lambda: ask(engine, question)


@pytest.fixture
def elsewhere(plan: Plan) -> int:
    """A plan of WEST, whose visits the tests write by hand."""
    return plan("WEST", is_proposed=True)


def _left(problem: Problem, world: World, volunteer: str) -> tuple[int, int, int, int]:
    found = row(problem.volunteers, world.volunteers[volunteer])
    return found["max_needs"], found["weekly_caps_min"], found["window_starts_min"], found["window_ends_min"]


@pytest.mark.parametrize(
    ("visits", "left"),
    [
        ([], (3, 300, 480, 1080)),
        ([("S5-greeting", 0, 540, 10)], (2, 290, 555, 1080)),
        ([("S5-greeting", 0, 1000, 30)], (2, 270, 480, 995)),
        ([("S5-greeting", 0, 540, 10), ("S5-greeting", 1, 560, 10), ("S6-greeting", 8, 550, 20)], (1, 280, 575, 1080)),
        ([("S5-greeting", 0, 480, ALL_DAY)], (0, 0, 480, 1080)),
        ([("S5-greeting", -1, 540, 10), ("S5-greeting", 14, 540, 10)], (3, 300, 480, 1080)),
    ],
    ids=["nothing", "a morning", "an evening", "two weeks", "all day", "before and after"],
)
def test_what_is_promised_elsewhere_is_not_given_again(
    world: World,
    elsewhere: int,
    make_visit: MakeVisit,
    east: Callable[[], Problem],
    visits: list[tuple[str, int, int, int]],
    left: tuple[int, int, int, int],
) -> None:
    """V1 of EAST also greets seniors of WEST: needs, minutes of the fullest week and hours are taken off."""
    for need, day, starts_min, minutes in visits:
        make_visit(elsewhere, need, "V1", MONDAY + timedelta(days=day), starts_min=starts_min, minutes=minutes)

    problem = east()

    assert _left(problem, world, "V1") == left
    assert _left(problem, world, "V2") == (3, 300, 480, 1080)


def test_what_gives_way_is_no_promise(
    engine: Engine, world: World, plan: Plan, elsewhere: int, make_visit: MakeVisit, east: Callable[[], Problem]
) -> None:
    """Visits of EAST's own needs and own plans are what the question is about; cancelled ones are nobody's."""
    own = plan("EAST", horizon_days=7, is_proposed=True)
    change(engine, Visit, make_visit(elsewhere, "S5-greeting", "V1", MONDAY, starts_min=700), status="cancelled")
    make_visit(own, "S6-greeting", "V1", MONDAY, starts_min=700)
    make_visit(elsewhere, "S1-greeting", "V1", MONDAY + timedelta(days=12), starts_min=700)

    assert _left(east(), world, "V1") == (3, 300, 480, 1080)


def test_the_district_asks_about_everybody(engine: Engine, world: World, elsewhere: int, make_visit: MakeVisit) -> None:
    """Its plan takes the place of all others, so nothing is promised elsewhere."""
    make_visit(elsewhere, "S5-greeting", "V1", MONDAY + timedelta(days=20), starts_min=700)

    problem = ask(engine, Question(starts_on=MONDAY, horizon_days=28))

    assert _left(problem, world, "V1") == (3, 300, 480, 1080)

"""Who may be helped by a project, and how many they are."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.people.tables import OrganisationArea, Senior, SeniorCategory
from timebank.projects.eligibility import categories_on, count_eligible, is_eligible
from timebank.projects.projects import project_of

IMPAIRED, POOR = "severe_functional_impairment", "low_income"


@pytest.mark.parametrize(
    ("rule", "may"),
    [
        ({}, True),
        ({"categories": [], "subdistricts": [], "min_age": 0}, True),
        ({"categories": [IMPAIRED]}, True),
        ({"categories": [POOR, IMPAIRED]}, True),
        ({"categories": [POOR]}, False),
        ({"subdistricts": ["310107004", "310107007"]}, True),
        ({"subdistricts": ["310107007"]}, False),
        ({"min_age": 81}, True),
        ({"min_age": 82}, False),
        ({"categories": [IMPAIRED], "subdistricts": ["310107007"]}, False),
        ({"categories": [IMPAIRED], "min_age": 82}, False),
        ({"min_age": None, "categories": None, "subdistricts": None}, True),
    ],
)
def test_every_part_that_is_given_must_hold(rule: dict[str, Any], *, may: bool) -> None:
    """A severely impaired senior of 81 in Ganquan; what a rule does not say, it does not ask."""
    found = is_eligible(rule, categories=frozenset({IMPAIRED, "childless"}), subdistrict="310107004", age=81)

    assert found is may


def test_categories_hold_from_a_day_to_a_day(engine: Engine, world: World) -> None:
    """The first day counts and the last does not, so that one proof can follow another."""
    senior, end = world.seniors["S3"], MONDAY + timedelta(days=10)
    with transaction(engine) as session:
        session.add(SeniorCategory(senior_id=senior, category=POOR, from_day=MONDAY, to_day=end))
        session.flush()

        days = [MONDAY - timedelta(days=1), MONDAY, end - timedelta(days=1), end]
        held = [categories_on(session, day).get(senior, frozenset()) for day in days]

    assert held == [frozenset(), {POOR}, {POOR}, frozenset()]


def _count(session: Session, world: World, day: date = MONDAY, **rule: Any) -> int:
    project = project_of(session, world.organisations["CF1"], world.project)
    project.eligibility = rule
    return count_eligible(session, project, day)


def test_seniors_who_may_be_helped_are_counted(engine: Engine, world: World) -> None:
    """An office sees whom a rule reaches before it spends: active seniors of its own streets, on a day."""
    with transaction(engine) as session:
        assert _count(session, world) == 8
        assert _count(session, world, categories=[IMPAIRED]) == 1
        assert _count(session, world, MONDAY - timedelta(days=1), categories=[IMPAIRED]) == 0
        assert _count(session, world, subdistricts=["310107007"]) == 4
        assert _count(session, world, date(2026, 1, 4), min_age=81) == 4

        session.get_one(Senior, world.seniors["S1"]).status = "moved"
        own = session.exec(
            select(OrganisationArea).where(
                OrganisationArea.organisation_id == world.organisations["CF1"],
                OrganisationArea.area_id == world.areas["310107007"],
            )
        ).one()
        session.delete(own)
        session.flush()
        assert _count(session, world) == 3

"""The world `team`: the small district with a cadre, an adviser, a doctor, two points and focus seniors in Ganquan."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.care.members import Newcomer, begin_role, enrol
from timebank.care.trainings import record_training
from timebank.core.database import transaction
from timebank.people.tables import AdvicePoint, SeniorCategory

EAST = "organisation:1"
LAST_YEAR = date(2025, 6, 1)
GANQUAN, ZHENRU = "310107004", "310107007"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Numbers of the members and of the points, by what they are called."""

    world: World
    members: dict[str, int]
    points: dict[str, int]
    noon: datetime


@pytest.fixture
def team(engine: Engine, world: World, noon: datetime) -> Team:
    """The team of Ganquan, stored."""
    with transaction(engine) as session:
        return build_team(session, world, noon)


def build_team(session: Session, world: World, noon: datetime) -> Team:
    """Build it: C1 is a cadre of Ganquan trained for surveys, A1 an adviser there, D1 a doctor without training.

    S1 lives alone, S3 is childless; both are 81. Ganquan's committee has point P1, Zhenru's has none.
    """
    members = {ref: _member(session, ref) for ref in ("C1", "A1", "D1")}
    said: dict[str, Any] = {"from_day": LAST_YEAR, "actor": EAST, "now": noon}
    begin_role(session, members["C1"], "cadre", area_id=world.areas[f"{GANQUAN}001"], **said)
    begin_role(session, members["A1"], "adviser", area_id=world.areas[GANQUAN], **said)
    begin_role(session, members["D1"], "doctor", organisation_id=world.organisations["EAST"], **said)
    trained: dict[str, Any] = {"trained_on": LAST_YEAR, "actor": EAST, "now": noon}
    record_training(session, members["C1"], "survey", **trained)
    record_training(session, members["A1"], "adviser", **trained)
    area = world.areas[f"{GANQUAN}001"]
    point = AdvicePoint(area_id=area, code="P1", name_zh="甘泉顾问点", lat_deg=31.264, lon_deg=121.43)
    session.add(point)
    for ref, category in (("S1", "living_alone"), ("S3", "childless"), ("S5", "living_alone")):
        session.add(SeniorCategory(senior_id=world.seniors[ref], category=category, from_day=LAST_YEAR))
    session.flush()
    return Team(world=world, members=members, points={"P1": point.id or 0}, noon=noon)


def _member(session: Session, ref: str) -> int:
    newcomer = Newcomer(name=f"周队员{ref}", gender="female", born_on=date(1980, 1, 1))
    return enrol(session, ref, newcomer, joined_on=MONDAY).person_id

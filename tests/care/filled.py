"""A row in every table of the care team."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from tests.worlds import MONDAY, World
from timebank.care.tables import (
    Advice,
    AdviceClosure,
    AdviceHours,
    CareLevel,
    CareMember,
    CareRole,
    SeniorContact,
    Training,
)
from timebank.people.tables import AdvicePoint

NEXT_WEEK = date(2026, 3, 9)


def fill_care(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of the care team."""
    who, senior = world.volunteers["V1"], world.seniors["S1"]
    point = session.exec(select(AdvicePoint.id)).one() or 0
    said: dict[str, Any] = {"recorded_by": "organisation:1", "recorded_at": now}
    session.add(CareMember(person_id=who, external_ref="C1", joined_on=MONDAY))
    session.flush()
    days: dict[str, Any] = {"from_day": MONDAY, "to_day": NEXT_WEEK}
    session.add_all(
        (
            CareRole(member_id=who, role="adviser", area_id=world.areas["310107004"], from_day=MONDAY, **said),
            Training(person_id=who, kind="survey", trained_on=MONDAY, **said),
            Advice(member_id=who, point_id=point, day=MONDAY, topic="policy", idempotency_key="k", **said),
            CareLevel(member_id=who, level="bronze", awarded_on=MONDAY, months=6, advices=2, article="a", **said),
            AdviceHours(point_id=point, weekdays=31, opens_min=540, closes_min=690, from_day=MONDAY, **said),
            AdviceClosure(point_id=point, **days, **said),
            SeniorContact(senior_id=senior, member_id=who, from_day=MONDAY, **said),
        )
    )
    session.flush()

"""A row in every table of what decides who comes to whom and when."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from tests.worlds import MONDAY, World
from timebank.needs.tables import NeedAlso
from timebank.people.tables import Absence, PersonTrait, Trait
from timebank.planning.tables import (
    Plan,
    PlanChange,
    PresetPair,
    PriorityOrder,
    PriorityRule,
    Season,
    Suspension,
)

NEXT_WEEK = MONDAY + timedelta(days=7)


def fill_planning(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of what decides who comes to whom and when."""
    session.add(Trait(code="pets", name_zh="宠物", name_en="pets"))
    session.flush()
    senior, giver, need = world.seniors["S1"], world.volunteers["V1"], world.needs["S1-greeting"]
    days: dict[str, Any] = {"from_day": MONDAY, "to_day": NEXT_WEEK}
    who: dict[str, Any] = {"recorded_by": "organisation:1", "recorded_at": now}
    frequency: dict[str, Any] = {"is_yearly": False, "frequency_kind": "per_week", "frequency_count": 2}
    order = PriorityOrder(from_day=MONDAY, **who)
    session.add_all(
        (
            order,
            PersonTrait(person_id=senior, trait="pets", stance="has", **who),
            Absence(person_id=giver, **days, **who),
            Suspension(make_up="later", cause="heat", **days, **who),
            Season(need_id=need, **frequency, **days, **who),
            PresetPair(need_id=need, volunteer_id=giver, **who),
            NeedAlso(need_id=world.needs["S2-bath"], service_id=world.services["trip"]),
            PlanChange(plan_id=session.exec(select(Plan.id)).one() or 0, what="pair", kind="ended", need_id=need),
        )
    )
    session.flush()
    session.add(PriorityRule(order_id=order.id or 0, position=0, tier=0, category="childless"))
    session.flush()

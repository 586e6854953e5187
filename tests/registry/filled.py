"""A row in every table of the registry."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.people.tables import RegistryAct
from timebank.registry.tables import RegistryChange, Survey, SurveyFrequency, SurveyRound

NEXT_WEEK = date(2026, 3, 9)


def fill_registry(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of the registry."""
    said: dict[str, Any] = {"recorded_by": "organisation:1", "recorded_at": now}
    act = RegistryAct(kind="moved_away", person_id=world.seniors["S8"], day=MONDAY, reason="a", **said)
    parts: dict[str, Any] = {"from_day": MONDAY, "to_day": NEXT_WEEK, "made_by": "a", "made_at": now}
    survey_round = SurveyRound(code="R1", area_id=world.areas["310107004"], **parts)
    session.add_all((act, survey_round))
    session.flush()
    number = survey_round.id or 0
    found: dict[str, Any] = {"day": MONDAY, "manner": "door", "outcome": "reached", "note": "n"}
    session.add(RegistryChange(act_id=act.id or 0, n=1, table_name="senior", what="added"))
    session.add(SurveyFrequency(round_id=number, category="childless", every_days=7))
    session.add(Survey(round_id=number, senior_id=world.seniors["S1"], **found, **said))
    session.flush()

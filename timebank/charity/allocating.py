"""A project's places are given to those who may have them, by the engine, within the project's period."""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from timebank.charity.life import GIVING, locked_project, require_stage
from timebank.charity.refusals import require_within
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.planning.project_places import allocate
from timebank.planning.tables import Plan

MOST_DAYS = 31


def allocate_places(
    session: Session, office: int, project_id: int, *, starts_on: date, days: int, now: datetime
) -> Plan:
    """Give the free places of an office's running project within some days (1 to 31); who has one is not asked about.

    Raises
    ------
    NotFound
        When there is no such project, or it is another's.
    WrongInput
        When there are too many days or none.
    WrongState
        When the project does not run, or others have taken places meanwhile.
    OutsidePeriod
        When one of the days is not within its period.
    """
    if not 1 <= days <= MOST_DAYS:
        raise WrongInput(field="days", value=str(days), right=Phrase("right_range", least=1, most=MOST_DAYS))
    project = locked_project(session, office, project_id)
    require_stage(session, project, GIVING)
    require_within(project, starts_on)
    require_within(project, starts_on + timedelta(days=days - 1))
    return allocate(session, project_id, starts_on=starts_on, days=days, office=office, now=now)

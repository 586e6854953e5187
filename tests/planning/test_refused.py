"""What would be written down wrongly is refused, in a database that a file of tests shares."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.worlds import MONDAY, World, small_district
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.tables import NeverTogether, Volunteer
from timebank.planning.presets import PairCannotBe, preset
from timebank.planning.priorities import First, set_priorities
from timebank.planning.seasons import set_season
from timebank.planning.suspensions import suspend

WHO = "organisation:3"
THURSDAY = MONDAY + timedelta(days=3)


@pytest.fixture(scope="module")
def stored(shared_engine: Engine, noon: datetime) -> World:
    """The small district in the database that this file shares."""
    with transaction(shared_engine) as session:
        return small_district(session, noon)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"cause": "rain"}, WrongInput),
        ({"make_up": "never"}, WrongInput),
        ({"days": (THURSDAY, THURSDAY)}, WrongInput),
        ({"days": (THURSDAY, THURSDAY + timedelta(days=93))}, WrongInput),
        ({"area": "310107"}, NotFound),
        ({"service": "song"}, NotFound),
    ],
)
def test_a_suspension_that_cannot_be_is_refused(
    shared_session: Session, stored: World, noon: datetime, changes: dict[str, Any], refused: type[Exception]
) -> None:
    """A slip of the hand would close the doors of the whole district for a year."""
    usual: dict[str, Any] = {"days": (THURSDAY, THURSDAY + timedelta(days=2)), "cause": "heat", "make_up": "drop"}
    parts = usual | changes
    days = parts.pop("days")

    with pytest.raises(refused):
        suspend(shared_session, *days, actor=WHO, now=noon, **parts)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"kind": "daily"}, WrongInput),
        ({"count": 0}, WrongInput),
        ({"end": MONDAY}, WrongInput),
        ({"need_id": 1}, WrongInput),
        ({"service": None}, WrongInput),
        ({"service": "song"}, NotFound),
        ({"service": None, "need_id": 99}, NotFound),
    ],
)
def test_a_season_that_cannot_be_is_refused(
    shared_session: Session, stored: World, noon: datetime, changes: dict[str, Any], refused: type[Exception]
) -> None:
    """A frequency that nobody can keep would leave a whole service unmet."""
    usual: dict[str, Any] = {"service": "door_visit", "end": THURSDAY, "kind": "per_week", "count": 2}
    parts = usual | changes
    end = parts.pop("end")

    with pytest.raises(refused):
        set_season(shared_session, MONDAY, end, actor=WHO, now=noon, **parts)


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (First(0), WrongInput),
        (First(7, "childless"), WrongInput),
        (First(0, "rich"), WrongInput),
        (First(0, service="song"), NotFound),
    ],
)
def test_an_order_that_cannot_be_is_refused(
    shared_session: Session, stored: World, noon: datetime, rule: First, refused: type[Exception]
) -> None:
    """A slip in a name would put nobody first, unseen."""
    with pytest.raises(refused):
        set_priorities(shared_session, [rule], from_day=MONDAY, actor=WHO, now=noon)


@pytest.mark.parametrize(
    ("need", "volunteer", "refused"),
    [
        ("S2-bath", "V1", NotFound),
        ("S1-greeting", "V2", PairCannotBe),
        ("S3-greeting", "V2", WrongState),
        ("S4-greeting", "V3", WrongState),
    ],
)
def test_a_pair_that_cannot_be_decided_is_refused(  # the world and a case
    shared_session: Session, stored: World, noon: datetime, need: str, volunteer: str, refused: type[Exception]
) -> None:
    """No volunteer gives baths, two never meet, one has their friend already, one is no more there."""
    who: dict[str, Any] = {"actor": WHO, "now": noon}
    shared_session.get_one(Volunteer, stored.volunteers["V3"]).status = "inactive"
    shared_session.add(NeverTogether(senior_id=stored.seniors["S1"], volunteer_id=stored.volunteers["V2"]))
    shared_session.flush()
    preset(shared_session, stored.needs["S3-greeting"], stored.volunteers["V1"], **who)

    with pytest.raises(refused):
        preset(shared_session, stored.needs[need], stored.volunteers[volunteer], **who)

"""From what is missing straight to a draft: streets, group, places and money are filled in, and the trail stays."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from tests.charity.conftest import Office
from tests.planning.conftest import bath_of
from tests.worlds import MONDAY
from timebank.charity.drafting import Wish, draft_from_shortage, origin_of
from timebank.charity.life import stage_of
from timebank.charity.refusals import NoShortage, StreetNotYours
from timebank.core.errors import KeyConflict, NotAllowed, WrongInput
from timebank.people.tables import SeniorCategory
from timebank.projects.tables import Project, ProjectGoal, Resource, Slot

WEEK = MONDAY + timedelta(days=7)
BATHS = Wish(day=WEEK, service="bath", starts_on=date(2026, 4, 6), weeks=4, cost_cents=12_000)
GREETINGS = replace(BATHS, service="greeting", streets=("310107007",), cost_cents=1_500)


def draft(session: Session, office: Office, wish: Wish = BATHS, key: str = "short") -> Project:
    """Draft a project as the office."""
    return draft_from_shortage(session, office.number, wish, key=key, actor="王", now=office.noon)


@pytest.fixture
def wanting(session: Session, office: Office) -> Office:
    """Six in Ganquan and Zhenru want a bath: the five of them who are severely impaired, and S6."""
    for ref in ("S1", "S3", "S4", "S5", "S6"):
        session.add(bath_of(office.world, ref, "EAST" if ref < "S5" else "WEST"))
    for ref in ("S1", "S3", "S4", "S5"):
        number = office.world.seniors[ref]
        session.add(SeniorCategory(senior_id=number, category="severe_functional_impairment", from_day=MONDAY))
    session.flush()
    return office


def test_places_are_as_many_as_were_missing(session: Session, wanting: Office) -> None:
    """Four baths are missing in Ganquan and two in Zhenru: so many places a week, and the money for them."""
    project = draft(session, wanting)

    resources = session.exec(select(Resource).where(Resource.project_id == project.id)).all()
    own = {resource.id: resource.code for resource in resources}
    places = [(own[slot.resource_id], slot.places) for slot in session.exec(select(Slot)) if slot.resource_id in own]
    assert sorted(places) == [("short-310107004", 4)] * 4 + [("short-310107007", 2)] * 4
    assert project.budget_cents == 6 * 4 * 12_000
    assert {resource.place_cost_cents for resource in resources} == {12_000}
    assert (project.starts_on, project.ends_on) == (date(2026, 4, 6), date(2026, 5, 4))


def test_target_group_is_those_who_lack_it(session: Session, wanting: Office) -> None:
    """The group reaches who was left out; as S6 is in no category, it is open to all of the age."""
    open_to_all = draft(session, wanting)
    impaired = draft(session, wanting, replace(BATHS, streets=("310107004",)), key="impaired")

    assert open_to_all.eligibility == {"categories": [], "subdistricts": ["310107004", "310107007"], "min_age": 80}
    assert impaired.eligibility == {
        "categories": ["severe_functional_impairment"],
        "subdistricts": ["310107004"],
        "min_age": 80,
    }


def test_trail_leads_back_to_the_shortage(session: Session, wanting: Office) -> None:
    """Years later the project still says what was missing when it was thought of."""
    project = draft(session, wanting)

    assert [(row.week, row.needed_min, row.unmet_min, row.reasons) for row in origin_of(session, project.id or 0)] == [
        (WEEK, 240, 240, {"unplanned": 240}),
        (WEEK, 120, 120, {"unplanned": 120}),
    ]
    assert "6 项“助浴”" in project.aims
    assert stage_of(session, project) == "draft"


def test_a_service_of_volunteers_asks_for_volunteers(session: Session, office: Office) -> None:
    """Greetings need hands and no station: the goal says how many, and an hour has its price."""
    project = draft(session, office, GREETINGS)

    goals = session.exec(select(ProjectGoal).where(ProjectGoal.project_id == project.id)).all()
    assert [(goal.weekly_min, goal.volunteers) for goal in goals] == [(120, 1)]
    assert project.budget_cents == 2 * 4 * 1_500
    assert session.exec(select(Resource).where(Resource.project_id == project.id)).all() == []


def test_same_key_is_the_same_project(session: Session, wanting: Office) -> None:
    """A retry drafts nothing twice, even when the rows of the week have changed meanwhile."""
    first = draft(session, wanting)
    session.connection().execute(text("UPDATE need SET status = 'closed' WHERE external_ref = 'S1-bath'"))

    again = draft(session, wanting)

    assert again.id == first.id
    with pytest.raises(KeyConflict):
        draft(session, wanting, replace(BATHS, weeks=5))


def test_place_is_no_home(session: Session, wanting: Office) -> None:
    """Where a station could stand is told roughly: the middle of a few homes could give one of them away."""
    project = draft(session, wanting)

    places = [
        (resource.lat_deg, resource.lon_deg)
        for resource in session.exec(select(Resource).where(Resource.project_id == project.id))
    ]
    assert places == [(31.265, 121.43), (31.255, 121.4)]


def test_nothing_missing_drafts_nothing(session: Session, office: Office) -> None:
    """There is no project without a need for it."""
    with pytest.raises(NoShortage):
        draft(session, office, replace(BATHS, service="trip"))


def test_only_own_streets_and_only_an_office(session: Session, office: Office) -> None:
    """A social organisation plans no projects, and nobody plans in another's streets."""
    with pytest.raises(StreetNotYours):
        draft_from_shortage(session, office.world.organisations["EAST"], GREETINGS, key="k", actor="x", now=office.noon)
    with pytest.raises(NotAllowed):
        draft_from_shortage(
            session,
            office.world.organisations["WEST"],
            GREETINGS,
            key="k",
            actor="x",
            now=office.noon,
        )


@pytest.mark.parametrize(("changes", "field"), [({"weeks": 0}, "weeks"), ({"cost_cents": -1}, "cost_cents")])
def test_what_cannot_be_is_named(session: Session, office: Office, changes: dict[str, int], field: str) -> None:
    """A refusal says which part was wrong."""
    with pytest.raises(WrongInput) as refused:
        draft(session, office, replace(BATHS, **changes))  # type: ignore[arg-type]  # parts of a wish, by name

    assert refused.value.field == field

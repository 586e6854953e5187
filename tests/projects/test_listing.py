"""Projects of an office, a page at a time."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from tests.worlds import World, bath_project
from timebank.core.database import transaction
from timebank.projects.listing import Brought, bookings_of, list_projects, resources_of
from timebank.projects.projects import create_project, project_number
from timebank.projects.tables import Booking, Slot


@pytest.fixture
def projects(engine: Engine, world: World, noon: datetime) -> list[int]:
    """Three projects of the office, the world's first."""
    bath = bath_project().resources[0]
    found = [world.project]
    with transaction(engine) as session:
        for n in (2, 3):
            draft = bath_project(
                resources=(replace(bath, code=f"BATH-{n}"), replace(bath, code=f"BATH-{n}-B", slots=()))
            )
            created = create_project(session, world.organisations["CF1"], draft, idempotency_key=f"{n}", now=noon)
            found.append(project_number(created))
    return found


def test_projects_are_listed_newest_first_a_page_at_a_time(engine: Engine, world: World, projects: list[int]) -> None:
    """An office sees its own alone; a social organisation has none."""
    office = world.organisations["CF1"]
    with transaction(engine, read_only=True) as session:
        page = [project.id for project in list_projects(session, office, first=2)]
        rest = [project.id for project in list_projects(session, office, first=2, before_id=page[-1])]

        assert (page, rest) == ([projects[2], projects[1]], [projects[0]])
        assert list_projects(session, world.organisations["EAST"], first=100) == []


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_of_projects_is_bounded(engine: Engine, world: World, first: int) -> None:
    """No question of a partner reads a whole table."""
    with transaction(engine, read_only=True) as session, pytest.raises(ValueError, match="1 to 100"):
        list_projects(session, world.organisations["CF1"], first=first)


def test_a_project_is_shown_with_what_it_brings(engine: Engine, world: World, projects: list[int]) -> None:
    """Slots and places of each resource are counted in one query; one without slots brings none."""
    with transaction(engine, read_only=True) as session:
        brought = resources_of(session, projects[:2])
        nothing = resources_of(session, [])

    station = Brought("BATH-1", "甘泉助浴点", "bath", "甘泉路街道", 26, 52)
    assert brought == {
        projects[0]: [station],
        projects[1]: [station._replace(code="BATH-2"), station._replace(code="BATH-2-B", slots=0, places=0)],
    }
    assert nothing == {}


def test_an_office_sees_who_was_helped(engine: Engine, world: World, projects: list[int]) -> None:
    """Places booked, used and missed are counted by project; one that gave none is not there."""
    with transaction(engine) as session:
        slots = session.exec(select(Slot).order_by(Slot.id).limit(3)).all()  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        for slot, status in zip(slots, ("used", "booked", "used"), strict=True):
            session.add(Booking(slot_id=slot.id or 0, need_id=world.needs["S2-bath"], status=status))
        session.flush()

        assert bookings_of(session, projects) == {world.project: {"booked": 1, "used": 2}}

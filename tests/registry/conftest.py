"""The small district as a registry: a town with coins, visits by hand, and files as people write them."""

import csv
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, SQLModel

from tests.care.conftest import Team, build_team
from tests.coins.conftest import Town
from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.personal_data import lookup_hash
from timebank.people.tables import Person, Senior
from timebank.visits.tables import Visit

EAST = "organisation:1"
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def team(engine: Engine, world: World, noon: datetime) -> Team:
    """The care team of Ganquan."""
    with transaction(engine) as session:
        return build_team(session, world, noon)


@pytest.fixture
def town(world: World, noon: datetime) -> Town:
    """The town alone in a fresh database."""
    return Town(world, noon)


@pytest.fixture
def visit(engine: Engine, world: World, noon: datetime) -> Callable[..., int]:
    """Plan a visit by hand: need, volunteer, day, hour; a plan in force for them to belong to."""
    with transaction(engine) as session:
        plan = plan_by_hand(session, "registry", MONDAY, noon)

    def make(need: str, volunteer: str, day: date = MONDAY, starts_min: int = 540) -> int:
        with transaction(engine) as session:
            row = Visit(
                plan_id=plan,
                need_id=world.needs[need],
                volunteer_id=world.volunteers[volunteer],
                day=day,
                starts_min=starts_min,
                planned_min=30,
            )
            session.add(row)
            session.flush()
            return row.id or 0

    return make


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV file of rows."""

    def write(rows: list[list[object]], name: str = "seniors.csv") -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return path

    return write


def another(session: Session, world: World, ref: str, *, name: str = "王老人1", phone: str = "13900000001") -> int:
    """Register somebody of Ganquan once more, under another number, with a telephone of their own."""
    person = Person(
        name=name,
        phone=phone,
        phone_lookup=lookup_hash("phone", phone),
        gender="female",
        born_on=date(1945, 1, 1),
    )
    session.add(person)
    session.flush()
    number = person.id or 0
    area = world.areas["310107004"]
    session.add(
        Senior(
            person_id=number,
            external_ref=ref,
            subdistrict_id=area,
            committee_id=world.areas["310107004001"],
            lat_deg=31.26,
            lon_deg=121.43,
        )
    )
    session.flush()
    return number


def stored(session: Session, *, but: tuple[str, ...] = ()) -> Rows:
    """Return every row of every table, as the database has it."""
    return {
        table.name: sorted((tuple(row) for row in session.connection().execute(select(table))), key=repr)
        for table in SQLModel.metadata.sorted_tables
        if table.name not in but
    }

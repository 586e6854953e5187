"""Volunteers come in with their organisation, services and times."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from tests.imports.rows import VOLUNTEER_HEAD, codes, volunteer
from tests.worlds import World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in
from timebank.people.tables import Volunteer, VolunteerSkill

Write = Callable[..., Path]
TIMES = ["服务日", "时段", "最大结对数", "每周分钟", "培训日期", "语言"]


def test_volunteers_come_in_with_services_and_times(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """What they offer and when is what the plan may ask of them."""
    row = volunteer("Z1")
    row[8] = "两天一问候；一周一上门"
    path = write_csv([[*VOLUNTEER_HEAD, *TIMES], [*row, "周一至周五", "8:30-17:00", 3, 240, "2026年1月15日", "上海话"]])

    outcome = bring_in(engine, path, "volunteers", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Volunteer).where(Volunteer.external_ref == "Z1")).one()
        skills = session.exec(
            select(VolunteerSkill.service_id).where(VolunteerSkill.volunteer_id == stored.person_id)
        ).all()
    assert outcome.counts == (1, 0, 0)
    assert (stored.weekdays, stored.window_start_min, stored.window_end_min) == (31, 510, 1020)
    assert (stored.max_needs, stored.weekly_cap_min, stored.languages) == (3, 240, "sh")
    assert set(skills) == {world.services["greeting"], world.services["door_visit"]}


def test_defaults_stand_where_the_file_is_silent(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A short list is enough to begin with."""
    bring_in(engine, write_csv([VOLUNTEER_HEAD, volunteer("Z1")]), "volunteers", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Volunteer).where(Volunteer.external_ref == "Z1")).one()
    assert (stored.weekdays, stored.max_needs, stored.weekly_cap_min, stored.trained_on) == (127, 5, 300, None)


def test_a_change_names_its_columns(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Before a file is applied the clerk sees whom it changes and in what."""
    bring_in(engine, write_csv([VOLUNTEER_HEAD, volunteer("Z1"), volunteer("Z2")]), "volunteers", now=noon)
    moved = volunteer("Z1")
    moved[4], moved[8] = "WEST", "两天一问候"

    outcome = bring_in(
        engine,
        write_csv([VOLUNTEER_HEAD, moved, volunteer("Z2")], name="b.csv"),
        "volunteers",
        now=noon,
        is_dry_run=True,
    )

    assert outcome.counts == (0, 1, 1)
    assert [(one.row, one.ref, one.columns) for one in outcome.differences] == [(2, "Z1", ("组织", "服务项目"))]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("出生日期", "2010-01-01", "too_young_to_give"),
        ("出生日期", "2027-01-01", "birth_impossible"),
        ("组织", "NORTH", "choice"),
        ("服务项目", "理发", "choice"),
        ("服务项目", "", "empty"),
    ],
)
def test_wrong_volunteers_are_told(
    engine: Engine, world: World, noon: datetime, write_csv: Write, column: str, value: str, code: str
) -> None:
    """By the rules in force nobody under 18 earns; a wrong organisation would see people who are not its own."""
    row = volunteer("Z1")
    row[VOLUNTEER_HEAD.index(column)] = value

    outcome = bring_in(engine, write_csv([VOLUNTEER_HEAD, row]), "volunteers", now=noon)

    assert codes(outcome) == [(2, column, code)]

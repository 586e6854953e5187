"""Projects come in as drafts, with their resources and slots."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, delete, func, select

from tests.imports.rows import PROJECT_HEAD, codes, project, snapshot
from tests.worlds import World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in, undo_batch
from timebank.people.tables import OrganisationArea
from timebank.projects.tables import Project, Slot

Write = Callable[..., Path]


def test_projects_come_in_as_drafts_and_go_back(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Two rows of one key are one project with two resources; undoing takes slots too."""
    before = snapshot(engine)
    path = write_csv([PROJECT_HEAD, project("P1", "B1"), project("P1", "B2")], name="p.csv")

    outcome = bring_in(engine, path, "projects", now=noon)
    copy = write_csv([PROJECT_HEAD, project("P1", "B1"), project("P1", "B2"), []])
    again = bring_in(engine, copy, "projects", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Project).where(Project.title_zh == "甘泉助浴")).one()
        slots = session.exec(select(func.count()).select_from(Slot).where(Slot.day >= date(2026, 12, 1))).one()
    assert (outcome.counts, again.counts) == ((1, 0, 0), (0, 0, 1))
    assert (stored.status, stored.budget_cents, slots) == ("draft", 5_000_000, 2 * 8)
    with transaction(engine) as session:
        undo_batch(session, again.batch_id or 0, now=noon)
        undo_batch(session, outcome.batch_id or 0, now=noon)
    assert snapshot(engine) == before


def test_wrong_projects_say_why(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Every fault is told at its own row and column, in the clerk's words; nothing of any project stays."""
    backwards, other_title, no_office = project("P1", "B1"), project("P2", "B3"), project("P3", "B4")
    doubled, taken, long = project("P4", "B4"), project("P5", "BATH-1"), project("P6", "B6")
    backwards[5] = "2026-11-01"
    other_title[2] = "别的名称"
    no_office[1] = "EAST"
    long[5] = "2030-12-31"
    before = snapshot(engine)
    rows = [PROJECT_HEAD, backwards, project("P2", "B2"), other_title, no_office, doubled, taken, long]

    outcome = bring_in(engine, write_csv(rows, name="p.csv"), "projects", now=noon)

    assert codes(outcome) == [
        (2, "结束日期", "period"),
        (4, "项目名称", "project_rows"),
        (5, "组织", "not_office"),
        (6, "资源编号", "doubled_code"),
        (7, "资源编号", "code_taken"),
        (8, "结束日期", "period"),
    ]
    assert snapshot(engine) == before


def test_what_the_bank_refuses_is_a_fault(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A project has at most fifty resources; the bank says so, and the clerk reads it in both languages."""
    rows = [project("P1", f"B{n}") for n in range(51)]
    before = snapshot(engine)

    outcome = bring_in(engine, write_csv([PROJECT_HEAD, *rows]), "projects", now=noon)

    assert codes(outcome) == [(2, "资源编号", "project")]
    assert outcome.faults[0].told("zh") == "项目不能建立：应为 1 到 50。"
    assert "1 to 50" in outcome.faults[0].told("en")
    assert snapshot(engine) == before


def test_a_project_that_stands_is_not_changed(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Seniors may have places in it by now; whoever wants another one gives it another number."""
    bring_in(engine, write_csv([PROJECT_HEAD, project("P1", "B1")]), "projects", now=noon)
    other = project("P1", "B1")
    other[16] = 3

    outcome = bring_in(engine, write_csv([PROJECT_HEAD, other], name="b.csv"), "projects", now=noon)

    assert codes(outcome) == [(2, "项目编号", "project_differs")]


def test_an_office_works_in_its_own_areas(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A project elsewhere would help nobody of the office's."""
    with transaction(engine) as session:
        session.execute(delete(OrganisationArea).where(col(OrganisationArea.area_id) == world.areas["310107004"]))

    outcome = bring_in(engine, write_csv([PROJECT_HEAD, project("P1", "B1")]), "projects", now=noon)

    assert codes(outcome) == [(2, "街镇", "office_elsewhere")]


def test_a_file_has_a_bounded_number_of_projects(
    engine: Engine, world: World, noon: datetime, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each brings up to thousands of slots."""
    monkeypatch.setattr("timebank.imports.projects.MOST_PROJECTS", 2)
    rows = [project(f"P{n}", f"B{n}") for n in range(4)]

    outcome = bring_in(engine, write_csv([PROJECT_HEAD, *rows]), "projects", now=noon)

    assert codes(outcome) == [(4, "项目编号", "many_projects")]

"""Projects come in as drafts, with their resources and slots."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import func, select

from tests.imports.rows import PROJECT_HEAD, codes, project, snapshot
from tests.worlds import World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in, undo_batch
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
    """What the bank refuses is a fault of the row; nothing of any project stays."""
    backwards, other_title, no_office = project("P1", "B1"), project("P2", "B3"), project("P3", "B4")
    backwards[5] = "2026-11-01"
    other_title[2] = "别的名称"
    no_office[1] = "EAST"
    before = snapshot(engine)
    rows = [PROJECT_HEAD, backwards, project("P2", "B2"), other_title, no_office]

    outcome = bring_in(engine, write_csv(rows, name="p.csv"), "projects", now=noon)

    assert set(codes(outcome)) == {(4, "项目名称", "project_rows"), (2, "endsOn", "project"), (5, "组织", "not_office")}
    assert snapshot(engine) == before

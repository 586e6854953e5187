"""A batch is taken back exactly, unless later work rests on it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update

from tests.imports.conftest import Undo
from tests.imports.rows import (
    HEAD,
    PROJECT_HEAD,
    TABLES,
    VOLUNTEER_HEAD,
    identity,
    project,
    senior,
    snapshot,
    volunteer,
)
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.texts import say_refusal
from timebank.imports.batches import bring_in, list_batches
from timebank.imports.changes import PARENTS_FIRST, BatchUndoneAlready, RowChangedSince
from timebank.people.tables import Senior
from timebank.tables import METADATA

Write = Callable[..., Path]


def test_undo_takes_everything_back(engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo) -> None:
    """A wrong file is gone as if it had never come: added rows, changed rows, removed rows."""
    mine, new = volunteer("V1"), volunteer("Z9")
    new[8] = "两天一问候;一周一上门"
    before = snapshot(engine)
    batch = bring_in(engine, write_csv([VOLUNTEER_HEAD, mine, new]), "volunteers", now=noon)
    after = snapshot(engine)

    undo(batch.batch_id)

    assert batch.counts == (1, 1, 0)
    assert after != before
    assert snapshot(engine) == before


def test_undo_of_new_and_of_changed_persons_in_one_batch(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A new senior without categories and a changed telephone: rows go after those that refer to them."""
    old, new = senior(1), senior(2)
    bring_in(engine, write_csv([HEAD, old]), "seniors", now=noon)
    before = snapshot(engine)
    old[3], new[8] = "17000000009", ""
    batch = bring_in(engine, write_csv([HEAD, old, new], name="b.csv"), "seniors", now=noon)

    undo(batch.batch_id)

    assert batch.counts == (1, 1, 0)
    assert snapshot(engine) == before


def test_undo_of_changed_seniors_restores_every_field(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """Dates, hashes and sealed fields come back exactly."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    before = snapshot(engine)
    other = senior(1)
    other[1], other[3], other[8] = "另名", "17000000009", "低保家庭"
    batch = bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon + timedelta(days=1))

    undo(batch.batch_id)

    assert snapshot(engine) == before


def test_undo_of_a_part_leaves_the_person(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A volunteer who was brought in as a senior too is a volunteer still, as before."""
    head, row = [*VOLUNTEER_HEAD, "身份证号"], [*volunteer("Z1"), identity(1)]
    row[1], row[2], row[3] = "张老人1", "1945-01-01", "女"
    bring_in(engine, write_csv([head, row], name="v.csv"), "volunteers", now=noon)
    before = snapshot(engine)
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)

    undo(batch.batch_id)

    assert snapshot(engine) == before


def test_undo_leaves_what_others_added_beside_it(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A category that a later file added stays when an earlier change is taken back."""
    first, second = senior(1), senior(1)
    first[8], second[8] = "孤老;独居老年人;重残", "孤老;独居老年人;重残;低保家庭"
    bring_in(engine, write_csv([HEAD, senior(1)], name="a.csv"), "seniors", now=noon)
    batch = bring_in(engine, write_csv([HEAD, first], name="b.csv"), "seniors", now=noon)
    bring_in(engine, write_csv([HEAD, second], name="c.csv"), "seniors", now=noon)

    undo(batch.batch_id)

    held = snapshot(engine)["SeniorCategory"]
    assert sum("low_income" in row for row in held) == 1
    assert sum("severe_registered_disability" in row for row in held) == 0


def test_undo_twice_is_refused(engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo) -> None:
    """The second time there is nothing to take back."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    undo(batch.batch_id)

    with pytest.raises(BatchUndoneAlready) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value) == f"批次 {batch.batch_id} 已经撤销过；数据未作任何改动。"


def test_undo_of_a_row_that_changed_since_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """Later work is never thrown away; the clerk reads whose row it is."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    with transaction(engine) as session:
        session.execute(update(Senior).where(Senior.external_ref == "L1").values(status="moved"))  # type: ignore[arg-type]  # SQLModel columns compare to SQL
    before = snapshot(engine)

    with pytest.raises(RowChangedSince) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value) == (
        f"批次 {batch.batch_id} 不能撤销：老年人“L1”在导入之后又有改动。数据未作任何改动。"
    )
    assert snapshot(engine) == before


@pytest.mark.parametrize(("name", "other"), [("张老人1", "张老人 1"), ("zhang", "Zhang"), ("a-b", "ab")])
def test_the_smallest_change_since_is_seen(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo, name: str, other: str
) -> None:  # fmt: skip
    """A name that differs by a space, by case or by a hyphen is another name."""
    row, mended = senior(1), senior(1)
    row[1], mended[1] = name, other
    batch = bring_in(engine, write_csv([HEAD, row]), "seniors", now=noon)
    bring_in(engine, write_csv([HEAD, mended], name="b.csv"), "seniors", now=noon)

    with pytest.raises(RowChangedSince) as refused:
        undo(batch.batch_id)

    assert (refused.value.table, refused.value.row) == ("person", "L1")


@pytest.mark.parametrize(
    ("statement", "table", "row"),
    [
        ("UPDATE project SET status = 'running' WHERE title_zh = '甘泉助浴'", "project", "甘泉助浴"),
        ("UPDATE resource SET name_zh = '新' WHERE code = 'B1'", "resource", "B1"),
        ("UPDATE slot SET places = 9 WHERE day = '2026-12-03'", "slot", "B1 2026-12-03"),
        ("DELETE FROM slot WHERE day = '2026-12-03'", "slot", ""),
    ],
)
def test_a_project_that_was_changed_is_named(
    engine: Engine,
    world: World,
    noon: datetime,
    write_csv: Write,
    undo: Undo,
    statement: str,
    table: str,
    row: str,
) -> None:
    """What was changed since is told as a clerk calls it."""
    batch = bring_in(engine, write_csv([PROJECT_HEAD, project("P1", "B1")]), "projects", now=noon)
    with transaction(engine) as session:
        session.execute(text(statement))

    with pytest.raises(RowChangedSince) as refused:
        undo(batch.batch_id)

    assert refused.value.table == table
    assert refused.value.row.startswith(row)


def test_undone_file_can_come_again(engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo) -> None:
    """Taking back is no ban."""
    path = write_csv([HEAD, senior(1)])
    batch = bring_in(engine, path, "seniors", now=noon)
    undo(batch.batch_id)

    again = bring_in(engine, path, "seniors", now=noon)

    assert (again.is_replay, again.counts) == (False, (1, 0, 0))
    with transaction(engine, read_only=True) as session:
        assert [one.status for one in list_batches(session)] == ["applied", "undone"]


def test_imports_write_the_tables_that_undoing_knows() -> None:
    """A table that is missing there would stay when its batch is undone; one before its parent could not go."""
    names = [str(table.__tablename__) for table in TABLES]
    place = {name: n for n, name in enumerate(PARENTS_FIRST)}
    backwards = [
        (name, key.column.table.name)
        for name in names
        for key in METADATA.tables[name].foreign_keys
        if place.get(key.column.table.name, -1) > place[name]
    ]

    assert set(PARENTS_FIRST) == set(names)
    assert backwards == []


def test_undo_works_in_a_process_of_its_own(
    engine: Engine, database_url: str, world: World, noon: datetime, write_csv: Write
) -> None:
    """The command knows fewer tables than the tests do, and takes back the same."""
    before = snapshot(engine)
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    command = [sys.executable, "-c", "from timebank.imports.command import app; app()", "undo", str(batch.batch_id)]
    environment = os.environ | {"DATABASE_URL": database_url}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert snapshot(engine) == before

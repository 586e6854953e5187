"""A batch is taken back exactly, unless later work rests on it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, select

from tests.imports.rows import (
    HEAD,
    NEED_HEAD,
    PROJECT_HEAD,
    TABLES,
    VOLUNTEER_HEAD,
    identity,
    need,
    project,
    senior,
    snapshot,
    volunteer,
)
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.texts import catalogue, say_refusal
from timebank.imports.batches import bring_in, list_batches, undo_batch
from timebank.imports.changes import PARENTS_FIRST, BatchUndoneAlready, RowChangedSince, RowInUse
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.posting import Posting, post
from timebank.people.tables import Senior, Volunteer
from timebank.planning.tables import Pair, Plan
from timebank.projects.tables import Booking, Resource, Slot
from timebank.tables import METADATA, ledger, needs, people, planning, projects, visits
from timebank.visits.tables import Visit

Write = Callable[..., Path]
Undo = Callable[[int | None], None]


@pytest.fixture
def undo(engine: Engine, noon: datetime) -> Undo:
    """Take a batch back."""

    def run(batch: int | None) -> None:
        with transaction(engine) as session:
            undo_batch(session, batch or 0, now=noon)

    return run


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


def _plan(session: Session, noon: datetime) -> int:
    plan = Plan(input_hash="x", starts_on=MONDAY, horizon_days=28, status="OPTIMAL", objective=0, bound=0, seed=0,
                method="by hand", payload=b"", created_at=noon)  # fmt: skip
    session.add(plan)
    session.flush()
    return plan.id or 0


def pair(session: Session, world: World, noon: datetime) -> None:
    """Pair the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    session.add(Pair(plan_id=_plan(session, noon), need_id=world.needs["S1-greeting"], volunteer_id=who, distance_m=1,
                     rank=1, candidates=1))  # fmt: skip


def visit(session: Session, world: World, noon: datetime) -> None:
    """Plan two visits of the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    plan = _plan(session, noon)
    for n in (0, 2):
        session.add(Visit(plan_id=plan, need_id=world.needs["S1-greeting"], volunteer_id=who,
                          day=MONDAY + timedelta(days=n), starts_min=540, planned_min=10))  # fmt: skip


def transfer(session: Session, world: World, noon: datetime) -> None:
    """Give the volunteer of the batch ten minutes."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    accounts = open_accounts(session, world.book, [{"code": "Z1", "kind": "member", "person_id": who}])
    issuing = account_id(session, world.book, ISSUANCE)
    ten_minutes = Posting(
        book_id=world.book,
        idem_key="x",
        reason="visit",
        debit_id=issuing,
        credit_id=accounts["Z1"],
        amount_min=10,
        effective_at=noon,
    )
    post(session, ten_minutes, now=noon)


def account(session: Session, world: World, noon: datetime) -> None:
    """Open an account for the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    open_accounts(session, world.book, [{"code": "Z1", "kind": "member", "person_id": who}])


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (pair, "其中的志愿者已有后续数据（结对：1）"),
        (visit, "其中的志愿者已有后续数据（上门或问候：2）"),
        (transfer, "其中的人员信息已有后续数据（时间币转账：1）"),
        (account, "其中的人员信息已有后续数据（时间币账户：1）"),
    ],
)
def test_undo_under_later_work_is_refused_in_words(
    engine: Engine,
    world: World,
    noon: datetime,
    write_csv: Write,
    undo: Undo,
    work: Callable[[Session, World, datetime], None],
    told: str,
) -> None:
    """A volunteer who is paired, visits or holds time by now is not taken away under it."""
    batch = bring_in(engine, write_csv([VOLUNTEER_HEAD, volunteer("Z1")]), "volunteers", now=noon)
    with transaction(engine) as session:
        work(session, world, noon)
    before = snapshot(engine)

    with pytest.raises(RowInUse) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value) == f"批次 {batch.batch_id} 不能撤销：{told}。数据未作任何改动。"
    assert snapshot(engine) == before


def test_undo_of_seniors_with_needs_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """First the needs go, then the seniors; each in its own batch, in the other order."""
    seniors = bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)
    needs = bring_in(engine, write_csv([NEED_HEAD, need("X1", "L2")], name="n.csv"), "needs", now=noon)

    with pytest.raises(RowInUse) as refused:
        undo(seniors.batch_id)
    undo(needs.batch_id)
    undo(seniors.batch_id)

    assert (refused.value.table, refused.value.dependent, refused.value.count) == ("senior", "need", 1)
    with transaction(engine, read_only=True) as session:
        assert [one.status for one in list_batches(session)] == ["undone", "undone"]


def test_undo_of_a_booked_project_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A senior who was promised a place keeps it."""
    batch = bring_in(engine, write_csv([PROJECT_HEAD, project("P1", "B1")]), "projects", now=noon)
    with transaction(engine) as session:
        slot = session.exec(select(Slot).join(Resource).where(Resource.code == "B1")).first()
        assert slot is not None
        session.add(Booking(slot_id=slot.id or 0, need_id=world.needs["S2-bath"]))

    with pytest.raises(RowInUse) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value, "en") == (
        f"Batch {batch.batch_id} cannot be undone: later work rests on its slots (bookings: 1). Nothing has changed."
    )


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


def test_tables_that_rest_on_imports_have_words() -> None:
    """A clerk who is told no is told why, not the name of a table."""
    mine = {METADATA.tables[str(table.__tablename__)] for table in TABLES}
    rooms = (ledger, needs, people, planning, projects, visits)
    known = {getattr(model, "__tablename__", "") for room in rooms for model in vars(room).values()}
    resting = {
        table.name
        for table in METADATA.sorted_tables
        if table.name in known and any(key.column.table in mine for key in table.foreign_keys)
    }

    assert len(resting) > 10
    assert {f"dependent_{name}" for name in resting | {"transfer"}} <= set(catalogue())
    assert {f"table_{table.name}" for table in mine} <= set(catalogue())

"""A batch is taken back exactly, unless later work stands on it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, update

from tests.imports.rows import HEAD, NEED_HEAD, need, senior, snapshot
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.imports.batches import bring_in, list_batches, undo_batch
from timebank.imports.changes import BatchNotUndone
from timebank.people.tables import Senior

Write = Callable[..., Path]


def test_undo_takes_everything_back(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A wrong file is gone as if it had never come: added rows, changed rows, removed rows."""
    head = ["编号", "姓名", "出生日期", "性别", "组织", "街镇", "纬度", "经度", "服务项目"]
    mine = ["V1", "改名", "1965-01-01", "女", "EAST", "甘泉路街道", 31.264, 121.431, "一周一上门"]
    new = ["Z9", "新来", "1970-05-05", "男", "EAST", "甘泉路街道", 31.264, 121.431, "两天一问候;一周一上门"]
    before = snapshot(engine)
    batch = bring_in(engine, write_csv([head, mine, new], name="volunteers.csv"), "volunteers", now=noon)
    after = snapshot(engine)

    with transaction(engine) as session:
        undone = undo_batch(session, batch.batch_id or 0, now=noon)

    assert batch.counts == (1, 1, 0)
    assert after != before
    assert snapshot(engine) == before
    assert undone.status == "undone"


def test_undo_of_changed_seniors_restores_every_field(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Dates, hashes and sealed fields come back exactly."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    before = snapshot(engine)
    other = senior(1)
    other[1], other[3], other[8] = "另名", "17000000009", "低保家庭"
    batch = bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon + timedelta(days=1))

    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert snapshot(engine) == before


def test_undo_twice_is_refused(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The second time there is nothing to take back."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert refused.value.reason == "already"


def test_undo_of_a_row_that_changed_since_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Later work is never thrown away."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    with transaction(engine) as session:
        session.execute(update(Senior).where(Senior.external_ref == "L1").values(status="moved"))  # type: ignore[arg-type]  # SQLModel columns compare to SQL
    before = snapshot(engine)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert (refused.value.reason, refused.value.table) == ("changed", "senior")
    assert snapshot(engine) == before


def test_undo_of_a_row_that_others_use_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A senior who has a need by now is not taken away under it."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    bring_in(engine, write_csv([NEED_HEAD, need("X1", "L1")], name="needs.csv"), "needs", now=noon)
    before = snapshot(engine)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert refused.value.reason == "used"
    assert snapshot(engine) == before


def test_undone_file_can_come_again(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Taking back is no ban."""
    path = write_csv([HEAD, senior(1)])
    batch = bring_in(engine, path, "seniors", now=noon)
    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    again = bring_in(engine, path, "seniors", now=noon)

    assert (again.is_replay, again.counts) == (False, (1, 0, 0))
    with transaction(engine, read_only=True) as session:
        assert [one.status for one in list_batches(session)] == ["applied", "undone"]


def test_unknown_batch_is_not_found(session: Session, noon: datetime) -> None:
    """A wrong number is said so."""
    with pytest.raises(NotFound):
        undo_batch(session, 99, now=noon)

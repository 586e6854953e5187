"""A file is looked at field by field before it is applied, and taken back as it was applied: whole."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from tests.imports.rows import HEAD, senior
from tests.registry.conftest import stored
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in, undo_batch
from timebank.people.tables import Senior
from timebank.registry.differences import apply, review, told
from timebank.registry.refusals import DifferencesChanged
from timebank.registry.statistics import seniors_by_category

Write = Callable[..., Path]
LEFT = ("import_batch", "import_change")


@pytest.fixture
def later(engine: Engine, world: World, noon: datetime, write_csv: Write) -> Path:
    """A register of L1 and L2, and a later file: L1 has another name and telephone and one category less, L3 is new."""
    bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)
    changed, new = senior(1), senior(3)
    changed[1], changed[3], changed[8] = "张新名", "17000000077", "孤老"
    return write_csv([HEAD, changed, new], name="later.csv")


def test_review_shows_each_person_and_field(engine: Engine, world: World, noon: datetime, later: Path) -> None:
    """Before and after, masked unless a clerk asks; new and gone by number; and nothing is written."""
    with transaction(engine, read_only=True) as session:
        before = stored(session)
    found, full = review(engine, later, now=noon), review(engine, later, now=noon, full=True)
    with transaction(engine, read_only=True) as session:
        after = stored(session)

    (changed,), (shown,) = found.changed, full.changed
    assert (found.new, found.gone) == (("L3",), ("L2", "S1", "S2", "S3", "S4"))
    assert changed.ref == "L1"
    assert [tuple(one) for one in changed.fields] == [
        ("name", "张老***", "张***"),
        ("phone", "17***", "17***"),
        ("categories", "孤老、独居老年人", "孤老"),
    ]
    assert [one.after for one in shown.fields] == ["张新名", "17000000077", "孤老"]
    assert (found.mark, after) == (full.mark, before)
    assert told(found)[0] == f"新增 1，变更 1，不在表中 5（核对码 {found.mark}）"
    assert "变更 L1 姓名：张老*** → 张***" in told(found)


@pytest.mark.parametrize("is_complete", [False, True])
def test_applied_file_is_one_batch_that_is_undone(
    engine: Engine,
    world: World,
    noon: datetime,
    later: Path,
    is_complete: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Of a complete file those who are gone leave every list on the day, and come back with the undoing."""
    day = MONDAY + timedelta(days=1)
    with transaction(engine, read_only=True) as session:
        before = stored(session, but=LEFT)
    mark = review(engine, later, now=noon).mark
    done = apply(engine, later, now=noon, mark=mark, is_complete=is_complete)
    with transaction(engine) as session:
        counts = seniors_by_category(session, day)
        gone = session.connection().execute(Senior.__table__.select().where(Senior.status == "unlisted")).all()  # type: ignore[attr-defined]  # SQLModel adds it
        undo_batch(session, done.batch_id or 0, now=noon)
        after = stored(session, but=LEFT)

    assert done.counts == ((1, 6, 0) if is_complete else (1, 1, 0))
    assert sorted(row.external_ref for row in gone) == (["L2", "S1", "S2", "S3", "S4"] if is_complete else [])
    assert counts["childless"] == (2 if is_complete else 3)
    assert after == before


def test_what_was_looked_at_is_what_is_applied(engine: Engine, world: World, noon: datetime, later: Path) -> None:
    """When the registry has changed since, nothing is done; looked at anew, it is; applied twice it is applied once."""
    mark = review(engine, later, now=noon).mark
    with transaction(engine) as session:
        session.connection().execute(update(Senior).where(Senior.external_ref == "S4").values(status="deceased"))  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        before = stored(session)
    with pytest.raises(DifferencesChanged):
        apply(engine, later, now=noon, mark=mark)
    with transaction(engine, read_only=True) as session:
        assert stored(session) == before

    done = [apply(engine, later, now=noon, mark=review(engine, later, now=noon).mark)]
    done.append(apply(engine, later, now=noon))

    assert [one.is_replay for one in done] == [False, True]


def test_file_with_a_fault_does_nothing(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Its faults are told as an import tells them."""
    wrong = senior(1)
    wrong[4] = "没有的街道"

    found = review(engine, write_csv([HEAD, wrong]), now=noon)

    assert (found.outcome.fault_count, found.new, found.changed) == (1, (), ())
    assert apply(engine, write_csv([HEAD, wrong], name="b.csv"), now=noon).batch_id is None

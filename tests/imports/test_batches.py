"""A file is brought in whole or not at all, and once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import func, select

from tests.imports.rows import HEAD, codes, senior, snapshot
from tests.worlds import World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in
from timebank.imports.tables import ImportBatch, ImportChange
from timebank.people.tables import Senior

Write = Callable[..., Path]


def test_a_faulty_file_changes_nothing(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Half a register is worse than none."""
    before = snapshot(engine)
    wrong = senior(2)
    wrong[2] = "310107194501010021"

    outcome = bring_in(engine, write_csv([HEAD, senior(1), wrong]), "seniors", now=noon)

    assert codes(outcome) == [(3, "身份证号", "identity")]
    assert outcome.faults[0].value == "31***"
    assert snapshot(engine) == before


def test_a_dry_run_changes_nothing_and_counts_the_same(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """What a look says is what happens."""
    path, before = write_csv([HEAD, senior(1)]), snapshot(engine)

    looked = bring_in(engine, path, "seniors", now=noon, is_dry_run=True)
    between = snapshot(engine)
    applied = bring_in(engine, path, "seniors", now=noon)

    assert between == before
    assert looked.counts == applied.counts == (1, 0, 0)


def test_bringing_in_twice_changes_nothing(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The same file again is the same batch; the same rows in another file are as they were."""
    path = write_csv([HEAD, senior(1)])
    first = bring_in(engine, path, "seniors", now=noon)
    before = snapshot(engine)

    again = bring_in(engine, path, "seniors", now=noon)
    other = bring_in(engine, write_csv([HEAD, senior(1), []], name="copy.csv"), "seniors", now=noon)

    assert (again.is_replay, again.batch_id) == (True, first.batch_id)
    assert other.counts == (0, 0, 1)
    assert snapshot(engine) == before


def test_two_imports_at_once_do_not_double(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A second click, or a second clerk, finds the batch of the first."""
    path = write_csv([HEAD, *(senior(n) for n in range(1, 30))])

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: bring_in(engine, path, "seniors", now=noon), range(2)))

    with transaction(engine, read_only=True) as session:
        count = session.exec(select(func.count()).select_from(Senior)).one()
    assert count == len(world.seniors) + 29
    assert sorted(one.is_replay for one in both) == [False, True]


def test_nothing_of_a_person_is_stored_in_plain(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The notes for undoing hold what was there before; they are sealed too."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    other = senior(1)
    other[1] = "改过的名"
    bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon)

    with transaction(engine, read_only=True) as session:
        notes = session.exec(select(ImportChange)).all()
        batches = session.exec(select(ImportBatch)).all()
    sealed = b"".join(note.before or b"" for note in notes)
    assert any(note.before for note in notes)
    assert "张老人1".encode() not in sealed
    assert "张老人1" not in repr([(note.row_key, note.after_digest) for note in notes])
    assert len(batches) == 2

"""A file is brought in whole or not at all, and once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select

from tests.by_hand import full_for
from tests.imports.rows import HEAD, NEED_HEAD, codes, need, senior, snapshot
from tests.worlds import World
from timebank.core.database import open_database, transaction
from timebank.core.errors import NotFound, StoreUnavailable
from timebank.imports.batches import bring_in, list_batches, undo_batch
from timebank.imports.tables import ImportBatch, ImportChange
from timebank.needs.tables import Need, Service
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
    assert outcome.counts == (0, 0, 0)
    assert snapshot(engine) == before


def test_a_corrected_file_comes_in_after_a_faulty_one(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """The faulty one left nothing that stands in the way."""
    wrong = senior(2)
    wrong[2] = "310107194501010021"
    bring_in(engine, write_csv([HEAD, senior(1), wrong]), "seniors", now=noon)

    outcome = bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)

    assert (outcome.counts, outcome.is_replay) == ((2, 0, 0), False)


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


def test_the_same_file_in_another_system_is_another_file(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Whoever forgot to say that places are of a Chinese map brings the same file again, and it counts."""
    path = write_csv([HEAD, senior(1)])
    bring_in(engine, path, "seniors", now=noon)

    again = bring_in(engine, path, "seniors", now=noon, system="GCJ-02")

    assert (again.is_replay, again.counts) == (False, (0, 1, 0))
    assert again.differences[0].columns == ("纬度", "经度")


def test_two_imports_at_once_do_not_double(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A second click, or a second clerk, finds the batch of the first."""
    path = write_csv([HEAD, *(senior(n) for n in range(1, 30))])

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: bring_in(engine, path, "seniors", now=noon), range(2)))

    with transaction(engine, read_only=True) as session:
        count = session.exec(select(func.count()).select_from(Senior)).one()
    assert count == len(world.seniors) + 29
    assert sorted(one.is_replay for one in both) == [False, True]


def test_an_import_and_its_undoing_at_once_end_as_one_after_the_other(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A need that comes in while its senior is taken back either stops that, or finds nobody."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    path = write_csv([NEED_HEAD, need("X1", "L1")], name="n.csv")

    def undo() -> str:
        with transaction(engine) as session:
            return undo_batch(session, batch.batch_id or 0, now=noon).status

    with ThreadPoolExecutor(2) as pool:
        brought, undone = pool.submit(bring_in, engine, path, "needs", now=noon), pool.submit(undo)
        refused = undone.exception()

    with transaction(engine, read_only=True) as session:
        needs = session.exec(select(func.count()).select_from(Need).where(col(Need.external_ref) == "X1")).one()
        seniors = session.exec(select(func.count()).select_from(Senior).where(col(Senior.external_ref) == "L1")).one()
    assert (needs, seniors) == ((1, 1) if refused else (0, 0))
    assert (brought.result().fault_count == 0) == (refused is not None)


def test_a_row_that_is_changed_meanwhile_is_not_overwritten(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """An import writes whole rows: it waits for whoever is changing one, and keeps what they changed."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    moved = senior(1)
    moved[6] = 31.265
    path = write_csv([HEAD, moved], name="b.csv")

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            session.execute(text("UPDATE senior SET status = 'moved' WHERE external_ref = 'L1'"))
            brought = pool.submit(bring_in, engine, path, "seniors", now=noon)
            _wait_for_a_waiter(engine, session.connection().dialect.name)
        outcome = brought.result()

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
    assert outcome.counts == (0, 1, 0)
    assert (stored.status, stored.lat_deg) == ("moved", 31.265)


def _wait_for_a_waiter(engine: Engine, dialect: str) -> None:
    """Go on when another transaction waits for a row; on SQLite it waits from its beginning."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    looks = 10_000 if dialect == "postgresql" else 0
    for _ in range(looks):
        with engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return


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


def test_notes_are_written_in_portions(
    engine: Engine, world: World, noon: datetime, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds a portion, and a batch of many portions is taken back like any other."""
    monkeypatch.setattr("timebank.imports.changes.PORTION", 3)
    monkeypatch.setattr("timebank.imports.seniors.PORTION", 3)
    before = snapshot(engine)

    batch = bring_in(engine, write_csv([HEAD, *(senior(n) for n in range(1, 9))]), "seniors", now=noon)

    with transaction(engine) as session:
        numbers = session.exec(select(ImportChange.n).order_by(col(ImportChange.n))).all()
        undo_batch(session, batch.batch_id or 0, now=noon)
    assert list(numbers) == list(range(1, 8 * 4 + 1))
    assert snapshot(engine) == before


def test_a_locked_database_is_said_to_be_locked(
    database_url: str, engine: Engine, world: World, noon: datetime, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes for long: nothing changes, and trying again helps."""
    monkeypatch.setattr("timebank.core.database.BUSY_TIMEOUT_MS", 10)
    monkeypatch.setattr("timebank.core.database.LOCK_TIMEOUT_MS", 10)
    impatient = open_database(database_url)
    path, before = write_csv([HEAD, senior(1)]), snapshot(engine)

    with transaction(engine) as session:
        _hold(session)
        with pytest.raises(StoreUnavailable, match="locked"):
            bring_in(impatient, path, "seniors", now=noon)

    assert snapshot(engine) == before
    assert bring_in(impatient, path, "seniors", now=noon).counts == (1, 0, 0)
    impatient.dispose()


def _hold(session: Session) -> None:
    """Take what an import waits for."""
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('import'))"))


def test_a_full_disk_leaves_nothing(
    database_url: str, engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """The disk fills in the middle of the rows: none of them stays, and the words say what to do."""
    before = snapshot(engine)
    path = write_csv([HEAD, *(senior(n) for n in range(1, 300))])

    with pytest.raises(StoreUnavailable, match="full"):
        _bring_in_on_a_full_disk(engine, path, noon)

    assert snapshot(engine) == before


def _bring_in_on_a_full_disk(engine: Engine, path: Path, noon: datetime) -> None:
    """Let the database refuse to grow; PostgreSQL cannot be told so, and is made to say what it would say."""
    if engine.dialect.name == "postgresql":
        with full_for(engine, "import_change"):
            bring_in(engine, path, "seniors", now=noon)
        return
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    bring_in(engine, path, "seniors", now=noon)


def test_a_database_without_a_district_says_so(engine: Engine, noon: datetime, write_csv: Write) -> None:
    """A clerk who is first to come learns that somebody has to set it up, not that every value is wrong."""
    outcome = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)

    assert codes(outcome) == [(2, "街镇", "choice_none"), (2, "居委", "choice_none")]
    with transaction(engine, read_only=True) as session:
        assert session.exec(select(Service)).all() == []


def test_unknown_batch_is_not_found(session: Session, noon: datetime) -> None:
    """A wrong number is said so."""
    with pytest.raises(NotFound):
        undo_batch(session, 99, now=noon)


def test_the_newest_batches_are_listed(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The last one is the one that is looked for."""
    for n in (1, 2, 3):
        bring_in(engine, write_csv([HEAD, senior(n)], name=f"{n}.csv"), "seniors", now=noon)

    with transaction(engine, read_only=True) as session:
        names = [batch.file_name for batch in list_batches(session, first=2)]

    assert names == ["3.csv", "2.csv"]

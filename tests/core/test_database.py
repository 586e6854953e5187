"""The way to a database behaves the same on SQLite and PostgreSQL."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, QueuePool, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from tests.together import at_once
from timebank.core.database import (
    BULK_CACHE_KB,
    database,
    expect_much,
    open_database,
    told_in_words,
    transaction,
    wait_turn,
)
from timebank.core.errors import StoreDiffers, StoreUnavailable
from timebank.core.schema import downgrade, upgrade
from timebank.core.tables import Milestone


def test_clean_exit_commits(engine: Engine, noon: datetime) -> None:
    """One session is one transaction: leaving it cleanly stores what it did."""
    with transaction(engine) as session:
        session.add(Milestone(name="first", reached_at=noon))

    with transaction(engine, read_only=True) as session:
        found = session.get_one(Milestone, "first")

    assert found.reached_at == noon
    assert found.reached_at.tzinfo is UTC


def test_fault_rolls_back(engine: Engine, noon: datetime) -> None:
    """Nothing is half-done: a fault inside takes everything back."""
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        session.add(Milestone(name="lost", reached_at=noon))
        session.flush()
        _ = 1 // 0

    with transaction(engine, read_only=True) as session:
        assert session.get(Milestone, "lost") is None


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    """SQLite enforces references only when it is told to on each connection."""
    insert = text("INSERT INTO organisation_area (organisation_id, area_id) VALUES (1, 1)")

    with pytest.raises(Exception, match=r"(?i)foreign key"), transaction(engine) as session:
        session.execute(insert)


def test_read_only_refuses_to_write(engine: Engine, noon: datetime) -> None:
    """A query of the API that could write would be a hole; the database itself says no, and then goes on."""
    with pytest.raises(ValueError, match="only reads"), transaction(engine, read_only=True) as session:
        session.add(Milestone(name="sneaked", reached_at=noon))

    with transaction(engine) as session:
        assert session.get(Milestone, "sneaked") is None
        session.add(Milestone(name="allowed", reached_at=noon))


def test_read_only_refuses_sql_by_hand(engine: Engine) -> None:
    """Not only rows of the code are refused."""
    with pytest.raises(ValueError, match="only reads"), transaction(engine, read_only=True) as session:
        session.execute(text("DELETE FROM milestone"))


def test_writers_of_one_thing_take_turns(engine: Engine, noon: datetime) -> None:
    """The second sees what the first has done, though it asked before the first had committed."""

    def count_and_add(session: Session) -> int:
        wait_turn(session, "milestones")
        found = session.connection().execute(text("SELECT count(*) FROM milestone")).scalar_one()
        session.add(Milestone(name=f"m{found}", reached_at=noon))
        return int(found)

    assert at_once(engine, count_and_add, count_and_add) == (0, 1)


def test_domain_code_cannot_commit(session: Session, noon: datetime) -> None:
    """A commit in the middle would store half of what belongs together."""
    session.add(Milestone(name="half", reached_at=noon))
    session.flush()

    with pytest.raises(Exception, match="transaction"), session.begin():
        pass


def test_fault_of_a_statement_shows_no_values(engine: Engine, noon: datetime) -> None:
    """What is in a statement can be personal data; errors end in logs."""
    with pytest.raises(IntegrityError) as caught, transaction(engine) as session:
        session.execute(
            text("INSERT INTO person (name, gender, born_on) VALUES (:name, 'none', '1940-01-01')"), {"name": b"Wang"}
        )

    assert "Wang" not in str(caught.value)


def test_database_that_is_not_prepared_is_told_so(engine: Engine) -> None:
    """A first start without an upgrade must not look like a fault of the program."""
    downgrade(engine)

    with pytest.raises(StoreDiffers, match="timebank upgrade"), transaction(engine) as session:
        session.get(Milestone, "first")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_locked_sqlite_is_unavailable(engine: Engine, database_url: str, noon: datetime) -> None:
    """Another program that holds the file for long: a plain sentence, and nothing changed."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")

    with database(database_url) as other, other.begin():
        with pytest.raises(StoreUnavailable, match="locked by another writer"), transaction(engine) as session:
            session.add(Milestone(name="late", reached_at=noon))
        with transaction(engine, read_only=True) as session:
            assert session.get(Milestone, "late") is None


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_locked_postgresql_is_unavailable(engine: Engine, noon: datetime) -> None:
    """A lock that does not come in time is no fault of the asker."""
    with transaction(engine) as holder:
        holder.execute(text("LOCK TABLE milestone IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreUnavailable, match="locked by another writer"), transaction(engine) as session:
            session.execute(text("SET LOCAL lock_timeout = 1"))
            session.add(Milestone(name="late", reached_at=noon))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_lost_commit_is_told_as_unsure(engine: Engine, noon: datetime) -> None:
    """Whether a commit that was cut off is stored nobody knows; to say that nothing changed would be a lie."""
    with pytest.raises(StoreUnavailable, match="not known"), transaction(engine) as session:
        session.add(Milestone(name="cut", reached_at=noon))
        session.flush()
        own = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        event.listen(session, "before_commit", lambda _session: _end(engine, own))


def _end(engine: Engine, process: int) -> None:
    with engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_lost_connection_is_unavailable(engine: Engine, noon: datetime) -> None:
    """A server that restarts in the middle: nothing has changed, and the next transaction finds it again."""
    with pytest.raises(StoreUnavailable, match="nothing has changed"), transaction(engine) as session:
        own = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        _end(engine, own)
        session.add(Milestone(name="lost", reached_at=noon))

    with transaction(engine) as session:
        assert session.get(Milestone, "lost") is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u@127.0.0.1:1/timebank", "Is it running"),
        ("postgresql://u@no-such-host.invalid/timebank", "Is it running"),
    ],
)
def test_server_that_is_down_is_unavailable(url: str, words: str) -> None:
    """Whoever starts the program first reads what to look at, not a traceback of a driver."""
    with database(url) as engine, pytest.raises(StoreUnavailable, match=words), transaction(engine) as session:
        session.get(Milestone, "first")


def test_unknown_database_of_a_server_is_told(postgres_url: str) -> None:
    """A typing fault in the name is no outage."""
    with database(postgres_url.format("nothing")) as engine, pytest.raises(StoreUnavailable, match="DATABASE_URL"):
        upgrade(engine)


def test_crowded_pool_is_unavailable() -> None:
    """When every connection is in use, the next one is asked to come again."""
    opening: Any = partial(sqlite3.connect, ":memory:")
    pool = QueuePool(opening, pool_size=1, max_overflow=0, timeout=0)
    held = pool.connect()

    with pytest.raises(StoreUnavailable, match="in use"), told_in_words():
        pool.connect()

    held.close()
    pool.dispose()


def test_folder_of_the_file_is_made(tmp_path: Path) -> None:
    """The first start on a machine needs no preparation."""
    with database(f"sqlite:///{tmp_path}/new/deep/district.sqlite") as engine, engine.connect():
        pass

    assert (tmp_path / "new" / "deep" / "district.sqlite").is_file()


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The sentence names the folder and what to set."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match=r"file/under of the database cannot be made.*TIMEBANK_HOME"):
        open_database(f"sqlite:///{tmp_path}/file/under/district.sqlite")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"no database at all, only words" * 99, StoreDiffers, "is no database"),
        (None, StoreUnavailable, "cannot be opened"),
    ],
)
def test_file_that_is_no_database_is_told(
    tmp_path: Path, content: bytes | None, error: type[Exception], words: str
) -> None:
    """A wrong path must not be taken for an outage, and nothing is written over it."""
    path = tmp_path / "district.sqlite"
    path.write_bytes(content) if content else path.mkdir()

    with database(f"sqlite:///{path}") as engine, pytest.raises(error, match=words), transaction(engine) as session:
        session.get(Milestone, "first")

    assert path.is_dir() or path.read_bytes() == content


def test_slip_in_sql_stays_what_it_is(engine: Engine) -> None:
    """A fault of our own must not be told as an outage that passes."""
    with pytest.raises(DBAPIError, match=r"(?i)syntax"), transaction(engine) as session:
        session.execute(text("SELEKT 1"))


def test_bulk_work_is_given_memory_and_others_are_not(engine: Engine) -> None:
    """A year's credit writes where it likes; a page that somebody reads needs no such room."""
    with transaction(engine) as session, transaction(engine, read_only=True) as other:
        expect_much(session)

        rooms = [_cache_kb(one.connection()) for one in (session, other)]

    assert rooms == {"sqlite": [BULK_CACHE_KB, 16_000], "postgresql": [0, 0]}[engine.dialect.name]


def _cache_kb(connection: Connection) -> int:
    """Kilobytes of the file that a connection keeps; PostgreSQL's connections keep none."""
    if connection.dialect.name == "postgresql":
        return 0
    return -int(connection.exec_driver_sql("PRAGMA cache_size").scalar_one())

"""One way to a database: SQLite (WAL) embedded, PostgreSQL when many organisations write.

A session is one transaction: it commits on a clean exit and rolls back otherwise. Domain functions take
the session and never commit.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from timebank.core.errors import StoreUnavailable, WrongInput
from timebank.core.store_faults import as_told, in_words
from timebank.core.texts import Phrase

BUSY_TIMEOUT_MS = 20_000
LOCK_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 10
SQLITE_SETTINGS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # without it REPLACE deletes rows past their triggers
    "synchronous=FULL",
    "temp_store=MEMORY",
    "cache_size=-16000",  # kilobytes: bulk inserts touch indexes at random, of which the usual 2 MB hold too little
)


BULK_CACHE_KB = 128_000
"""Kilobytes of an SQLite file that bulk work keeps in memory."""


def open_database(url: str) -> Engine:
    """Open the database of ``url`` (``sqlite:///path`` or ``postgresql://...``); makes the file's folder.

    SQLite gets WAL, foreign keys, full sync (what was said to be stored survives a power cut) and
    transactions that begin IMMEDIATE, so that two writers wait and never fail half-way. PostgreSQL gets a
    lock time-out and UTC. Errors never repeat the values of a statement: they can be personal data.

    Raises
    ------
    WrongInput
        When the address is of no such database; its password is never repeated.
    StoreUnavailable
        When the folder of the file cannot be made.
    """
    address = _read_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    options = {
        "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
        "connect_timeout": CONNECT_TIMEOUT_S,
    }
    return create_engine(address, pool_pre_ping=True, hide_parameters=True, connect_args=options)


def _read_url(url: str) -> URL:
    """Read an address, or refuse it without repeating what can hold a password."""
    address = _parsed(url)
    if address is None:
        kind, found, _ = url.partition("://")
        shown = f"{kind[:20]}://..." if found else "..."
        raise WrongInput(field="DATABASE_URL", value=shown, right=Phrase("right_database_url"))
    return address


def _parsed(url: str) -> URL | None:
    """Return an address of a database that we work on; nothing for any other.

    A path after two slashes is another: SQLite would quietly take it for a database in memory.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return None
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    is_ours = address.drivername in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
    is_lost = address.get_backend_name() == "sqlite" and address.host
    return address if is_ours and not is_lost else None


def _open_sqlite(address: URL) -> Engine:
    if address.database and address.database != ":memory:":
        folder = Path(address.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            message = f"The folder {folder} of the database cannot be made ({fault.strerror}); set TIMEBANK_HOME."
            raise StoreUnavailable(message) from fault
    settings = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    engine = create_engine(address, hide_parameters=True, connect_args=settings)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for setting in SQLITE_SETTINGS:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        read_only = bool(connection.get_execution_options().get("read_only", False))
        driver = connection.connection.driver_connection  # by itself: the library's own way costs more than a posting
        try:
            if connection.info.get("read_only") is not read_only:
                driver.execute(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
                connection.info["read_only"] = read_only
            if read_only:
                driver.execute("BEGIN")
            else:
                _begin_writing(driver, connection.get_execution_options().get("wait_ms"))
        except sqlite3.Error as fault:
            raise as_told(fault, sqlite3.Error) from fault

    return engine


def _begin_writing(driver: Any, wait_ms: int | None) -> None:
    """Wait for the turn to write, not longer than a caller has time where that is said."""
    usual_ms = driver.execute("PRAGMA busy_timeout").fetchone()[0] if wait_ms is not None else 0
    if wait_ms is None or wait_ms >= usual_ms:
        driver.execute("BEGIN IMMEDIATE")
        return
    driver.execute(f"PRAGMA busy_timeout={wait_ms}")
    try:
        driver.execute("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={usual_ms}")


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """Open a database for as long as the block runs, and close its connections then."""
    engine = open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def transaction(engine: Engine, *, read_only: bool = False, wait_s: float | None = None) -> Iterator[Session]:
    """Open a session that is one transaction; commits on a clean exit.

    In ``read_only`` the database refuses to write; on SQLite it then does not wait for a writer. ``wait_s`` is how long
    a writer waits there for its turn, if not as long as usual.

    Raises
    ------
    StoreUnavailable
        When the database does not answer or stays locked. Nothing has changed, unless the answer to the
        commit itself was lost: then its words say so.
    StoreDiffers
        When the database has not the shape that the code expects.
    ValueError
        When something is written in ``read_only``.
    """
    bind = _only_read(engine) if read_only else engine
    if wait_s is not None and not read_only and engine.dialect.name == "sqlite":
        bind = engine.execution_options(wait_ms=int(wait_s * 1000))
    committing = False
    with told_in_words(lambda: committing), Session(bind, expire_on_commit=False) as session, session.begin():
        yield session
        session.flush()
        committing = True


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection that only reads, in a transaction of its own: for short questions that need no session.

    Raises
    ------
    StoreUnavailable
        When the database does not answer.
    """
    with told_in_words(), _only_read(engine).connect() as connection:
        yield connection


def _only_read(engine: Engine) -> Engine:
    """Return the engine as one by which either database refuses to write."""
    return engine.execution_options(read_only=True, postgresql_readonly=True)


@contextmanager
def told_in_words(is_committing: Callable[[], bool] = bool) -> Iterator[None]:
    """Turn what the database says into an error of the bank, in words; constraints stay as they are."""
    try:
        yield
    except PoolTimeout as fault:
        message = "Every connection to the database is in use; nothing has changed. Try again."
        raise StoreUnavailable(message) from fault
    except DBAPIError as fault:
        said = in_words(fault, is_committing=is_committing())
        if said is None:
            raise
        raise said from fault


def insert_or_skip(connection: Connection, table: Table) -> Any:
    """Return an INSERT of the database's own dialect, which can say ON CONFLICT DO NOTHING."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def expect_much(session: Session) -> None:
    """Give bulk work room in memory: a session's connection keeps more of an SQLite file, for as long as it is open.

    Keys come in no order, so what does not fit is read again and again: crediting 508,000 greetings took 46 s of
    processor time with the usual room and 24 s with this. PostgreSQL has memory of its own.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{BULK_CACHE_KB}")


def wait_turn(session: Session, what: str) -> None:
    """Let one transaction at a time do ``what``; the next waits until this one ends.

    On SQLite every writing transaction is alone already.
    """
    hold_turn(session.connection(), what)


def hold_turn(connection: Connection, what: str) -> None:
    """Do the same as ``wait_turn`` for a bare connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})

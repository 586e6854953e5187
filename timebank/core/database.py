"""One way to a database: SQLite (WAL) embedded, PostgreSQL when many organisations write.

A session is one transaction: it commits on a clean exit and rolls back otherwise. Domain functions take
the session and never commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from timebank.core.errors import StoreUnavailable

BUSY_TIMEOUT_MS = 20_000
LOCK_TIMEOUT_MS = 10_000


def open_database(url: str) -> Engine:
    """Open the database of ``url`` (``sqlite:///path`` or ``postgresql://...``); makes the file's folder.

    SQLite gets WAL, foreign keys, full sync (what was said to be stored survives a power cut) and
    transactions that begin IMMEDIATE, so that two writers wait and never fail half-way. PostgreSQL gets a
    lock time-out and UTC. Errors never repeat the values of a statement: they can be personal data.
    """
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if url.startswith("sqlite"):
        return _open_sqlite(url)
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC"
    return create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args={"options": options})


def _open_sqlite(url: str) -> Engine:
    path = url.removeprefix("sqlite:///")
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    settings = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    engine = create_engine(url, hide_parameters=True, connect_args=settings)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """Open a database for as long as the block runs, and close its connections then."""
    engine = open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def transaction(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """Open a session that is one transaction; commits on a clean exit.

    ``read_only`` promises that nothing is written; on SQLite it then does not wait for a writer.

    Raises
    ------
    StoreUnavailable
        When the database does not answer or stays locked. Nothing has changed.
    """
    try:
        bind = engine.execution_options(read_only=True) if read_only else engine
        with Session(bind, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as fault:
        message = "The database does not answer, or is locked; nothing has changed. Try again."
        raise StoreUnavailable(message) from fault


def wait_turn(session: Session, what: str) -> None:
    """Let one transaction at a time do ``what``; the next waits until this one ends.

    On SQLite every writing transaction is alone already.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})

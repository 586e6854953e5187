"""The served district, built once for each kind of database: shared by those who read, copied for those who write."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from api.app import create_app
from tests.api.door import Door
from tests.api.served import Served, served_district
from timebank.core.database import database

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
KINDS = ["sqlite", "postgres"]


@dataclass(frozen=True, slots=True)
class Template:
    """A database with the served district, and how it is copied; ``postgres`` is the server's, empty for SQLite."""

    url: str
    served: Served
    postgres: str = ""

    @contextmanager
    def copied(self, folder: Path) -> Iterator[str]:
        """Copy the database for as long as the block runs; gives the URL of the copy."""
        name = f"served_{uuid4().hex}"
        if not self.postgres:
            path = folder / f"{name}.sqlite"
            shutil.copy(self.url.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            return
        template = self.url.split("?")[0].rsplit("/", 1)[1]
        _admin(self.postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield self.postgres.format(name)
        _admin(self.postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _admin(url: str, statement: str) -> None:
    address = url.format("postgres").replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session", params=KINDS)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The served district, built once on each kind of database."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("served") / "served.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return _built(f"sqlite:///{path}", "")
    server: str = request.getfixturevalue("postgres_url")
    name = f"served_{uuid4().hex}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {request.getfixturevalue('postgres_template')}")
    return _built(server.format(name), server)


def _built(url: str, postgres: str) -> Template:
    with database(url) as engine:
        served = served_district(engine, NOON)
        if not postgres:
            with engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
    return Template(url, served, postgres)


@pytest.fixture
def door_url(template: Template, tmp_path: Path) -> Iterator[str]:
    """URL of a served district of one's own."""
    with template.copied(tmp_path) as url:
        yield url


@pytest.fixture
def door(door_url: str, template: Template) -> Iterator[Door]:
    """The door over a served district of one's own, for tests that write."""
    with database(door_url) as engine:
        yield Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=template.served)


@pytest.fixture(scope="session")
def window(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door over a served district that is shared, for tests that only read."""
    with template.copied(tmp_path_factory.mktemp("window")) as url, database(url) as engine:
        yield Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=template.served)

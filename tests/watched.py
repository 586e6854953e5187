"""Every statement that a database is sent, told just before it is: also those that go past SQLAlchemy, and commits."""

from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, event

COMMIT = "COMMIT"


def watch(engine: Engine | type[Engine], step: Callable[[str], None]) -> None:
    """Tell ``step`` the text of every statement of every connection that is opened from now on."""

    def opened(connection: Any, _record: object) -> None:
        if isinstance(connection, psycopg.Connection):
            _watch_postgres(connection, step)
        else:
            connection.set_trace_callback(_once(step))

    event.listen(engine, "connect", opened)


def _once(step: Callable[[str], None]) -> Callable[[str], None]:
    """Leave out what SQLite tells once more for every trigger that a statement starts."""
    last = ""

    def told(statement: str) -> None:
        nonlocal last
        if statement != last:
            last = statement
            step(statement)

    return told


def _watch_postgres(connection: "psycopg.Connection[Any]", step: Callable[[str], None]) -> None:
    commit = connection.commit

    class Watched(psycopg.Cursor[Any]):
        def execute(self, query: Any, *values: Any, **how: Any) -> Any:
            step(str(query))
            return super().execute(query, *values, **how)

        def executemany(self, query: Any, *values: Any, **how: Any) -> Any:
            step(str(query))
            return super().executemany(query, *values, **how)

    def watched() -> None:
        step(COMMIT)
        commit()

    connection.cursor_factory = Watched
    connection.commit = watched  # type: ignore[method-assign]  # the driver has no hook of its own

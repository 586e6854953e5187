"""Short reads at the speed of the driver: one statement, plain rows, on the session's own connection.

A statement of fifty lines costs a library more than a database. So the few reads that members wait for are sent to the
driver as they are; whatever the driver says against one is asked again through the library, which knows how to tell it.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session


def read(session: Session, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return all rows of a statement with ``?`` for its values; moments come and go as this database keeps them."""
    connection = session.connection()
    words = _words(sql, connection.dialect.paramstyle)
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(words, values)
            return list(cursor.fetchall())
        finally:
            cursor.close()
    except connection.dialect.loaded_dbapi.Error:
        return [tuple(row) for row in connection.exec_driver_sql(words, values)]


@lru_cache(maxsize=64)
def _words(sql: str, paramstyle: str) -> str:
    return sql if paramstyle == "qmark" else sql.replace("?", "%s")


def stored_moment(connection: Connection, moment: datetime) -> object:
    """Return a moment as this database compares it.

    Raises
    ------
    ValueError
        When it has no time zone.
    """
    if moment.tzinfo is None:
        message = f"A moment needs its time zone: {moment.isoformat()} has none."
        raise ValueError(message)
    if connection.dialect.name == "sqlite":
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="microseconds")
    return moment


def read_moment(stored: Any) -> datetime:
    """Return a stored moment, aware UTC."""
    moment: datetime = datetime.fromisoformat(f"{stored}+00:00") if isinstance(stored, str) else stored.astimezone(UTC)
    return moment

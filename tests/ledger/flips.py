"""Flips one value of one row at a time, past every guard, and says which of them a check of the books does not name."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, select, text, update
from sqlmodel import Session

from tests.ledger.conftest import tamper
from timebank.ledger.reconcile import reconcile

BIT = 1 << 20
CHECKS_OF = """
    SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname FROM pg_constraint
    WHERE contype = 'c' AND conrelid IN ('transfer'::regclass, 'account'::regclass, 'entry'::regclass)"""


def unguard(session: Session) -> None:
    """Take triggers, foreign keys and checks down, as a bit that flips on a disk passes them all."""
    tamper(session)
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        return
    for statement in connection.execute(text(CHECKS_OF)).scalars().all():
        connection.execute(text(statement))


def unnamed_flips(session: Session, table: Table, column: str, book: int, rows: list[tuple[Any, ...]]) -> list[str]:
    """Flip a column in each row, one after the other; returns what was found where the row itself was not named.

    ``rows`` are the keys. A flipped key has another name already: then it is enough that something is found.
    """
    missed = []
    is_key = column in table.primary_key.columns
    for key in rows:
        attempt = session.begin_nested()
        _flip(session.connection(), table, column, key)
        found = reconcile(session, book)
        attempt.rollback()
        name = str(key[-1]) if len(key) == 1 or table.name == "seal" else f"account {key[0]}, seq {key[1]}"
        if not found or not (is_key or (table.name, name) in {(one.table, one.key) for one in found}):
            missed.append(f"{table.name} {name}: {found}")
    return missed


def _flip(connection: Connection, table: Table, column: str, key: tuple[Any, ...]) -> None:
    own = [part == value for part, value in zip(table.primary_key.columns, key, strict=True)]
    was = connection.execute(select(table.c[column]).where(*own)).scalar_one()
    connection.execute(update(table).where(*own).values({column: _flipped(was, table, column)}))


def _flipped(was: object, table: Table, column: str) -> object:
    """Change one bit or one letter; what is empty gets a value of its kind."""
    if isinstance(was, bytes | memoryview):
        return bytes(was)[:-1] + bytes([bytes(was)[-1] ^ 1])
    if isinstance(was, str):
        return chr(ord(was[0]) ^ 32) + was[1:]
    if isinstance(was, dict):
        return was | {"pack": "other"}
    if isinstance(was, datetime):
        return was + timedelta(microseconds=1)
    if was is None and column.endswith("_at"):
        return datetime.fromisoformat("2026-03-02T12:00:00+08:00")
    return BIT if was is None else int(str(was)) ^ BIT

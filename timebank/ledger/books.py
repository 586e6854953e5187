"""What the ledger asks of a database within one open transaction, and who answers for a session."""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import PoolProxiedConnection
from sqlmodel import Session

from timebank.core.errors import Refusal
from timebank.ledger.postgres_books import PostgresBooks
from timebank.ledger.sqlite_books import SqliteBooks
from timebank.ledger.terms import Posted, Posting, Standing


class Books(Protocol):
    """One open transaction, in which each posting happens whole or not at all.

    Three answer: SQLite and PostgreSQL through their drivers, and the plain reference
    (:class:`timebank.ledger.plain_books.PlainBooks`), whose rows, refusals and replays the two others give.
    """

    def put(self, posting: Posting, *, now: datetime) -> Posted:
        """Write a transfer of any kind with all that it moves, holds or frees, or find the one that stands.

        Raises
        ------
        KeyConflict
            When the key was used for other content.
        BalanceTooLow, BalanceTooHigh, AccountClosed, AlreadyResolved, AlreadyReversed, WrongInput
            When an account, or what was before, does not allow it. Nothing has changed, and the key is free.
        """

    def put_each(self, asked: Sequence[tuple[Posting, datetime]]) -> list[Posted | Refusal]:
        """Do as ``put`` for one after the other, each at its own moment; a refusal is an answer like any other."""

    def put_all(self, asked: Sequence[Posting], *, now: datetime) -> tuple[int, dict[str, int]]:
        """Post all of one book and of kind ``post``, each with a key of its own, or nothing.

        Returns how many are new, and the transfer of every key.
        """

    def standing(self, posting: Posting, *, now: datetime) -> Posted | None:
        """Return the transfer that stands for the key of a posting, or nothing; other content is a conflict."""

    def transfer(self, book_id: int, transfer_id: int) -> Standing:
        """Return a transfer as it stands, or say that the book has none of that number."""

    def together(self) -> AbstractContextManager[None]:
        """Make what is done in the block happen whole or not at all."""

    def due_holds(self, book_id: int, *, now: datetime, most: int) -> list[int]:
        """Return open holds of a book whose moment has passed, in the order (moment, id)."""


def books_of(at: Session | Books) -> Books:
    """Return the books of a session, through the driver of its own connection; books are returned as they are."""
    if not isinstance(at, Session):
        return at
    at.flush()  # the driver sees what the session was told
    return driven(at.connection().connection)


def driven(connection: PoolProxiedConnection) -> Books:
    """Return the books over a connection of a pool, whose transaction is open."""
    driver: Any = connection.driver_connection
    return SqliteBooks(driver) if isinstance(driver, sqlite3.Connection) else PostgresBooks(driver)

"""The database that the environment names, opened for as long as a command needs it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Engine
from sqlmodel import Session

from timebank.core.database import database, transaction
from timebank.core.settings import Settings


def opened() -> AbstractContextManager[Engine]:
    """Open the database."""
    return database(Settings.from_environment().database_url)


@contextmanager
def reading() -> Iterator[Session]:
    """Open one transaction that only reads."""
    with opened() as engine, transaction(engine, read_only=True) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Open one transaction; it is committed when the block ends well."""
    with opened() as engine, transaction(engine) as session:
        yield session

"""What whoever has the database in hand can do to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from timebank.core.database import transaction

SAYS_FULL = """
CREATE FUNCTION say_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


def run(engine: Engine, *statements: str) -> None:
    """Run statements by hand."""
    with transaction(engine) as session:
        for statement in statements:
            session.connection().execute(text(statement))


@contextmanager
def full_for(engine: Engine, table: str) -> Iterator[None]:
    """Let a PostgreSQL, which cannot be told to be full, say what it would say when a table grows."""
    run(engine, SAYS_FULL, f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION say_disk_full()")
    try:
        yield
    finally:
        run(engine, f"DROP TRIGGER full_disk ON {table}")

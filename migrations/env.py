"""Alembic's entry: uses the connection it is given, or the database of ``DATABASE_URL``."""

from alembic import context
from sqlalchemy import Connection

from timebank.core.database import open_database
from timebank.core.settings import Settings
from timebank.tables import METADATA


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = open_database(Settings.from_environment().database_url)
    with engine.begin() as fresh:
        _run(fresh)
    engine.dispose()

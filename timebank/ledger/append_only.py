"""The triggers that keep the past: which there must be, and which a database lacks."""

from sqlalchemy import Engine, text

APPEND_ONLY = ("transfer", "entry", "seal", "visit_event")
"""Tables whose rows are never changed or deleted."""


def trigger_names(dialect: str) -> set[str]:
    """Return the names of all triggers that a database of a dialect must have."""
    actions = ("update", "delete", "truncate") if dialect == "postgresql" else ("update", "delete")
    return {f"{table}_no_{action}" for table in APPEND_ONLY for action in actions}


def missing_triggers(engine: Engine) -> set[str]:
    """Compare a database with what must be; an empty set is right.

    SQLite drops a table's triggers when a migration rebuilds it, so this is asked at every start.
    """
    listing = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }[engine.dialect.name]
    with engine.connect() as connection:
        present = set(connection.execute(text(listing)).scalars())
    return trigger_names(engine.dialect.name) - present

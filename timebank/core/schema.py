"""The shape of a database: brought up to date, or compared with what the code expects."""

from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from timebank.core.database import hold_turn, told_in_words


def migration_config() -> Config:
    """Return the configuration that finds the migrations of the installed project."""
    spec = find_spec("migrations")
    if spec is None or spec.origin is None:
        message = "The package 'migrations' is not installed beside 'timebank'."
        raise RuntimeError(message)
    config = Config()
    config.set_main_option("script_location", str(Path(spec.origin).parent).replace("%", "%%"))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision`` in one transaction; does nothing when it is there already.

    Of two processes that start at once one waits, and then finds it done.

    Raises
    ------
    StoreUnavailable
        When the database does not answer.
    """
    config = migration_config()
    with told_in_words(), engine.begin() as connection:
        hold_turn(connection, "migrate")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the database back to ``revision``; ``base`` is empty."""
    config = migration_config()
    with told_in_words(), engine.begin() as connection:
        hold_turn(connection, "migrate")
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

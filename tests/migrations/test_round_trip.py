"""A database goes down and up again, with data in every table, and is what the code expects."""

from datetime import datetime

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from migrations.check import check
from tests.together import at_once
from tests.worlds import World, small_district
from timebank.core.database import hold_turn, transaction
from timebank.core.schema import downgrade, migration_config, upgrade
from timebank.ledger.guards import missing_triggers
from timebank.ledger.reconcile import reconcile
from timebank.tables import METADATA

FUNCTIONS = "SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"


def rows_by_table(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, in the order of its key."""
    with transaction(engine, read_only=True) as session:
        connection = session.connection()
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in METADATA.sorted_tables
        }


def kept(rows: dict[str, list[tuple[object, ...]]], tables: set[str]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of some tables."""
    return {table: rows[table] for table in rows if table in tables}


def test_every_table_has_a_row(engine: Engine, full: World) -> None:
    """A table that the other tests leave empty would be migrated untested."""
    empty = [table for table, rows in rows_by_table(engine).items() if not rows]

    assert empty == []


def test_first_tables_keep_every_row_without_what_came_later(engine: Engine, full: World) -> None:
    """A release that has to be taken back takes no data with it but that of its own tables."""
    before = rows_by_table(engine)

    downgrade(engine, "0001")
    unguarded = missing_triggers(engine)
    first = sorted(set(inspect(engine).get_table_names()) - {"alembic_version"})
    upgrade(engine)

    assert "entry_no_update" in unguarded
    assert missing_triggers(engine) == set()
    assert {"transfer", "person", "visit"} < set(first)
    assert [rows_by_table(engine)[table] for table in first] == [before[table] for table in first]
    with transaction(engine, read_only=True) as session:
        assert reconcile(session, full.book) == []


def test_base_is_empty(engine: Engine, full: World) -> None:
    """Nothing of ours stays behind: no table, and on PostgreSQL no function."""
    downgrade(engine)

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        functions = {"sqlite": "SELECT 0", "postgresql": FUNCTIONS}[engine.dialect.name]
        assert connection.execute(text(functions)).scalar_one() == 0


def test_base_and_up_again_is_whole(engine: Engine, full: World, noon: datetime) -> None:
    """What comes up again is what the code expects, keeps books, and guards its past."""
    downgrade(engine)
    upgrade(engine)

    check(engine)
    with transaction(engine) as session:
        again = small_district(session, noon)
        assert reconcile(session, again.book) == []
    with pytest.raises(DBAPIError, match="whose it is"), transaction(engine) as session:
        session.connection().execute(text("UPDATE account SET code = 'other'"))


def test_newest_shape_stays_as_it_is(engine: Engine, full: World) -> None:
    """Every start upgrades; one that has nothing to do changes nothing."""
    before = rows_by_table(engine)

    upgrade(engine)

    assert rows_by_table(engine) == before


def test_two_upgrades_at_once_happen_once(engine: Engine) -> None:
    """Two processes that start on an empty database: one builds it, the other waits and finds it built."""
    downgrade(engine)

    def build(session: Session) -> None:
        config = migration_config()
        config.attributes["connection"] = session.connection()
        hold_turn(session.connection(), "migrate")
        command.upgrade(config, "head")

    _, second = at_once(engine, build, lambda _session: upgrade(engine))

    assert second is None
    check(engine)

"""The shape of a database in lines that can be compared: more than Alembic compares.

Alembic passes over checks, conditions of indexes and options of tables; here every one of them is a line.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.engine import Inspector
from sqlalchemy.schema import CreateSchema

BESIDE = "shape_of_the_code"
"""Schema in which PostgreSQL builds the tables of the code for a moment."""
OPTIONS = {
    "sqlite": "SELECT 'WITHOUT ROWID' FROM pragma_table_list WHERE name = :table AND wr = 1",
    "postgresql": "SELECT reloptions FROM pg_class WHERE oid = to_regclass(:schema || '.' || :table)",
}


def shape(connection: Connection, *, schema: str | None = None) -> set[str]:
    """Return every column, key, check, index and option of every table but Alembic's own."""
    inspector = inspect(connection)
    place = schema or inspector.default_schema_name
    tables = set(inspector.get_table_names(schema=schema)) - {"alembic_version"}
    return {
        f"{table}: {line}"
        for table in tables
        for line in (*_lines(inspector, table, schema), *_options(connection, table, place))
    }


def _lines(inspector: Inspector, table: str, schema: str | None) -> Iterator[str]:
    """Describe the columns and constraints of a table."""
    for column in inspector.get_columns(table, schema=schema):
        empty = "may be empty" if column["nullable"] else "required"
        default = _plain(column["default"]).replace(f"{schema}.", "")
        yield f"column {column['name']} {column['type']!r} {empty}, default {default}"
    key = inspector.get_pk_constraint(table, schema=schema)
    yield f"primary key {key['name']} {key['constrained_columns']}"
    for foreign in inspector.get_foreign_keys(table, schema=schema):
        target = f"{foreign['referred_table']} {foreign['referred_columns']} {sorted(foreign['options'].items())}"
        yield f"foreign key {foreign['name']} {foreign['constrained_columns']} to {target}"
    for unique in inspector.get_unique_constraints(table, schema=schema):
        yield f"unique {unique['name']} {unique['column_names']}"
    for check in inspector.get_check_constraints(table, schema=schema):
        yield f"check {check['name']} {_plain(check['sqltext'])}"
    for index in inspector.get_indexes(table, schema=schema):
        where = [
            _plain(words) for option, words in index.get("dialect_options", {}).items() if option.endswith("where")
        ]
        yield f"index {index['name']} {index['column_names']} unique {bool(index['unique'])} where {where}"


def _plain(words: Any) -> str:
    return " ".join(str(words).split())


def _options(connection: Connection, table: str, schema: str | None) -> Iterator[str]:
    values = {"table": table, "schema": schema}
    found = connection.execute(text(OPTIONS[connection.dialect.name]), values).scalars()
    yield from (f"option {option}" for option in found if option)


def shape_of_code(engine: Engine, metadata: MetaData) -> set[str]:
    """Return the shape that the tables of the code have in this kind of database; nothing of them stays."""
    if engine.dialect.name == "sqlite":
        memory = create_engine("sqlite://")
        with memory.begin() as connection:
            metadata.create_all(connection)
            built = shape(connection)
        memory.dispose()
        return built
    with engine.connect() as connection:
        connection.execute(CreateSchema(BESIDE))
        beside = connection.execution_options(schema_translate_map={None: BESIDE})
        metadata.create_all(beside, checkfirst=False)
        built = shape(connection, schema=BESIDE)
        connection.rollback()
    return built


def differences(engine: Engine, metadata: MetaData) -> list[str]:
    """Compare a database with the code, line by line; an empty list is right."""
    with engine.connect() as connection:
        stored = shape(connection)
    coded = shape_of_code(engine, metadata)
    only_stored = [f"only in the database: {line}" for line in sorted(stored - coded)]
    return only_stored + [f"only in the code: {line}" for line in sorted(coded - stored)]

"""The triggers that guard the past: each room lists its own, and a database is compared with all of them.

SQLite drops the triggers of a table when a migration rebuilds it, and says nothing. So what each must say stands in
the ``guards`` of its room too, beside the migration that makes it, and every start compares a database with them. On
PostgreSQL every trigger fires ALWAYS: for replication and restores too.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Engine, text

from timebank.core.database import told_in_words
from timebank.core.errors import StoreDiffers

ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE = 1, 2, 4, 8, 16, 32
"""Bits of a trigger's type in PostgreSQL's own catalogue; one without BEFORE fires after."""
PRESENT = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT t.tgname, c.relname || ' ' || t.tgtype || ' ' || cardinality(t.tgattr::int2[]) || ' '
            || (t.tgqual IS NOT NULL) || p.prosrc
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = current_schema()::regnamespace""",
}
WORDS = "is append-only: write a reversal instead"
"""What a table says that refuses a change, after its name; some rooms have words of their own."""
_LISTED: dict[str, dict[str, str]] = {"sqlite": {}, "postgresql": {}}


def list_guards(*, sqlite: Mapping[str, str], postgresql: Mapping[str, str]) -> None:
    """List the triggers of a room, by name, as a database of each kind must say them.

    Parameters
    ----------
    sqlite
        The statement that follows ``CREATE TRIGGER`` and the name.
    postgresql
        Table, type, number of columns and whether there is a condition, each after a space; then the body of the
        trigger's function.

    Raises
    ------
    ValueError
        When another room has listed a trigger of that name.
    """
    said = {
        "sqlite": {name: f"CREATE TRIGGER {name} {rest}" for name, rest in sqlite.items()},
        "postgresql": postgresql,
    }
    for dialect, guards in said.items():
        for name, definition in guards.items():
            if _LISTED[dialect].setdefault(name, definition) != definition:
                message = f"The trigger {name} is listed twice, with two meanings; give one of them another name."
                raise ValueError(message)


def abort_sqlite(words: str) -> str:
    """Write how a trigger of SQLite refuses."""
    return f"SELECT RAISE(ABORT, '{words}')"


def list_append_only(tables: Iterable[str], words: str = WORDS) -> None:
    """List the triggers of tables whose rows are never changed or deleted; ``words`` follow the table's name."""
    kinds = {"update": ROW | BEFORE | UPDATE, "delete": ROW | BEFORE | DELETE, "truncate": BEFORE | TRUNCATE}
    refuse = f" BEGIN RAISE EXCEPTION '% {words}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END "
    for table in tables:
        abort = f"BEGIN {abort_sqlite(f'{table} {words}')}; END"
        list_guards(
            sqlite={
                f"{table}_no_{action}": f"BEFORE {action.upper()} ON {table} {abort}" for action in ("update", "delete")
            },
            postgresql={f"{table}_no_{action}": f"{table} {kind} 0 false{refuse}" for action, kind in kinds.items()},
        )


def definitions(dialect: str) -> dict[str, str]:
    """Return what a database of a dialect must say of every trigger of every room, by name."""
    return dict(_LISTED[dialect])


def present_triggers(engine: Engine) -> dict[str, str]:
    """Return what a database says of each trigger that it has and that always fires, by name."""
    with told_in_words(), engine.connect() as connection:
        rows = connection.execute(text(PRESENT[engine.dialect.name]))
        return {str(name): str(definition) for name, definition in rows}


def missing_triggers(engine: Engine) -> set[str]:
    """Return the names of triggers that a database lacks, has switched off, or has with another meaning."""
    present = present_triggers(engine)
    return {name for name, said in definitions(engine.dialect.name).items() if present.get(name) != said}


def unlisted_triggers(engine: Engine) -> set[str]:
    """Return the names of triggers that a database has and no room lists: a start would not miss them."""
    return set(present_triggers(engine)) - set(definitions(engine.dialect.name))


def require_guards(engine: Engine) -> None:
    """Refuse to work on a database whose past is not guarded; asked at every start.

    Raises
    ------
    StoreDiffers
        Naming the triggers that are missing.
    """
    missing = missing_triggers(engine)
    if missing:
        message = (
            f"The past is not guarded: the database lacks {', '.join(sorted(missing))}, or has them changed. "
            "Check the books (timebank ledger verify), then make them again as the migrations do."
        )
        raise StoreDiffers(message)

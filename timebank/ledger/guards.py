"""The triggers that guard the past: which there must be, what each says, and which a database lacks.

SQLite drops the triggers of a table when a migration rebuilds it, and says nothing. So the definitions stand here
too, beside the migration that makes them, and a start compares a database with them. On PostgreSQL every trigger
fires ALWAYS: for replication and restores too.
"""

from sqlalchemy import Engine, text

from timebank.core.database import told_in_words
from timebank.core.errors import StoreDiffers

APPEND_ONLY = (
    "transfer",
    "entry",
    "seal",
    "visit_event",
    "visit_ending",
    "visit_statement",
    "request_event",
    "group_event",
    "home_before",
    "need_before",
)
"""Tables whose rows are never changed or deleted."""
TAKES_PLACE = {"transfer": "id = NEW.id", "seal": "book_id = NEW.book_id AND n = NEW.n"}
"""When a new row would take the place of one by SQLite's REPLACE, whoever connects.

Entries have no such trigger: it would make SQLite keep a journal of every single insert, and slow a batch down the
more the fuller the book is. Our own connections refuse REPLACE everywhere (``recursive_triggers``), and a replaced
entry fits neither its neighbours (R3) nor its transfer (R4).
"""
WORDS = "is append-only: write a reversal instead"
HOLDER = ("book_id", "code", "kind", "person_id", "organisation_id")
"""Columns that say whose an account is; they never change."""
ENDS_HOLD = (
    "SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold' AND h.book_id = NEW.book_id "
    "AND h.debit_id = NEW.debit_id AND h.credit_id = NEW.credit_id AND h.amount_min = NEW.amount_min "
    "AND (NEW.kind <> 'capture' OR NEW.created_at < h.expires_at) "
    "AND (NEW.kind <> 'expire' OR NEW.created_at >= h.expires_at)"
)
REVERSES = (
    "SELECT 1 FROM transfer r WHERE r.id = NEW.reverses_id AND r.kind IN ('post', 'capture') "
    "AND r.book_id = NEW.book_id AND r.debit_id = NEW.credit_id AND r.credit_id = NEW.debit_id "
    "AND r.amount_min = NEW.amount_min"
)
NO_END = "a hold ends as it was made: captured before it expires, expired after"
NO_REVERSAL = "a reversal is the opposite of a post or a capture"
NO_OTHER = "an account stays whose it is"

ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE = 1, 2, 4, 8, 16, 32
"""Bits of a trigger's type in PostgreSQL's own catalogue."""
PRESENT = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT t.tgname, c.relname || ' ' || t.tgtype || ' ' || cardinality(t.tgattr::int2[]) || ' '
            || (t.tgqual IS NOT NULL) || p.prosrc
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = current_schema()::regnamespace""",
}


def definitions(dialect: str) -> dict[str, str]:
    """Return what a database of a dialect must say of every trigger, by name.

    That is its statement on SQLite; on PostgreSQL its table, type, number of columns, whether it has a condition, and
    the body of its function.
    """
    return _of_sqlite() if dialect == "sqlite" else _of_postgresql()


def _of_sqlite() -> dict[str, str]:
    said = {}
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            said[f"{table}_no_{action}"] = f"BEFORE {action.upper()} ON {table} BEGIN {_abort(f'{table} {WORDS}')}; END"
    for table, key in TAKES_PLACE.items():
        taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})"
        said[f"{table}_no_replace"] = f"BEFORE INSERT ON {table} {taken} BEGIN {_abort(f'{table} {WORDS}')}; END"
    said["transfer_follows"] = (
        "BEFORE INSERT ON transfer WHEN NEW.hold_id IS NOT NULL OR NEW.reverses_id IS NOT NULL BEGIN "
        f"{_abort(NO_END)} WHERE NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}); "
        f"{_abort(NO_REVERSAL)} WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}); END"
    )
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in HOLDER)
    said["account_stays"] = (
        f"BEFORE UPDATE OF {', '.join(HOLDER)} ON account WHEN {changed} BEGIN {_abort(NO_OTHER)}; END"
    )
    return {name: f"CREATE TRIGGER {name} {definition}" for name, definition in said.items()}


def _abort(words: str) -> str:
    return f"SELECT RAISE(ABORT, '{words}')"


def _of_postgresql() -> dict[str, str]:
    kinds = {"update": ROW | BEFORE | UPDATE, "delete": ROW | BEFORE | DELETE, "truncate": BEFORE | TRUNCATE}
    refuse = f" BEGIN RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END "
    stray = (
        f" BEGIN IF NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}) THEN "
        f"RAISE EXCEPTION '{NO_END}' USING ERRCODE = 'check_violation'; END IF; "
        f"IF NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}) THEN "
        f"RAISE EXCEPTION '{NO_REVERSAL}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END "
    )
    other = f" BEGIN RAISE EXCEPTION '{NO_OTHER}' USING ERRCODE = 'restrict_violation'; END "
    said = {
        f"{table}_no_{action}": f"{table} {kind} 0 false{refuse}"
        for table in APPEND_ONLY
        for action, kind in kinds.items()
    }
    said["transfer_follows"] = f"transfer {ROW | BEFORE | INSERT} 0 true{stray}"
    said["account_stays"] = f"account {ROW | BEFORE | UPDATE} {len(HOLDER)} true{other}"
    return said


def missing_triggers(engine: Engine) -> set[str]:
    """Return the names of triggers that a database lacks, has switched off, or has with another meaning."""
    with told_in_words(), engine.connect() as connection:
        rows = connection.execute(text(PRESENT[engine.dialect.name]))
        present = {str(name): str(definition) for name, definition in rows}
    expected = definitions(engine.dialect.name)
    return {name for name, definition in expected.items() if present.get(name) != definition}


def require_guards(engine: Engine) -> None:
    """Refuse to work on books whose past is not guarded; asked at every start.

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

"""The triggers that guard the books: which there must be, and what each says (:mod:`timebank.core.guards`)."""

from timebank.core.guards import (
    BEFORE,
    INSERT,
    ROW,
    UPDATE,
    WORDS,
    abort_sqlite,
    list_append_only,
    list_guards,
    missing_triggers,
    require_guards,
)

__all__ = ["APPEND_ONLY", "missing_triggers", "require_guards"]

APPEND_ONLY = ("transfer", "entry", "seal", "account_state", "notice")
"""Tables whose rows are never changed or deleted."""
TAKES_PLACE = {"transfer": "id = NEW.id", "seal": "book_id = NEW.book_id AND n = NEW.n"}
"""When a new row would take the place of one by SQLite's REPLACE, whoever connects.

Entries have no such trigger: it would make SQLite keep a journal of every single insert, and slow a batch down the
more the fuller the book is. Our own connections refuse REPLACE everywhere (``recursive_triggers``), and a replaced
entry fits neither its neighbours (R3) nor its transfer (R4).
"""
HOLDER = ("book_id", "code", "kind", "person_id", "organisation_id")
"""Columns that say whose an account is; they never change."""
STATE = (*HOLDER, "floor_min", "ceiling_min", "status")
"""Columns that are written down in ``account_state`` whenever one of them changes."""
KEEPS = (
    "INSERT INTO account_state (account_id, n, {columns}, from_seq, since) SELECT NEW.id, COALESCE(MAX(n), 0) + 1, "
    "{values}, NEW.version, {now} FROM account_state WHERE account_id = NEW.id;"
)
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
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


def _of_sqlite() -> dict[str, str]:
    said = {}
    for table, key in TAKES_PLACE.items():
        taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})"
        said[f"{table}_no_replace"] = f"BEFORE INSERT ON {table} {taken} BEGIN {abort_sqlite(f'{table} {WORDS}')}; END"
    said["transfer_follows"] = (
        "BEFORE INSERT ON transfer WHEN NEW.hold_id IS NOT NULL OR NEW.reverses_id IS NOT NULL BEGIN "
        f"{abort_sqlite(NO_END)} WHERE NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}); "
        f"{abort_sqlite(NO_REVERSAL)} WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}); END"
    )
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in HOLDER)
    said["account_stays"] = (
        f"BEFORE UPDATE OF {', '.join(HOLDER)} ON account WHEN {changed} BEGIN {abort_sqlite(NO_OTHER)}; END"
    )
    said["account_opened"] = f"AFTER INSERT ON account BEGIN {_keeps(SQLITE_NOW)} END"
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in STATE)
    said["account_changed"] = (
        f"AFTER UPDATE OF {', '.join(STATE)} ON account WHEN {changed} BEGIN {_keeps(SQLITE_NOW)} END"
    )
    return said


def _keeps(now: str) -> str:
    values = ", ".join(f"NEW.{column}" for column in STATE)
    return KEEPS.format(columns=", ".join(STATE), values=values, now=now)


def _of_postgresql() -> dict[str, str]:
    stray = (
        f" BEGIN IF NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}) THEN "
        f"RAISE EXCEPTION '{NO_END}' USING ERRCODE = 'check_violation'; END IF; "
        f"IF NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}) THEN "
        f"RAISE EXCEPTION '{NO_REVERSAL}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END "
    )
    other = f" BEGIN RAISE EXCEPTION '{NO_OTHER}' USING ERRCODE = 'restrict_violation'; END "
    keeps = f" BEGIN {_keeps('clock_timestamp()')} RETURN NEW; END "
    return {
        "account_opened": f"account {ROW | INSERT} 0 false{keeps}",
        "account_changed": f"account {ROW | UPDATE} {len(STATE)} true{keeps}",
        "transfer_follows": f"transfer {ROW | BEFORE | INSERT} 0 true{stray}",
        "account_stays": f"account {ROW | BEFORE | UPDATE} {len(HOLDER)} true{other}",
    }


list_append_only(APPEND_ONLY)
list_guards(sqlite=_of_sqlite(), postgresql=_of_postgresql())

"""The past stays: triggers refuse to change, delete or replace what is written, and what does not follow from it.

A migration that rebuilds one of these tables on SQLite drops its triggers, and has to make them again.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("transfer", "entry", "seal", "visit_event")
TAKES_PLACE = {"transfer": "id = NEW.id", "seal": "book_id = NEW.book_id AND n = NEW.n"}
WORDS = "is append-only: write a reversal instead"
HOLDER = ("book_id", "code", "kind", "person_id", "organisation_id")

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


def upgrade() -> None:
    """Make the triggers."""
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def _upgrade_sqlite() -> None:
    for table in TABLES:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    for table, key in TAKES_PLACE.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
        )
    op.execute(
        "CREATE TRIGGER transfer_follows BEFORE INSERT ON transfer "
        "WHEN NEW.hold_id IS NOT NULL OR NEW.reverses_id IS NOT NULL BEGIN "
        f"SELECT RAISE(ABORT, '{NO_END}') WHERE NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}); "
        f"SELECT RAISE(ABORT, '{NO_REVERSAL}') WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}); END"
    )
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in HOLDER)
    op.execute(
        f"CREATE TRIGGER account_stays BEFORE UPDATE OF {', '.join(HOLDER)} ON account WHEN {changed} "
        f"BEGIN SELECT RAISE(ABORT, '{NO_OTHER}'); END"
    )


def _upgrade_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in TABLES:
        for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            _trigger(table, f"{table}_no_{action}", f"BEFORE {action.upper()}", f"FOR EACH {each}", "refuse_change")
    op.execute(
        "CREATE FUNCTION refuse_stray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NEW.hold_id IS NOT NULL AND NOT EXISTS ({ENDS_HOLD}) THEN "
        f"RAISE EXCEPTION '{NO_END}' USING ERRCODE = 'check_violation'; END IF; "
        f"IF NEW.reverses_id IS NOT NULL AND NOT EXISTS ({REVERSES}) THEN "
        f"RAISE EXCEPTION '{NO_REVERSAL}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    when = "FOR EACH ROW WHEN (NEW.hold_id IS NOT NULL OR NEW.reverses_id IS NOT NULL)"
    _trigger("transfer", "transfer_follows", "BEFORE INSERT", when, "refuse_stray")
    op.execute(
        "CREATE FUNCTION refuse_other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{NO_OTHER}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in HOLDER)
    before = f"BEFORE UPDATE OF {', '.join(HOLDER)}"
    _trigger("account", "account_stays", before, f"FOR EACH ROW WHEN ({changed})", "refuse_other")


def _trigger(table: str, name: str, before: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {before} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the triggers away, so that the tables can be dropped."""
    if op.get_bind().dialect.name == "sqlite":
        for name in [f"{table}_no_{action}" for table in TABLES for action in ("update", "delete")]:
            op.execute(f"DROP TRIGGER {name}")
        for table in TAKES_PLACE:
            op.execute(f"DROP TRIGGER {table}_no_replace")
        op.execute("DROP TRIGGER transfer_follows")
        op.execute("DROP TRIGGER account_stays")
        return
    for table in TABLES:
        for action in ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER {table}_no_{action} ON {table}")
    op.execute("DROP TRIGGER transfer_follows ON transfer")
    op.execute("DROP TRIGGER account_stays ON account")
    for function in ("refuse_change", "refuse_stray", "refuse_other"):
        op.execute(f"DROP FUNCTION {function}()")

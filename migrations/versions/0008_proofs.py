"""What lets the books prove themselves: states of accounts, warnings, and keys that sign published seals.

A migration that rebuilds ``account`` or one of these tables on SQLite drops its triggers, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = ("account_state", "notice")
WORDS = "is append-only: write a reversal instead"
TABLES = ("seal_key", "notice_mark", "notice", "warning_level", "account_state")
STATE = ("book_id", "code", "kind", "person_id", "organisation_id", "floor_min", "ceiling_min", "status")
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
KEEPS = (
    "INSERT INTO account_state (account_id, n, {columns}, from_seq, since) SELECT NEW.id, COALESCE(MAX(n), 0) + 1, "
    "{values}, NEW.version, {now} FROM account_state WHERE account_id = NEW.id;"
)


def upgrade() -> None:
    """Make the tables, write down what the accounts are now, and make the triggers that go on with it."""
    _make_states()
    _make_warnings()
    op.create_table(
        "seal_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('current','retired')", name=op.f("ck_seal_key_status")),
        sa.CheckConstraint(
            "(status = 'current') = (private_key IS NOT NULL)", name=op.f("ck_seal_key_retired_cannot_sign")
        ),
        sa.CheckConstraint("(status = 'current') = (retired_at IS NULL)", name=op.f("ck_seal_key_retired_at")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_seal_key")),
    )
    current = sa.text("status = 'current'")
    op.create_index(
        "uq_seal_key_current", "seal_key", ["status"], unique=True, sqlite_where=current, postgresql_where=current
    )
    columns = ", ".join(STATE)
    op.execute(
        f"INSERT INTO account_state (account_id, n, {columns}, from_seq, since) "
        f"SELECT a.id, 1, {', '.join(f'a.{name}' for name in STATE)}, 0, b.created_at "
        "FROM account a JOIN book b ON b.id = a.book_id ORDER BY a.id"
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_states() -> None:
    op.create_table(
        "account_state",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("floor_min", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_min", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("n > 0 AND from_seq >= 0", name=op.f("ck_account_state_numbers")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_state_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_state")),
    )
    op.create_index("uq_account_state_n", "account_state", ["account_id", "n"], unique=True)


def _make_warnings() -> None:
    op.create_table(
        "warning_level",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("low_min", sa.BigInteger(), nullable=True),
        sa.Column("high_min", sa.BigInteger(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind IS NULL) <> (account_id IS NULL)", name=op.f("ck_warning_level_of_one")),
        sa.CheckConstraint("low_min IS NOT NULL OR high_min IS NOT NULL", name=op.f("ck_warning_level_says_something")),
        sa.CheckConstraint(
            "low_min IS NULL OR high_min IS NULL OR low_min < high_min", name=op.f("ck_warning_level_order")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_warning_level_account_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_warning_level_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warning_level")),
    )
    op.create_index("uq_warning_level_kind", "warning_level", ["book_id", "kind"], unique=True)
    op.create_index("uq_warning_level_account", "warning_level", ["account_id"], unique=True)
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("level_min", sa.BigInteger(), nullable=False),
        sa.Column("balance_min", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('low','high')", name=op.f("ck_notice_side")),
        sa.ForeignKeyConstraint(
            ["account_id", "seq"], ["entry.account_id", "entry.seq"], name=op.f("fk_notice_account_id_seq")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("uq_notice_crossing", "notice", ["account_id", "seq", "side"], unique=True)
    op.create_table(
        "notice_mark",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_mark_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notice_mark")),
    )


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    keeps = KEEPS.format(columns=", ".join(STATE), values=", ".join(f"NEW.{name}" for name in STATE), now=SQLITE_NOW)
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in STATE)
    op.execute(f"CREATE TRIGGER account_opened AFTER INSERT ON account BEGIN {keeps} END")
    op.execute(
        f"CREATE TRIGGER account_changed AFTER UPDATE OF {', '.join(STATE)} ON account WHEN {changed} BEGIN {keeps} END"
    )


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            _trigger(table, f"{table}_no_{action}", f"BEFORE {action.upper()}", f"FOR EACH {each}", "refuse_change")
    keeps = KEEPS.format(
        columns=", ".join(STATE), values=", ".join(f"NEW.{name}" for name in STATE), now="clock_timestamp()"
    )
    op.execute(
        f"CREATE FUNCTION keep_account_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {keeps} RETURN NEW; END $$"
    )
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in STATE)
    _trigger("account", "account_opened", "AFTER INSERT", "FOR EACH ROW", "keep_account_state")
    after = f"AFTER UPDATE OF {', '.join(STATE)}"
    _trigger("account", "account_changed", after, f"FOR EACH ROW WHEN ({changed})", "keep_account_state")


def _trigger(table: str, name: str, when: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the triggers of the accounts and the tables away."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("account_opened", "account_changed"):
        op.execute(f"DROP TRIGGER {name}" + (" ON account" if is_postgresql else ""))
    for table in TABLES:
        op.drop_table(table)
    if is_postgresql:
        op.execute("DROP FUNCTION keep_account_state()")

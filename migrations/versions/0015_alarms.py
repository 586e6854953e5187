"""Alarms: devices, orders with every step of theirs, who is asked in turn, and signed messages.

A migration that rebuilds one of the guarded tables on SQLite drops its triggers, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = ("alarm_event", "webhook_message")
WORDS = "is append-only: write a reversal instead"
STAYS = "an order is never deleted, and one that is closed stays as it is"
TABLES = (
    "alarm_ask",
    "alarm_event",
    "alarm_order",
    "alarm_device",
    "webhook_message",
    "webhook_secret",
    "webhook_source",
)
HELD, RUNS = "to_at IS NULL", "due_at IS NOT NULL"


def upgrade() -> None:
    """Make the tables, and the triggers that guard them."""
    _make_sources()
    _make_orders()
    _make_steps()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _make_sources() -> None:
    op.create_table(
        "webhook_source",
        _number(),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        _moment("created_at"),
        _moment("closed_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_webhook_source_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_source")),
        sa.UniqueConstraint("code", name=op.f("uq_webhook_source_code")),
    )
    op.create_index(op.f("ix_webhook_source_organisation_id"), "webhook_source", ["organisation_id"])
    op.create_table(
        "webhook_secret",
        _number(),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _moment("from_at"),
        _moment("until_at", nullable=True),
        sa.CheckConstraint("until_at IS NULL OR until_at >= from_at", name=op.f("ck_webhook_secret_life")),
        sa.ForeignKeyConstraint(["source_id"], ["webhook_source.id"], name=op.f("fk_webhook_secret_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    op.create_index(op.f("ix_webhook_secret_source_id"), "webhook_secret", ["source_id"])
    op.create_table(
        "webhook_message",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _moment("sent_at"),
        _moment("received_at"),
        sa.ForeignKeyConstraint(["source_id"], ["webhook_source.id"], name=op.f("fk_webhook_message_source_id")),
        sa.PrimaryKeyConstraint("source_id", "message_id", name=op.f("pk_webhook_message")),
    )


def _make_orders() -> None:
    op.create_table(
        "alarm_device",
        _number(),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        _moment("from_at"),
        _moment("to_at", nullable=True),
        sa.CheckConstraint("kind IN ('call','meter')", name=op.f("ck_alarm_device_kind")),
        sa.CheckConstraint("to_at IS NULL OR to_at >= from_at", name=op.f("ck_alarm_device_life")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_alarm_device_senior_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_device")),
    )
    op.create_index(op.f("ix_alarm_device_senior_id"), "alarm_device", ["senior_id"])
    op.create_index(
        "uq_alarm_device_held",
        "alarm_device",
        ["kind", "code"],
        unique=True,
        sqlite_where=sa.text(HELD),
        postgresql_where=sa.text(HELD),
    )
    op.create_table(
        "alarm_order",
        _number(),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("heard", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False),
        _moment("due_at", nullable=True),
        _moment("received_at"),
        sa.Column("finding", sa.String(length=24), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        _moment("closed_at", nullable=True),
        sa.Column("n", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('unknown','asked','accepted','confirmed','closed')", name=op.f("ck_alarm_order_state")
        ),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_alarm_order_closed")),
        sa.CheckConstraint("(state = 'closed') = (outcome <> '')", name=op.f("ck_alarm_order_outcome")),
        sa.CheckConstraint("(state = 'closed') = (due_at IS NULL)", name=op.f("ck_alarm_order_clock")),
        sa.CheckConstraint("(device_id IS NULL) = (heard <> '')", name=op.f("ck_alarm_order_household")),
        sa.CheckConstraint("state <> 'unknown' OR device_id IS NULL", name=op.f("ck_alarm_order_unknown")),
        sa.CheckConstraint("state <> 'confirmed' OR finding <> ''", name=op.f("ck_alarm_order_finding")),
        sa.CheckConstraint("n >= 1 AND step >= 0 AND turn >= 0", name=op.f("ck_alarm_order_counts")),
        sa.ForeignKeyConstraint(["source_id"], ["webhook_source.id"], name=op.f("fk_alarm_order_source_id")),
        sa.ForeignKeyConstraint(["device_id"], ["alarm_device.id"], name=op.f("fk_alarm_order_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_order")),
        sa.UniqueConstraint("key", name=op.f("uq_alarm_order_key")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("ix_alarm_order_device_id"), "alarm_order", ["device_id"])
    op.create_index(
        "ix_alarm_order_due", "alarm_order", ["due_at"], sqlite_where=sa.text(RUNS), postgresql_where=sa.text(RUNS)
    )


def _make_steps() -> None:
    op.create_table(
        "alarm_event",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        _moment("happened_at"),
        sa.CheckConstraint(
            "kind IN ('received','settled','asked','accepted','declined','no_answer','escalated','overdue','reminded',"
            "'confirmed','noted','closed')",
            name=op.f("ck_alarm_event_kind"),
        ),
        sa.CheckConstraint("actor <> ''", name=op.f("ck_alarm_event_actor")),
        sa.ForeignKeyConstraint(["order_id"], ["alarm_order.id"], name=op.f("fk_alarm_event_order_id")),
        sa.PrimaryKeyConstraint("order_id", "n", name=op.f("pk_alarm_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm_ask",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("distance_m", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        _moment("asked_at", nullable=True),
        _moment("answered_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting','asked','accepted','declined','no_answer','passed')", name=op.f("ck_alarm_ask_state")
        ),
        sa.CheckConstraint("turn >= 1 AND distance_m >= 0", name=op.f("ck_alarm_ask_amounts")),
        sa.ForeignKeyConstraint(["order_id"], ["alarm_order.id"], name=op.f("fk_alarm_ask_order_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.person_id"], name=op.f("fk_alarm_ask_volunteer_id")),
        sa.PrimaryKeyConstraint("order_id", "step", "turn", name=op.f("pk_alarm_ask")),
    )
    op.create_index(op.f("ix_alarm_ask_volunteer_id"), "alarm_ask", ["volunteer_id"])


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"
    op.execute(f"CREATE TRIGGER alarm_order_no_update BEFORE UPDATE ON alarm_order WHEN OLD.state = 'closed' {refuse}")
    op.execute(f"CREATE TRIGGER alarm_order_no_delete BEFORE DELETE ON alarm_order {refuse}")


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            _trigger(table, action, f"FOR EACH {each}", "refuse_change")
    op.execute(
        "CREATE FUNCTION refuse_order_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    _trigger("alarm_order", "update", "FOR EACH ROW WHEN (OLD.state = 'closed')", "refuse_order_change")
    _trigger("alarm_order", "delete", "FOR EACH ROW", "refuse_order_change")
    _trigger("alarm_order", "truncate", "FOR EACH STATEMENT", "refuse_order_change")


def _trigger(table: str, action: str, each: str, function: str) -> None:
    name = f"{table}_no_{action}"
    op.execute(f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take it all away."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_order_change()")

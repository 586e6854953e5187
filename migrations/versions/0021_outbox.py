"""The outbox: events, webhooks with the kinds they want, deliveries and attempts; what happened stays."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

APPEND_ONLY = ("event", "webhook_attempt")
WORDS = "is append-only: what happened stays"
ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
TABLES = ("webhook_attempt", "webhook_delivery", "webhook_kind", "webhook", "event")


def upgrade() -> None:
    """Make the tables and guard what happened."""
    _make_event()
    _make_webhook()
    _make_deliveries()
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for action in ("update", "delete"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
                )
    else:
        for table in APPEND_ONLY:
            _guard_postgresql(table)


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _make_event() -> None:
    op.create_table(
        "event",
        _number(),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_event_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_organisation", "event", ["organisation_id", "turn", "id"])


def _make_webhook() -> None:
    op.create_table(
        "webhook",
        _number(),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active','paused','gone','removed')", name=op.f("ck_webhook_status")),
        sa.CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name=op.f("ck_webhook_previous")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_webhook_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("uq_webhook_key", "webhook", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "webhook_kind",
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_kind_webhook_id")),
        sa.PrimaryKeyConstraint("webhook_id", "kind", name=op.f("pk_webhook_kind")),
    )


def _make_deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        _number(),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('waiting','delivered','dead')", name=op.f("ck_webhook_delivery_status")),
        sa.CheckConstraint("(status = 'waiting') = (finished_at IS NULL)", name=op.f("ck_webhook_delivery_finished")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_delivery_attempts")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_webhook_delivery_event_id")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("event_id", "webhook_id", name="uq_webhook_delivery_event"),
    )
    op.create_index("ix_webhook_delivery_webhook", "webhook_delivery", ["webhook_id", "status", "id"])
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["status", "next_at"])
    op.create_table(
        "webhook_attempt",
        _number(),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_delivery.id"], name=op.f("fk_webhook_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index("ix_webhook_attempt_delivery", "webhook_attempt", ["delivery_id", "id"])


def _guard_postgresql(table: str) -> None:
    refuse = f"RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';"
    for action, each in ACTIONS:
        name = f"{table}_no_{action}"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$")
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the tables away; what they hold is lost."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            for action, _ in ACTIONS:
                op.execute(f"DROP FUNCTION {table}_no_{action}()")

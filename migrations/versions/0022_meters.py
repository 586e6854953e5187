"""Water meters: a day's readings in one row, and episodes of trouble, each with its one order."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "meter_day",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("litres", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["alarm_device.id"], name=op.f("fk_meter_day_device_id")),
        sa.PrimaryKeyConstraint("device_id", "day", name=op.f("pk_meter_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meter_episode",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('standing','refuted','folded')", name=op.f("ck_meter_episode_state")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_meter_episode_hours")),
        sa.ForeignKeyConstraint(["device_id"], ["alarm_device.id"], name=op.f("fk_meter_episode_device_id")),
        sa.ForeignKeyConstraint(["order_id"], ["alarm_order.id"], name=op.f("fk_meter_episode_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_episode")),
    )
    op.create_index("ix_meter_episode_device", "meter_episode", ["device_id", "rule", "ends_at"])
    op.create_index(op.f("ix_meter_episode_order_id"), "meter_episode", ["order_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("meter_episode")
    op.drop_table("meter_day")

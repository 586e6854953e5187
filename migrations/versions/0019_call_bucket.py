"""Buckets of points from which calls are paid.

On PostgreSQL the table is not logged: what is lost with the power comes back by itself within the minute.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "call_bucket",
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("left_milli", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("left_milli >= 0 AND at_ms >= 0", name=op.f("ck_call_bucket_amounts")),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_call_bucket")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE call_bucket SET UNLOGGED")


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("call_bucket")

"""Calendar feeds: the secret addresses of volunteers' calendars, as hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("revoked_at IS NULL OR revoked_at >= issued_at", name=op.f("ck_calendar_feed_life")),
        sa.ForeignKeyConstraint(["person_id"], ["volunteer.person_id"], name=op.f("fk_calendar_feed_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
    )
    op.create_index("uq_calendar_feed_digest", "calendar_feed", ["digest"], unique=True)
    op.create_index("uq_calendar_feed_key", "calendar_feed", ["person_id", "idempotency_key"], unique=True)
    op.create_index(
        "uq_calendar_feed_live",
        "calendar_feed",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    """Take it away; every address is dead then."""
    op.drop_table("calendar_feed")

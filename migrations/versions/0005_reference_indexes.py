"""Indexes under references that rows are searched or deleted by: without one, each delete reads the whole table."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("access_token", "person_id"),
    ("certificate_transfer", "visit_id"),
    ("need_before", "senior_id"),
    ("never_together", "volunteer_id"),
    ("reminder", "person_id"),
    ("service_request", "asker_id"),
    ("suspicion", "visit_id"),
    ("visit", "need_id"),
)


def upgrade() -> None:
    """Make the indexes; no table is rebuilt, so every trigger stays."""
    for table, column in INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    """Take the indexes away."""
    for table, column in reversed(INDEXES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)

"""Charity projects: their life from draft to closure, budgets that cannot be overspent, means, and who takes part.

The sums of a project are kept by triggers. A migration that rebuilds one of their tables on SQLite (booking, resource
and project among them) drops them, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

APPEND_ONLY = ("project_step", "project_origin", "budget_entry", "handout", "project_hours")
WORDS = "is append-only: write a reversal instead"
TABLES = (
    "project_hours",
    "handout",
    "contribution",
    "budget_entry",
    "commitment",
    "budget_line",
    "project_application",
    "project_origin",
    "project_goal",
    "project_step",
    "project_state",
)
STEP = (
    "from_stage || '>' || to_stage IN ('draft>submitted','returned>submitted','submitted>approved','submi"
    "tted>returned','approved>recruiting','draft>running','approved>running','recruiting>running','runnin"
    "g>closed','draft>cancelled','submitted>cancelled','returned>cancelled','approved>cancelled','recruit"
    "ing>cancelled','running>cancelled')"
)
OF_SLOT = "FROM slot s JOIN resource r ON r.id = s.resource_id WHERE s.id = {row}.slot_id"


def known(project: str) -> str:
    """Write how a project gets the row of its sums, if it has none yet."""
    return (
        "INSERT INTO project_state (project_id, preparation, budget_cents, lines_cents, places_cents) "
        f"SELECT p.id, 'draft', p.budget_cents, 0, 0 FROM project p WHERE p.id = {project} "
        "ON CONFLICT (project_id) DO NOTHING"
    )


def place(row: str, sign: str) -> str:
    """Write how the cost of a booking's place is added or taken away; one that costs nothing changes nothing."""
    of_slot = OF_SLOT.format(row=row)
    return (
        f"UPDATE project_state SET places_cents = places_cents {sign} (SELECT r.place_cost_cents {of_slot}) "
        f"WHERE {row}.status <> 'cancelled' "
        f"AND project_id = (SELECT r.project_id {of_slot} AND r.place_cost_cents > 0)"
    )


def costs(row: str) -> str:
    """Write the project of a booking whose place costs something."""
    return f"(SELECT r.project_id {OF_SLOT.format(row=row)} AND r.place_cost_cents > 0)"


STANDING = (
    "(SELECT count(*) FROM booking b JOIN slot s ON s.id = b.slot_id "
    "WHERE s.resource_id = NEW.id AND b.status <> 'cancelled')"
)
PRICED = (
    "UPDATE project_state SET places_cents = places_cents + (NEW.place_cost_cents - OLD.place_cost_cents) "
    f"* {STANDING} WHERE project_id = NEW.project_id"
)
LINED = "UPDATE project_state SET lines_cents = lines_cents + {change} WHERE project_id = {row}.project_id"
BUDGETED = "UPDATE project_state SET budget_cents = NEW.budget_cents WHERE project_id = NEW.id"
OF_LINE = (
    "UPDATE budget_line SET committed_cents = committed_cents "
    "+ CASE NEW.kind WHEN 'commit' THEN NEW.amount_cents ELSE -NEW.amount_cents END, spent_cents = spent_cents "
    "+ CASE NEW.kind WHEN 'spend' THEN NEW.amount_cents ELSE 0 END "
    "WHERE id = (SELECT c.line_id FROM commitment c WHERE c.id = NEW.commitment_id)"
)
OF_COMMITMENT = (
    "UPDATE commitment SET open_cents = open_cents "
    "+ CASE NEW.kind WHEN 'commit' THEN NEW.amount_cents ELSE -NEW.amount_cents END, spent_cents = spent_cents "
    "+ CASE NEW.kind WHEN 'spend' THEN NEW.amount_cents ELSE 0 END WHERE id = NEW.commitment_id"
)
GIVEN = "UPDATE contribution SET given = given + NEW.quantity WHERE id = NEW.contribution_id"
KEPT: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("booking_insert", "booking", "INSERT", "", (known(costs("NEW")), place("NEW", "+"))),
    (
        "booking_update",
        "booking",
        "UPDATE OF status, slot_id",
        "NEW.status <> OLD.status OR NEW.slot_id <> OLD.slot_id",
        (place("OLD", "-"), known(costs("NEW")), place("NEW", "+")),
    ),
    ("booking_delete", "booking", "DELETE", "", (place("OLD", "-"),)),
    (
        "resource_update",
        "resource",
        "UPDATE OF place_cost_cents",
        "NEW.place_cost_cents <> OLD.place_cost_cents",
        (known(f"(SELECT NEW.project_id WHERE {STANDING} > 0)"), PRICED),
    ),
    (
        "line_insert",
        "budget_line",
        "INSERT",
        "",
        (known("NEW.project_id"), LINED.format(change="NEW.planned_cents", row="NEW")),
    ),
    (
        "line_update",
        "budget_line",
        "UPDATE OF planned_cents",
        "NEW.planned_cents <> OLD.planned_cents",
        (LINED.format(change="NEW.planned_cents - OLD.planned_cents", row="NEW"),),
    ),
    ("line_delete", "budget_line", "DELETE", "", (LINED.format(change="-OLD.planned_cents", row="OLD"),)),
    ("project_update", "project", "UPDATE OF budget_cents", "NEW.budget_cents <> OLD.budget_cents", (BUDGETED,)),
    ("entry_insert", "budget_entry", "INSERT", "", (OF_LINE, OF_COMMITMENT)),
    ("handout_insert", "handout", "INSERT", "", (GIVEN,)),
)
"""Name after ``sums_``, table, event, condition, and what is done then."""
SPOKEN_FOR = """
    INSERT INTO project_state (project_id, preparation, budget_cents, lines_cents, places_cents)
    SELECT p.id, 'draft', p.budget_cents, 0, SUM(r.place_cost_cents)
    FROM project p JOIN resource r ON r.project_id = p.id
    JOIN slot s ON s.resource_id = r.id JOIN booking b ON b.slot_id = s.id
    WHERE b.status <> 'cancelled' AND r.place_cost_cents > 0 GROUP BY p.id, p.budget_cents"""


def upgrade() -> None:
    """Make the tables, count what places that stand have cost, and let triggers keep the sums from now on."""
    _make_life()
    _make_money()
    _make_means()
    op.execute(SPOKEN_FOR)
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        for action in ("update", "delete") if is_sqlite else ("update", "delete", "truncate"):
            _refuse(table, action, is_sqlite=is_sqlite)
    for name, table, event, when, done in KEPT:
        if is_sqlite:
            said = f"AFTER {event} ON {table}{f' WHEN {when}' if when else ''} BEGIN {'; '.join(done)}; END"
            op.execute(f"CREATE TRIGGER sums_{name} {said}")
        else:
            _keep(name, table, event, when, "; ".join(done))


def _refuse(table: str, action: str, *, is_sqlite: bool) -> None:
    """Refuse a change of what is append-only."""
    name = f"{table}_no_{action}"
    if is_sqlite:
        abort = f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} {abort}")
        return
    each = "STATEMENT" if action == "truncate" else "ROW"
    before = f"BEFORE {action.upper()} ON {table} FOR EACH {each}"
    op.execute(f"CREATE TRIGGER {name} {before} EXECUTE FUNCTION refuse_change()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _keep(name: str, table: str, event: str, when: str, done: str) -> None:
    """Keep a sum on PostgreSQL, for replication and restores too."""
    op.execute(
        f"CREATE FUNCTION sums_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {done}; RETURN NULL; END $$"
    )
    each = f"FOR EACH ROW{f' WHEN ({when})' if when else ''}"
    op.execute(f"CREATE TRIGGER sums_{name} AFTER {event} ON {table} {each} EXECUTE FUNCTION sums_{name}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER sums_{name}")


def _make_life() -> None:
    op.create_table(
        "project_state",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("preparation", sa.String(length=12), nullable=False),
        sa.Column("budget_cents", sa.BigInteger(), nullable=False),
        sa.Column("lines_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("places_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "preparation IN ('draft','submitted','returned','approved','recruiting')",
            name=op.f("ck_project_state_preparation"),
        ),
        sa.CheckConstraint("lines_cents + places_cents <= budget_cents", name=op.f("ck_project_state_budget")),
        sa.CheckConstraint("lines_cents >= 0 AND places_cents >= 0", name=op.f("ck_project_state_amounts")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_state_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_state")),
    )
    op.create_table(
        "project_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("from_stage", sa.String(length=12), nullable=False),
        sa.Column("to_stage", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(STEP, name=op.f("ck_project_step_step")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_step_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_step")),
    )
    op.create_index("ix_project_step_project", "project_step", ["project_id", "id"])
    op.create_table(
        "project_goal",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("weekly_min", sa.BigInteger(), nullable=False),
        sa.Column("volunteers", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("weekly_min > 0 AND volunteers >= 0", name=op.f("ck_project_goal_amounts")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_project_goal_area_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_goal_project_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_project_goal_service_id")),
        sa.PrimaryKeyConstraint("project_id", "area_id", "service_id", name=op.f("pk_project_goal")),
    )
    op.create_index(op.f("ix_project_goal_area_id"), "project_goal", ["area_id"])
    op.create_index(op.f("ix_project_goal_service_id"), "project_goal", ["service_id"])
    op.create_table(
        "project_origin",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("needed_min", sa.BigInteger(), nullable=False),
        sa.Column("served_min", sa.BigInteger(), nullable=False),
        sa.Column("unmet_min", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("worth", sa.JSON(), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unmet_min > 0 AND needed_min >= unmet_min", name=op.f("ck_project_origin_amounts")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_project_origin_area_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_origin_project_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_project_origin_service_id")),
        sa.PrimaryKeyConstraint("project_id", "area_id", name=op.f("pk_project_origin")),
    )
    op.create_index(op.f("ix_project_origin_area_id"), "project_origin", ["area_id"])
    op.create_index(op.f("ix_project_origin_service_id"), "project_origin", ["service_id"])
    op.create_table(
        "project_application",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("offer", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(length=80), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(state = 'applied') = (answered_at IS NULL)", name=op.f("ck_project_application_answered")),
        sa.CheckConstraint("state <> 'declined' OR reason <> ''", name=op.f("ck_project_application_reason")),
        sa.CheckConstraint(
            "state IN ('applied','accepted','declined','withdrawn')", name=op.f("ck_project_application_state")
        ),
        sa.CheckConstraint(
            "(volunteer_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_project_application_applicant")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_project_application_organisation_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_application_project_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.person_id"], name=op.f("fk_project_application_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_application")),
    )
    op.create_index("ix_project_application_list", "project_application", ["project_id", "id"])
    op.create_index(op.f("ix_project_application_organisation_id"), "project_application", ["organisation_id"])
    op.create_index(op.f("ix_project_application_volunteer_id"), "project_application", ["volunteer_id"])
    op.create_index("uq_project_application_key", "project_application", ["project_id", "idempotency_key"], unique=True)
    op.create_index(
        "uq_project_application_organisation",
        "project_application",
        ["project_id", "organisation_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('applied','accepted')"),
        postgresql_where=sa.text("state IN ('applied','accepted')"),
    )
    op.create_index(
        "uq_project_application_volunteer",
        "project_application",
        ["project_id", "volunteer_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('applied','accepted')"),
        postgresql_where=sa.text("state IN ('applied','accepted')"),
    )


def _make_money() -> None:
    op.create_table(
        "budget_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("planned_cents", sa.BigInteger(), nullable=False),
        sa.Column("committed_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("committed_cents + spent_cents <= planned_cents", name=op.f("ck_budget_line_planned")),
        sa.CheckConstraint(
            "planned_cents >= 0 AND committed_cents >= 0 AND spent_cents >= 0", name=op.f("ck_budget_line_amounts")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_budget_line_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_line")),
    )
    op.create_index("uq_budget_line_code", "budget_line", ["project_id", "code"], unique=True)
    op.create_table(
        "commitment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("party", sa.String(length=120), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "amount_cents > 0 AND open_cents >= 0 AND spent_cents >= 0", name=op.f("ck_commitment_amounts")
        ),
        sa.CheckConstraint("open_cents + spent_cents <= amount_cents", name=op.f("ck_commitment_amount")),
        sa.ForeignKeyConstraint(["line_id"], ["budget_line.id"], name=op.f("fk_commitment_line_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_commitment_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment")),
    )
    op.create_index(op.f("ix_commitment_line_id"), "commitment", ["line_id"])
    op.create_index("uq_commitment_key", "commitment", ["project_id", "idempotency_key"], unique=True)
    op.create_table(
        "budget_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commitment_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('commit','spend','release')", name=op.f("ck_budget_entry_kind")),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_budget_entry_amount")),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitment.id"], name=op.f("fk_budget_entry_commitment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_entry")),
    )
    op.create_index("uq_budget_entry_key", "budget_entry", ["commitment_id", "idempotency_key"], unique=True)


def _make_means() -> None:
    op.create_table(
        "contribution",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("donor_kind", sa.String(length=12), nullable=False),
        sa.Column("donor", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("for_category", sa.String(length=40), nullable=False),
        sa.Column("for_area_id", sa.BigInteger(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "donor_kind IN ('person','company','organisation','foundation')", name=op.f("ck_contribution_donor_kind")
        ),
        sa.CheckConstraint("kind IN ('money','goods','service')", name=op.f("ck_contribution_kind")),
        sa.CheckConstraint("given BETWEEN 0 AND quantity", name=op.f("ck_contribution_given")),
        sa.CheckConstraint("quantity > 0 AND value_cents >= 0", name=op.f("ck_contribution_amounts")),
        sa.ForeignKeyConstraint(["for_area_id"], ["area.id"], name=op.f("fk_contribution_for_area_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_contribution_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
    )
    op.create_index(op.f("ix_contribution_for_area_id"), "contribution", ["for_area_id"])
    op.create_index("uq_contribution_key", "contribution", ["project_id", "idempotency_key"], unique=True)
    op.create_table(
        "handout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contribution_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_handout_quantity")),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_handout_contribution_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_handout_senior_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handout")),
    )
    op.create_index(op.f("ix_handout_senior_id"), "handout", ["senior_id"])
    op.create_index("uq_handout_key", "handout", ["contribution_id", "idempotency_key"], unique=True)
    op.create_table(
        "project_hours",
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.Column("drawn_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_project_hours_minutes")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_hours_project_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_project_hours_senior_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_project_hours_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_project_hours")),
    )
    op.create_index(op.f("ix_project_hours_project_id"), "project_hours", ["project_id"])
    op.create_index(op.f("ix_project_hours_senior_id"), "project_hours", ["senior_id"])


def downgrade() -> None:
    """Take the triggers of what stays away, then the tables."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, *_ in KEPT:
        op.execute(f"DROP TRIGGER sums_{name}" + (f" ON {table}" if is_postgresql else ""))
        if is_postgresql:
            op.execute(f"DROP FUNCTION sums_{name}()")
    for table in TABLES:
        op.drop_table(table)

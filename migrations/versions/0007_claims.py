"""Claims: what each record of service becomes, once; and the ties of people that rules ask for.

A migration that rebuilds ``visit`` or a table of claims on SQLite drops its triggers, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
STAYS = "a record becomes one thing once: what is settled stays"
CLAIMED = "SELECT 1 FROM visit_claim c WHERE c.visit_id = NEW.id AND c.becomes = 'coin' AND c.settled_at IS NOT NULL"
UNCLAIMED = "a visit is credited when it is claimed as coins, and as nothing else"
TABLES = {"visit_claim": ("visit_id",), "group_claim": ("group_id", "volunteer_id")}
PRESENT = """
INSERT INTO visit_claim (visit_id, becomes, chosen_by, service_min, settled_at)
SELECT v.id, 'coin', '', CASE
    WHEN s.earn_numerator = s.earn_denominator AND t.amount_min < v.served_min THEN t.amount_min
    WHEN s.earn_numerator > 0 AND t.amount_min * s.earn_denominator / s.earn_numerator < v.served_min
        THEN t.amount_min * s.earn_denominator / s.earn_numerator
    ELSE v.served_min END, t.created_at
FROM visit v JOIN transfer t ON t.id = v.transfer_id
JOIN need n ON n.id = v.need_id JOIN service s ON s.id = n.service_id
"""
"""Visits that were credited before became coins; their minutes are those of their credit at the service's ratio."""
PRESENT_GROUPS = """
INSERT INTO group_claim (group_id, volunteer_id, becomes, chosen_by, service_min, settled_at)
SELECT g.group_id, g.volunteer_id, 'coin', '', COALESCE(g.served_min, 0), t.created_at
FROM group_giver g JOIN transfer t ON t.id = g.transfer_id
"""


def upgrade() -> None:
    """Make the tables, claim what is credited as the coins it became, and guard it."""
    _make_claims()
    _make_ties()
    op.execute(PRESENT)
    op.execute(PRESENT_GROUPS)
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute("ALTER TABLE visit SET (fillfactor = 50)")
        _guard_postgresql()


def _key(keys: tuple[str, ...]) -> sa.types.TypeEngine[int]:
    """Return the type of a key: one that stands alone is the row's own number on SQLite."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite") if len(keys) == 1 else sa.BigInteger()


def _make_claims() -> None:
    for table, keys in TABLES.items():
        foreign = [
            sa.ForeignKeyConstraint([key], [target], name=op.f(f"fk_{table}_{key}"))
            for key, target in (("visit_id", "visit.id"), ("group_id", "group_service.id"))
            if key in keys
        ]
        if "volunteer_id" in keys:
            foreign += [
                sa.ForeignKeyConstraint(
                    ["volunteer_id"], ["volunteer.person_id"], name=op.f(f"fk_{table}_volunteer_id")
                ),
                sa.ForeignKeyConstraint(
                    ["group_id", "volunteer_id"],
                    ["group_giver.group_id", "group_giver.volunteer_id"],
                    name=op.f(f"fk_{table}_group_id_volunteer_id"),
                ),
            ]
        op.create_table(
            table,
            *(sa.Column(key, _key(keys), nullable=False) for key in keys),
            sa.Column("becomes", sa.String(length=16), nullable=False),
            sa.Column("chosen_by", sa.String(length=80), nullable=False),
            sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("service_min", sa.BigInteger(), nullable=True),
            sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("decision", sa.JSON(), nullable=True),
            sa.CheckConstraint("becomes IN ('coin','volunteer_record','honour')", name=op.f(f"ck_{table}_becomes")),
            sa.CheckConstraint(
                "(settled_at IS NULL) = (service_min IS NULL) AND (service_min IS NULL OR service_min >= 0)",
                name=op.f(f"ck_{table}_settled"),
            ),
            sa.CheckConstraint(
                "(settled_at IS NOT NULL AND becomes <> 'coin') = (decision IS NOT NULL)",
                name=op.f(f"ck_{table}_decided"),
            ),
            sa.CheckConstraint(
                "(chosen_by = '') = (chosen_at IS NULL) AND (chosen_at IS NOT NULL OR settled_at IS NOT NULL)",
                name=op.f(f"ck_{table}_chosen"),
            ),
            *foreign,
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
        )
    is_open = sa.text("settled_at IS NULL")
    op.create_index("ix_visit_claim_open", "visit_claim", ["visit_id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index(op.f("ix_group_claim_volunteer_id"), "group_claim", ["volunteer_id"])


def _make_ties() -> None:
    op.create_table(
        "residence",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("tie", sa.String(length=12), nullable=False),
        sa.Column("proof", sa.String(length=120), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tie IN ('none','resident','registered')", name=op.f("ck_residence_tie")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_residence_person_id")),
        sa.PrimaryKeyConstraint("person_id", "from_day", name=op.f("pk_residence")),
    )
    op.create_table(
        "guardian",
        sa.Column("minor_id", sa.BigInteger(), nullable=False),
        sa.Column("guardian_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("to_day IS NULL OR to_day > from_day", name=op.f("ck_guardian_days")),
        sa.CheckConstraint("minor_id <> guardian_id", name=op.f("ck_guardian_two_people")),
        sa.ForeignKeyConstraint(["minor_id"], ["person.id"], name=op.f("fk_guardian_minor_id")),
        sa.ForeignKeyConstraint(["guardian_id"], ["person.id"], name=op.f("fk_guardian_guardian_id")),
        sa.PrimaryKeyConstraint("minor_id", "guardian_id", "from_day", name=op.f("pk_guardian")),
    )
    op.create_index(op.f("ix_guardian_guardian_id"), "guardian", ["guardian_id"])


def _guard_sqlite() -> None:
    for table in TABLES:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"WHEN OLD.settled_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"
            )
    op.execute(
        "CREATE TRIGGER visit_claimed BEFORE UPDATE OF transfer_id ON visit "
        f"WHEN NEW.transfer_id IS NOT NULL AND NOT EXISTS ({CLAIMED}) "
        f"BEGIN SELECT RAISE(ABORT, '{UNCLAIMED}'); END"
    )


def _guard_postgresql() -> None:
    _function("refuse_other_claim", f"RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation';")
    for table in TABLES:
        for action, each in ACTIONS:
            settled = " WHEN (OLD.settled_at IS NOT NULL)" if each == "ROW" else ""
            _trigger(
                table,
                f"{table}_no_{action}",
                f"BEFORE {action.upper()}",
                f"FOR EACH {each}{settled}",
                "refuse_other_claim",
            )
    _function(
        "refuse_unclaimed",
        f"IF NOT EXISTS ({CLAIMED}) THEN RAISE EXCEPTION '{UNCLAIMED}' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW;",
    )
    when = "FOR EACH ROW WHEN (NEW.transfer_id IS NOT NULL)"
    _trigger("visit", "visit_claimed", "BEFORE UPDATE OF transfer_id", when, "refuse_unclaimed")


def _function(name: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")


def _trigger(table: str, name: str, when: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the trigger of visits and the tables away."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER visit_claimed" + (" ON visit" if is_postgresql else ""))
    for table in ("guardian", "residence", *reversed(TABLES)):
        op.drop_table(table)
    if is_postgresql:
        op.execute("ALTER TABLE visit RESET (fillfactor)")
        for function in ("refuse_other_claim", "refuse_unclaimed"):
            op.execute(f"DROP FUNCTION {function}()")

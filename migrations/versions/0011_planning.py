"""Planning: what decides who comes to whom and when, those who come together, places for wheelchairs, and repairs.

Columns are added by statements of the database's own, for SQLite would rebuild a table else and drop its triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    "plan_change",
    "preset_pair",
    "priority_rule",
    "priority_order",
    "season",
    "suspension",
    "absence",
    "person_trait",
    "trait",
    "need_also",
)
COLUMNS = (
    ("need", "helpers", "1", "helpers BETWEEN 1 AND 3"),
    ("need", "least_gap_days", "0", "least_gap_days BETWEEN 0 AND 366"),
    ("need", "preferred_weekdays", "0", "preferred_weekdays BETWEEN 0 AND 127"),
    ("need", "wheelchairs", "0", "wheelchairs IN (0, 1)"),
    ("need", "is_series", "0", "is_series IN (0, 1)"),
    ("resource", "place_cost_cents", "0", "place_cost_cents >= 0"),
    ("slot", "wheelchairs", "0", "wheelchairs BETWEEN 0 AND places"),
    ("visit", "helper", "1", "helper BETWEEN 1 AND 3"),
)
"""Table, column, default, and what must hold."""
KEY_OF_PAIR = ["plan_id", "need_id", "volunteer_id"]
STANDS = "withdrawn_at IS NULL"
HELD = "status <> 'cancelled'"


def upgrade() -> None:
    """Make the tables, add the columns, and let several come to one need."""
    _make_facts()
    _make_rules()
    _make_orders()
    _make_changes()
    for table, column, default, rule in COLUMNS:
        checked = f"CONSTRAINT ck_{table}_{column} CHECK ({rule})"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} BIGINT DEFAULT '{default}' NOT NULL {checked}")
    _index_visits(["need_id", "day", "helper"])
    _key_pairs(KEY_OF_PAIR)


def _who_and_when() -> list[sa.Column[object]]:
    return [
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _taken_back(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "(withdrawn_by = '') = (withdrawn_at IS NULL)",
        name=op.f(f"ck_{table}_withdrawn"),
    )


def _stands(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=sa.text(STANDS), postgresql_where=sa.text(STANDS))


def _make_facts() -> None:
    op.create_table(
        "trait",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_trait")),
    )
    op.create_table(
        "person_trait",
        _number(),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("trait", sa.String(length=40), nullable=False),
        sa.Column("stance", sa.String(length=8), nullable=False),
        *_who_and_when(),
        sa.CheckConstraint("stance IN ('has','refuses','requires')", name=op.f("ck_person_trait_stance")),
        _taken_back("person_trait"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_trait_person_id")),
        sa.ForeignKeyConstraint(["trait"], ["trait.code"], name=op.f("fk_person_trait_trait")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_trait")),
    )
    op.create_index(op.f("ix_person_trait_person_id"), "person_trait", ["person_id"])
    op.create_index(op.f("ix_person_trait_trait"), "person_trait", ["trait"])
    _stands("uq_person_trait_stands", "person_trait", ["person_id", "trait", "stance"])
    op.create_table(
        "absence",
        _number(),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        *_who_and_when(),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_absence_days")),
        _taken_back("absence"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_person", "absence", ["person_id", "to_day"])
    op.create_table(
        "need_also",
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_also_need_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_need_also_service_id")),
        sa.PrimaryKeyConstraint("need_id", "service_id", name=op.f("pk_need_also")),
    )
    op.create_index(op.f("ix_need_also_service_id"), "need_also", ["service_id"])


def _make_rules() -> None:
    op.create_table(
        "suspension",
        _number(),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("make_up", sa.String(length=8), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False),
        *_who_and_when(),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_suspension_days")),
        sa.CheckConstraint("make_up IN ('drop','later','earlier')", name=op.f("ck_suspension_make_up")),
        sa.CheckConstraint("cause IN ('holiday','heat','cold','typhoon','other')", name=op.f("ck_suspension_cause")),
        _taken_back("suspension"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_suspension_area_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_suspension_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index("ix_suspension_days", "suspension", ["to_day", "from_day"])
    op.create_index(op.f("ix_suspension_area_id"), "suspension", ["area_id"])
    op.create_index(op.f("ix_suspension_service_id"), "suspension", ["service_id"])
    op.create_table(
        "season",
        _number(),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("need_id", sa.BigInteger(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("is_yearly", sa.Boolean(), nullable=False),
        sa.Column("frequency_kind", sa.String(length=16), nullable=False),
        sa.Column("frequency_count", sa.BigInteger(), nullable=False),
        *_who_and_when(),
        sa.CheckConstraint("(service_id IS NULL) <> (need_id IS NULL)", name=op.f("ck_season_subject")),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_season_days")),
        sa.CheckConstraint(
            "frequency_kind IN ('every_n_days','per_week','per_month','once')", name=op.f("ck_season_frequency")
        ),
        sa.CheckConstraint("frequency_count > 0", name=op.f("ck_season_frequency_count")),
        _taken_back("season"),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_season_service_id")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_season_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
    )
    op.create_index(op.f("ix_season_service_id"), "season", ["service_id"])
    op.create_index(op.f("ix_season_need_id"), "season", ["need_id"])


def _make_orders() -> None:
    op.create_table(
        "priority_order",
        _number(),
        sa.Column("from_day", sa.Date(), nullable=False),
        *_who_and_when()[:2],
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_order")),
    )
    op.create_index("ix_priority_order_day", "priority_order", ["from_day", "id"])
    op.create_table(
        "priority_rule",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("tier BETWEEN 0 AND 6", name=op.f("ck_priority_rule_tier")),
        sa.CheckConstraint("category <> '' OR service_id IS NOT NULL", name=op.f("ck_priority_rule_subject")),
        sa.ForeignKeyConstraint(["order_id"], ["priority_order.id"], name=op.f("fk_priority_rule_order_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_priority_rule_service_id")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_priority_rule")),
    )
    op.create_index(op.f("ix_priority_rule_service_id"), "priority_rule", ["service_id"])
    op.create_table(
        "preset_pair",
        _number(),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        *_who_and_when(),
        _taken_back("preset_pair"),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_preset_pair_need_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.person_id"], name=op.f("fk_preset_pair_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preset_pair")),
    )
    op.create_index(op.f("ix_preset_pair_need_id"), "preset_pair", ["need_id"])
    op.create_index(op.f("ix_preset_pair_volunteer_id"), "preset_pair", ["volunteer_id"])
    _stands("uq_preset_pair_stands", "preset_pair", ["need_id", "volunteer_id"])


def _make_changes() -> None:
    numbers = ("was_m", "now_m", "was_min", "now_min")
    people = ("was_volunteer_id", "now_volunteer_id")
    op.create_table(
        "plan_change",
        _number(),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in (*people, *numbers, "slot_id")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("was_day", "now_day")),
        sa.CheckConstraint("what IN ('pair','visit','booking','need')", name=op.f("ck_plan_change_what")),
        sa.CheckConstraint("kind IN ('ended','begun','moved','met','unmet')", name=op.f("ck_plan_change_kind")),
        sa.CheckConstraint("(what = 'need') = (kind IN ('met','unmet'))", name=op.f("ck_plan_change_need")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_change_plan_id")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_plan_change_need_id")),
        *(
            sa.ForeignKeyConstraint([name], ["volunteer.person_id"], name=op.f(f"fk_plan_change_{name}"))
            for name in people
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_plan_change_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_change")),
    )
    op.create_index("ix_plan_change_plan", "plan_change", ["plan_id", "what", "id"])
    for name in ("need_id", *people, "slot_id"):
        op.create_index(op.f(f"ix_plan_change_{name}"), "plan_change", [name])


def _index_visits(columns: list[str]) -> None:
    op.drop_index("uq_visit_need_day", "visit")
    op.create_index(
        "uq_visit_need_day",
        "visit",
        columns,
        unique=True,
        sqlite_where=sa.text(HELD),
        postgresql_where=sa.text(HELD),
    )


def _key_pairs(key: list[str]) -> None:
    """Give pairs another key; SQLite makes the table anew for it, and no trigger stands on it."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_pair", "pair")
        op.create_primary_key("pk_pair", "pair", key)
        return
    for index in ("ix_pair_need_id", "ix_pair_volunteer", "ix_pair_volunteer_id"):
        op.drop_index(index, "pair")
    op.rename_table("pair", "pair_before")
    columns = ("plan_id", "need_id", "volunteer_id", "distance_m", "rank", "candidates")
    targets = {"plan_id": "plan.id", "need_id": "need.id", "volunteer_id": "volunteer.person_id"}
    op.create_table(
        "pair",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in columns),
        *(sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_pair_{name}")) for name, target in targets.items()),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_pair")),
    )
    names = ", ".join(columns)
    op.execute(f"INSERT INTO pair ({names}) SELECT {names} FROM pair_before")
    op.drop_table("pair_before")
    op.create_index(op.f("ix_pair_need_id"), "pair", ["need_id"])
    op.create_index("ix_pair_volunteer", "pair", ["plan_id", "volunteer_id"])
    op.create_index(op.f("ix_pair_volunteer_id"), "pair", ["volunteer_id"])


def downgrade() -> None:
    """Take it all away; of those who come together, one of each pair stays, and their visits are let go."""
    first = "SELECT MIN(other.volunteer_id) FROM pair other"
    same = "other.plan_id = pair.plan_id AND other.need_id = pair.need_id"
    op.execute(f"DELETE FROM pair WHERE volunteer_id > ({first} WHERE {same})")
    op.execute("UPDATE visit SET status = 'cancelled' WHERE helper > 1")
    _key_pairs(KEY_OF_PAIR[:2])
    _index_visits(["need_id", "day"])
    for table, column, *_ in reversed(COLUMNS):
        if op.get_bind().dialect.name == "postgresql":
            op.drop_column(table, column)
        else:
            _without_column(table, column)
    for table in TABLES:
        op.drop_table(table)


def _without_column(table: str, column: str) -> None:
    """SQLite drops a column with a check of its own by a plain statement."""
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")

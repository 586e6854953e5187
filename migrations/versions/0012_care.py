"""The care team: members, roles, trainings, levels, hours of advice points, contacts of seniors."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    "senior_contact",
    "advice_closure",
    "advice_hours",
    "care_level",
    "advice",
    "training",
    "care_role",
    "care_member",
)
APPEND_ONLY = ("advice", "care_level")
ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
WORDS = "is append-only: write a reversal instead"
DAYS = "to_day IS NULL OR to_day >= from_day"
OPEN = "to_day IS NULL"


def upgrade() -> None:
    """Make the tables and their triggers."""
    _make_members()
    _make_learning()
    _make_points()
    _make_contacts()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        for action, each in ACTIONS[:2] if is_sqlite else ACTIONS:
            _guard(table, action, each, is_sqlite=is_sqlite)


def _guard(table: str, action: str, each: str, *, is_sqlite: bool) -> None:
    name, before = f"{table}_no_{action}", f"BEFORE {action.upper()} ON {table}"
    if is_sqlite:
        op.execute(f"CREATE TRIGGER {name} {before} BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END")
        return
    op.execute(f"CREATE TRIGGER {name} {before} FOR EACH {each} EXECUTE FUNCTION refuse_change()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _big(*names: str, nullable: bool = False) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _days(*, has_end: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column("from_day", sa.Date(), nullable=False), sa.Column("to_day", sa.Date(), nullable=not has_end)]


def _text(name: str, length: int) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length=length), nullable=False)


def _said() -> "list[sa.Column[Any]]":
    return [_text("recorded_by", 80), sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False)]


def _back(word: str) -> "list[sa.Column[Any]]":
    return [_text(f"{word}_by", 80), sa.Column(f"{word}_at", sa.DateTime(timezone=True), nullable=True)]


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refs(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}")) for name, to in targets.items()]


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _index(table: str, name: str, *columns: str) -> None:
    op.create_index(op.f(name), table, list(columns))


def _unique(table: str, name: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _make_members() -> None:
    op.create_table(
        "care_member",
        *_big("person_id"),
        _text("external_ref", 64),
        sa.Column("joined_on", sa.Date(), nullable=False),
        *_refs("care_member", person_id="person.id"),
        _key("care_member", "person_id"),
        sa.UniqueConstraint("external_ref", name=op.f("uq_care_member_external_ref")),
    )
    table = "care_role"
    op.create_table(
        table,
        _number(),
        *_big("member_id"),
        _text("role", 12),
        *_big("organisation_id", "area_id", nullable=True),
        *_days(),
        *_said(),
        _text("ended_by", 80),
        _check(table, "role", "role IN ('cadre','volunteer','property','adviser','doctor')"),
        _check(table, "place", "(organisation_id IS NULL) <> (area_id IS NULL)"),
        _check(table, "days", DAYS),
        *_refs(table, member_id="care_member.person_id", organisation_id="organisation.id", area_id="area.id"),
        _key(table),
    )
    for column in ("member_id", "organisation_id", "area_id"):
        _index(table, f"ix_care_role_{column}", column)
    _unique(table, "uq_care_role_area", ["member_id", "role", "area_id"], f"{OPEN} AND area_id IS NOT NULL")
    columns = ["member_id", "role", "organisation_id"]
    _unique(table, "uq_care_role_organisation", columns, f"{OPEN} AND organisation_id IS NOT NULL")


def _make_learning() -> None:
    table = "training"
    op.create_table(
        table,
        _number(),
        *_big("person_id"),
        _text("kind", 24),
        sa.Column("trained_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        _text("proof", 120),
        *_said(),
        *_back("withdrawn"),
        _check(table, "days", "valid_until IS NULL OR valid_until > trained_on"),
        _check(table, "withdrawn", "(withdrawn_by = '') = (withdrawn_at IS NULL)"),
        *_refs(table, person_id="person.id"),
        _key(table),
    )
    _index(table, "ix_training_person", "person_id", "kind", "trained_on")
    _index(table, "ix_training_kind", "kind", "valid_until")
    table = "advice"
    op.create_table(
        table,
        _number(),
        *_big("member_id", "point_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("topic", 20),
        *_said(),
        _text("idempotency_key", 200),
        *_refs(table, member_id="care_member.person_id", point_id="advice_point.id"),
        _key(table),
        sa.UniqueConstraint("recorded_by", "idempotency_key", name=op.f("uq_advice_recorded_by_idempotency_key")),
    )
    _index(table, "ix_advice_member", "member_id", "day")
    _index(table, "ix_advice_point_id", "point_id")
    table = "care_level"
    op.create_table(
        table,
        *_big("member_id"),
        _text("level", 12),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        *_big("months", "advices"),
        _text("article", 120),
        *_said(),
        *_refs(table, member_id="care_member.person_id"),
        _key(table, "member_id", "level"),
    )


def _make_points() -> None:
    table = "advice_hours"
    op.create_table(
        table,
        _number(),
        *_big("point_id", "weekdays", "opens_min", "closes_min"),
        *_days(),
        *_said(),
        _check(table, "weekdays", "weekdays BETWEEN 1 AND 127"),
        _check(table, "hours", "opens_min >= 0 AND opens_min < closes_min AND closes_min <= 1440"),
        _check(table, "days", DAYS),
        *_refs(table, point_id="advice_point.id"),
        _key(table),
    )
    _index(table, "ix_advice_hours_point", "point_id", "from_day")
    table = "advice_closure"
    op.create_table(
        table,
        _number(),
        *_big("point_id"),
        *_days(has_end=True),
        _text("reason", 120),
        *_said(),
        *_back("withdrawn"),
        _check(table, "days", "to_day > from_day"),
        _check(table, "withdrawn", "(withdrawn_by = '') = (withdrawn_at IS NULL)"),
        *_refs(table, point_id="advice_point.id"),
        _key(table),
    )
    _index(table, "ix_advice_closure_point", "point_id", "to_day")


def _make_contacts() -> None:
    table = "senior_contact"
    op.create_table(
        table,
        _number(),
        *_big("senior_id", "member_id"),
        *_days(),
        *_said(),
        _text("ended_by", 80),
        _check(table, "days", DAYS),
        *_refs(table, senior_id="senior.person_id", member_id="care_member.person_id"),
        _key(table),
    )
    _index(table, "ix_senior_contact_senior", "senior_id", "from_day")
    _index(table, "ix_senior_contact_member_id", "member_id")
    _unique(table, "uq_senior_contact_open", ["senior_id"], OPEN)


def downgrade() -> None:
    """Take it all away."""
    for table in TABLES:
        op.drop_table(table)

"""The registry: acts on people and what they changed, survey rounds, and where a category comes from.

Columns are added by statements of the database's own, for SQLite would rebuild a table else and drop its triggers.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("registry_change", "survey", "survey_frequency", "survey_round", "registry_act")
APPEND_ONLY = ("registry_change",)
ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
WORDS = "is append-only: write a reversal instead"
COLUMNS = (("source", 20), ("opened_by", 80), ("closed_by", 80))
"""Of ``senior_category``, and how long they can be."""
STANDS = "undone_at IS NULL"


def upgrade() -> None:
    """Make the tables and their triggers, and say where a category comes from."""
    _make_acts()
    _make_surveys()
    for column, length in COLUMNS:
        op.execute(f"ALTER TABLE senior_category ADD COLUMN {column} VARCHAR({length}) DEFAULT '' NOT NULL")
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


def _make_acts() -> None:
    table = "registry_act"
    op.create_table(
        table,
        _number(),
        _text("kind", 12),
        *_big("person_id"),
        *_big("other_id", nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        _text("reason", 200),
        *_said(),
        *_back("undone"),
        _check(table, "kind", "kind IN ('merge','death','moved_away')"),
        _check(table, "other", "(kind = 'merge') = (other_id IS NOT NULL)"),
        _check(table, "two_people", "other_id IS NULL OR other_id <> person_id"),
        _check(table, "undone", "(undone_by = '') = (undone_at IS NULL)"),
        *_refs(table, person_id="person.id", other_id="person.id"),
        _key(table),
    )
    _index(table, "ix_registry_act_person", "person_id", "id")
    _index(table, "ix_registry_act_other", "other_id")
    _unique(table, "uq_registry_act_merged", ["other_id"], f"kind = 'merge' AND {STANDS}")
    _unique(table, "uq_registry_act_left", ["person_id"], f"kind <> 'merge' AND {STANDS}")
    op.create_table(
        "registry_change",
        *_big("act_id", "n"),
        _text("table_name", 40),
        _text("what", 8),
        sa.Column("row_key", sa.JSON(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        _text("after_digest", 64),
        _check("registry_change", "what", "what IN ('changed','added','removed')"),
        *_refs("registry_change", act_id="registry_act.id"),
        _key("registry_change", "act_id", "n"),
    )


def _make_surveys() -> None:
    table = "survey_round"
    op.create_table(
        table,
        _number(),
        _text("code", 40),
        *_big("area_id"),
        *_days(has_end=True),
        _text("made_by", 80),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _check(table, "days", "to_day > from_day"),
        *_refs(table, area_id="area.id"),
        _key(table),
        sa.UniqueConstraint("code", name=op.f("uq_survey_round_code")),
    )
    _index(table, "ix_survey_round_area_id", "area_id")
    table = "survey_frequency"
    op.create_table(
        table,
        *_big("round_id"),
        _text("category", 40),
        *_big("every_days"),
        _check(table, "every_days", "every_days BETWEEN 1 AND 366"),
        *_refs(table, round_id="survey_round.id"),
        _key(table, "round_id", "category"),
    )
    table = "survey"
    op.create_table(
        table,
        _number(),
        *_big("round_id", "senior_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("manner", 8),
        _text("outcome", 12),
        *_big("surveyor_id", nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        *_said(),
        _check(table, "manner", "manner IN ('door','phone','video')"),
        _check(table, "outcome", "outcome IN ('reached','not_reached','refused','moved','deceased')"),
        *_refs(table, round_id="survey_round.id", senior_id="senior.person_id", surveyor_id="care_member.person_id"),
        _key(table),
    )
    op.create_index("uq_survey_day", table, ["round_id", "senior_id", "day"], unique=True)
    _index(table, "ix_survey_senior_id", "senior_id")
    _index(table, "ix_survey_surveyor_id", "surveyor_id")


def downgrade() -> None:
    """Take it all away."""
    for table in TABLES:
        op.drop_table(table)
    for column, _ in reversed(COLUMNS):
        op.execute(f"ALTER TABLE senior_category DROP COLUMN {column}")

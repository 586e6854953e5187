"""Programmes: contracts with quotas and seasons, pairs that are asked, greetings, follow-ups, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = (
    "feedback",
    "follow_up",
    "contact",
    "partnership_step",
    "partnership",
    "enrolment",
    "programme_quota",
    "programme_season",
    "care_programme",
    "declined_pair",
    "asked_first",
)
APPEND_ONLY = ("partnership_step", "contact", "feedback")
WORDS = "is append-only: what was said stays"
FREQUENCY = "frequency_kind IN ('every_n_days','per_week','per_month','once')"
STEPS = (
    "kind IN ('proposed','volunteer_yes','volunteer_no','organisation_yes','organisation_no','agreed',"
    "'paused','resumed','ended','replaced','withdrawn')"
)
OUTCOMES = "outcome IN ('','held','well','helped','with_family','in_hospital','moved','died','other')"


def upgrade() -> None:
    """Make the tables, and the triggers of those that are only added to."""
    _make_pair_rules()
    _make_programmes()
    _make_enrolments()
    _make_partnerships()
    _make_care()
    for table in APPEND_ONLY:
        _guard(table)


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _recorded() -> list[sa.Column[object]]:
    return [_text("recorded_by", 80), _moment("recorded_at")]  # type: ignore[list-item]  # columns of unlike values


def _withdrawn() -> list[sa.Column[object]]:
    return [_text("withdrawn_by", 80), _moment("withdrawn_at", nullable=True)]  # type: ignore[list-item]  # as above


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _taken_back(table: str) -> sa.CheckConstraint:
    return _check(table, "withdrawn", "(withdrawn_by = '') = (withdrawn_at IS NULL)")


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _to(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _index_where(name: str, table: str, columns: list[str], where: str, *, unique: bool = True) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _make_pair_rules() -> None:
    op.create_table(
        "asked_first",
        *_numbers("need_id"),
        *_recorded(),
        _to("asked_first", "need_id", "need.id"),
        _key("asked_first", "need_id"),
    )
    op.create_table(
        "declined_pair",
        _number(),
        *_numbers("need_id", "volunteer_id"),
        *_recorded(),
        *_withdrawn(),
        _taken_back("declined_pair"),
        _to("declined_pair", "need_id", "need.id"),
        _to("declined_pair", "volunteer_id", "volunteer.person_id"),
        _key("declined_pair"),
    )
    _index("declined_pair", "need_id")
    _index("declined_pair", "volunteer_id")
    _index_where("uq_declined_pair_stands", "declined_pair", ["need_id", "volunteer_id"], "withdrawn_at IS NULL")


def _make_programmes() -> None:
    op.create_table(
        "care_programme",
        _number(),
        _text("code", 40),
        _text("name_zh", 120),
        _text("name_en", 120),
        *_numbers("organisation_id", "service_id"),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        *_numbers("min_age"),
        _text("frequency_kind", 16),
        *_numbers("frequency_count"),
        _text("usual_way", 8),
        _text("idempotency_key", 200),
        _text("request_hash", 64),
        *_recorded(),
        _check("care_programme", "days", "to_day > from_day"),
        _check("care_programme", "frequency", FREQUENCY),
        _check("care_programme", "frequency_count", "frequency_count > 0"),
        _check("care_programme", "min_age", "min_age BETWEEN 0 AND 120"),
        _check("care_programme", "way", "usual_way IN ('phone','door','video')"),
        _to("care_programme", "organisation_id", "organisation.id"),
        _to("care_programme", "service_id", "service.id"),
        _key("care_programme"),
        sa.UniqueConstraint("code", name=op.f("uq_care_programme_code")),
    )
    _index("care_programme", "service_id")
    op.create_index("uq_care_programme_key", "care_programme", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "programme_season",
        _number(),
        *_numbers("programme_id"),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("is_yearly", sa.Boolean(), nullable=False),
        _text("frequency_kind", 16),
        *_numbers("frequency_count"),
        _text("cause", 8),
        *_recorded(),
        *_withdrawn(),
        _check("programme_season", "days", "to_day > from_day"),
        _check("programme_season", "frequency", FREQUENCY),
        _check("programme_season", "frequency_count", "frequency_count > 0"),
        _check("programme_season", "cause", "cause IN ('heat','cold','holiday','other')"),
        _taken_back("programme_season"),
        _to("programme_season", "programme_id", "care_programme.id"),
        _key("programme_season"),
    )
    _index("programme_season", "programme_id")
    op.create_table(
        "programme_quota",
        *_numbers("programme_id", "area_id", "seniors"),
        sa.Column("taken", sa.BigInteger(), server_default="0", nullable=False),
        _check("programme_quota", "never_over", "taken >= 0 AND taken <= seniors"),
        _to("programme_quota", "programme_id", "care_programme.id"),
        _to("programme_quota", "area_id", "area.id"),
        _key("programme_quota", "programme_id", "area_id"),
    )
    _index("programme_quota", "area_id")


def _make_enrolments() -> None:
    targets = {
        "programme_id": "care_programme.id",
        "senior_id": "senior.person_id",
        "area_id": "area.id",
        "need_id": "need.id",
    }
    op.create_table(
        "enrolment",
        _number(),
        *_numbers(*targets),
        sa.Column("from_day", sa.Date(), nullable=False),
        _text("enrolled_by", 80),
        _moment("enrolled_at"),
        _text("ended_by", 80),
        _moment("ended_at", nullable=True),
        _text("reason", 400),
        _check("enrolment", "ended", "(ended_at IS NULL) = (ended_by = '')"),
        *(_to("enrolment", column, target) for column, target in targets.items()),
        _key("enrolment"),
    )
    _index("enrolment", "senior_id")
    _index("enrolment", "area_id")
    op.create_index("ix_enrolment_street", "enrolment", ["programme_id", "area_id"])
    op.create_index("uq_enrolment_need", "enrolment", ["need_id"], unique=True)
    _index_where("uq_enrolment_lives", "enrolment", ["programme_id", "senior_id"], "ended_at IS NULL")


def _make_partnerships() -> None:
    targets = {
        "programme_id": "care_programme.id",
        "enrolment_id": "enrolment.id",
        "need_id": "need.id",
        "volunteer_id": "volunteer.person_id",
    }
    optional = {"plan_id": "plan.id", "replaces_id": "partnership.id"}
    both_yes = "state NOT IN ('agreed','paused') OR (volunteer_says = 'yes' AND organisation_says = 'yes')"
    one_no = "(state = 'declined') = (volunteer_says = 'no' OR organisation_says = 'no')"
    op.create_table(
        "partnership",
        _number(),
        *_numbers(*targets),
        *_numbers(*optional, "distance_m", nullable=True),
        _text("state", 12),
        _text("volunteer_says", 4),
        _text("organisation_says", 4),
        sa.Column("paused_until", sa.Date(), nullable=True),
        _moment("proposed_at"),
        _check("partnership", "state", "state IN ('proposed','agreed','declined','paused','ended','withdrawn')"),
        _check("partnership", "volunteer_says", "volunteer_says IN ('','yes','no')"),
        _check("partnership", "organisation_says", "organisation_says IN ('','yes','no')"),
        _check("partnership", "both_said_yes", both_yes),
        _check("partnership", "one_said_no", one_no),
        _check("partnership", "pause", "(state = 'paused') = (paused_until IS NOT NULL)"),
        *(_to("partnership", column, target) for column, target in (targets | optional).items()),
        _key("partnership"),
    )
    for column in ("enrolment_id", "need_id", *optional):
        _index("partnership", column)
    op.create_index("ix_partnership_volunteer", "partnership", ["volunteer_id", "state"])
    op.create_index("ix_partnership_programme", "partnership", ["programme_id", "state", "id"])
    lives, holds = "state IN ('proposed','agreed','paused')", "state IN ('agreed','paused')"
    _index_where("uq_partnership_lives", "partnership", ["need_id", "volunteer_id"], lives)
    _index_where("uq_partnership_holds", "partnership", ["need_id"], holds)
    op.create_table(
        "partnership_step",
        _number(),
        *_numbers("partnership_id"),
        _text("kind", 20),
        _text("actor", 80),
        _text("reason", 400),
        _moment("happened_at"),
        _check("partnership_step", "kind", STEPS),
        _to("partnership_step", "partnership_id", "partnership.id"),
        _key("partnership_step"),
    )
    _index("partnership_step", "partnership_id")


def _make_care() -> None:
    op.create_table(
        "contact",
        _number(),
        *_numbers("visit_id", nullable=True),
        *_numbers("senior_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("way", 8),
        _text("condition", 12),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        *_recorded(),
        _check("contact", "way", "way IN ('phone','door','video')"),
        _check("contact", "condition", "condition IN ('well','unwell','needs_help')"),
        _to("contact", "visit_id", "visit.id"),
        _to("contact", "senior_id", "senior.person_id"),
        _key("contact"),
    )
    op.create_index("uq_contact_visit", "contact", ["visit_id"], unique=True)
    op.create_index("ix_contact_senior_day", "contact", ["senior_id", "day"])
    _index_where("uq_contact_day", "contact", ["senior_id", "day", "way"], "visit_id IS NULL")
    _make_follow_ups()
    op.create_table(
        "feedback",
        *_numbers("visit_id"),
        _text("side", 12),
        *_numbers("happened"),
        *_numbers("minutes", "satisfaction", nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        _text("said_by", 80),
        _moment("said_at"),
        _check("feedback", "side", "side IN ('senior','volunteer','organisation')"),
        _check("feedback", "minutes", "minutes IS NULL OR minutes BETWEEN 0 AND 1440"),
        _check("feedback", "satisfaction", "satisfaction IS NULL OR satisfaction BETWEEN 1 AND 5"),
        _check("feedback", "happened", "happened IN (0, 1)"),
        _to("feedback", "visit_id", "visit.id"),
        _key("feedback", "visit_id", "side"),
    )


def _make_follow_ups() -> None:
    op.create_table(
        "follow_up",
        _number(),
        *_numbers("programme_id", "visit_id", "senior_id", "area_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("cause", 8),
        _text("level", 12),
        _moment("due_at"),
        _moment("opened_at"),
        _text("outcome", 12),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        _text("closed_by", 80),
        _moment("closed_at", nullable=True),
        _check("follow_up", "cause", "cause IN ('missed','silent')"),
        _check("follow_up", "level", "level IN ('organisation','committee')"),
        _check("follow_up", "outcome", OUTCOMES),
        _check("follow_up", "closed_with_outcome", "(outcome = '') = (closed_at IS NULL)"),
        _check("follow_up", "closed_by", "(closed_by = '') = (closed_at IS NULL)"),
        _to("follow_up", "programme_id", "care_programme.id"),
        _to("follow_up", "visit_id", "visit.id", ondelete="CASCADE"),
        _to("follow_up", "senior_id", "senior.person_id"),
        _to("follow_up", "area_id", "area.id"),
        _key("follow_up"),
    )
    op.create_index("uq_follow_up_visit", "follow_up", ["visit_id"], unique=True)
    op.create_index("ix_follow_up_programme", "follow_up", ["programme_id", "day"])
    _index("follow_up", "senior_id")
    _index("follow_up", "area_id")
    live = ["programme_id", "due_at", "id"]
    _index_where("ix_follow_up_open", "follow_up", live, "closed_at IS NULL", unique=False)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_unsaid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        name = f"{table}_no_{action}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_unsaid()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take it all away."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_unsaid()")

"""Bookings: what is asked for, decisions with their reasons, calls to make, vehicle days, and crews of resources.

Columns are added by statements of the database's own, for SQLite would rebuild a table else and drop its triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = (
    "van_call",
    "van_day",
    "desk_notice",
    "place_decision",
    "place_round",
    "place_event",
    "place_need",
    "place_request",
    "booking_rule",
    "resource_staff",
    "resource_fitting",
)
COLUMNS = (
    ("served_min", "served_min >= 0"),
    ("cost_cents", "cost_cents >= 0"),
    ("is_freed", "is_freed IN (0, 1)"),
)
"""Columns of a booking, and what must hold."""
APPEND_ONLY = ("place_event", "place_round", "place_decision", "van_day", "van_call")
WORDS = "is append-only: write a reversal instead"


def upgrade() -> None:
    """Make the tables, add the columns, and guard what happened."""
    _make_crews()
    _make_rules()
    _make_requests()
    _make_decisions()
    _make_vans()
    for column, rule in COLUMNS:
        checked = f"CONSTRAINT ck_booking_{column} CHECK ({rule})"
        op.execute(f"ALTER TABLE booking ADD COLUMN {column} BIGINT DEFAULT '0' NOT NULL {checked}")
    op.execute("ALTER TABLE booking ADD COLUMN closed_by VARCHAR(80) DEFAULT '' NOT NULL")
    op.add_column("booking", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    for table in APPEND_ONLY:
        _guard(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
        return
    for action in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_{action}")
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION "
        "refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate")


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _numbers(*names: str, nullable: bool = False) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _counted(*names: str) -> list["sa.Column[int]"]:
    """Return columns of numbers that are 0 unless something else is said."""
    return [sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in names]


def _days(*names: str) -> list["sa.Column[object]"]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


def _words(**lengths: int) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.String(length=length), nullable=False) for name, length in lengths.items()]


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _make_crews() -> None:
    table = "resource_fitting"
    op.create_table(
        table,
        *_numbers("resource_id"),
        *_words(kind=8),
        *_counted("seats", "wheelchairs"),
        sa.Column("longest_ride_min", sa.BigInteger(), server_default="60", nullable=False),
        *_words(roles=80, recorded_by=80),
        _moment("recorded_at"),
        _check(table, "kind", "kind IN ('place','vehicle','device')"),
        _check(table, "amounts", "seats >= 0 AND wheelchairs >= 0 AND longest_ride_min > 0"),
        _ref(table, "resource_id", "resource.id"),
        _key(table, "resource_id"),
    )
    table = "resource_staff"
    op.create_table(
        table,
        _number(),
        *_numbers("resource_id", "person_id"),
        *_words(role=12),
        *_days("from_day"),
        sa.Column("to_day", sa.Date(), nullable=True),
        *_words(recorded_by=80),
        _moment("recorded_at"),
        *_words(withdrawn_by=80),
        _moment("withdrawn_at", nullable=True),
        _check(table, "role", "role IN ('driver','carer','bather','operator')"),
        _check(table, "days", "to_day IS NULL OR to_day > from_day"),
        _check(table, "withdrawn", "(withdrawn_by = '') = (withdrawn_at IS NULL)"),
        _ref(table, "resource_id", "resource.id"),
        _ref(table, "person_id", "person.id"),
        _key(table, "id"),
    )
    _index(table, "resource_id")
    _index(table, "person_id")


def _make_rules() -> None:
    table = "booking_rule"
    op.create_table(
        table,
        _number(),
        *_numbers("service_id"),
        *_days("from_day"),
        *_numbers("notice_days", "ahead_days", "list_notice_days", "cancel_days", "series_weeks"),
        *_words(decides=8, recorded_by=80),
        _moment("recorded_at"),
        _check(table, "decides", "decides IN ('at_once','round')"),
        _check(table, "notice", "notice_days >= 0 AND ahead_days > notice_days"),
        _check(table, "list_notice", "list_notice_days >= 0 AND cancel_days >= 0"),
        _check(table, "series_weeks", "series_weeks BETWEEN 1 AND 26"),
        _ref(table, "service_id", "service.id"),
        _key(table, "id"),
    )
    op.create_index("ix_booking_rule_service", table, ["service_id", "from_day", "id"])


def _make_requests() -> None:
    table = "place_request"
    op.create_table(
        table,
        _number(),
        *_numbers("organisation_id", "senior_id", "service_id"),
        *_words(source=12, recorded_by=80, asker_relation=12),
        *_numbers("asker_id", nullable=True),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in ("asker_name", "wish", "destination")),
        *_days("from_day", "to_day"),
        *_numbers("window_start_min", "window_end_min", "minutes"),
        *_counted("weekdays", "wheelchairs"),
        sa.Column("is_short_notice", sa.Boolean(), nullable=False),
        sa.Column("to_lat_deg", sa.Float(), nullable=True),
        sa.Column("to_lon_deg", sa.Float(), nullable=True),
        *_numbers("arrive_min", "back_min", nullable=True),
        *_words(status=12, idempotency_key=200),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        _moment("received_at"),
        _moment("closed_at", nullable=True),
        _check(table, "source", "source IN ('page','phone','paper','relative','home_visit')"),
        _check(table, "relation", "asker_relation IN ('self','spouse','child','relative','neighbour','staff')"),
        _check(table, "status", "status IN ('received','waiting','placed','done','withdrawn','lapsed')"),
        _check(table, "amounts", "to_day > from_day AND minutes > 0"),
        _check(table, "weekdays", "weekdays BETWEEN 0 AND 127"),
        _check(table, "wheelchairs", "wheelchairs IN (0, 1)"),
        _check(table, "destination", "(destination IS NULL) = (to_lat_deg IS NULL)"),
        _check(table, "place", "(to_lat_deg IS NULL) = (to_lon_deg IS NULL)"),
        _ref(table, "organisation_id", "organisation.id"),
        _ref(table, "senior_id", "senior.person_id"),
        _ref(table, "service_id", "service.id"),
        _ref(table, "asker_id", "person.id"),
        _key(table, "id"),
    )
    op.create_index("uq_place_request_key", table, ["organisation_id", "idempotency_key"], unique=True)
    op.create_index("ix_place_request_senior", table, ["senior_id", "service_id", "status"])
    op.create_index("ix_place_request_list", table, ["service_id", "status", "id"])
    _index(table, "asker_id")
    op.create_table(
        "place_need",
        *_numbers("need_id", "request_id"),
        _ref("place_need", "need_id", "need.id"),
        _ref("place_need", "request_id", "place_request.id"),
        _key("place_need", "need_id"),
    )
    _index("place_need", "request_id")
    op.create_table(
        "place_event",
        _number(),
        *_numbers("request_id"),
        *_words(kind=24),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        *_words(actor=80, note=1000),
        _moment("happened_at"),
        _ref("place_event", "request_id", "place_request.id"),
        _key("place_event", "id"),
    )
    _index("place_event", "request_id")


def _make_decisions() -> None:
    op.create_table(
        "place_round",
        _number(),
        *_numbers("service_id"),
        *_days("from_day", "to_day"),
        *_numbers("asked", "given"),
        *_words(status=12),
        *_numbers("objective", "bound"),
        *_words(decided_by=80),
        _moment("decided_at"),
        _ref("place_round", "service_id", "service.id"),
        _key("place_round", "id"),
    )
    _index("place_round", "service_id")
    table = "place_decision"
    op.create_table(
        table,
        *_numbers("round_id", "request_id"),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        *_words(why=16),
        *_numbers("position", "tier", "waited_days"),
        *_numbers("distance_m", nullable=True),
        *_numbers("by_tier", "by_waiting", "by_distance", "by_all"),
        _check(table, "position", "is_given = (position = 0)"),
        _check(table, "counts", "by_tier >= 0 AND by_waiting >= 0 AND by_distance >= 0 AND by_all >= 0"),
        _ref(table, "round_id", "place_round.id"),
        _ref(table, "request_id", "place_request.id"),
        _key(table, "round_id", "request_id"),
    )
    op.create_index("ix_place_decision_request", table, ["request_id", "round_id"])
    table = "desk_notice"
    op.create_table(
        table,
        _number(),
        *_numbers("organisation_id", "request_id"),
        *_words(kind=12),
        *_days("day"),
        *_numbers("caused_by"),
        _moment("told_at"),
        *_words(seen_by=80),
        _moment("seen_at", nullable=True),
        _check(table, "kind", "kind IN ('placed','listed','lost','lapsed','not_driven')"),
        _check(table, "seen", "(seen_by = '') = (seen_at IS NULL)"),
        _ref(table, "organisation_id", "organisation.id"),
        _ref(table, "request_id", "place_request.id"),
        _key(table, "id"),
    )
    op.create_index("ix_desk_notice_desk", table, ["organisation_id", "id"])
    op.create_index("uq_desk_notice_once", table, ["request_id", "kind", "day", "caused_by"], unique=True)


def _make_vans() -> None:
    op.create_table(
        "van_day",
        _number(),
        *_numbers("resource_id"),
        *_days("day"),
        *_words(input_hash=64),
        *_numbers("driven_m"),
        *_words(method=40),
        *_numbers("left_out"),
        *_words(made_by=80),
        _moment("made_at"),
        _ref("van_day", "resource_id", "resource.id"),
        _key("van_day", "id"),
    )
    op.create_index("ix_van_day_resource", "van_day", ["resource_id", "day", "id"])
    table = "van_call"
    op.create_table(
        table,
        *_numbers("van_day_id", "position", "need_id"),
        sa.Column("is_back", sa.Boolean(), nullable=False),
        sa.Column("is_pickup", sa.Boolean(), nullable=False),
        *_numbers("starts_min", "window_start_min", "window_end_min"),
        _check(table, "window", "window_start_min <= starts_min AND starts_min < window_end_min"),
        _ref(table, "van_day_id", "van_day.id"),
        _ref(table, "need_id", "need.id"),
        _key(table, "van_day_id", "need_id", "is_back", "is_pickup"),
    )
    _index(table, "need_id")


def downgrade() -> None:
    """Take it all away; places that stand stay."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("booking", "closed_at")
    op.drop_column("booking", "closed_by")
    for column, _ in reversed(COLUMNS):
        if op.get_bind().dialect.name == "postgresql":
            op.drop_column("booking", column)
        else:
            op.execute(f"ALTER TABLE booking DROP COLUMN {column}")

"""The life of an hour: requests, offers, endings, statements, reminders, groups, samples and suspicions.

A migration that rebuilds one of the guarded tables on SQLite drops its triggers, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("request_event", "group_event", "visit_ending", "visit_statement", "home_before", "need_before")
WORDS = "is append-only: write a reversal instead"
TABLES = (
    "suspicion",
    "sampled_visit",
    "audit_sample",
    "group_event",
    "group_served",
    "group_giver",
    "group_service",
    "need_before",
    "home_before",
    "reminder",
    "visit_statement",
    "visit_ending",
    "offer",
    "request_event",
    "service_request",
)
HOME = ("subdistrict_id", "committee_id", "lat_deg", "lon_deg")
ASKED = ("senior_id", "service_id")
WAS_VISITED = (
    "SELECT 1 FROM need n JOIN visit v ON v.need_id = n.id "
    "WHERE n.senior_id = OLD.person_id AND v.status <> 'cancelled'"
)
WAS_SERVED = "SELECT 1 FROM visit v WHERE v.need_id = OLD.id AND v.status <> 'cancelled'"
PAST = (
    ("senior", "home_before", "senior_id", "person_id", HOME, WAS_VISITED),
    ("need", "need_before", "need_id", "id", ASKED, WAS_SERVED),
)
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def upgrade() -> None:
    """Make the tables, and the triggers that guard and fill them."""
    _make_requests()
    _make_offers()
    _make_what_visits_leave()
    _make_what_was()
    _make_groups()
    _make_samples()
    _make_suspicions()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_requests() -> None:
    op.create_table(
        "service_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("asker_relation", sa.String(length=12), nullable=False),
        sa.Column("asker_id", sa.BigInteger(), nullable=True),
        sa.Column("asker_name", sa.LargeBinary(), nullable=True),
        sa.Column("wish", sa.LargeBinary(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("window_start_min", sa.BigInteger(), nullable=False),
        sa.Column("window_end_min", sa.BigInteger(), nullable=False),
        sa.Column("starts_min", sa.BigInteger(), nullable=True),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "asker_relation IN ('self','spouse','child','relative','neighbour','staff')",
            name=op.f("ck_service_request_relation"),
        ),
        sa.CheckConstraint(
            "source IN ('page','phone','paper','relative','home_visit')", name=op.f("ck_service_request_source")
        ),
        sa.CheckConstraint(
            "status IN ('received','listed','turned_away','offered','planned','withdrawn','lapsed')",
            name=op.f("ck_service_request_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('listed','offered','planned') OR need_id IS NOT NULL", name=op.f("ck_service_request_need")
        ),
        sa.CheckConstraint(
            "starts_min IS NULL OR (starts_min >= window_start_min AND starts_min + minutes <= window_end_min)",
            name=op.f("ck_service_request_exact"),
        ),
        sa.CheckConstraint("to_day > from_day AND minutes > 0", name=op.f("ck_service_request_amounts")),
        sa.CheckConstraint("window_start_min + minutes <= window_end_min", name=op.f("ck_service_request_window")),
        sa.CheckConstraint("window_start_min >= 0 AND window_end_min <= 1440", name=op.f("ck_service_request_day")),
        sa.ForeignKeyConstraint(["asker_id"], ["person.id"], name=op.f("fk_service_request_asker_id")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_service_request_need_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_service_request_organisation_id")
        ),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_service_request_senior_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_request_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_request")),
    )
    op.create_index(
        "ix_service_request_list", "service_request", ["organisation_id", "status", "from_day"], unique=False
    )
    op.create_index("ix_service_request_senior", "service_request", ["senior_id", "status"], unique=False)
    op.create_index("uq_service_request_key", "service_request", ["organisation_id", "idempotency_key"], unique=True)
    op.create_index("uq_service_request_need", "service_request", ["need_id"], unique=True)
    op.create_table(
        "request_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_request_event_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_event")),
    )
    op.create_index(op.f("ix_request_event_request_id"), "request_event", ["request_id"], unique=False)


def _make_offers() -> None:
    op.create_table(
        "offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_min", sa.BigInteger(), nullable=False),
        sa.Column("open_min", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'accepted') = (visit_id IS NOT NULL)", name=op.f("ck_offer_visit")),
        sa.CheckConstraint("state <> 'open' OR ends_at IS NOT NULL", name=op.f("ck_offer_open")),
        sa.CheckConstraint(
            "state IN ('waiting','open','accepted','declined','lapsed','withdrawn')", name=op.f("ck_offer_state")
        ),
        sa.CheckConstraint(
            "(opened_at IS NULL) = (ends_at IS NULL) AND ends_at > opened_at", name=op.f("ck_offer_life")
        ),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_offer_request_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_offer_visit_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.person_id"], name=op.f("fk_offer_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_index(
        "ix_offer_open",
        "offer",
        ["ends_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_offer_visit", "offer", ["visit_id"], unique=False)
    op.create_index("ix_offer_volunteer", "offer", ["volunteer_id", "state"], unique=False)
    op.create_index(
        "uq_offer_accepted",
        "offer",
        ["request_id", "round"],
        unique=True,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_index("uq_offer_turn", "offer", ["request_id", "round", "volunteer_id"], unique=True)


def _make_what_visits_leave() -> None:
    op.create_table(
        "visit_ending",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("notice_min", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('cancelled','missed')", name=op.f("ck_visit_ending_kind")),
        sa.CheckConstraint("side IN ('giver','served','organisation')", name=op.f("ck_visit_ending_side")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_ending_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_visit_ending")),
    )
    op.create_table(
        "visit_statement",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('senior','organisation')", name=op.f("ck_visit_statement_side")),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name=op.f("ck_visit_statement_minutes")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_statement_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "side", name=op.f("pk_visit_statement")),
    )
    op.create_table(
        "reminder",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("lead_min", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('giver','served')", name=op.f("ck_reminder_role")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminder_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_reminder_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visit_id", "role", "lead_min", name=op.f("pk_reminder")),
    )


def _make_what_was() -> None:
    op.create_table(
        "home_before",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("subdistrict_id", sa.BigInteger(), nullable=False),
        sa.Column("committee_id", sa.BigInteger(), nullable=False),
        sa.Column("lat_deg", sa.Float(), nullable=False),
        sa.Column("lon_deg", sa.Float(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["committee_id"], ["area.id"], name=op.f("fk_home_before_committee_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_home_before_senior_id")),
        sa.ForeignKeyConstraint(["subdistrict_id"], ["area.id"], name=op.f("fk_home_before_subdistrict_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_before")),
    )
    op.create_index("ix_home_before_senior", "home_before", ["senior_id", "until_at"], unique=False)
    op.create_table(
        "need_before",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_before_need_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_need_before_senior_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_need_before_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_before")),
    )
    op.create_index("ix_need_before_need", "need_before", ["need_id", "until_at"], unique=False)


def _make_groups() -> None:
    op.create_table(
        "group_service",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_min", sa.BigInteger(), nullable=False),
        sa.Column("planned_min", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("evidence", sa.String(length=12), nullable=False),
        sa.Column("confirmed_by", sa.String(length=80), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "evidence IN ('','app','qr','nfc','landline','paper','witness')", name=op.f("ck_group_service_evidence")
        ),
        sa.CheckConstraint(
            "status IN ('planned','held','confirmed','disputed','cancelled')", name=op.f("ck_group_service_status")
        ),
        sa.CheckConstraint(
            "starts_min >= 0 AND planned_min > 0 AND starts_min + planned_min <= 1440",
            name=op.f("ck_group_service_day"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_group_service_area_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_group_service_organisation_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_group_service_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_service")),
    )
    op.create_index("ix_group_service_day", "group_service", ["day", "status"], unique=False)
    op.create_index("uq_group_service_key", "group_service", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "group_giver",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("began_min", sa.BigInteger(), nullable=True),
        sa.Column("served_min", sa.BigInteger(), nullable=True),
        sa.Column("transfer_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("began_min IS NULL OR began_min BETWEEN 0 AND 1440", name=op.f("ck_group_giver_began")),
        sa.CheckConstraint("served_min IS NULL OR served_min BETWEEN 0 AND 1440", name=op.f("ck_group_giver_served")),
        sa.ForeignKeyConstraint(["group_id"], ["group_service.id"], name=op.f("fk_group_giver_group_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_group_giver_transfer_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.person_id"], name=op.f("fk_group_giver_volunteer_id")),
        sa.PrimaryKeyConstraint("group_id", "volunteer_id", name=op.f("pk_group_giver")),
    )
    op.create_index(op.f("ix_group_giver_volunteer_id"), "group_giver", ["volunteer_id"], unique=False)
    op.create_table(
        "group_served",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group_service.id"], name=op.f("fk_group_served_group_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_group_served_senior_id")),
        sa.PrimaryKeyConstraint("group_id", "senior_id", name=op.f("pk_group_served")),
    )
    op.create_index(op.f("ix_group_served_senior_id"), "group_served", ["senior_id"], unique=False)
    op.create_table(
        "group_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group_service.id"], name=op.f("fk_group_event_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_event")),
    )
    op.create_index(op.f("ix_group_event_group_id"), "group_event", ["group_id"], unique=False)


def _make_samples() -> None:
    op.create_table(
        "audit_sample",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("drawn_by", sa.String(length=80), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("to_day > from_day AND quota > 0", name=op.f("ck_audit_sample_amounts")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_audit_sample_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_sample")),
    )
    op.create_index(
        "uq_audit_sample_draw", "audit_sample", ["organisation_id", "from_day", "to_day", "seed", "quota"], unique=True
    )
    op.create_table(
        "sampled_visit",
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.String(length=12), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("stratum_size", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(outcome = '') = (asked_at IS NULL)", name=op.f("ck_sampled_visit_asked")),
        sa.CheckConstraint(
            "outcome IN ('','upheld','not_upheld','unreachable')", name=op.f("ck_sampled_visit_outcome")
        ),
        sa.ForeignKeyConstraint(["sample_id"], ["audit_sample.id"], name=op.f("fk_sampled_visit_sample_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_sampled_visit_visit_id")),
        sa.PrimaryKeyConstraint("sample_id", "visit_id", name=op.f("pk_sampled_visit")),
    )
    op.create_index(op.f("ix_sampled_visit_visit_id"), "sampled_visit", ["visit_id"], unique=False)


def _make_suspicions() -> None:
    op.create_table(
        "suspicion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("giver_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reviewed_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (reviewed_at IS NULL)", name=op.f("ck_suspicion_reviewed")),
        sa.CheckConstraint(
            "kind IN ('overlap','speed','pair','minutes','hours','ring','statements')", name=op.f("ck_suspicion_kind")
        ),
        sa.CheckConstraint("state IN ('open','cleared','confirmed')", name=op.f("ck_suspicion_state")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_suspicion_area_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_suspicion_giver_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_suspicion_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicion")),
    )
    op.create_index("ix_suspicion_area", "suspicion", ["area_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_suspicion_giver_id"), "suspicion", ["giver_id"], unique=False)
    op.create_index("uq_suspicion_key", "suspicion", ["key"], unique=True)


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    for table, past, key, own, columns, served in PAST:
        changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        old = ", ".join(f"OLD.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER {past}_kept AFTER UPDATE OF {', '.join(columns)} ON {table} "
            f"WHEN ({changed}) AND EXISTS ({served}) BEGIN "
            f"INSERT INTO {past} ({key}, {', '.join(columns)}, until_at) VALUES (OLD.{own}, {old}, {SQLITE_NOW}); END"
        )


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            _trigger(table, f"{table}_no_{action}", f"BEFORE {action.upper()}", f"FOR EACH {each}", "refuse_change")
    for table, past, key, own, columns, served in PAST:
        old = ", ".join(f"OLD.{column}" for column in columns)
        op.execute(
            f"CREATE FUNCTION keep_{past}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF EXISTS ({served}) THEN INSERT INTO {past} ({key}, {', '.join(columns)}, until_at) "
            f"VALUES (OLD.{own}, {old}, clock_timestamp()); END IF; RETURN NEW; END $$"
        )
        changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
        after = f"AFTER UPDATE OF {', '.join(columns)}"
        _trigger(table, f"{past}_kept", after, f"FOR EACH ROW WHEN ({changed})", f"keep_{past}")


def _trigger(table: str, name: str, when: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the triggers of older tables and the tables away."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, past, *_ in PAST:
        op.execute(f"DROP TRIGGER {past}_kept" + (f" ON {table}" if is_postgresql else ""))
    for table in TABLES:
        op.drop_table(table)
    if is_postgresql:
        for _, past, *_ in PAST:
            op.execute(f"DROP FUNCTION keep_{past}()")

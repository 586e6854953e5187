"""The bridge: offers and needs of resources, consents, referrals, good practice; companies, clinics and the bureau.

Organisations get kinds more, for which SQLite makes their table anew: no trigger stands on it, and what refers to it
waits until its rows are back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "consent",
    "consent_revocation",
    "referral_event",
    "referral_reading",
    "referral_notice",
    "practice_version",
    "practice_figure",
    "practice_decision",
)
WORDS = "is append-only: write a reversal instead"
TABLES = (
    "practice_decision",
    "practice_figure",
    "practice_version",
    "practice",
    "referral_notice",
    "referral_reading",
    "referral_event",
    "referral",
    "referral_term",
    "consent_revocation",
    "consent",
    "offer_taking",
    "resource_offer",
    "resource_need",
)
KINDS = "'charity_office','social_organisation','charity','subdistrict_office'"
MORE_KINDS = f"{KINDS},'bureau','company','clinic'"


def upgrade() -> None:
    """Let organisations be of more kinds, make the tables, and the triggers that guard them."""
    _set_kinds(MORE_KINDS)
    _make_resources()
    _make_consents()
    _make_referrals()
    _make_practices()
    for table in APPEND_ONLY:
        _guard(table)


def _set_kinds(kinds: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_organisation_kind"), "organisation", type_="check")
        op.create_check_constraint(op.f("ck_organisation_kind"), "organisation", f"kind IN ({kinds})")
        return
    op.execute("PRAGMA defer_foreign_keys = ON")  # what refers to a row finds it again before the transaction ends
    op.execute("CREATE TEMPORARY TABLE organisation_before AS SELECT * FROM organisation")
    op.drop_table("organisation")
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("serves_seniors", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_organisation_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    names = "id, kind, code, name_zh, name_en, serves_seniors"
    op.execute(f"INSERT INTO organisation ({names}) SELECT {names} FROM organisation_before")
    op.execute("DROP TABLE organisation_before")


def _make_resources() -> None:
    op.create_table(
        "resource_need",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("chosen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("closing", sa.String(length=1000), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity > 0 AND chosen BETWEEN 0 AND quantity", name=op.f("ck_resource_need_amounts")),
        sa.CheckConstraint("(status = 'open') = (ended_at IS NULL)", name=op.f("ck_resource_need_ended")),
        sa.CheckConstraint("status <> 'met' OR chosen = quantity", name=op.f("ck_resource_need_met")),
        sa.CheckConstraint("status <> 'open' OR chosen < quantity", name=op.f("ck_resource_need_open")),
        sa.CheckConstraint("status IN ('open','met','closed')", name=op.f("ck_resource_need_status")),
        sa.CheckConstraint("(project_id IS NULL) <> (area_id IS NULL)", name=op.f("ck_resource_need_subject")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_resource_need_area_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_resource_need_organisation_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_resource_need_project_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_resource_need_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_need")),
    )
    op.create_index(op.f("ix_resource_need_area_id"), "resource_need", ["area_id"], unique=False)
    op.create_index("ix_resource_need_list", "resource_need", ["status", "id"], unique=False)
    op.create_index(op.f("ix_resource_need_project_id"), "resource_need", ["project_id"], unique=False)
    op.create_index(op.f("ix_resource_need_service_id"), "resource_need", ["service_id"], unique=False)
    op.create_index("uq_resource_need_key", "resource_need", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "resource_offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("conditions", sa.String(length=1000), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0 AND taken BETWEEN 0 AND quantity", name=op.f("ck_resource_offer_amounts")),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_resource_offer_days")),
        sa.CheckConstraint("status <> 'open' OR taken < quantity", name=op.f("ck_resource_offer_open")),
        sa.CheckConstraint("status IN ('open','taken','withdrawn','expired')", name=op.f("ck_resource_offer_status")),
        sa.CheckConstraint("status <> 'taken' OR taken = quantity", name=op.f("ck_resource_offer_taken")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_resource_offer_area_id")),
        sa.ForeignKeyConstraint(["need_id"], ["resource_need.id"], name=op.f("fk_resource_offer_need_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_resource_offer_organisation_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_resource_offer_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_offer")),
    )
    op.create_index(op.f("ix_resource_offer_area_id"), "resource_offer", ["area_id"], unique=False)
    op.create_index("ix_resource_offer_list", "resource_offer", ["status", "id"], unique=False)
    op.create_index(op.f("ix_resource_offer_need_id"), "resource_offer", ["need_id"], unique=False)
    op.create_index(op.f("ix_resource_offer_service_id"), "resource_offer", ["service_id"], unique=False)
    op.create_index("uq_resource_offer_key", "resource_offer", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "offer_taking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_offer_taking_quantity")),
        sa.ForeignKeyConstraint(["need_id"], ["resource_need.id"], name=op.f("fk_offer_taking_need_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["resource_offer.id"], name=op.f("fk_offer_taking_offer_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_offer_taking_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_taking")),
    )
    op.create_index(op.f("ix_offer_taking_need_id"), "offer_taking", ["need_id"], unique=False)
    op.create_index(op.f("ix_offer_taking_offer_id"), "offer_taking", ["offer_id"], unique=False)
    op.create_index("uq_offer_taking_key", "offer_taking", ["organisation_id", "idempotency_key"], unique=True)


def _make_consents() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("given_by", sa.String(length=12), nullable=False),
        sa.Column("guardian_name", sa.LargeBinary(), nullable=True),
        sa.Column("manner", sa.String(length=20), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("given_by IN ('senior','guardian')", name=op.f("ck_consent_given_by")),
        sa.CheckConstraint("(given_by = 'guardian') = (guardian_name IS NOT NULL)", name=op.f("ck_consent_guardian")),
        sa.CheckConstraint("manner IN ('paper','spoken','signed_on_screen')", name=op.f("ck_consent_manner")),
        sa.CheckConstraint("organisation_id <> receiver_id", name=op.f("ck_consent_two_organisations")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_consent_organisation_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["organisation.id"], name=op.f("fk_consent_receiver_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_consent_senior_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_receiver_id"), "consent", ["receiver_id"], unique=False)
    op.create_index("ix_consent_senior", "consent", ["senior_id", "id"], unique=False)
    op.create_index("uq_consent_key", "consent", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "consent_revocation",
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consent_revocation_consent_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent_revocation")),
    )
    op.create_table(
        "referral_term",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("days BETWEEN 1 AND 90", name=op.f("ck_referral_term_days")),
        sa.CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name=op.f("ck_referral_term_withdrawn")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_referral_term_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_term")),
    )
    op.create_index(op.f("ix_referral_term_service_id"), "referral_term", ["service_id"], unique=False)


def _make_referrals() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), nullable=False),
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("decline_reason", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("feedback", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'sent') = (answered_at IS NULL)", name=op.f("ck_referral_answered")),
        sa.CheckConstraint("(status = 'closed') = (outcome <> '')", name=op.f("ck_referral_closed")),
        sa.CheckConstraint(
            "decline_reason IN ('','no_capacity','not_eligible','out_of_area','other')",
            name=op.f("ck_referral_decline_reason"),
        ),
        sa.CheckConstraint("(status = 'declined') = (decline_reason <> '')", name=op.f("ck_referral_declined")),
        sa.CheckConstraint(
            "(status IN ('declined','closed','withdrawn')) = (ended_at IS NOT NULL)", name=op.f("ck_referral_ended")
        ),
        sa.CheckConstraint("(status = 'closed') = (feedback IS NOT NULL)", name=op.f("ck_referral_feedback")),
        sa.CheckConstraint("outcome IN ('','helped','partly','not_helped','gone')", name=op.f("ck_referral_outcome")),
        sa.CheckConstraint(
            "status IN ('sent','accepted','declined','in_service','closed','withdrawn')",
            name=op.f("ck_referral_status"),
        ),
        sa.CheckConstraint("organisation_id <> receiver_id", name=op.f("ck_referral_two_organisations")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_referral_consent_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_referral_organisation_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["organisation.id"], name=op.f("fk_referral_receiver_id")),
        sa.ForeignKeyConstraint(["senior_id"], ["senior.person_id"], name=op.f("fk_referral_senior_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_referral_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
    )
    op.create_index(op.f("ix_referral_consent_id"), "referral", ["consent_id"], unique=False)
    op.create_index("ix_referral_due", "referral", ["status", "answer_by"], unique=False)
    op.create_index("ix_referral_received", "referral", ["receiver_id", "id"], unique=False)
    op.create_index(op.f("ix_referral_senior_id"), "referral", ["senior_id"], unique=False)
    op.create_index("ix_referral_sent", "referral", ["organisation_id", "id"], unique=False)
    op.create_index(op.f("ix_referral_service_id"), "referral", ["service_id"], unique=False)
    op.create_index("uq_referral_key", "referral", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "referral_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_event_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_event")),
    )
    op.create_index(op.f("ix_referral_event_referral_id"), "referral_event", ["referral_id"], unique=False)
    op.create_table(
        "referral_reading",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_referral_reading_organisation_id")
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_reading_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_reading")),
    )
    op.create_index(op.f("ix_referral_reading_organisation_id"), "referral_reading", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_referral_reading_referral_id"), "referral_reading", ["referral_id"], unique=False)
    op.create_table(
        "referral_notice",
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_notice_referral_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_notice")),
    )


def _make_practices() -> None:
    op.create_table(
        "practice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_practice_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice")),
    )
    op.create_index(op.f("ix_practice_organisation_id"), "practice", ["organisation_id"], unique=False)
    op.create_index("ix_practice_published", "practice", ["published", "id"], unique=False)
    op.create_table(
        "practice_version",
        sa.Column("practice_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("title_zh", sa.String(length=120), nullable=False),
        sa.Column("done", sa.String(length=4000), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_practice_version_version")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_practice_version_organisation_id")
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_practice_version_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "version", name=op.f("pk_practice_version")),
    )
    op.create_index("uq_practice_version_key", "practice_version", ["organisation_id", "idempotency_key"], unique=True)
    op.create_table(
        "practice_figure",
        sa.Column("practice_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("query", sa.String(length=40), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_practice_figure_days")),
        sa.ForeignKeyConstraint(
            ["practice_id", "version"],
            ["practice_version.practice_id", "practice_version.version"],
            name=op.f("fk_practice_figure_practice_id_version"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "version", "position", name=op.f("pk_practice_figure")),
    )
    op.create_table(
        "practice_decision",
        sa.Column("practice_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('approved','returned')", name=op.f("ck_practice_decision_decision")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_practice_decision_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "version"],
            ["practice_version.practice_id", "practice_version.version"],
            name=op.f("fk_practice_decision_practice_id_version"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "version", name=op.f("pk_practice_decision")),
    )
    op.create_index(
        op.f("ix_practice_decision_organisation_id"), "practice_decision", ["organisation_id"], unique=False
    )


def _guard(table: str) -> None:
    """Make the triggers of an append-only table; they fire for replication and restores too."""
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
        return
    for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        name = f"{table}_no_{action}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the tables away; organisations keep their kinds, and with them the check that lets them."""
    for table in TABLES:
        op.drop_table(table)

"""Honours: signing keys, certificates with what they rest on, revocations; the past of them stays.

A migration that rebuilds one of these tables on SQLite drops its triggers, and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("certificate", "certificate_transfer", "certificate_revocation")
ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
WORDS = "is append-only: revoke the certificate instead"
NEXT = (
    "SELECT 1 + COALESCE(MAX(c.serial), 0) FROM certificate c "
    "WHERE c.organisation_id = NEW.organisation_id AND c.year = NEW.year"
)
NO_GAP = "a certificate has the number after the last one of its issuer and year"
STAYS = ("key_id", "public_key", "made_at")
NO_OTHER_KEY = "a signing key stays as it is published, and retires once"


def upgrade() -> None:
    """Make the tables, and the triggers that guard them."""
    _make_keys()
    _make_certificates()
    _make_what_follows()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_keys() -> None:
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('current','retired')", name=op.f("ck_signing_key_status")),
        sa.CheckConstraint(
            "(status = 'current') = (private_key IS NOT NULL)", name=op.f("ck_signing_key_retired_cannot_sign")
        ),
        sa.CheckConstraint("(status = 'current') = (retired_at IS NULL)", name=op.f("ck_signing_key_retired_at")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_current",
        "signing_key",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'current'"),
        postgresql_where=sa.text("status = 'current'"),
    )


def _make_certificates() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("service_min", sa.BigInteger(), nullable=False),
        sa.Column("credit_min", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("serial > 0 AND service_min > 0 AND credit_min > 0", name=op.f("ck_certificate_amounts")),
        sa.CheckConstraint("from_day < to_day", name=op.f("ck_certificate_days")),
        sa.CheckConstraint("idempotency_key <> ''", name=op.f("ck_certificate_key")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_certificate_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["volunteer.person_id"], name=op.f("fk_certificate_person_id")),
        sa.ForeignKeyConstraint(["key_id"], ["signing_key.key_id"], name=op.f("fk_certificate_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
    )
    op.create_index("ix_certificate_person_id", "certificate", ["person_id"])
    op.create_index("uq_certificate_serial", "certificate", ["organisation_id", "year", "serial"], unique=True)
    op.create_index("uq_certificate_key", "certificate", ["organisation_id", "idempotency_key"], unique=True)


def _make_what_follows() -> None:
    op.create_table(
        "certificate_transfer",
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("service_min", sa.BigInteger(), nullable=False),
        sa.Column("credit_min", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("service_min > 0 AND credit_min > 0", name=op.f("ck_certificate_transfer_amounts")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_transfer_certificate_id")
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_certificate_transfer_transfer_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_certificate_transfer_visit_id")),
        sa.PrimaryKeyConstraint("certificate_id", "transfer_id", name=op.f("pk_certificate_transfer")),
    )
    op.create_table(
        "certificate_revocation",
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('error','credit_reversed','false_claim','replaced','own_request')",
            name=op.f("ck_certificate_revocation_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_revocation_certificate_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate_revocation")),
    )


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    op.execute(
        f"CREATE TRIGGER certificate_follows BEFORE INSERT ON certificate WHEN NEW.serial <> ({NEXT}) "
        f"BEGIN SELECT RAISE(ABORT, '{NO_GAP}'); END"
    )
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in STAYS)
    op.execute(
        f"CREATE TRIGGER signing_key_stays BEFORE UPDATE ON signing_key WHEN OLD.status = 'retired' OR {changed} "
        f"BEGIN SELECT RAISE(ABORT, '{NO_OTHER_KEY}'); END"
    )
    op.execute(
        f"CREATE TRIGGER signing_key_no_delete BEFORE DELETE ON signing_key "
        f"BEGIN SELECT RAISE(ABORT, '{NO_OTHER_KEY}'); END"
    )


def _guard_postgresql() -> None:
    _function("refuse_rewrite", f"RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';")
    for table in APPEND_ONLY:
        for action, each in ACTIONS:
            _trigger(table, f"{table}_no_{action}", f"BEFORE {action.upper()}", f"FOR EACH {each}", "refuse_rewrite")
    _function(
        "refuse_gap",
        f"IF NEW.serial <> ({NEXT}) THEN RAISE EXCEPTION '{NO_GAP}' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW;",
    )
    _trigger("certificate", "certificate_follows", "BEFORE INSERT", "FOR EACH ROW", "refuse_gap")
    _function("refuse_other_key", f"RAISE EXCEPTION '{NO_OTHER_KEY}' USING ERRCODE = 'restrict_violation';")
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in STAYS)
    when = f"FOR EACH ROW WHEN (OLD.status = 'retired' OR {changed})"
    _trigger("signing_key", "signing_key_stays", "BEFORE UPDATE", when, "refuse_other_key")
    for action, each in ACTIONS[1:]:
        _trigger(
            "signing_key",
            f"signing_key_no_{action}",
            f"BEFORE {action.upper()}",
            f"FOR EACH {each}",
            "refuse_other_key",
        )


def _function(name: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")


def _trigger(table: str, name: str, before: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {before} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the tables away, and their triggers with them."""
    for table in ("certificate_revocation", "certificate_transfer", "certificate", "signing_key"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in ("refuse_rewrite", "refuse_gap", "refuse_other_key"):
            op.execute(f"DROP FUNCTION {function}()")

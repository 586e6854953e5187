"""Certificates rest on records: visits and hours of groups, whether they became coins, a record or honours.

SQLite cannot loosen a check: ``certificate`` and what refers to it are made anew there, with their triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
WORDS = "is append-only: revoke the certificate instead"
NEXT = (
    "SELECT 1 + COALESCE(MAX(c.serial), 0) FROM certificate c "
    "WHERE c.organisation_id = NEW.organisation_id AND c.year = NEW.year"
)
NO_GAP = "a certificate has the number after the last one of its issuer and year"
AMOUNTS = "serial > 0 AND service_min > 0 AND credit_min >= 0"
KEPT = ("certificate_transfer", "certificate_revocation", "certificate")
"""Tables that SQLite makes anew, those that refer to another one first."""
REVOCATION = "certificate_id, reason, note, revoked_at"
CERTIFICATE = (
    "id, organisation_id, year, serial, number, idempotency_key, request_hash, person_id, from_day, to_day, "
    "service_min, credit_min, issued_on, issued_at, key_id, statement, content"
)
RECORDS = """
INSERT INTO certificate_record (certificate_id, line, visit_id, transfer_id, service_min, credit_min)
SELECT certificate_id, row_number() OVER (PARTITION BY certificate_id ORDER BY visit_id), visit_id, transfer_id,
    service_min, credit_min
FROM {kept}
"""
TRANSFERS = """
INSERT INTO certificate_transfer (certificate_id, transfer_id, visit_id, service_min, credit_min)
SELECT certificate_id, transfer_id, visit_id, service_min, credit_min FROM certificate_record
WHERE visit_id IS NOT NULL AND credit_min > 0
"""


def upgrade() -> None:
    """Make the table of records, carry over what was in that of transfers, and guard it."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_sqlite()
    else:
        op.execute("ALTER TABLE certificate DROP CONSTRAINT ck_certificate_amounts")
        op.execute(f"ALTER TABLE certificate ADD CONSTRAINT ck_certificate_amounts CHECK ({AMOUNTS})")
        _make_records()
        op.execute(RECORDS.format(kept="certificate_transfer"))
        op.drop_table("certificate_transfer")
        _guard_postgresql("certificate_record")


def _rebuild_sqlite() -> None:
    for table in KEPT:
        op.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    for table in KEPT:
        op.drop_table(table)
    _make_certificate()
    _make_revocation()
    _make_records()
    op.execute(f"INSERT INTO certificate ({CERTIFICATE}) SELECT {CERTIFICATE} FROM kept_certificate ORDER BY id")
    op.execute(
        f"INSERT INTO certificate_revocation ({REVOCATION}) SELECT {REVOCATION} FROM kept_certificate_revocation"
    )
    op.execute(RECORDS.format(kept="kept_certificate_transfer"))
    for table in KEPT:
        op.drop_table(f"kept_{table}")
    for table in ("certificate", "certificate_revocation", "certificate_record"):
        _guard_sqlite(table)
    op.execute(
        f"CREATE TRIGGER certificate_follows BEFORE INSERT ON certificate WHEN NEW.serial <> ({NEXT}) "
        f"BEGIN SELECT RAISE(ABORT, '{NO_GAP}'); END"
    )


def _make_certificate() -> None:
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
        sa.CheckConstraint(AMOUNTS, name=op.f("ck_certificate_amounts")),
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


def _make_revocation() -> None:
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


def _make_records() -> None:
    op.create_table(
        "certificate_record",
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("transfer_id", sa.BigInteger(), nullable=True),
        sa.Column("service_min", sa.BigInteger(), nullable=False),
        sa.Column("credit_min", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "line > 0 AND service_min > 0 AND credit_min >= 0", name=op.f("ck_certificate_record_amounts")
        ),
        sa.CheckConstraint("(visit_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_certificate_record_one_record")),
        sa.CheckConstraint("credit_min = 0 OR transfer_id IS NOT NULL", name=op.f("ck_certificate_record_credit")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_record_certificate_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_certificate_record_visit_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group_service.id"], name=op.f("fk_certificate_record_group_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_certificate_record_transfer_id")),
        sa.PrimaryKeyConstraint("certificate_id", "line", name=op.f("pk_certificate_record")),
    )
    for column in ("visit", "group"):
        name = f"uq_certificate_record_{column}"
        op.create_index(name, "certificate_record", ["certificate_id", f"{column}_id"], unique=True)
    for column in ("visit_id", "group_id", "transfer_id"):
        op.create_index(op.f(f"ix_certificate_record_{column}"), "certificate_record", [column])


def _make_transfers() -> None:
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
    op.create_index(op.f("ix_certificate_transfer_visit_id"), "certificate_transfer", ["visit_id"])


def _guard_sqlite(table: str) -> None:
    for action in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
        )


def _guard_postgresql(table: str) -> None:
    """Make triggers that fire for replication and restores too."""
    for action, each in ACTIONS:
        name = f"{table}_no_{action}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH {each} "
            "EXECUTE FUNCTION refuse_rewrite()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Keep what the table of transfers can hold: the visits that became the giver's own coins."""
    _make_transfers()
    op.execute(TRANSFERS)
    op.drop_table("certificate_record")
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite("certificate_transfer")
    else:
        _guard_postgresql("certificate_transfer")

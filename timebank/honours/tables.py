"""Rows of honours: signing keys, certificates with the records they rest on, and revocations.

A certificate is never changed or deleted, nor is what it rests on; it can be revoked, once. The database itself
refuses otherwise, and a number that does not follow the one before (triggers of migrations 0003 and 0010).
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    encrypted,
    moment,
    optional_encrypted,
    optional_moment,
    optional_ref,
)

REASONS = ("error", "credit_reversed", "false_claim", "replaced", "own_request")
"""Why a certificate can be revoked; the category is published, nothing else is."""


class SigningKey(SQLModel, table=True):
    """An Ed25519 key that signs certificates; one is current, retired ones have lost their private half.

    ``key_id`` is made from the public half, so no two keys can have the same.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint("status IN ('current','retired')", name="status"),
        CheckConstraint("(status = 'current') = (private_key IS NOT NULL)", name="retired_cannot_sign"),
        CheckConstraint("(status = 'current') = (retired_at IS NULL)", name="retired_at"),
        Index(
            "uq_signing_key_current",
            "status",
            unique=True,
            sqlite_where=text("status = 'current'"),
            postgresql_where=text("status = 'current'"),
        ),
    )

    key_id: str = Field(primary_key=True, max_length=16)
    public_key: bytes = Field(sa_type=LargeBinary, nullable=False)
    private_key: str | None = optional_encrypted("signing_key.private_key")
    status: str = Field(default="current", max_length=8)
    made_at: datetime = moment()
    retired_at: datetime | None = optional_moment()


class Certificate(SQLModel, table=True):
    """A certificate as it was issued: number, figures, the signed statement, and every word on the paper.

    ``serial`` counts from 1 without gaps for each issuer and year. ``to_day`` is half-open. ``content`` is JSON.
    """

    __table_args__ = (
        CheckConstraint("serial > 0 AND service_min > 0 AND credit_min >= 0", name="amounts"),
        CheckConstraint("from_day < to_day", name="days"),
        CheckConstraint("idempotency_key <> ''", name="key"),
        Index("uq_certificate_serial", "organisation_id", "year", "serial", unique=True),
        Index("uq_certificate_key", "organisation_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    year: int = big_int()
    serial: int = big_int()
    number: str = Field(max_length=64, unique=True)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    person_id: int = big_ref("volunteer.person_id", index=True)
    from_day: date
    to_day: date
    service_min: int = big_int()
    credit_min: int = big_int()
    issued_on: date
    issued_at: datetime = moment()
    key_id: str = Field(foreign_key="signing_key.key_id", max_length=16)
    statement: str = Field(sa_type=Text, nullable=False)
    content: str = encrypted("certificate.content")


class CertificateRecord(SQLModel, table=True):
    """A record that a certificate rests on: a visit or a group service, its minutes of service, and its credit.

    ``transfer_id`` is empty where the record became no coins; ``credit_min`` is what came into the giver's own account.
    """

    __tablename__ = "certificate_record"
    __table_args__ = (
        CheckConstraint("line > 0 AND service_min > 0 AND credit_min >= 0", name="amounts"),
        CheckConstraint("(visit_id IS NULL) <> (group_id IS NULL)", name="one_record"),
        CheckConstraint("credit_min = 0 OR transfer_id IS NOT NULL", name="credit"),
        Index("uq_certificate_record_visit", "certificate_id", "visit_id", unique=True),
        Index("uq_certificate_record_group", "certificate_id", "group_id", unique=True),
    )

    certificate_id: int = big_ref("certificate.id", primary_key=True)
    line: int = Field(primary_key=True, sa_type=BigInteger)
    visit_id: int | None = optional_ref("visit.id", index=True)
    group_id: int | None = optional_ref("group_service.id", index=True)
    transfer_id: int | None = optional_ref("transfer.id", index=True)
    service_min: int = big_int()
    credit_min: int = big_int()


class CertificateRevocation(SQLModel, table=True):
    """The end of a certificate, with its reason; ``note`` stays with the issuer."""

    __tablename__ = "certificate_revocation"
    __table_args__ = (CheckConstraint(f"reason IN ({','.join(repr(reason) for reason in REASONS)})", name="reason"),)

    certificate_id: int = big_ref("certificate.id", primary_key=True)
    reason: str = Field(max_length=16)
    note: str | None = optional_encrypted("certificate_revocation.note")
    revoked_at: datetime = moment()

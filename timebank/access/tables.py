"""Rows of the ways in: keys that sign tokens, clients with their secrets and keys, linked persons, one-time codes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    moment,
    optional_encrypted,
    optional_moment,
)


def _one(name: str, state: str) -> Index:
    """Let at most one key be in a state."""
    where = text(f"status = '{state}'")
    return Index(name, "status", unique=True, sqlite_where=where, postgresql_where=where)


class AccessKey(SQLModel, table=True):
    """An Ed25519 key that signs tokens: published first, then it signs, then it is retired and loses its private half.

    ``good_until`` is the end of the last token that a retired key signed; it is published until then.
    """

    __tablename__ = "access_key"
    __table_args__ = (
        CheckConstraint("status IN ('next','current','retired')", name="status"),
        CheckConstraint("(status = 'retired') = (private_key IS NULL)", name="retired_cannot_sign"),
        CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name="retired_at"),
        CheckConstraint("(status = 'retired') = (good_until IS NOT NULL)", name="good_until"),
        _one("uq_access_key_next", "next"),
        _one("uq_access_key_current", "current"),
    )

    key_id: str = Field(primary_key=True, max_length=16)
    public_key: bytes = Field(sa_type=LargeBinary, nullable=False)
    private_key: str | None = optional_encrypted("access_key.private_key")
    status: str = Field(max_length=8)
    made_at: datetime = moment()
    signs_from: datetime | None = optional_moment()
    retired_at: datetime | None = optional_moment()
    good_until: datetime | None = optional_moment()


class ApiClient(SQLModel, table=True):
    """A program of an organisation that comes by itself."""

    __tablename__ = "api_client"

    id: int | None = big_id()
    client_id: str = Field(max_length=40, unique=True)
    organisation_id: int = big_ref("organisation.id", index=True)
    name: str = Field(max_length=80)
    scopes: str = Field(max_length=2000)
    made_at: datetime = moment()
    revoked_at: datetime | None = optional_moment()


class ClientCredential(SQLModel, table=True):
    """A secret of a client, stored as its SHA-256 alone, or the public half of a key of its own."""

    __tablename__ = "client_credential"
    __table_args__ = (
        CheckConstraint("way IN ('secret','key')", name="way"),
        CheckConstraint("(way = 'secret') = (digest IS NOT NULL)", name="secret"),
        CheckConstraint("(way = 'key') = (public_key IS NOT NULL)", name="key"),
        CheckConstraint("expires_at > made_at", name="life"),
        Index("uq_client_credential_shown", "client_id", "shown", unique=True),
        Index("uq_client_credential_digest", "digest", unique=True),
    )

    id: int | None = big_id()
    client_id: int = big_ref("api_client.id")
    way: str = Field(max_length=8)
    shown: str = Field(max_length=64)
    digest: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    public_key: str | None = Field(default=None, sa_type=Text, nullable=True)
    made_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = optional_moment()
    last_used_at: datetime | None = optional_moment()


class AssertionSeen(SQLModel, table=True):
    """An assertion that a client came with; a second time it is taken for stolen. Kept until it is dead anyway."""

    __tablename__ = "assertion_seen"
    __table_args__ = (Index("ix_assertion_seen_expires_at", "expires_at"),)

    client_id: int = big_ref("api_client.id", primary_key=True)
    jti_digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    expires_at: datetime = moment()


class LinkedSubject(SQLModel, table=True):
    """Whom a provider means by a subject; the subject itself is stored as a keyed hash. Taken back, never deleted."""

    __tablename__ = "linked_subject"
    __table_args__ = (
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index(
            "uq_linked_subject_stands",
            "subject_digest",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: int | None = big_id()
    issuer: str = Field(max_length=255)
    subject_digest: bytes = Field(sa_type=LargeBinary, nullable=False)
    person_id: int = big_ref("person.id", index=True)
    linked_by: str = Field(max_length=80)
    linked_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class OneTimeCode(SQLModel, table=True):
    """A code that a desk gave a person, as a keyed hash: good once, for a few minutes and a few tries."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint("expires_at > made_at", name="life"),
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        Index("ix_one_time_code_person", "person_id", "made_at"),
    )

    id: int | None = big_id()
    person_id: int = big_ref("person.id")
    digest: bytes = Field(sa_type=LargeBinary, nullable=False)
    made_by: str = Field(max_length=80)
    made_at: datetime = moment()
    expires_at: datetime = moment()
    tries: int = big_int(default=0)
    ended_at: datetime | None = optional_moment()

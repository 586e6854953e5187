"""Rows of referrals: the consent they rest on, their steps, who read what of it, and who was told of a late answer."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import JSON, Field, SQLModel

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


class Consent(SQLModel, table=True):
    """A senior's word, or their guardian's, that an organisation may know some fields until a day; append-only.

    ``fields`` are codes (:data:`timebank.bridge.fields.FIELDS`); ``until_day`` is half-open. ``organisation_id`` took
    the word down, ``receiver_id`` may know. ``proof`` says where the paper lies or who was there.
    """

    __table_args__ = (
        CheckConstraint("given_by IN ('senior','guardian')", name="given_by"),
        CheckConstraint("manner IN ('paper','spoken','signed_on_screen')", name="manner"),
        CheckConstraint("(given_by = 'guardian') = (guardian_name IS NOT NULL)", name="guardian"),
        CheckConstraint("organisation_id <> receiver_id", name="two_organisations"),
        Index("uq_consent_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_consent_senior", "senior_id", "id"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    receiver_id: int = big_ref("organisation.id", index=True)
    senior_id: int = big_ref("senior.person_id")
    fields: list[Any] = Field(default_factory=list, sa_type=JSON, nullable=False)
    purpose: str = Field(max_length=200)
    until_day: date
    given_by: str = Field(max_length=12)
    guardian_name: str | None = optional_encrypted("consent.guardian_name")
    manner: str = Field(max_length=20)
    proof: str | None = optional_encrypted("consent.proof")
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    given_at: datetime = moment()


class ConsentRevocation(SQLModel, table=True):
    """The end of a consent before its day, by whom and when; append-only."""

    __tablename__ = "consent_revocation"

    consent_id: int = big_ref("consent.id", primary_key=True)
    actor: str = Field(max_length=80)
    revoked_at: datetime = moment()


class Referral(SQLModel, table=True):
    """A senior whom one organisation hands on to another, and how far it came.

    ``organisation_id`` referred, ``receiver_id`` answers until ``answer_by``. ``reason`` and ``feedback`` are words
    about a person, so they are encrypted.
    """

    __table_args__ = (
        CheckConstraint("status IN ('sent','accepted','declined','in_service','closed','withdrawn')", name="status"),
        CheckConstraint(
            "decline_reason IN ('','no_capacity','not_eligible','out_of_area','other')", name="decline_reason"
        ),
        CheckConstraint("(status = 'declined') = (decline_reason <> '')", name="declined"),
        CheckConstraint("outcome IN ('','helped','partly','not_helped','gone')", name="outcome"),
        CheckConstraint("(status = 'closed') = (outcome <> '')", name="closed"),
        CheckConstraint("(status = 'closed') = (feedback IS NOT NULL)", name="feedback"),
        CheckConstraint("(status = 'sent') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("(status IN ('declined','closed','withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("organisation_id <> receiver_id", name="two_organisations"),
        Index("uq_referral_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_referral_sent", "organisation_id", "id"),
        Index("ix_referral_received", "receiver_id", "id"),
        Index("ix_referral_due", "status", "answer_by"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    receiver_id: int = big_ref("organisation.id")
    consent_id: int = big_ref("consent.id", index=True)
    senior_id: int = big_ref("senior.person_id", index=True)
    service_id: int | None = optional_ref("service.id", index=True)
    reason: str = encrypted("referral.reason")
    status: str = Field(default="sent", max_length=12)
    decline_reason: str = Field(default="", max_length=20)
    outcome: str = Field(default="", max_length=12)
    feedback: str | None = optional_encrypted("referral.feedback")
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    sent_at: datetime = moment()
    answer_by: datetime = moment()
    answered_at: datetime | None = optional_moment()
    ended_at: datetime | None = optional_moment()


class ReferralEvent(SQLModel, table=True):
    """A step of a referral, who took it, and their words; append-only."""

    __tablename__ = "referral_event"

    id: int | None = big_id()
    referral_id: int = big_ref("referral.id", index=True)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    note: str | None = optional_encrypted("referral_event.note")
    happened_at: datetime = moment()


class ReferralReading(SQLModel, table=True):
    """That the receiver of a referral read a senior's fields, which, and when; append-only."""

    __tablename__ = "referral_reading"

    id: int | None = big_id()
    referral_id: int = big_ref("referral.id", index=True)
    organisation_id: int = big_ref("organisation.id", index=True)
    actor: str = Field(max_length=80)
    fields: list[Any] = Field(default_factory=list, sa_type=JSON, nullable=False)
    read_at: datetime = moment()


class ReferralNotice(SQLModel, table=True):
    """That the referrer was told of an answer that did not come in time; once, append-only."""

    __tablename__ = "referral_notice"

    referral_id: int = big_ref("referral.id", primary_key=True)
    told_at: datetime = moment()


class ReferralTerm(SQLModel, table=True):
    """How many days an answer may take, from a day on, for a service or for all."""

    __tablename__ = "referral_term"
    __table_args__ = (
        CheckConstraint("days BETWEEN 1 AND 90", name="days"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
    )

    id: int | None = big_id()
    service_id: int | None = optional_ref("service.id", index=True)
    days: int = big_int()
    from_day: date
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()

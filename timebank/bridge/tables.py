"""Rows of offers and needs of resources: who offers what, who needs what, and who took how much of which."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from timebank.bridge.practice_tables import Practice, PracticeDecision, PracticeFigure, PracticeVersion
from timebank.bridge.referral_tables import (
    Consent,
    ConsentRevocation,
    Referral,
    ReferralEvent,
    ReferralNotice,
    ReferralReading,
    ReferralTerm,
)
from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref


class ResourceNeed(SQLModel, table=True):
    """Something that a project or a street lacks, until a day (half-open); ``chosen`` is how much was found for it."""

    __tablename__ = "resource_need"
    __table_args__ = (
        CheckConstraint("status IN ('open','met','closed')", name="status"),
        CheckConstraint("quantity > 0 AND chosen BETWEEN 0 AND quantity", name="amounts"),
        CheckConstraint("status <> 'met' OR chosen = quantity", name="met"),
        CheckConstraint("status <> 'open' OR chosen < quantity", name="open"),
        CheckConstraint("(project_id IS NULL) <> (area_id IS NULL)", name="subject"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended"),
        Index("uq_resource_need_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_resource_need_list", "status", "id"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    project_id: int | None = optional_ref("project.id", index=True)
    area_id: int | None = optional_ref("area.id", index=True)
    service_id: int | None = optional_ref("service.id", index=True)
    what: str = Field(max_length=120)
    unit: str = Field(max_length=20)
    quantity: int = big_int()
    chosen: int = big_int(default=0)
    to_day: date
    words: str = Field(default="", max_length=1000)
    status: str = Field(default="open", max_length=12)
    closing: str = Field(default="", max_length=1000)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    stated_at: datetime = moment()
    ended_at: datetime | None = optional_moment()


class ResourceOffer(SQLModel, table=True):
    """Something that an organisation offers from a day to a day (half-open); never more is taken than was offered.

    Without an area it is for the whole district; with a ``need_id`` it answers that need, and is for it alone.
    """

    __tablename__ = "resource_offer"
    __table_args__ = (
        CheckConstraint("status IN ('open','taken','withdrawn','expired')", name="status"),
        CheckConstraint("quantity > 0 AND taken BETWEEN 0 AND quantity", name="amounts"),
        CheckConstraint("status <> 'taken' OR taken = quantity", name="taken"),
        CheckConstraint("status <> 'open' OR taken < quantity", name="open"),
        CheckConstraint("to_day > from_day", name="days"),
        Index("uq_resource_offer_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_resource_offer_list", "status", "id"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    need_id: int | None = optional_ref("resource_need.id", index=True)
    area_id: int | None = optional_ref("area.id", index=True)
    service_id: int | None = optional_ref("service.id", index=True)
    what: str = Field(max_length=120)
    unit: str = Field(max_length=20)
    quantity: int = big_int()
    taken: int = big_int(default=0)
    from_day: date
    to_day: date
    conditions: str = Field(default="", max_length=1000)
    status: str = Field(default="open", max_length=12)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    offered_at: datetime = moment()


class OfferTaking(SQLModel, table=True):
    """How much of an offer an organisation took, what for, and when it gave it back if it did."""

    __tablename__ = "offer_taking"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_offer_taking_key", "organisation_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    offer_id: int = big_ref("resource_offer.id", index=True)
    organisation_id: int = big_ref("organisation.id")
    need_id: int | None = optional_ref("resource_need.id", index=True)
    quantity: int = big_int()
    purpose: str = Field(default="", max_length=200)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    taken_at: datetime = moment()
    returned_at: datetime | None = optional_moment()


__all__ = [
    "Consent",
    "ConsentRevocation",
    "OfferTaking",
    "Practice",
    "PracticeDecision",
    "PracticeFigure",
    "PracticeVersion",
    "Referral",
    "ReferralEvent",
    "ReferralNotice",
    "ReferralReading",
    "ReferralTerm",
    "ResourceNeed",
    "ResourceOffer",
]

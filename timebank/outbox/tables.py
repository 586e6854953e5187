"""Tables of the outbox: events, webhooks with the kinds they want, deliveries and every attempt at one."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    encrypted,
    moment,
    optional_encrypted,
    optional_int,
    optional_moment,
)


class Event(SQLModel, table=True):
    """Something that happened, written in the transaction in which it did; append-only.

    ``turn`` is the number of that transaction on PostgreSQL, 0 on SQLite: readers go by (turn, id), for a lower id may
    be committed later than a higher one.
    """

    __table_args__ = (Index("ix_event_organisation", "organisation_id", "turn", "id"),)

    id: int | None = big_id()
    turn: int = big_int()
    organisation_id: int = big_ref("organisation.id")
    kind: str = Field(max_length=40)
    subject_kind: str = Field(max_length=40)
    subject_id: int = big_int()
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    occurred_at: datetime = moment()


class Webhook(SQLModel, table=True):
    """An address of an organisation that is told of events; its secrets sign what is sent, and are stored encrypted."""

    __table_args__ = (
        CheckConstraint("status IN ('active','paused','gone','removed')", name="status"),
        CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous"),
        Index("uq_webhook_key", "organisation_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes
    address: str = encrypted("webhook.address")
    secret: str = encrypted("webhook.secret")
    previous_secret: str | None = optional_encrypted("webhook.previous_secret")
    previous_until: datetime | None = optional_moment()
    status: str = Field(default="active", max_length=12)
    created_by: str = Field(max_length=80)
    created_at: datetime = moment()
    changed_at: datetime = moment()


class WebhookKind(SQLModel, table=True):
    """A kind of events that a webhook wants."""

    __tablename__ = "webhook_kind"

    webhook_id: int = big_ref("webhook.id", primary_key=True)
    kind: str = Field(max_length=40, primary_key=True)


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to a webhook; made in the event's own transaction, so that none is lost or invented."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("status IN ('waiting','delivered','dead')", name="status"),
        CheckConstraint("(status = 'waiting') = (finished_at IS NULL)", name="finished"),
        CheckConstraint("attempts >= 0", name="attempts"),
        UniqueConstraint("event_id", "webhook_id", name="uq_webhook_delivery_event"),
        Index("ix_webhook_delivery_webhook", "webhook_id", "status", "id"),
        Index("ix_webhook_delivery_due", "status", "next_at"),
    )

    id: int | None = big_id()
    webhook_id: int = big_ref("webhook.id")
    event_id: int = big_ref("event.id")
    status: str = Field(default="waiting", max_length=12)
    attempts: int = big_int(default=0)
    """Attempts since it was made or last asked for again."""
    next_at: datetime = moment()
    finished_at: datetime | None = optional_moment()


class WebhookAttempt(SQLModel, table=True):
    """One try to deliver, with what the receiver answered; append-only."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_delivery", "delivery_id", "id"),)

    id: int | None = big_id()
    delivery_id: int = big_ref("webhook_delivery.id")
    tried_at: datetime = moment()
    answered: int | None = optional_int()
    """Status of HTTP; empty when there was no answer."""
    fault: str = Field(default="", max_length=40)

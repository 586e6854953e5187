"""Rows of access: tokens, and what was done about them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, moment, optional_moment, optional_ref


class AccessToken(SQLModel, table=True):
    """A token, stored as its SHA-256 alone; it acts for an organisation or for a person.

    ``made_by`` is who made it, such as ``token:7``: with a token that is revoked go those that were made with it.
    ``last_used_at`` lags behind by some minutes, for it is not written at each use.
    """

    __tablename__ = "access_token"
    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (person_id IS NULL)", name="one_holder"),
        CheckConstraint("expires_at > created_at", name="life"),
        Index("ix_access_token_holder", "organisation_id", "person_id"),
        Index("uq_access_token_key", "made_by", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    digest: bytes = Field(unique=True)
    shown_prefix: str = Field(max_length=16)
    organisation_id: int | None = optional_ref("organisation.id")
    person_id: int | None = optional_ref("person.id", index=True)
    scopes: str = Field(max_length=2000)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = optional_moment()
    name: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    made_by: str = Field(default="operator", max_length=80, sa_column_kwargs={"server_default": "operator"})
    idempotency_key: str | None = Field(default=None, max_length=200)
    last_used_at: datetime | None = optional_moment()


class AccessEvent(SQLModel, table=True):
    """What was done about a way in: who made, gave, changed or revoked what. Only added to, never changed."""

    __tablename__ = "access_event"
    __table_args__ = (
        CheckConstraint("kind <> '' AND about <> '' AND actor <> ''", name="words"),
        Index("ix_access_event_about", "about", "id"),
        Index("ix_access_event_holder", "holder", "id"),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=24)
    about: str = Field(max_length=80)
    holder: str = Field(max_length=80)
    actor: str = Field(max_length=80)
    detail: str = Field(max_length=400)
    happened_at: datetime = moment()

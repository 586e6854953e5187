"""Rows of what is seen of seniors in a programme: how they were met, who was missed and what came of it, what was felt.

Most greetings are only a visit: what stands here is what differs, so that a year of them stays small.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    moment,
    optional_encrypted,
    optional_int,
    optional_moment,
    optional_ref,
)


class Contact(SQLModel, table=True):
    """A senior was met or spoken to: a visit of another way than usual or with something to say, or without a visit.

    Append-only.
    """

    __table_args__ = (
        CheckConstraint("way IN ('phone','door','video')", name="way"),
        CheckConstraint("condition IN ('well','unwell','needs_help')", name="condition"),
        Index("uq_contact_visit", "visit_id", unique=True),
        Index("ix_contact_senior_day", "senior_id", "day"),
        Index(
            "uq_contact_day",
            "senior_id",
            "day",
            "way",
            unique=True,
            sqlite_where=text("visit_id IS NULL"),
            postgresql_where=text("visit_id IS NULL"),
        ),
    )

    id: int | None = big_id()
    visit_id: int | None = optional_ref("visit.id")
    senior_id: int = big_ref("senior.person_id")
    day: date
    way: str = Field(max_length=8)
    condition: str = Field(max_length=12)
    note: str | None = optional_encrypted("contact.note")
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class FollowUp(SQLModel, table=True):
    """Somebody was not met: who must look after them until when, and what came of it. It is closed with an outcome.

    ``cause`` is missed (somebody tried) or silent (nobody has said anything). Two in a row are the committee's.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint("cause IN ('missed','silent')", name="cause"),
        CheckConstraint("level IN ('organisation','committee')", name="level"),
        CheckConstraint(
            "outcome IN ('','held','well','helped','with_family','in_hospital','moved','died','other')", name="outcome"
        ),
        CheckConstraint("(outcome = '') = (closed_at IS NULL)", name="closed_with_outcome"),
        CheckConstraint("(closed_by = '') = (closed_at IS NULL)", name="closed_by"),
        Index("uq_follow_up_visit", "visit_id", unique=True),
        Index("ix_follow_up_programme", "programme_id", "day"),
        Index(
            "ix_follow_up_open",
            "programme_id",
            "due_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = big_id()
    programme_id: int = big_ref("care_programme.id")
    visit_id: int = Field(
        sa_type=BigInteger,
        nullable=False,
        sa_column_args=[ForeignKey("visit.id", ondelete="CASCADE")],  # a planned visit gives way to a newer plan
    )
    senior_id: int = big_ref("senior.person_id", index=True)
    area_id: int = big_ref("area.id", index=True)
    day: date
    cause: str = Field(max_length=8)
    level: str = Field(max_length=12)
    due_at: datetime = moment()
    opened_at: datetime = moment()
    outcome: str = Field(default="", max_length=12)
    note: str | None = optional_encrypted("follow_up.note")
    closed_by: str = Field(default="", max_length=80)
    closed_at: datetime | None = optional_moment()


class Feedback(SQLModel, table=True):
    """What one party says of a visit: whether it happened, how long it took, how content they are; append-only."""

    __table_args__ = (
        CheckConstraint("side IN ('senior','volunteer','organisation')", name="side"),
        CheckConstraint("minutes IS NULL OR minutes BETWEEN 0 AND 1440", name="minutes"),
        CheckConstraint("satisfaction IS NULL OR satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        CheckConstraint("happened IN (0, 1)", name="happened"),
    )

    visit_id: int = big_ref("visit.id", primary_key=True)
    side: str = Field(primary_key=True, max_length=12)
    happened: int = big_int()
    minutes: int | None = optional_int()
    satisfaction: int | None = optional_int()
    note: str | None = optional_encrypted("feedback.note")
    said_by: str = Field(max_length=80)
    said_at: datetime = moment()

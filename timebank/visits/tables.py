"""Rows of visits: one dated occurrence each, what was seen of it, and the credit it earned.

What belongs to a visit and is not known of most stands in tables of its own, so that a day of greetings stays cheap.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    moment,
    optional_int,
    optional_moment,
    optional_ref,
)
from timebank.visits.audit_tables import AuditSample, SampledVisit, Suspicion
from timebank.visits.claim_tables import GroupClaim, VisitClaim
from timebank.visits.group_tables import GroupEvent, GroupGiver, GroupServed, GroupService


class Visit(SQLModel, table=True):
    """A visit, with its six facts.

    Service and served are one join away (need); giver, day, start, end and evidence are here. ``helper`` is 1, and 2 or
    3 of those who come together.
    """

    __table_args__ = (
        CheckConstraint(
            "status IN ('planned','checked_in','checked_out','confirmed','disputed','missed','cancelled')",
            name="status",
        ),
        CheckConstraint(
            "evidence IN ('','app','qr','nfc','landline','paper','witness')",
            name="evidence",
        ),
        CheckConstraint(
            "checked_out_at IS NULL OR (checked_in_at IS NOT NULL AND checked_out_at > checked_in_at)",
            name="order",
        ),
        CheckConstraint("served_min IS NULL OR served_min >= 0", name="served"),
        CheckConstraint("helper BETWEEN 1 AND 3", name="helper"),
        Index(
            "uq_visit_need_day",
            "need_id",
            "day",
            "helper",
            unique=True,
            sqlite_where=text("status <> 'cancelled'"),
            postgresql_where=text("status <> 'cancelled'"),
        ),
        Index("ix_visit_volunteer_day", "volunteer_id", "day"),
        Index("ix_visit_day_status", "day", "status"),
        {
            "sqlite_autoincrement": True,  # the number of a visit that gave way is never another's
            "postgresql_with": {"fillfactor": 50},  # each step writes the row anew: beside itself, no index is touched
        },
    )

    id: int | None = big_id()
    plan_id: int = big_ref("plan.id")
    need_id: int = big_ref("need.id", index=True)
    volunteer_id: int = big_ref("volunteer.person_id")
    day: date
    starts_min: int = big_int()
    planned_min: int = big_int()
    status: str = Field(default="planned", max_length=12)
    checked_in_at: datetime | None = optional_moment()
    checked_out_at: datetime | None = optional_moment()
    served_min: int | None = optional_int()
    evidence: str = Field(default="", max_length=12)
    confirmed_by: str = Field(default="", max_length=12)
    transfer_id: int | None = optional_ref("transfer.id")
    helper: int = big_int(default=1)


class VisitEvent(SQLModel, table=True):
    """What happened to a visit outside the ordinary: missed, disputed, resolved, cancelled; append-only."""

    __tablename__ = "visit_event"

    id: int | None = big_id()
    visit_id: int = big_ref("visit.id", index=True)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    happened_at: datetime = moment()


class VisitEnding(SQLModel, table=True):
    """By whose side a visit was called off or missed, and how long before it began; append-only."""

    __tablename__ = "visit_ending"
    __table_args__ = (
        CheckConstraint("kind IN ('cancelled','missed')", name="kind"),
        CheckConstraint("side IN ('giver','served','organisation')", name="side"),
    )

    visit_id: int = big_ref("visit.id", primary_key=True)
    kind: str = Field(max_length=12)
    side: str = Field(max_length=12)
    is_late: bool
    notice_min: int = big_int()
    actor: str = Field(max_length=80)
    ended_at: datetime = moment()


class VisitStatement(SQLModel, table=True):
    """The minutes that one side says a visit took; append-only, so that both numbers stay."""

    __tablename__ = "visit_statement"
    __table_args__ = (
        CheckConstraint("side IN ('senior','organisation')", name="side"),
        CheckConstraint("minutes BETWEEN 0 AND 1440", name="minutes"),
    )

    visit_id: int = big_ref("visit.id", primary_key=True)
    side: str = Field(primary_key=True, max_length=12)
    minutes: int = big_int()
    actor: str = Field(max_length=80)
    stated_at: datetime = moment()


class Reminder(SQLModel, table=True):
    """A reminder of a visit that somebody has taken on to send: one for each role and lead, whatever crashes."""

    __table_args__ = (CheckConstraint("role IN ('giver','served')", name="role"),)

    visit_id: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        sa_column_args=[ForeignKey("visit.id", ondelete="CASCADE")],  # a planned visit gives way to a newer plan
    )
    role: str = Field(primary_key=True, max_length=8)
    lead_min: int = Field(primary_key=True, sa_type=BigInteger)
    person_id: int = big_ref("person.id", index=True)
    claimed_at: datetime = moment()
    sent_at: datetime | None = optional_moment()


class Offer(SQLModel, table=True):
    """A visit for a request, offered to a volunteer until a moment; those who wait have no end yet."""

    __table_args__ = (
        CheckConstraint("state IN ('waiting','open','accepted','declined','lapsed','withdrawn')", name="state"),
        CheckConstraint("(opened_at IS NULL) = (ends_at IS NULL) AND ends_at > opened_at", name="life"),
        CheckConstraint("state <> 'open' OR ends_at IS NOT NULL", name="open"),
        CheckConstraint("(state = 'accepted') = (visit_id IS NOT NULL)", name="visit"),
        Index("uq_offer_turn", "request_id", "round", "volunteer_id", unique=True),
        Index(
            "uq_offer_accepted",
            "request_id",
            "round",
            unique=True,
            sqlite_where=text("state = 'accepted'"),
            postgresql_where=text("state = 'accepted'"),
        ),
        Index("ix_offer_volunteer", "volunteer_id", "state"),
        Index(
            "ix_offer_open",
            "ends_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_offer_visit", "visit_id"),
    )

    id: int | None = big_id()
    request_id: int = big_ref("service_request.id")
    round: int = big_int()
    rank: int = big_int()
    volunteer_id: int = big_ref("volunteer.person_id")
    day: date
    starts_min: int = big_int()
    open_min: int = big_int()
    state: str = Field(default="waiting", max_length=12)
    opened_at: datetime | None = optional_moment()
    ends_at: datetime | None = optional_moment()
    answered_at: datetime | None = optional_moment()
    reason: str = Field(default="", max_length=1000)
    visit_id: int | None = optional_ref("visit.id")


class HomeBefore(SQLModel, table=True):
    """Where a senior lived until a moment; the database writes it itself when a home changes."""

    __tablename__ = "home_before"
    __table_args__ = (Index("ix_home_before_senior", "senior_id", "until_at"),)

    id: int | None = big_id()
    senior_id: int = big_ref("senior.person_id")
    subdistrict_id: int = big_ref("area.id")
    committee_id: int = big_ref("area.id")
    lat_deg: float
    lon_deg: float
    until_at: datetime = moment()


class NeedBefore(SQLModel, table=True):
    """Whose need it was, and of which service, until a moment; the database writes it itself when that changes."""

    __tablename__ = "need_before"
    __table_args__ = (Index("ix_need_before_need", "need_id", "until_at"),)

    id: int | None = big_id()
    need_id: int = big_ref("need.id")
    senior_id: int = big_ref("senior.person_id", index=True)
    service_id: int = big_ref("service.id")
    until_at: datetime = moment()


__all__ = [
    "AuditSample",
    "GroupClaim",
    "GroupEvent",
    "GroupGiver",
    "GroupServed",
    "GroupService",
    "HomeBefore",
    "NeedBefore",
    "Offer",
    "Reminder",
    "SampledVisit",
    "Suspicion",
    "Visit",
    "VisitClaim",
    "VisitEnding",
    "VisitEvent",
    "VisitStatement",
]

"""Rows of visits: one dated occurrence each, what was seen of it, and the credit it earned."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
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


class Visit(SQLModel, table=True):
    """A visit, with its six facts.

    Service and served are one join away (need); giver, day, start, end and evidence are here.
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
        Index(
            "uq_visit_need_day",
            "need_id",
            "day",
            unique=True,
            sqlite_where=text("status <> 'cancelled'"),
            postgresql_where=text("status <> 'cancelled'"),
        ),
        Index("ix_visit_volunteer_day", "volunteer_id", "day"),
        Index("ix_visit_day_status", "day", "status"),
        {"sqlite_autoincrement": True},  # the number of a visit that gave way is never another's
    )

    id: int | None = big_id()
    plan_id: int = big_ref("plan.id")
    need_id: int = big_ref("need.id")
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


class VisitEvent(SQLModel, table=True):
    """What happened to a visit outside the ordinary: missed, disputed, resolved, cancelled; append-only."""

    __tablename__ = "visit_event"

    id: int | None = big_id()
    visit_id: int = big_ref("visit.id", index=True)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    happened_at: datetime = moment()

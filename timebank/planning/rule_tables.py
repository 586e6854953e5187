"""Rows that say how plans are to be made: suspended days, seasons, who comes first, and pairs that must be.

Rows are never changed but once: whoever takes one back is written down with the moment, and it counts no more.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref

STANDS = "withdrawn_at IS NULL"


class Suspension(SQLModel, table=True):
    """Days (half-open) on which visits are not held, of a sub-district and service or of all, and what is made up."""

    __table_args__ = (
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("make_up IN ('drop','later','earlier')", name="make_up"),
        CheckConstraint("cause IN ('holiday','heat','cold','typhoon','other')", name="cause"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index("ix_suspension_days", "to_day", "from_day"),
    )

    id: int | None = big_id()
    from_day: date
    to_day: date
    area_id: int | None = optional_ref("area.id", index=True)
    service_id: int | None = optional_ref("service.id", index=True)
    make_up: str = Field(max_length=8)
    cause: str = Field(max_length=8)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class Season(SQLModel, table=True):
    """Another frequency for a span of days (half-open), of every need of a service or of one need.

    One that comes back every year has the month and day of its two ends.
    """

    __table_args__ = (
        CheckConstraint("(service_id IS NULL) <> (need_id IS NULL)", name="subject"),
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("frequency_kind IN ('every_n_days','per_week','per_month','once')", name="frequency"),
        CheckConstraint("frequency_count > 0", name="frequency_count"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
    )

    id: int | None = big_id()
    service_id: int | None = optional_ref("service.id", index=True)
    need_id: int | None = optional_ref("need.id", index=True)
    from_day: date
    to_day: date
    is_yearly: bool
    frequency_kind: str = Field(max_length=16)
    frequency_count: int = big_int()
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class PriorityOrder(SQLModel, table=True):
    """Who comes first from a day on, until a later order; one without a rule puts nobody first."""

    __tablename__ = "priority_order"
    __table_args__ = (Index("ix_priority_order_day", "from_day", "id"),)

    id: int | None = big_id()
    from_day: date
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class PriorityRule(SQLModel, table=True):
    """Needs of a tier (0 is first): those of seniors in a category, of a service, or of both; the first that fits."""

    __tablename__ = "priority_rule"
    __table_args__ = (
        CheckConstraint("tier BETWEEN 0 AND 6", name="tier"),
        CheckConstraint("category <> '' OR service_id IS NOT NULL", name="subject"),
    )

    order_id: int = big_ref("priority_order.id", primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    tier: int = big_int()
    category: str = Field(default="", max_length=40)
    service_id: int | None = optional_ref("service.id", index=True)


class PresetPair(SQLModel, table=True):
    """A need and a volunteer who must be paired, because somebody decided so."""

    __tablename__ = "preset_pair"
    __table_args__ = (
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index(
            "uq_preset_pair_stands",
            "need_id",
            "volunteer_id",
            unique=True,
            sqlite_where=text(STANDS),
            postgresql_where=text(STANDS),
        ),
    )

    id: int | None = big_id()
    need_id: int = big_ref("need.id", index=True)
    volunteer_id: int = big_ref("volunteer.person_id", index=True)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class AskedFirst(SQLModel, table=True):
    """A need whose pairs are asked first: no visit of it is put into force before its pair must be."""

    __tablename__ = "asked_first"

    need_id: int = big_ref("need.id", primary_key=True)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class DeclinedPair(SQLModel, table=True):
    """A need and a volunteer who are not proposed to each other again, because one side said no or it has ended."""

    __tablename__ = "declined_pair"
    __table_args__ = (
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index(
            "uq_declined_pair_stands",
            "need_id",
            "volunteer_id",
            unique=True,
            sqlite_where=text(STANDS),
            postgresql_where=text(STANDS),
        ),
    )

    id: int | None = big_id()
    need_id: int = big_ref("need.id", index=True)
    volunteer_id: int = big_ref("volunteer.person_id", index=True)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()

"""Rows of programmes: what was contracted, its seasons, its quota by street, and who is in it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment
from timebank.programmes.care_tables import Contact, Feedback, FollowUp
from timebank.programmes.pair_tables import Partnership, PartnershipStep


class CareProgramme(SQLModel, table=True):
    """A programme that an organisation runs by contract: for whom, what, how often, from a day to a day (half-open).

    ``categories`` are codes, one of which a senior must be in; none is everybody. ``usual_way`` is how most are met.
    """

    __tablename__ = "care_programme"
    __table_args__ = (
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("frequency_kind IN ('every_n_days','per_week','per_month','once')", name="frequency"),
        CheckConstraint("frequency_count > 0", name="frequency_count"),
        CheckConstraint("min_age BETWEEN 0 AND 120", name="min_age"),
        CheckConstraint("usual_way IN ('phone','door','video')", name="way"),
        Index("uq_care_programme_key", "organisation_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=120)
    name_en: str = Field(default="", max_length=120)
    organisation_id: int = big_ref("organisation.id")
    service_id: int = big_ref("service.id", index=True)
    from_day: date
    to_day: date
    categories: list[Any] = Field(default_factory=list, sa_type=JSON, nullable=False)
    min_age: int = big_int()
    frequency_kind: str = Field(max_length=16)
    frequency_count: int = big_int()
    usual_way: str = Field(max_length=8)
    idempotency_key: str = Field(max_length=200)
    request_hash: str = Field(max_length=64)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class ProgrammeSeason(SQLModel, table=True):
    """Another frequency of a programme for a span of days (half-open), such as heat; once, or every year."""

    __tablename__ = "programme_season"
    __table_args__ = (
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("frequency_kind IN ('every_n_days','per_week','per_month','once')", name="frequency"),
        CheckConstraint("frequency_count > 0", name="frequency_count"),
        CheckConstraint("cause IN ('heat','cold','holiday','other')", name="cause"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
    )

    id: int | None = big_id()
    programme_id: int = big_ref("care_programme.id", index=True)
    from_day: date
    to_day: date
    is_yearly: bool
    frequency_kind: str = Field(max_length=16)
    frequency_count: int = big_int()
    cause: str = Field(max_length=8)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class ProgrammeQuota(SQLModel, table=True):
    """How many seniors of a sub-district a programme may have, and how many it has: never more."""

    __tablename__ = "programme_quota"
    __table_args__ = (CheckConstraint("taken >= 0 AND taken <= seniors", name="never_over"),)

    programme_id: int = big_ref("care_programme.id", primary_key=True)
    area_id: int = big_ref("area.id", primary_key=True, index=True)
    seniors: int = big_int()
    taken: int = big_int(default=0)


class Enrolment(SQLModel, table=True):
    """A senior in a programme, with the need that is met there; it ends once, with who said so and why."""

    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_by = '')", name="ended"),
        Index(
            "uq_enrolment_lives",
            "programme_id",
            "senior_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_enrolment_street", "programme_id", "area_id"),
        Index("uq_enrolment_need", "need_id", unique=True),
    )

    id: int | None = big_id()
    programme_id: int = big_ref("care_programme.id")
    senior_id: int = big_ref("senior.person_id", index=True)
    area_id: int = big_ref("area.id", index=True)
    need_id: int = big_ref("need.id")
    from_day: date
    enrolled_by: str = Field(max_length=80)
    enrolled_at: datetime = moment()
    ended_by: str = Field(default="", max_length=80)
    ended_at: datetime | None = optional_moment()
    reason: str = Field(default="", max_length=400)


__all__ = [
    "CareProgramme",
    "Contact",
    "Enrolment",
    "Feedback",
    "FollowUp",
    "Partnership",
    "PartnershipStep",
    "ProgrammeQuota",
    "ProgrammeSeason",
]

"""Rows of audit: samples drawn by seed and quota with their outcomes, and the list of suspicions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref


class AuditSample(SQLModel, table=True):
    """A sample of an organisation's visits (days half-open): so many of each grade of evidence, drawn by a seed."""

    __tablename__ = "audit_sample"
    __table_args__ = (
        CheckConstraint("to_day > from_day AND quota > 0", name="amounts"),
        Index("uq_audit_sample_draw", "organisation_id", "from_day", "to_day", "seed", "quota", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    from_day: date
    to_day: date
    seed: int = big_int()
    quota: int = big_int()
    drawn_by: str = Field(max_length=80)
    drawn_at: datetime = moment()


class SampledVisit(SQLModel, table=True):
    """A visit that was drawn, from how many of its grade, and what came of asking about it."""

    __tablename__ = "sampled_visit"
    __table_args__ = (
        CheckConstraint("outcome IN ('','upheld','not_upheld','unreachable')", name="outcome"),
        CheckConstraint("(outcome = '') = (asked_at IS NULL)", name="asked"),
    )

    sample_id: int = big_ref("audit_sample.id", primary_key=True)
    visit_id: int = big_ref("visit.id", primary_key=True, index=True)
    evidence: str = Field(max_length=12)
    rank: int = big_int()
    stratum_size: int = big_int()
    outcome: str = Field(default="", max_length=12)
    asked_by: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=1000)
    asked_at: datetime | None = optional_moment()


class Suspicion(SQLModel, table=True):
    """A finding for a person to look at, with its numbers; ``key`` is the same whenever it is found again.

    ``area_id`` is the giver's sub-district, by which it is shown.
    """

    __table_args__ = (
        CheckConstraint(
            "kind IN ('overlap','speed','pair','minutes','hours','ring','statements')",
            name="kind",
        ),
        CheckConstraint("state IN ('open','cleared','confirmed')", name="state"),
        CheckConstraint("(state = 'open') = (reviewed_at IS NULL)", name="reviewed"),
        Index("uq_suspicion_key", "key", unique=True),
        Index("ix_suspicion_area", "area_id", "state", "id"),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=12)
    key: str = Field(max_length=200)
    giver_id: int = big_ref("person.id", index=True)
    area_id: int = big_ref("area.id")
    visit_id: int | None = optional_ref("visit.id", index=True)
    day: date
    numbers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    found_at: datetime = moment()
    state: str = Field(default="open", max_length=12)
    reviewed_by: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=1000)
    reviewed_at: datetime | None = optional_moment()

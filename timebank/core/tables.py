"""Rows of the core: milestones of long work, and jobs that worker processes take."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, moment, optional_moment, optional_ref


class Milestone(SQLModel, table=True):
    """A step of long work that is done, committed together with what it did, so it is never done twice."""

    name: str = Field(primary_key=True, max_length=200)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    reached_at: datetime = moment()


class Job(SQLModel, table=True):
    """Long work that a worker process takes, with its progress; a lease that runs out gives it back.

    ``scope`` is ``district`` or ``organisation:<id>``: the idempotency key belongs to it.
    """

    __table_args__ = (
        CheckConstraint("status IN ('queued','running','done','failed','cancelled')", name="status"),
        Index("uq_job_key", "scope", "idempotency_key", unique=True),
        Index("ix_job_queue", "status", "id"),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=40)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    scope: str = Field(default="district", max_length=40)
    organisation_id: int | None = optional_ref("organisation.id")
    idempotency_key: str = Field(max_length=200)
    status: str = Field(default="queued", max_length=12)
    stage: str = Field(default="", max_length=40)
    progress_ppm: int = big_int(default=0)
    attempts: int = big_int(default=0)
    lease_until: datetime | None = optional_moment()
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    fault: str = Field(default="", max_length=2000)
    created_at: datetime = moment()
    finished_at: datetime | None = optional_moment()

"""Rows of charity projects: the project, its resources, their dated slots, and who may use them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref
from timebank.projects.budget_tables import (
    BudgetEntry,
    BudgetLine,
    Commitment,
    Contribution,
    Handout,
    ProjectHours,
)
from timebank.projects.fitting_tables import ResourceFitting, ResourceStaff
from timebank.projects.life_tables import ProjectApplication, ProjectGoal, ProjectOrigin, ProjectState, ProjectStep


class Project(SQLModel, table=True):
    """A charity project of an organisation: aims, period, budget (cents) and who may be helped.

    ``eligibility`` is data: ``{"categories": [...], "subdistricts": [...], "min_age": 70}``; every part
    that is given must hold.
    """

    __table_args__ = (
        CheckConstraint("status IN ('draft','running','closed','cancelled')", name="status"),
        CheckConstraint("budget_cents >= 0", name="budget"),
        CheckConstraint("starts_on < ends_on", name="period"),
        Index("uq_project_key", "organisation_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    idempotency_key: str = Field(max_length=200)
    request_hash: str = Field(default="", max_length=64)
    title_zh: str = Field(max_length=120)
    title_en: str = Field(default="", max_length=120)
    aims: str = Field(default="", max_length=2000)
    eligibility: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    budget_cents: int = big_int(default=0)
    starts_on: date
    ends_on: date
    status: str = Field(default="draft", max_length=12)
    created_at: datetime = moment()


class Resource(SQLModel, table=True):
    """Something a project brings: a bath station, an accessible vehicle, with the service it gives.

    ``place_cost_cents`` is what a place of it costs the project's budget.
    """

    __table_args__ = (CheckConstraint("place_cost_cents >= 0", name="place_cost_cents"),)

    id: int | None = big_id()
    project_id: int = big_ref("project.id", index=True)
    service_id: int = big_ref("service.id", index=True)
    code: str = Field(max_length=64, unique=True)
    name_zh: str = Field(max_length=120)
    lat_deg: float
    lon_deg: float
    subdistrict_id: int = big_ref("area.id", index=True)
    place_cost_cents: int = big_int(default=0)


class Slot(SQLModel, table=True):
    """A dated time of a resource, and how many seniors it takes, so many of them in wheelchairs.

    ``ends_min`` is half-open.
    """

    __table_args__ = (
        CheckConstraint("places > 0 AND starts_min < ends_min", name="amounts"),
        CheckConstraint("wheelchairs BETWEEN 0 AND places", name="wheelchairs"),
        Index("uq_slot_resource_time", "resource_id", "day", "starts_min", unique=True),
    )

    id: int | None = big_id()
    resource_id: int = big_ref("resource.id")
    day: date = Field(index=True)
    starts_min: int = big_int()
    ends_min: int = big_int()
    places: int = big_int()
    wheelchairs: int = big_int(default=0)


class Booking(SQLModel, table=True):
    """A place of a slot for a need; one need has a slot at most once.

    When it is over, ``served_min`` says for how long, ``cost_cents`` what it cost, ``closed_by`` who said so. The
    place of somebody who did not come is taken until it is freed for the next one.
    """

    __table_args__ = (
        CheckConstraint("status IN ('booked','used','missed','cancelled')", name="status"),
        CheckConstraint("served_min >= 0", name="served_min"),
        CheckConstraint("cost_cents >= 0", name="cost_cents"),
        CheckConstraint("is_freed IN (0, 1)", name="is_freed"),
        Index("uq_booking_slot_need", "slot_id", "need_id", unique=True),
    )

    id: int | None = big_id()
    slot_id: int = big_ref("slot.id")
    need_id: int = big_ref("need.id", index=True)
    plan_id: int | None = optional_ref("plan.id", index=True)
    distance_m: int = big_int(default=0)
    status: str = Field(default="booked", max_length=12)
    served_min: int = big_int(default=0)
    cost_cents: int = big_int(default=0)
    is_freed: int = big_int(default=0)
    closed_by: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    closed_at: datetime | None = optional_moment()


__all__ = [
    "Booking",
    "BudgetEntry",
    "BudgetLine",
    "Commitment",
    "Contribution",
    "Handout",
    "Project",
    "ProjectApplication",
    "ProjectGoal",
    "ProjectHours",
    "ProjectOrigin",
    "ProjectState",
    "ProjectStep",
    "Resource",
    "ResourceFitting",
    "ResourceStaff",
    "Slot",
]

"""Rows of a project's life: how far it has come, its steps, what it is meant to reach, and who asks to take part."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref

STANDS = "state IN ('applied','accepted')"


class ProjectState(SQLModel, table=True):
    """How far a drafted project has come, and what its budget is spoken for: lines, and places that stand, in cents.

    A project has no row before the first of them is said: it is a plain draft then, and nothing is spoken for.
    ``budget_cents`` is the project's own, kept beside by the database so that its check can compare.
    """

    __tablename__ = "project_state"
    __table_args__ = (
        CheckConstraint("preparation IN ('draft','submitted','returned','approved','recruiting')", name="preparation"),
        CheckConstraint("lines_cents >= 0 AND places_cents >= 0", name="amounts"),
        CheckConstraint("lines_cents + places_cents <= budget_cents", name="budget"),
    )

    project_id: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        sa_column_args=[ForeignKey("project.id", ondelete="CASCADE")],
        nullable=False,
    )
    preparation: str = Field(default="draft", max_length=12)
    budget_cents: int = big_int()
    lines_cents: int = big_int(default=0)
    places_cents: int = big_int(default=0)


class ProjectStep(SQLModel, table=True):
    """A step of a project's life: from which stage to which, who took it, when and why; append-only."""

    __tablename__ = "project_step"
    __table_args__ = (
        CheckConstraint(
            "from_stage || '>' || to_stage IN ('draft>submitted','returned>submitted','submitted>approved',"
            "'submitted>returned','approved>recruiting','draft>running','approved>running','recruiting>running',"
            "'running>closed','draft>cancelled','submitted>cancelled','returned>cancelled','approved>cancelled',"
            "'recruiting>cancelled','running>cancelled')",
            name="step",
        ),
        Index("ix_project_step_project", "project_id", "id"),
    )

    id: int | None = big_id()
    project_id: int = big_ref("project.id")
    from_stage: str = Field(max_length=12)
    to_stage: str = Field(max_length=12)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    taken_at: datetime = moment()


class ProjectGoal(SQLModel, table=True):
    """What a project is to give in a street: a service, so many minutes a week, by so many volunteers."""

    __tablename__ = "project_goal"
    __table_args__ = (CheckConstraint("weekly_min > 0 AND volunteers >= 0", name="amounts"),)

    project_id: int = big_ref("project.id", primary_key=True)
    area_id: int = big_ref("area.id", primary_key=True, index=True)
    service_id: int = big_ref("service.id", primary_key=True, index=True)
    weekly_min: int = big_int()
    volunteers: int = big_int(default=0)


class ProjectOrigin(SQLModel, table=True):
    """The shortage that a project was drafted from, as it was seen then; append-only.

    ``reasons`` are unmet minutes by reason, ``worth`` what the engine said of one more; empty where nobody asked it.
    """

    __tablename__ = "project_origin"
    __table_args__ = (CheckConstraint("unmet_min > 0 AND needed_min >= unmet_min", name="amounts"),)

    project_id: int = big_ref("project.id", primary_key=True)
    area_id: int = big_ref("area.id", primary_key=True, index=True)
    service_id: int = big_ref("service.id", index=True)
    week: date
    needed_min: int = big_int()
    served_min: int = big_int()
    unmet_min: int = big_int()
    reasons: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    worth: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class ProjectApplication(SQLModel, table=True):
    """A volunteer or an organisation asks to take part in a project; accepted, or declined with the reason."""

    __tablename__ = "project_application"
    __table_args__ = (
        CheckConstraint("(volunteer_id IS NULL) <> (organisation_id IS NULL)", name="applicant"),
        CheckConstraint("state IN ('applied','accepted','declined','withdrawn')", name="state"),
        CheckConstraint("(state = 'applied') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("state <> 'declined' OR reason <> ''", name="reason"),
        Index("uq_project_application_key", "project_id", "idempotency_key", unique=True),
        Index("ix_project_application_list", "project_id", "id"),
        Index(
            "uq_project_application_volunteer",
            "project_id",
            "volunteer_id",
            unique=True,
            sqlite_where=text(STANDS),
            postgresql_where=text(STANDS),
        ),
        Index(
            "uq_project_application_organisation",
            "project_id",
            "organisation_id",
            unique=True,
            sqlite_where=text(STANDS),
            postgresql_where=text(STANDS),
        ),
    )

    id: int | None = big_id()
    project_id: int = big_ref("project.id")
    volunteer_id: int | None = optional_ref("volunteer.person_id", index=True)
    organisation_id: int | None = optional_ref("organisation.id", index=True)
    offer: str = Field(default="", max_length=1000)
    state: str = Field(default="applied", max_length=12)
    reason: str = Field(default="", max_length=1000)
    applied_at: datetime = moment()
    answered_by: str = Field(default="", max_length=80)
    answered_at: datetime | None = optional_moment()
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)

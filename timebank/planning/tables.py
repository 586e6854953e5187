"""Rows of planning: a plan with its proof, its pairs and unmet needs with their reasons, and what a repair changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_int, optional_ref
from timebank.planning.rule_tables import (
    AskedFirst,
    DeclinedPair,
    PresetPair,
    PriorityOrder,
    PriorityRule,
    Season,
    Suspension,
)


class Plan(SQLModel, table=True):
    """A stored plan. ``input_hash`` says what was asked; the same question in the same scope is one plan.

    ``scope`` is ``district`` or ``organisation:<id>``. ``payload`` is the engine's plan as
    compressed JSON, from which visits are made when the plan is published.
    """

    __table_args__ = (
        CheckConstraint("state IN ('proposed','published','superseded')", name="state"),
        Index("uq_plan_question", "scope", "input_hash", unique=True),
    )

    id: int | None = big_id()
    scope: str = Field(default="district", max_length=40)
    organisation_id: int | None = optional_ref("organisation.id")
    input_hash: str = Field(max_length=64)
    state: str = Field(default="proposed", max_length=12)
    starts_on: date
    horizon_days: int = big_int()
    status: str = Field(max_length=12)
    objective: int = big_int()
    bound: int = big_int()
    seed: int = big_int()
    method: str = Field(max_length=80)
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    payload: bytes = Field(sa_type=LargeBinary, nullable=False)
    created_at: datetime = moment()


class Pair(SQLModel, table=True):
    """A need and a volunteer who serves it in a plan (one of those who come together), with what spoke for it.

    ``rank`` is the place of the volunteer among the need's candidates by distance (1 is nearest) and
    ``candidates`` how many there were.
    """

    __table_args__ = (Index("ix_pair_volunteer", "plan_id", "volunteer_id"),)

    plan_id: int = big_ref("plan.id", primary_key=True)
    need_id: int = big_ref("need.id", primary_key=True, index=True)
    volunteer_id: int = big_ref("volunteer.person_id", primary_key=True, index=True)
    distance_m: int = big_int()
    rank: int = big_int()
    candidates: int = big_int()


class Unmet(SQLModel, table=True):
    """A need that a plan leaves unmet: why, and how many candidates each rule took away."""

    plan_id: int = big_ref("plan.id", primary_key=True)
    need_id: int = big_ref("need.id", primary_key=True, index=True)
    reason: str = Field(max_length=16)
    taken_by_rule: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    remaining: int = big_int()


class PlanChange(SQLModel, table=True):
    """Something in which a mended plan differs from what stood before: a pair, a visit, a place, or a need newly met.

    ``was`` and ``now``: whom, when and how far; what does not apply is empty. Visits and places have a day.
    """

    __tablename__ = "plan_change"
    __table_args__ = (
        CheckConstraint("what IN ('pair','visit','booking','need')", name="what"),
        CheckConstraint("kind IN ('ended','begun','moved','met','unmet')", name="kind"),
        CheckConstraint("(what = 'need') = (kind IN ('met','unmet'))", name="need"),
        Index("ix_plan_change_plan", "plan_id", "what", "id"),
    )

    id: int | None = big_id()
    plan_id: int = big_ref("plan.id")
    what: str = Field(max_length=8)
    kind: str = Field(max_length=8)
    need_id: int = big_ref("need.id", index=True)
    was_volunteer_id: int | None = optional_ref("volunteer.person_id", index=True)
    now_volunteer_id: int | None = optional_ref("volunteer.person_id", index=True)
    was_m: int | None = optional_int()
    now_m: int | None = optional_int()
    was_day: date | None = Field(default=None)
    now_day: date | None = Field(default=None)
    was_min: int | None = optional_int()
    now_min: int | None = optional_int()
    slot_id: int | None = optional_ref("slot.id", index=True)


__all__ = [
    "AskedFirst",
    "DeclinedPair",
    "Pair",
    "Plan",
    "PlanChange",
    "PresetPair",
    "PriorityOrder",
    "PriorityRule",
    "Season",
    "Suspension",
    "Unmet",
]

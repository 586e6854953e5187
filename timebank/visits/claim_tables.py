"""Rows of claims: what each record of service has become, once.

A record has no row until its giver chooses or it is settled. A settled claim is never changed or deleted, and no visit
is given a credit unless it is claimed as coins: the database refuses both (triggers of migration 0007).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import BigId, big_ref, optional_int, optional_moment

BECOMES = "becomes IN ('coin','volunteer_record','honour')"
SETTLED = "(settled_at IS NULL) = (service_min IS NULL) AND (service_min IS NULL OR service_min >= 0)"
DECIDED = "(settled_at IS NOT NULL AND becomes <> 'coin') = (decision IS NOT NULL)"
CHOSEN = "(chosen_by = '') = (chosen_at IS NULL) AND (chosen_at IS NOT NULL OR settled_at IS NOT NULL)"
OPEN = text("settled_at IS NULL")


class VisitClaim(SQLModel, table=True):
    """What a visit becomes: chosen by its giver or by the pack's default, and settled with its minutes of service.

    ``decision`` says how the minutes were counted; of coins the transfer says it.
    """

    __tablename__ = "visit_claim"
    __table_args__ = (
        CheckConstraint(BECOMES, name="becomes"),
        CheckConstraint(SETTLED, name="settled"),
        CheckConstraint(DECIDED, name="decided"),
        CheckConstraint(CHOSEN, name="chosen"),
        Index("ix_visit_claim_open", "visit_id", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    visit_id: int = Field(primary_key=True, sa_type=BigId, sa_column_args=[ForeignKey("visit.id")])
    becomes: str = Field(max_length=16)
    chosen_by: str = Field(default="", max_length=80)
    chosen_at: datetime | None = optional_moment()
    service_min: int | None = optional_int()
    settled_at: datetime | None = optional_moment()
    decision: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True), nullable=True)


class GroupClaim(SQLModel, table=True):
    """What the hour of one giver of a group service becomes, as with visits."""

    __tablename__ = "group_claim"
    __table_args__ = (
        CheckConstraint(BECOMES, name="becomes"),
        CheckConstraint(SETTLED, name="settled"),
        CheckConstraint(DECIDED, name="decided"),
        CheckConstraint(CHOSEN, name="chosen"),
        ForeignKeyConstraint(["group_id", "volunteer_id"], ["group_giver.group_id", "group_giver.volunteer_id"]),
    )

    group_id: int = big_ref("group_service.id", primary_key=True)
    volunteer_id: int = big_ref("volunteer.person_id", primary_key=True, index=True)
    becomes: str = Field(max_length=16)
    chosen_by: str = Field(default="", max_length=80)
    chosen_at: datetime | None = optional_moment()
    service_min: int | None = optional_int()
    settled_at: datetime | None = optional_moment()
    decision: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True), nullable=True)

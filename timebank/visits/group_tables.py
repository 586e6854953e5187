"""Rows of group service: one occasion, with everybody who gave and everybody who was served."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_int, optional_ref


class GroupService(SQLModel, table=True):
    """An occasion with many givers or many served, in one place of an area."""

    __tablename__ = "group_service"
    __table_args__ = (
        CheckConstraint("status IN ('planned','held','confirmed','disputed','cancelled')", name="status"),
        CheckConstraint("evidence IN ('','app','qr','nfc','landline','paper','witness')", name="evidence"),
        CheckConstraint("starts_min >= 0 AND planned_min > 0 AND starts_min + planned_min <= 1440", name="day"),
        Index("uq_group_service_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_group_service_day", "day", "status"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    service_id: int = big_ref("service.id")
    area_id: int = big_ref("area.id")
    day: date
    starts_min: int = big_int()
    planned_min: int = big_int()
    status: str = Field(default="planned", max_length=12)
    evidence: str = Field(default="", max_length=12)
    confirmed_by: str = Field(default="", max_length=80)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)


class GroupGiver(SQLModel, table=True):
    """Somebody who gave at an occasion: minutes after its beginning, those served, and the credit, once."""

    __tablename__ = "group_giver"
    __table_args__ = (
        CheckConstraint("served_min IS NULL OR served_min BETWEEN 0 AND 1440", name="served"),
        CheckConstraint("began_min IS NULL OR began_min BETWEEN 0 AND 1440", name="began"),
    )

    group_id: int = big_ref("group_service.id", primary_key=True)
    volunteer_id: int = big_ref("volunteer.person_id", primary_key=True, index=True)
    began_min: int | None = optional_int()
    served_min: int | None = optional_int()
    transfer_id: int | None = optional_ref("transfer.id")


class GroupServed(SQLModel, table=True):
    """A senior who was served at an occasion."""

    __tablename__ = "group_served"

    group_id: int = big_ref("group_service.id", primary_key=True)
    senior_id: int = big_ref("senior.person_id", primary_key=True, index=True)


class GroupEvent(SQLModel, table=True):
    """What happened to an occasion, by whom and with which words; append-only."""

    __tablename__ = "group_event"

    id: int | None = big_id()
    group_id: int = big_ref("group_service.id", index=True)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    happened_at: datetime = moment()

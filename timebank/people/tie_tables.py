"""Rows of what ties people: to the place they live in, and a minor to the guardian who goes along."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_ref, moment


class Residence(SQLModel, table=True):
    """A person's tie to the district from a day on, until the next one: none, lives here, is registered here."""

    __table_args__ = (CheckConstraint("tie IN ('none','resident','registered')", name="tie"),)

    person_id: int = big_ref("person.id", primary_key=True)
    from_day: date = Field(primary_key=True)
    tie: str = Field(max_length=12)
    proof: str = Field(default="", max_length=120)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class Guardian(SQLModel, table=True):
    """A person who goes along with a minor, from a day to a day (half-open; empty is without end)."""

    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day > from_day", name="days"),
        CheckConstraint("minor_id <> guardian_id", name="two_people"),
    )

    minor_id: int = big_ref("person.id", primary_key=True)
    guardian_id: int = big_ref("person.id", primary_key=True, index=True)
    from_day: date = Field(primary_key=True)
    to_day: date | None = Field(default=None)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()

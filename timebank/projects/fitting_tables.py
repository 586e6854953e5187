"""Rows of what a resource is fitted with, and who works on it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment


class ResourceFitting(SQLModel, table=True):
    """What a resource is and holds: a place, a vehicle or a device; seats, places for wheelchairs, who must be there.

    ``roles`` are words with commas between; a slot is given out only on days on which each of them has somebody.
    """

    __tablename__ = "resource_fitting"
    __table_args__ = (
        CheckConstraint("kind IN ('place','vehicle','device')", name="kind"),
        CheckConstraint("seats >= 0 AND wheelchairs >= 0 AND longest_ride_min > 0", name="amounts"),
    )

    resource_id: int = big_ref("resource.id", primary_key=True)
    kind: str = Field(max_length=8)
    seats: int = big_int(default=0)
    wheelchairs: int = big_int(default=0)
    longest_ride_min: int = big_int(default=60)
    roles: str = Field(default="", max_length=80)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class ResourceStaff(SQLModel, table=True):
    """Somebody who works on a resource in a role, from a day to a day (half-open); taken back, never changed."""

    __tablename__ = "resource_staff"
    __table_args__ = (
        CheckConstraint("role IN ('driver','carer','bather','operator')", name="role"),
        CheckConstraint("to_day IS NULL OR to_day > from_day", name="days"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
    )

    id: int | None = big_id()
    resource_id: int = big_ref("resource.id", index=True)
    person_id: int = big_ref("person.id", index=True)
    role: str = Field(max_length=12)
    from_day: date
    to_day: date | None = Field(default=None)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()

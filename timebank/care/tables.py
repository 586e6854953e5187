"""Rows of the care team: members, roles, trainings, advice, levels, hours of advice points, contacts of seniors."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref

OPEN = "to_day IS NULL"
OPEN_IN_AREA = "to_day IS NULL AND area_id IS NOT NULL"
OPEN_IN_ORGANISATION = "to_day IS NULL AND organisation_id IS NOT NULL"
DAYS = "to_day IS NULL OR to_day >= from_day"


class CareMember(SQLModel, table=True):
    """A person of the care team, under a number of its own; others see the number and no name."""

    __tablename__ = "care_member"

    person_id: int = big_ref("person.id", primary_key=True)
    external_ref: str = Field(max_length=64, unique=True)
    joined_on: date


class CareRole(SQLModel, table=True):
    """What a member is, for an area or an organisation, from a day to a day (half-open)."""

    __tablename__ = "care_role"
    __table_args__ = (
        CheckConstraint("role IN ('cadre','volunteer','property','adviser','doctor')", name="role"),
        CheckConstraint("(organisation_id IS NULL) <> (area_id IS NULL)", name="place"),
        CheckConstraint(DAYS, name="days"),
        Index(
            "uq_care_role_area",
            "member_id",
            "role",
            "area_id",
            unique=True,
            sqlite_where=text(OPEN_IN_AREA),
            postgresql_where=text(OPEN_IN_AREA),
        ),
        Index(
            "uq_care_role_organisation",
            "member_id",
            "role",
            "organisation_id",
            unique=True,
            sqlite_where=text(OPEN_IN_ORGANISATION),
            postgresql_where=text(OPEN_IN_ORGANISATION),
        ),
    )

    id: int | None = big_id()
    member_id: int = big_ref("care_member.person_id", index=True)
    role: str = Field(max_length=12)
    organisation_id: int | None = optional_ref("organisation.id", index=True)
    area_id: int | None = optional_ref("area.id", index=True)
    from_day: date
    to_day: date | None = Field(default=None)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    ended_by: str = Field(default="", max_length=80)


class Training(SQLModel, table=True):
    """A training somebody went through; ``valid_until`` (half-open) is empty for one that never ends."""

    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until > trained_on", name="days"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index("ix_training_person", "person_id", "kind", "trained_on"),
        Index("ix_training_kind", "kind", "valid_until"),
    )

    id: int | None = big_id()
    person_id: int = big_ref("person.id")
    kind: str = Field(max_length=24)
    trained_on: date
    valid_until: date | None = Field(default=None)
    proof: str = Field(default="", max_length=120)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class Advice(SQLModel, table=True):
    """Advice that an adviser gave at a point on a day; whom it was given to is nobody's business here."""

    __table_args__ = (
        UniqueConstraint("recorded_by", "idempotency_key"),
        Index("ix_advice_member", "member_id", "day"),
    )

    id: int | None = big_id()
    member_id: int = big_ref("care_member.person_id")
    point_id: int = big_ref("advice_point.id", index=True)
    day: date
    topic: str = Field(max_length=20)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    idempotency_key: str = Field(max_length=200)


class CareLevel(SQLModel, table=True):
    """A level that an adviser reached, with what it rested on; once reached it stays."""

    __tablename__ = "care_level"

    member_id: int = big_ref("care_member.person_id", primary_key=True)
    level: str = Field(primary_key=True, max_length=12)
    awarded_on: date
    months: int = big_int()
    advices: int = big_int()
    article: str = Field(max_length=120)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class AdviceHours(SQLModel, table=True):
    """When an advice point is open: weekdays (bit 0 is Monday), minutes of the day, from a day to a day (half-open)."""

    __tablename__ = "advice_hours"
    __table_args__ = (
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
        CheckConstraint("opens_min >= 0 AND opens_min < closes_min AND closes_min <= 1440", name="hours"),
        CheckConstraint(DAYS, name="days"),
        Index("ix_advice_hours_point", "point_id", "from_day"),
    )

    id: int | None = big_id()
    point_id: int = big_ref("advice_point.id")
    weekdays: int = big_int()
    opens_min: int = big_int()
    closes_min: int = big_int()
    from_day: date
    to_day: date | None = Field(default=None)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class AdviceClosure(SQLModel, table=True):
    """Days (half-open) on which an advice point is shut, whatever its hours say."""

    __tablename__ = "advice_closure"
    __table_args__ = (
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index("ix_advice_closure_point", "point_id", "to_day"),
    )

    id: int | None = big_id()
    point_id: int = big_ref("advice_point.id")
    from_day: date
    to_day: date
    reason: str = Field(default="", max_length=120)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class SeniorContact(SQLModel, table=True):
    """Whom of the care team a senior turns to, from a day to a day (half-open); one at a time."""

    __tablename__ = "senior_contact"
    __table_args__ = (
        CheckConstraint(DAYS, name="days"),
        Index("ix_senior_contact_senior", "senior_id", "from_day"),
        Index(
            "uq_senior_contact_open",
            "senior_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )

    id: int | None = big_id()
    senior_id: int = big_ref("senior.person_id")
    member_id: int = big_ref("care_member.person_id", index=True)
    from_day: date
    to_day: date | None = Field(default=None)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    ended_by: str = Field(default="", max_length=80)

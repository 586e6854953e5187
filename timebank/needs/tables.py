"""Rows of needs: the service catalogue, who needs which service how often, and who asks for a single one."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    moment,
    optional_encrypted,
    optional_int,
    optional_moment,
    optional_ref,
)


class Service(SQLModel, table=True):
    """An entry of the service catalogue: who gives it, how long it takes, what an hour of it is worth.

    ``earn_numerator / earn_denominator`` is credit minutes per minute served.
    """

    __table_args__ = (
        CheckConstraint("served_by IN ('volunteer','slot')", name="served_by"),
        CheckConstraint("minutes > 0 AND earn_numerator >= 0 AND earn_denominator > 0", name="amounts"),
    )

    id: int | None = big_id()
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    served_by: str = Field(max_length=12)
    minutes: int = big_int()
    earn_numerator: int = big_int(default=1)
    earn_denominator: int = big_int(default=1)
    priority: int = big_int(default=1)


class Need(SQLModel, table=True):
    """A service that a senior needs at a frequency, within days and hours that suit.

    ``frequency_kind`` and ``frequency_count``: every n days, n times a week, n times in 30 days, once.
    ``weekdays`` is a bit set, bit 0 is Monday. ``to_day`` is half-open; empty is without end.
    So many ``helpers`` come together. ``least_gap_days`` 0 is the frequency's own, ``preferred_weekdays`` 0 are those
    of the plan before. ``wheelchairs`` and a series (the same slot each time) are for services that slots give.
    """

    __table_args__ = (
        CheckConstraint("frequency_kind IN ('every_n_days','per_week','per_month','once')", name="frequency"),
        CheckConstraint("frequency_count > 0", name="frequency_count"),
        CheckConstraint("status IN ('open','paused','closed')", name="status"),
        CheckConstraint("gender_wish IN ('any','female','male')", name="gender_wish"),
        CheckConstraint("window_start_min >= 0 AND window_end_min <= 1440", name="day"),
        CheckConstraint("window_start_min < window_end_min", name="window"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
        CheckConstraint("to_day IS NULL OR to_day > from_day", name="days"),
        CheckConstraint("helpers BETWEEN 1 AND 3", name="helpers"),
        CheckConstraint("least_gap_days BETWEEN 0 AND 366", name="least_gap_days"),
        CheckConstraint("preferred_weekdays BETWEEN 0 AND 127", name="preferred_weekdays"),
        CheckConstraint("wheelchairs IN (0, 1)", name="wheelchairs"),
        CheckConstraint("is_series IN (0, 1)", name="is_series"),
        Index("uq_need_external_ref", "external_ref", unique=True),
    )

    id: int | None = big_id()
    external_ref: str = Field(max_length=80)
    senior_id: int = big_ref("senior.person_id", index=True)
    service_id: int = big_ref("service.id", index=True)
    organisation_id: int = big_ref("organisation.id", index=True)
    frequency_kind: str = Field(max_length=16)
    frequency_count: int = big_int()
    minutes: int = big_int()
    weekdays: int = big_int(default=127)
    window_start_min: int = big_int(default=480)
    window_end_min: int = big_int(default=1080)
    gender_wish: str = Field(default="any", max_length=8)
    language_wish: str = Field(default="", max_length=40)
    from_day: date
    to_day: date | None = Field(default=None)
    status: str = Field(default="open", max_length=12)
    helpers: int = big_int(default=1)
    least_gap_days: int = big_int(default=0)
    preferred_weekdays: int = big_int(default=0)
    wheelchairs: int = big_int(default=0)
    is_series: int = big_int(default=0)


class NeedAlso(SQLModel, table=True):
    """A further service that a need takes at the same time, such as a stair climber with the van."""

    __tablename__ = "need_also"

    need_id: int = big_ref("need.id", primary_key=True)
    service_id: int = big_ref("service.id", primary_key=True, index=True)


class ServiceRequest(SQLModel, table=True):
    """A single service that somebody asks for: through which door, who on whose behalf, and when it would suit.

    The wish is exact (one day, ``starts_min`` given) or fuzzy (any of some days, within hours); ``to_day`` is
    half-open. ``recorded_by`` is who wrote it down, ``asker_id`` the person who asked when the registry knows them.
    """

    __tablename__ = "service_request"
    __table_args__ = (
        CheckConstraint("source IN ('page','phone','paper','relative','home_visit')", name="source"),
        CheckConstraint("asker_relation IN ('self','spouse','child','relative','neighbour','staff')", name="relation"),
        CheckConstraint(
            "status IN ('received','listed','turned_away','offered','planned','withdrawn','lapsed')", name="status"
        ),
        CheckConstraint("to_day > from_day AND minutes > 0", name="amounts"),
        CheckConstraint("window_start_min >= 0 AND window_end_min <= 1440", name="day"),
        CheckConstraint("window_start_min + minutes <= window_end_min", name="window"),
        CheckConstraint(
            "starts_min IS NULL OR (starts_min >= window_start_min AND starts_min + minutes <= window_end_min)",
            name="exact",
        ),
        CheckConstraint("status NOT IN ('listed','offered','planned') OR need_id IS NOT NULL", name="need"),
        Index("uq_service_request_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_service_request_senior", "senior_id", "status"),
        Index("ix_service_request_list", "organisation_id", "status", "from_day"),
        Index("uq_service_request_need", "need_id", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    senior_id: int = big_ref("senior.person_id")
    service_id: int = big_ref("service.id")
    source: str = Field(max_length=12)
    recorded_by: str = Field(max_length=80)
    asker_relation: str = Field(max_length=12)
    asker_id: int | None = optional_ref("person.id", index=True)
    asker_name: str | None = optional_encrypted("service_request.asker_name")
    wish: str | None = optional_encrypted("service_request.wish")
    from_day: date
    to_day: date
    window_start_min: int = big_int()
    window_end_min: int = big_int()
    starts_min: int | None = optional_int()
    minutes: int = big_int()
    status: str = Field(default="received", max_length=12)
    need_id: int | None = optional_ref("need.id")
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    received_at: datetime = moment()
    closed_at: datetime | None = optional_moment()


class RequestEvent(SQLModel, table=True):
    """A step of a request, with who took it and their words; append-only."""

    __tablename__ = "request_event"

    id: int | None = big_id()
    request_id: int = big_ref("service_request.id", index=True)
    kind: str = Field(max_length=24)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    happened_at: datetime = moment()

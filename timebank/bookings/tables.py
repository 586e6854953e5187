"""Rows of bookings: rules of a service, what was asked for, decisions with reasons, calls to make, vehicle days."""

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


class BookingRule(SQLModel, table=True):
    """How places of a service are asked for from a day on, until a later rule; the last word of a day stands.

    ``notice_days`` ahead at least and ``ahead_days`` at most; who is on the list is given a freed place up to
    ``list_notice_days`` ahead, and to call off later than ``cancel_days`` ahead is late. A series has at most
    ``series_weeks``. Places go as they are asked for, or in rounds.
    """

    __tablename__ = "booking_rule"
    __table_args__ = (
        CheckConstraint("decides IN ('at_once','round')", name="decides"),
        CheckConstraint("notice_days >= 0 AND ahead_days > notice_days", name="notice"),
        CheckConstraint("list_notice_days >= 0 AND cancel_days >= 0", name="list_notice"),
        CheckConstraint("series_weeks BETWEEN 1 AND 26", name="series_weeks"),
        Index("ix_booking_rule_service", "service_id", "from_day", "id"),
    )

    id: int | None = big_id()
    service_id: int = big_ref("service.id")
    from_day: date
    notice_days: int = big_int()
    ahead_days: int = big_int()
    list_notice_days: int = big_int()
    cancel_days: int = big_int()
    series_weeks: int = big_int()
    decides: str = Field(max_length=8)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class PlaceRequest(SQLModel, table=True):
    """A place that is asked for: for whom, by whom, through which door, recorded by which desk, and when it would suit.

    ``to_day`` is half-open. Without ``weekdays`` any one of the days will do; with them it is a series on each of
    these weekdays. A trip has a destination; ``arrive_min`` is when to be there, ``back_min`` when the way back begins.
    """

    __tablename__ = "place_request"
    __table_args__ = (
        CheckConstraint("source IN ('page','phone','paper','relative','home_visit')", name="source"),
        CheckConstraint("asker_relation IN ('self','spouse','child','relative','neighbour','staff')", name="relation"),
        CheckConstraint("status IN ('received','waiting','placed','done','withdrawn','lapsed')", name="status"),
        CheckConstraint("to_day > from_day AND minutes > 0", name="amounts"),
        CheckConstraint("weekdays BETWEEN 0 AND 127", name="weekdays"),
        CheckConstraint("wheelchairs IN (0, 1)", name="wheelchairs"),
        CheckConstraint("(destination IS NULL) = (to_lat_deg IS NULL)", name="destination"),
        CheckConstraint("(to_lat_deg IS NULL) = (to_lon_deg IS NULL)", name="place"),
        Index("uq_place_request_key", "organisation_id", "idempotency_key", unique=True),
        Index("ix_place_request_senior", "senior_id", "service_id", "status"),
        Index("ix_place_request_list", "service_id", "status", "id"),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    senior_id: int = big_ref("senior.person_id")
    service_id: int = big_ref("service.id")
    source: str = Field(max_length=12)
    recorded_by: str = Field(max_length=80)
    asker_relation: str = Field(max_length=12)
    asker_id: int | None = optional_ref("person.id", index=True)
    asker_name: str | None = optional_encrypted("place_request.asker_name")
    wish: str | None = optional_encrypted("place_request.wish")
    from_day: date
    to_day: date
    window_start_min: int = big_int()
    window_end_min: int = big_int()
    minutes: int = big_int()
    weekdays: int = big_int(default=0)
    wheelchairs: int = big_int(default=0)
    is_short_notice: bool = Field(default=False)
    destination: str | None = optional_encrypted("place_request.destination")
    to_lat_deg: float | None = Field(default=None)
    to_lon_deg: float | None = Field(default=None)
    arrive_min: int | None = optional_int()
    back_min: int | None = optional_int()
    status: str = Field(default="received", max_length=12)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    received_at: datetime = moment()
    closed_at: datetime | None = optional_moment()


class PlaceNeed(SQLModel, table=True):
    """The need of a request, through which the engine knows it; a series has one for each of its weekdays.

    The need is paused, so that plans of the whole district leave it to those who give out places one by one.
    """

    __tablename__ = "place_need"

    need_id: int = big_ref("need.id", primary_key=True)
    request_id: int = big_ref("place_request.id", index=True)


class PlaceEvent(SQLModel, table=True):
    """A step of a request, with who took it and their words; append-only. ``day`` is the date that it is about."""

    __tablename__ = "place_event"

    id: int | None = big_id()
    request_id: int = big_ref("place_request.id", index=True)
    kind: str = Field(max_length=24)
    day: date | None = Field(default=None)
    is_late: bool = Field(default=False)
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    happened_at: datetime = moment()


class PlaceRound(SQLModel, table=True):
    """A time at which places of a service were given out, with the engine's proof; append-only."""

    __tablename__ = "place_round"

    id: int | None = big_id()
    service_id: int = big_ref("service.id", index=True)
    from_day: date
    to_day: date
    asked: int = big_int()
    given: int = big_int()
    status: str = Field(max_length=12)
    objective: int = big_int()
    bound: int = big_int()
    decided_by: str = Field(max_length=80)
    decided_at: datetime = moment()


class PlaceDecision(SQLModel, table=True):
    """Why a request was given a place in a round, or not; append-only.

    ``position`` is the place on the list that it then had (0 is none), ``waited_days`` and ``distance_m`` what it
    brought. The others are counted: whom it was before, or who was before it, and in what.
    """

    __tablename__ = "place_decision"
    __table_args__ = (
        CheckConstraint("is_given = (position = 0)", name="position"),
        CheckConstraint("by_tier >= 0 AND by_waiting >= 0 AND by_distance >= 0 AND by_all >= 0", name="counts"),
        Index("ix_place_decision_request", "request_id", "round_id"),
    )

    round_id: int = big_ref("place_round.id", primary_key=True)
    request_id: int = big_ref("place_request.id", primary_key=True)
    is_given: bool
    why: str = Field(max_length=16)
    position: int = big_int()
    tier: int = big_int()
    waited_days: int = big_int()
    distance_m: int | None = optional_int()
    by_tier: int = big_int()
    by_waiting: int = big_int()
    by_distance: int = big_int()
    by_all: int = big_int()


class DeskNotice(SQLModel, table=True):
    """Somebody whom a desk has to call: a place was freed for them, lost, or cannot be driven to."""

    __tablename__ = "desk_notice"
    __table_args__ = (
        CheckConstraint("kind IN ('placed','listed','lost','lapsed','not_driven')", name="kind"),
        CheckConstraint("(seen_by = '') = (seen_at IS NULL)", name="seen"),
        Index("ix_desk_notice_desk", "organisation_id", "id"),
        Index("uq_desk_notice_once", "request_id", "kind", "day", "caused_by", unique=True),
    )

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id")
    request_id: int = big_ref("place_request.id")
    kind: str = Field(max_length=12)
    day: date
    caused_by: int = big_int()
    told_at: datetime = moment()
    seen_by: str = Field(default="", max_length=80)
    seen_at: datetime | None = optional_moment()


class VanDay(SQLModel, table=True):
    """A vehicle's day as it was routed; the last one of a day holds, as long as its bookings are those that stand."""

    __tablename__ = "van_day"
    __table_args__ = (Index("ix_van_day_resource", "resource_id", "day", "id"),)

    id: int | None = big_id()
    resource_id: int = big_ref("resource.id")
    day: date
    input_hash: str = Field(max_length=64)
    driven_m: int = big_int()
    method: str = Field(max_length=40)
    left_out: int = big_int()
    made_by: str = Field(max_length=80)
    made_at: datetime = moment()


class VanCall(SQLModel, table=True):
    """A stop of a vehicle's day: whose, boarding or alighting, there or back, when, and within which window."""

    __tablename__ = "van_call"
    __table_args__ = (CheckConstraint("window_start_min <= starts_min AND starts_min < window_end_min", name="window"),)

    van_day_id: int = big_ref("van_day.id", primary_key=True)
    position: int = big_int()
    need_id: int = big_ref("need.id", primary_key=True, index=True)
    is_back: bool = Field(primary_key=True)
    is_pickup: bool = Field(primary_key=True)
    starts_min: int = big_int()
    window_start_min: int = big_int()
    window_end_min: int = big_int()

"""Rows of needs: the service catalogue, and who needs which service how often."""

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref


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

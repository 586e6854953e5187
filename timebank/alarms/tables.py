"""Rows of alarms: devices in homes, orders with every step, who is asked in turn, and where messages come from."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    encrypted,
    moment,
    optional_encrypted,
    optional_moment,
    optional_ref,
)

STATES = ("unknown", "asked", "accepted", "confirmed", "closed")
NOW_HELD = "to_at IS NULL"
RUNS = "due_at IS NOT NULL"


class AlarmDevice(SQLModel, table=True):
    """A device in a home, from a moment to a moment: its code is no secret, and of one household at a time."""

    __tablename__ = "alarm_device"
    __table_args__ = (
        CheckConstraint("kind IN ('call','meter')", name="kind"),
        CheckConstraint("to_at IS NULL OR to_at >= from_at", name="life"),
        Index(
            "uq_alarm_device_held",
            "kind",
            "code",
            unique=True,
            sqlite_where=text(NOW_HELD),
            postgresql_where=text(NOW_HELD),
        ),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=8)
    code: str = Field(max_length=40)
    senior_id: int = big_ref("senior.person_id", index=True)
    from_at: datetime = moment()
    to_at: datetime | None = optional_moment()


class AlarmOrder(SQLModel, table=True):
    """An order as it stands: its state, whom the step asks, until when; ``n`` counts its events.

    ``key`` says what it came from, so that nothing becomes an order twice. ``heard`` is the code of a device that
    nobody knows. An order that is closed has no clock and is never changed again.
    """

    __tablename__ = "alarm_order"
    __table_args__ = (
        CheckConstraint("state IN ('unknown','asked','accepted','confirmed','closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'closed') = (outcome <> '')", name="outcome"),
        CheckConstraint("(state = 'closed') = (due_at IS NULL)", name="clock"),
        CheckConstraint("(device_id IS NULL) = (heard <> '')", name="household"),
        CheckConstraint("state <> 'unknown' OR device_id IS NULL", name="unknown"),
        CheckConstraint("state <> 'confirmed' OR finding <> ''", name="finding"),
        CheckConstraint("n >= 1 AND step >= 0 AND turn >= 0", name="counts"),
        Index("ix_alarm_order_due", "due_at", sqlite_where=text(RUNS), postgresql_where=text(RUNS)),
        {"postgresql_with": {"fillfactor": 70}},  # each step writes the row anew
    )

    id: int | None = big_id()
    key: str = Field(max_length=200, unique=True)
    kind: str = Field(max_length=24)
    source_id: int | None = optional_ref("webhook_source.id")
    device_id: int | None = optional_ref("alarm_device.id", index=True)
    heard: str = Field(default="", max_length=40)
    state: str = Field(max_length=12)
    step: int = big_int(default=0)
    turn: int = big_int(default=0)
    due_at: datetime | None = optional_moment()
    received_at: datetime = moment()
    finding: str = Field(default="", max_length=24)
    outcome: str = Field(default="", max_length=24)
    closed_at: datetime | None = optional_moment()
    n: int = big_int(default=1)


class AlarmEvent(SQLModel, table=True):
    """A step of an order; append-only. ``step`` and ``turn`` are whom the order asks after it."""

    __tablename__ = "alarm_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('received','settled','asked','accepted','declined','no_answer','escalated','overdue','reminded',"
            "'confirmed','noted','closed')",
            name="kind",
        ),
        CheckConstraint("actor <> ''", name="actor"),
        {"sqlite_with_rowid": False},  # events of a year are millions: the key is the table
    )

    order_id: int = big_ref("alarm_order.id", primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str = Field(max_length=12)
    step: int = big_int()
    turn: int = big_int()
    actor: str = Field(max_length=80)
    note: str | None = optional_encrypted("alarm_event.note")
    happened_at: datetime = moment()


class AlarmAsk(SQLModel, table=True):
    """A volunteer who can be asked in a step of an order: the nearest first, the next ones behind."""

    __tablename__ = "alarm_ask"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','asked','accepted','declined','no_answer','passed')", name="state"),
        CheckConstraint("turn >= 1 AND distance_m >= 0", name="amounts"),
    )

    order_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[ForeignKey("alarm_order.id")])
    step: int = Field(primary_key=True, sa_type=BigInteger)
    turn: int = Field(primary_key=True, sa_type=BigInteger)
    volunteer_id: int = big_ref("volunteer.person_id", index=True)
    distance_m: int = big_int()
    state: str = Field(default="waiting", max_length=12)
    asked_at: datetime | None = optional_moment()
    answered_at: datetime | None = optional_moment()


class WebhookSource(SQLModel, table=True):
    """Who sends signed messages, for whom: an organisation that settles what nobody else can."""

    __tablename__ = "webhook_source"

    id: int | None = big_id()
    code: str = Field(max_length=40, unique=True)
    organisation_id: int = big_ref("organisation.id", index=True)
    created_by: str = Field(max_length=80)
    created_at: datetime = moment()
    closed_at: datetime | None = optional_moment()


class WebhookSecret(SQLModel, table=True):
    """A secret of a source, encrypted; several hold at once while they are changed."""

    __tablename__ = "webhook_secret"
    __table_args__ = (CheckConstraint("until_at IS NULL OR until_at >= from_at", name="life"),)

    id: int | None = big_id()
    source_id: int = big_ref("webhook_source.id", index=True)
    secret: str = encrypted("webhook_secret.secret")
    from_at: datetime = moment()
    until_at: datetime | None = optional_moment()


class WebhookMessage(SQLModel, table=True):
    """A message that was taken, stored in one transaction with what it caused; append-only, each id once."""

    __tablename__ = "webhook_message"

    source_id: int = big_ref("webhook_source.id", primary_key=True)
    message_id: str = Field(primary_key=True, max_length=120)
    digest: bytes
    body: str = encrypted("webhook_message.body")
    sent_at: datetime = moment()
    received_at: datetime = moment()


class MeterDay(SQLModel, table=True):
    """What a meter had counted in each hour of a day: 24 numbers of 32 bits, litres, -1 where nothing is known."""

    __tablename__ = "meter_day"
    __table_args__ = {"sqlite_with_rowid": False}  # the library reads it as a class attribute

    device_id: int = big_ref("alarm_device.id", primary_key=True)
    day: date = Field(primary_key=True)
    litres: bytes


class MeterEpisode(SQLModel, table=True):
    """Trouble of a meter by a rule, from an hour to an hour (half-open), with its one order."""

    __tablename__ = "meter_episode"
    __table_args__ = (
        CheckConstraint("state IN ('standing','refuted','folded')", name="state"),
        CheckConstraint("ends_at > starts_at", name="hours"),
        Index("ix_meter_episode_device", "device_id", "rule", "ends_at"),
    )

    id: int | None = big_id()
    device_id: int = big_ref("alarm_device.id")
    rule: str = Field(max_length=24)
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    state: str = Field(default="standing", max_length=12)
    order_id: int = big_ref("alarm_order.id", index=True)

"""Rows of the exchange: the secret addresses of calendar feeds, as hashes alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_ref, moment, optional_moment

LIVE = "revoked_at IS NULL"


class CalendarFeed(SQLModel, table=True):
    """A secret address under which a volunteer's visits are read, until it is revoked; one at a time for a person."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        CheckConstraint("revoked_at IS NULL OR revoked_at >= issued_at", name="life"),
        Index("uq_calendar_feed_digest", "digest", unique=True),
        Index("uq_calendar_feed_key", "person_id", "idempotency_key", unique=True),
        Index(
            "uq_calendar_feed_live",
            "person_id",
            unique=True,
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
    )

    id: int | None = big_id()
    person_id: int = big_ref("volunteer.person_id")
    digest: bytes = Field(sa_type=LargeBinary, nullable=False)
    idempotency_key: str = Field(max_length=200)
    issued_at: datetime = moment()
    revoked_at: datetime | None = optional_moment()

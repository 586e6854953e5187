"""Rows of good practice: what was done, version by version, the figures that show it, and what the bureau decided."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_int


class Practice(SQLModel, table=True):
    """Something that an organisation found to work; ``published`` is the version that everybody reads, if any."""

    __table_args__ = (Index("ix_practice_published", "published", "id"),)

    id: int | None = big_id()
    organisation_id: int = big_ref("organisation.id", index=True)
    published: int | None = optional_int()


class PracticeVersion(SQLModel, table=True):
    """What was done, in the words of one version; append-only."""

    __tablename__ = "practice_version"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        Index("uq_practice_version_key", "organisation_id", "idempotency_key", unique=True),
    )

    practice_id: int = big_ref("practice.id", primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    organisation_id: int = big_ref("organisation.id")
    title_zh: str = Field(max_length=120)
    done: str = Field(max_length=4000)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    submitted_at: datetime = moment()


class PracticeFigure(SQLModel, table=True):
    """A figure of a version: which query, over which days (half-open), what it counted and when; append-only."""

    __tablename__ = "practice_figure"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "version"],
            ["practice_version.practice_id", "practice_version.version"],
            name="fk_practice_figure_practice_id_version",
        ),
        CheckConstraint("to_day > from_day", name="days"),
    )

    practice_id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    query: str = Field(max_length=40)
    from_day: date
    to_day: date
    value: int = big_int()
    counted_at: datetime = moment()


class PracticeDecision(SQLModel, table=True):
    """What the bureau decided about a version, once; append-only."""

    __tablename__ = "practice_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "version"],
            ["practice_version.practice_id", "practice_version.version"],
            name="fk_practice_decision_practice_id_version",
        ),
        CheckConstraint("decision IN ('approved','returned')", name="decision"),
    )

    practice_id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    organisation_id: int = big_ref("organisation.id", index=True)
    decision: str = Field(max_length=12)
    words: str = Field(default="", max_length=1000)
    decided_at: datetime = moment()

"""Rows of what matters when people are matched: traits that somebody has or minds, and days on which they are away.

Rows are never changed but once: whoever takes one back is written down with the moment, and it counts no more.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_ref, moment, optional_moment

STANDS = "withdrawn_at IS NULL"


class Trait(SQLModel, table=True):
    """Something that can decide who comes to whom without code: pets, stairs, smoking, a health certificate."""

    code: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)


class PersonTrait(SQLModel, table=True):
    """A trait that a person has (a senior's home has it too), that they refuse to meet, or that a helper must have."""

    __tablename__ = "person_trait"
    __table_args__ = (
        CheckConstraint("stance IN ('has','refuses','requires')", name="stance"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index(
            "uq_person_trait_stands",
            "person_id",
            "trait",
            "stance",
            unique=True,
            sqlite_where=text(STANDS),
            postgresql_where=text(STANDS),
        ),
    )

    id: int | None = big_id()
    person_id: int = big_ref("person.id", index=True)
    trait: str = Field(sa_type=String(40), index=True, nullable=False, sa_column_args=[ForeignKey("trait.code")])
    stance: str = Field(max_length=8)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()


class Absence(SQLModel, table=True):
    """Days (half-open) on which a volunteer or a senior is away; why is nobody's business here."""

    __table_args__ = (
        CheckConstraint("to_day > from_day", name="days"),
        CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name="withdrawn"),
        Index("ix_absence_person", "person_id", "to_day"),
    )

    id: int | None = big_id()
    person_id: int = big_ref("person.id")
    from_day: date
    to_day: date
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    withdrawn_by: str = Field(default="", max_length=80)
    withdrawn_at: datetime | None = optional_moment()

"""Rows of what the registry did to a whole person: two registrations made one, a death, a move away; each undone once.

They stand with the people, so that every room can read who was merged into whom (:mod:`timebank.people.merged`).
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_ref, moment, optional_moment, optional_ref

MERGED = "kind = 'merge' AND undone_at IS NULL"
LEFT = "kind <> 'merge' AND undone_at IS NULL"


class RegistryAct(SQLModel, table=True):
    """A merge (``other_id`` went into ``person_id``), a death or a move away: by whom, why, whether it is undone."""

    __tablename__ = "registry_act"
    __table_args__ = (
        CheckConstraint("kind IN ('merge','death','moved_away')", name="kind"),
        CheckConstraint("(kind = 'merge') = (other_id IS NOT NULL)", name="other"),
        CheckConstraint("other_id IS NULL OR other_id <> person_id", name="two_people"),
        CheckConstraint("(undone_by = '') = (undone_at IS NULL)", name="undone"),
        Index("ix_registry_act_person", "person_id", "id"),
        Index("ix_registry_act_other", "other_id"),
        Index(
            "uq_registry_act_merged",
            "other_id",
            unique=True,
            sqlite_where=text(MERGED),
            postgresql_where=text(MERGED),
        ),
        Index(
            "uq_registry_act_left",
            "person_id",
            unique=True,
            sqlite_where=text(LEFT),
            postgresql_where=text(LEFT),
        ),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=12)
    person_id: int = big_ref("person.id")
    other_id: int | None = optional_ref("person.id")
    day: date
    reason: str = Field(default="", max_length=200)
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    undone_by: str = Field(default="", max_length=80)
    undone_at: datetime | None = optional_moment()

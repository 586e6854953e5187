"""Rows of pairs that are asked: who was proposed to whom, what each side said, and each step with who, when, why."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_ref, moment, optional_int, optional_ref

LIVES = "state IN ('proposed','agreed','paused')"
HOLDS = "state IN ('agreed','paused')"


class Partnership(SQLModel, table=True):
    """A senior's need in a programme and a volunteer: proposed, agreed when both said yes, declined, paused, ended.

    ``paused_until`` is the first day on which it goes on. One that replaces another says which.
    """

    __table_args__ = (
        CheckConstraint("state IN ('proposed','agreed','declined','paused','ended','withdrawn')", name="state"),
        CheckConstraint("volunteer_says IN ('','yes','no')", name="volunteer_says"),
        CheckConstraint("organisation_says IN ('','yes','no')", name="organisation_says"),
        CheckConstraint(
            "state NOT IN ('agreed','paused') OR (volunteer_says = 'yes' AND organisation_says = 'yes')",
            name="both_said_yes",
        ),
        CheckConstraint(
            "(state = 'declined') = (volunteer_says = 'no' OR organisation_says = 'no')", name="one_said_no"
        ),
        CheckConstraint("(state = 'paused') = (paused_until IS NOT NULL)", name="pause"),
        Index(
            "uq_partnership_lives",
            "need_id",
            "volunteer_id",
            unique=True,
            sqlite_where=text(LIVES),
            postgresql_where=text(LIVES),
        ),
        Index(
            "uq_partnership_holds",
            "need_id",
            unique=True,
            sqlite_where=text(HOLDS),
            postgresql_where=text(HOLDS),
        ),
        Index("ix_partnership_volunteer", "volunteer_id", "state"),
        Index("ix_partnership_programme", "programme_id", "state", "id"),
    )

    id: int | None = big_id()
    programme_id: int = big_ref("care_programme.id")
    enrolment_id: int = big_ref("enrolment.id", index=True)
    need_id: int = big_ref("need.id", index=True)
    volunteer_id: int = big_ref("volunteer.person_id")
    plan_id: int | None = optional_ref("plan.id", index=True)
    replaces_id: int | None = optional_ref("partnership.id", index=True)
    distance_m: int | None = optional_int()
    state: str = Field(default="proposed", max_length=12)
    volunteer_says: str = Field(default="", max_length=4)
    organisation_says: str = Field(default="", max_length=4)
    paused_until: date | None = Field(default=None)
    proposed_at: datetime = moment()


class PartnershipStep(SQLModel, table=True):
    """A step in the life of a pair, with who took it, when, and why; append-only."""

    __tablename__ = "partnership_step"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('proposed','volunteer_yes','volunteer_no','organisation_yes','organisation_no','agreed',"
            "'paused','resumed','ended','replaced','withdrawn')",
            name="kind",
        ),
    )

    id: int | None = big_id()
    partnership_id: int = big_ref("partnership.id", index=True)
    kind: str = Field(max_length=20)
    actor: str = Field(max_length=80)
    reason: str = Field(default="", max_length=400)
    happened_at: datetime = moment()

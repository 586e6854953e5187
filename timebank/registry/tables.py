"""Rows of the registry: survey rounds and what they found, and what each act changed, so that it can be undone."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_encrypted, optional_ref


class SurveyRound(SQLModel, table=True):
    """A round of surveys of an area and its days (half-open); how often each category is seen, others say."""

    __tablename__ = "survey_round"
    __table_args__ = (CheckConstraint("to_day > from_day", name="days"),)

    id: int | None = big_id()
    code: str = Field(max_length=40, unique=True)
    area_id: int = big_ref("area.id", index=True)
    from_day: date
    to_day: date
    made_by: str = Field(max_length=80)
    made_at: datetime = moment()


class SurveyFrequency(SQLModel, table=True):
    """A category of a round, and every how many days somebody sees its seniors."""

    __tablename__ = "survey_frequency"
    __table_args__ = (CheckConstraint("every_days BETWEEN 1 AND 366", name="every_days"),)

    round_id: int = big_ref("survey_round.id", primary_key=True)
    category: str = Field(primary_key=True, max_length=40)
    every_days: int = big_int()


class Survey(SQLModel, table=True):
    """What a survey found on a day: how somebody looked, whether the senior was reached, a note for the committee."""

    __table_args__ = (
        CheckConstraint("manner IN ('door','phone','video')", name="manner"),
        CheckConstraint("outcome IN ('reached','not_reached','refused','moved','deceased')", name="outcome"),
        Index("uq_survey_day", "round_id", "senior_id", "day", unique=True),
    )

    id: int | None = big_id()
    round_id: int = big_ref("survey_round.id")
    senior_id: int = big_ref("senior.person_id", index=True)
    day: date
    manner: str = Field(max_length=8)
    outcome: str = Field(max_length=12)
    surveyor_id: int | None = optional_ref("care_member.person_id", index=True)
    note: str | None = optional_encrypted("survey.note")
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()


class RegistryChange(SQLModel, table=True):
    """What an act did to one row: its key now, and the columns as they were (sealed), or the whole row that went."""

    __tablename__ = "registry_change"
    __table_args__ = (CheckConstraint("what IN ('changed','added','removed')", name="what"),)

    act_id: int = big_ref("registry_act.id", primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    table_name: str = Field(max_length=40)
    what: str = Field(max_length=8)
    row_key: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    before: bytes | None = Field(default=None)
    after_digest: str = Field(default="", max_length=64)

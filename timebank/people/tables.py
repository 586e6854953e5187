"""Rows of people: the tree of areas, organisations, persons, seniors, volunteers, advice points, tokens."""

from datetime import date

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    encrypted,
    optional_encrypted,
    optional_lookup,
    optional_ref,
)
from timebank.people.act_tables import RegistryAct
from timebank.people.buckets import CallBucket
from timebank.people.fact_tables import Absence, PersonTrait, Trait
from timebank.people.tie_tables import Guardian, Residence
from timebank.people.token_tables import AccessEvent, AccessToken

PLACE = "lat_deg BETWEEN -90 AND 90 AND lon_deg BETWEEN -180 AND 180"


class Area(SQLModel, table=True):
    """A district, a sub-district (街镇) or a neighbourhood committee (居委)."""

    __table_args__ = (CheckConstraint("level IN ('district','subdistrict','committee')", name="level"),)

    id: int | None = big_id()
    parent_id: int | None = optional_ref("area.id", index=True)
    level: str = Field(max_length=12)
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)


class Organisation(SQLModel, table=True):
    """A charity office, social organisation, charity, sub-district office, the bureau, a company or a clinic."""

    __table_args__ = (
        CheckConstraint(
            "kind IN ('charity_office','social_organisation','charity','subdistrict_office',"
            "'bureau','company','clinic')",
            name="kind",
        ),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=24)
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=120)
    name_en: str = Field(max_length=120)
    serves_seniors: bool = Field(default=False)


class OrganisationArea(SQLModel, table=True):
    """A sub-district that an organisation works in: the scope of everything it may see."""

    __tablename__ = "organisation_area"

    organisation_id: int = big_ref("organisation.id", primary_key=True)
    area_id: int = big_ref("area.id", primary_key=True)


class Person(SQLModel, table=True):
    """A person; what identifies them is encrypted, and found again by keyed hash."""

    __table_args__ = (
        CheckConstraint("gender IN ('female','male','unknown')", name="gender"),
        UniqueConstraint("identity_lookup"),
    )

    id: int | None = big_id()
    name: str = encrypted("person.name")
    phone: str | None = optional_encrypted("person.phone")
    address: str | None = optional_encrypted("person.address")
    identity_number: str | None = optional_encrypted("person.identity_number")
    phone_lookup: bytes | None = optional_lookup()
    identity_lookup: bytes | None = optional_lookup()
    gender: str = Field(max_length=8)
    born_on: date


class Senior(SQLModel, table=True):
    """A senior of the registry, with home (WGS-84) and committee."""

    __table_args__ = (CheckConstraint(PLACE, name="place"),)

    person_id: int = big_ref("person.id", primary_key=True)
    external_ref: str = Field(max_length=64, unique=True)
    subdistrict_id: int = big_ref("area.id", index=True)
    committee_id: int = big_ref("area.id", index=True)
    lat_deg: float
    lon_deg: float
    languages: str = Field(default="zh", max_length=80)
    status: str = Field(default="active", max_length=12)


class SeniorCategory(SQLModel, table=True):
    """A category of special hardship a senior is in, from a day to a day (half-open), with its proof and its source."""

    __tablename__ = "senior_category"
    __table_args__ = (CheckConstraint("to_day IS NULL OR to_day >= from_day", name="days"),)

    senior_id: int = big_ref("senior.person_id", primary_key=True)
    category: str = Field(primary_key=True, max_length=40)
    from_day: date = Field(primary_key=True)
    to_day: date | None = Field(default=None)
    proof: str = Field(default="", max_length=120)
    source: str = Field(default="", max_length=20, sa_column_kwargs={"server_default": ""})
    opened_by: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    closed_by: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})


class Volunteer(SQLModel, table=True):
    """A volunteer (时光伙伴): what they offer, where they start from, and when they can come."""

    __table_args__ = (
        CheckConstraint(PLACE, name="place"),
        CheckConstraint("weekdays BETWEEN 0 AND 127", name="weekdays"),
        CheckConstraint("window_start_min >= 0 AND window_end_min <= 1440", name="day"),
        CheckConstraint("window_start_min < window_end_min", name="window"),
        CheckConstraint("max_needs >= 0 AND weekly_cap_min >= 0", name="amounts"),
    )

    person_id: int = big_ref("person.id", primary_key=True)
    external_ref: str = Field(max_length=64, unique=True)
    organisation_id: int = big_ref("organisation.id", index=True)
    subdistrict_id: int = big_ref("area.id", index=True)
    lat_deg: float
    lon_deg: float
    languages: str = Field(default="zh", max_length=80)
    weekdays: int = big_int(default=127)
    window_start_min: int = big_int(default=480)
    window_end_min: int = big_int(default=1080)
    max_needs: int = big_int()
    weekly_cap_min: int = big_int()
    trained_on: date | None = Field(default=None)
    status: str = Field(default="active", max_length=12)


class VolunteerSkill(SQLModel, table=True):
    """A service a volunteer may give."""

    __tablename__ = "volunteer_skill"

    volunteer_id: int = big_ref("volunteer.person_id", primary_key=True)
    service_id: int = big_ref("service.id", primary_key=True)


class NeverTogether(SQLModel, table=True):
    """A senior and a volunteer who never meet; the reason stays with the organisation."""

    __tablename__ = "never_together"

    senior_id: int = big_ref("senior.person_id", primary_key=True)
    volunteer_id: int = big_ref("volunteer.person_id", primary_key=True, index=True)


class AdvicePoint(SQLModel, table=True):
    """An advice point (养老顾问点) of a committee or sub-district; a public address."""

    __tablename__ = "advice_point"
    __table_args__ = (CheckConstraint(PLACE, name="place"),)

    id: int | None = big_id()
    area_id: int = big_ref("area.id", index=True)
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=120)
    lat_deg: float
    lon_deg: float


__all__ = [
    "Absence",
    "AccessEvent",
    "AccessToken",
    "AdvicePoint",
    "Area",
    "CallBucket",
    "Guardian",
    "NeverTogether",
    "Organisation",
    "OrganisationArea",
    "Person",
    "PersonTrait",
    "RegistryAct",
    "Residence",
    "Senior",
    "SeniorCategory",
    "Trait",
    "Volunteer",
    "VolunteerSkill",
]

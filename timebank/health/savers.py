"""Savers: member accounts with what rules and reports ask of their people; a street, an age, a hardship."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, or_, select
from sqlmodel import Session

from timebank.coins.family_tables import Family
from timebank.core.columns import table_of
from timebank.ledger.accounts import ACCOUNT
from timebank.people.tables import Area, Person, Senior, SeniorCategory, Volunteer
from timebank.rules.findings import age_on

AREA = table_of(Area)
CATEGORY = table_of(SeniorCategory)
FAMILY = table_of(Family)
PERSON = table_of(Person)
SENIOR = table_of(Senior)
VOLUNTEER = table_of(Volunteer)
NOWHERE = "none"
"""Street of a saver whom neither the registry of seniors nor that of volunteers knows."""
EVERYWHERE = "all"


@dataclass(frozen=True, slots=True)
class Saver:
    """A member account and its person (a family's head); ``street`` is the code of a sub-district, or ``none``."""

    account_id: int
    person_id: int
    street: str
    born_on: date
    in_hardship: bool


@dataclass(frozen=True, slots=True)
class Street:
    """A sub-district by its code and names."""

    code: str
    name_zh: str
    name_en: str


def streets_of(session: Session) -> list[Street]:
    """Return the sub-districts, by code."""
    columns = (AREA.c.code, AREA.c.name_zh, AREA.c.name_en)
    wanted = select(*columns).where(AREA.c.level == "subdistrict").order_by(AREA.c.code)
    return [Street(*row) for row in session.connection().execute(wanted)]


def savers_of(session: Session, book_id: int, day: date) -> list[Saver]:
    """Return the member accounts of a book by number; hardship is that of the day.

    A family's account counts as its head's, who opened it and may spend it. The street is where the registry of seniors
    says that somebody lives, else where they serve as a volunteer.
    """
    a, c = ACCOUNT.c, CATEGORY.c
    holder = func.coalesce(a.person_id, FAMILY.c.head_id)
    holds: list[ColumnElement[bool]] = [c.senior_id == PERSON.c.id, c.from_day <= day]
    in_hardship = exists().where(*holds, or_(c.to_day.is_(None), c.to_day > day))
    lives_in = func.coalesce(SENIOR.c.subdistrict_id, VOLUNTEER.c.subdistrict_id)
    wanted = (
        select(a.id, PERSON.c.id.label("person_id"), AREA.c.code, PERSON.c.born_on, in_hardship.label("hardship"))
        .select_from(ACCOUNT)
        .outerjoin(FAMILY, FAMILY.c.account_id == a.id)
        .join(PERSON, PERSON.c.id == holder)
        .outerjoin(SENIOR, SENIOR.c.person_id == PERSON.c.id)
        .outerjoin(VOLUNTEER, VOLUNTEER.c.person_id == PERSON.c.id)
        .outerjoin(AREA, AREA.c.id == lives_in)
        .where(a.book_id == book_id, a.kind == "member")
    )
    return [_saver(row) for row in session.connection().execute(wanted.order_by(a.id))]


def _saver(row: Row[Any]) -> Saver:
    return Saver(row.id, row.person_id, row.code or NOWHERE, row.born_on, bool(row.hardship))


def cohort_of(saver: Saver, day: date, begins: tuple[int, ...]) -> str:
    """Return the age cohort of a saver on a day, such as ``65-69``; ``begins`` are the ages at which one begins."""
    age = age_on(saver.born_on, day)
    return cohorts(begins)[sum(age >= least for least in begins)]


def cohorts(begins: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the age cohorts, youngest first: ``0-49``, ``50-59``, ... ``80+``."""
    first = f"0-{begins[0] - 1}"
    between = [f"{least}-{following - 1}" for least, following in pairwise(begins)]
    return (first, *between, f"{begins[-1]}+")

"""What can be told of a senior in a referral: a list of fields, each read only when it was consented to."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, or_, select

from timebank.core.errors import NotFound
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Person, Senior, SeniorCategory


class Subject(NamedTuple):
    """Rows of the senior of whom is read, and the day."""

    person: Person
    senior: Senior
    day: date


class Field(NamedTuple):
    """A field: its names, and how its value is read."""

    name_zh: str
    name_en: str
    read: Callable[[Session, Subject], str]


def _categories(session: Session, subject: Subject) -> str:
    c = SeniorCategory
    holds = (col(c.from_day) <= subject.day, or_(col(c.to_day).is_(None), col(c.to_day) > subject.day))
    wanted = select(c.category).where(c.senior_id == subject.person.id, *holds).order_by(c.category)
    return ", ".join(session.exec(wanted))


def _needs(session: Session, subject: Subject) -> str:
    wanted = select(Service.code).join(Need, col(Need.service_id) == col(Service.id))
    open_ones = wanted.where(Need.senior_id == subject.person.id, Need.status == "open")
    return ", ".join(sorted(set(session.exec(open_ones))))


def _area(session: Session, number: int) -> str:
    return session.exec(select(Area.name_zh).where(Area.id == number)).one()


FIELDS: dict[str, Field] = {
    "name": Field("姓名", "Name", lambda _, s: s.person.name),
    "phone": Field("电话", "Telephone", lambda _, s: s.person.phone or ""),
    "address": Field("住址", "Address", lambda _, s: s.person.address or ""),
    "born_on": Field("出生日期", "Day of birth", lambda _, s: s.person.born_on.isoformat()),
    "gender": Field("性别", "Gender", lambda _, s: s.person.gender),
    "languages": Field("语言", "Languages", lambda _, s: s.senior.languages),
    "subdistrict": Field("街镇", "Sub-district", lambda session, s: _area(session, s.senior.subdistrict_id)),
    "committee": Field("居村", "Committee", lambda session, s: _area(session, s.senior.committee_id)),
    "categories": Field("困难类别", "Categories", _categories),
    "needs": Field("服务需求", "Needs", _needs),
}
"""Every field that a consent can name, by its code. An identity number is not among them: nobody needs it."""


def read_fields(session: Session, senior_id: int, codes: Sequence[str], *, day: date) -> dict[str, str]:
    """Return the values of some fields of a senior by code, in the order of :data:`FIELDS`; no other is looked up.

    Raises
    ------
    NotFound
        When there is no such senior.
    """
    found = session.exec(
        select(Person, Senior).join(Senior, col(Senior.person_id) == col(Person.id)).where(Person.id == senior_id)
    ).first()
    if found is None:
        raise NotFound(kind="senior", key=str(senior_id))
    subject = Subject(*found, day)
    return {code: field.read(session, subject) for code, field in FIELDS.items() if code in codes}

"""Coverage: has every committee an advice point, every senior of the focus list a contact, every contact a training.

Each number is a count of the very rows that its list shows.
"""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session

from timebank.care.contacts import CONTACT
from timebank.care.members import MEMBER
from timebank.care.points import POINT
from timebank.care.trainings import allowed_on
from timebank.people.belonging import areas_of
from timebank.people.focus import AREA, SENIOR, on_focus

STREET = AREA.alias("street")


class Coverage(NamedTuple):
    """A sub-district on a day: committees, and those without a point; focus seniors, and those with no good contact."""

    code: str
    name_zh: str
    name_en: str
    committees: int
    without_point: int
    focus: int
    without_contact: int
    contacts_lapsed: int


def coverage(session: Session, day: date, *, organisation_id: int | None = None) -> list[Coverage]:
    """Return how every sub-district stands, by code; an organisation sees its own."""
    wanted = select(STREET.c.code, STREET.c.name_zh, STREET.c.name_en).where(STREET.c.level == "subdistrict")
    if organisation_id is not None:
        wanted = wanted.where(STREET.c.id.in_(areas_of(organisation_id)))
    connection = session.connection()
    rows = connection.execute(wanted.order_by(STREET.c.code)).all()
    counts = [
        {code: int(count) for code, count in connection.execute(_by_street(each))}
        for each in (_committees(), _pointless(), _focus(day), _alone(day), _lapsed(day))
    ]
    return [Coverage(*row, *(count.get(row.code, 0) for count in counts)) for row in rows]


def committees_without_point(
    session: Session, *, first: int, after: int | None = None, organisation_id: int | None = None
) -> list[Row[Any]]:
    """Return committees that have no advice point: number, code, names, street."""
    return _page(session, _pointless(), AREA.c.id, first, after, organisation_id)


def focus_without_contact(
    session: Session, day: date, *, first: int, after: int | None = None, organisation_id: int | None = None
) -> list[Row[Any]]:
    """Return seniors of the focus list who have no contact: number, reference, street."""
    return _page(session, _alone(day), SENIOR.c.person_id, first, after, organisation_id)


def lapsed_contacts(
    session: Session, day: date, *, first: int, after: int | None = None, organisation_id: int | None = None
) -> list[Row[Any]]:
    """Return focus seniors whose contact may not be one any more, by role or training: both references, street."""
    return _page(session, _lapsed(day), SENIOR.c.person_id, first, after, organisation_id)


def _committees() -> Select[Any]:
    wanted = select(AREA.c.id, AREA.c.code.label("committee"), AREA.c.name_zh.label("committee_zh"), STREET.c.code)
    return wanted.join(STREET, STREET.c.id == AREA.c.parent_id).where(AREA.c.level == "committee")


def _pointless() -> Select[Any]:
    return _committees().where(AREA.c.id.not_in(select(POINT.c.area_id)))


def _focus(day: date) -> Select[Any]:
    wanted = select(SENIOR.c.person_id.label("id"), SENIOR.c.external_ref.label("senior"), STREET.c.code)
    return wanted.join(STREET, STREET.c.id == SENIOR.c.subdistrict_id).where(SENIOR.c.person_id.in_(on_focus(day)))


def _alone(day: date) -> Select[Any]:
    return _focus(day).where(SENIOR.c.person_id.not_in(select(CONTACT.c.senior_id).where(CONTACT.c.to_day.is_(None))))


def _lapsed(day: date) -> Select[Any]:
    wanted = _focus(day).add_columns(MEMBER.c.external_ref.label("member"), MEMBER.c.person_id.label("member_id"))
    wanted = wanted.join(CONTACT, CONTACT.c.senior_id == SENIOR.c.person_id)
    wanted = wanted.join(MEMBER, MEMBER.c.person_id == CONTACT.c.member_id)
    return wanted.where(CONTACT.c.to_day.is_(None), CONTACT.c.member_id.not_in(allowed_on("contact", day)))


def _by_street(rows: Select[Any]) -> Select[Any]:
    some = rows.subquery()
    return select(some.c.code, func.count()).group_by(some.c.code)


def _page(
    session: Session, rows: Select[Any], key: Any, first: int, after: int | None, organisation_id: int | None
) -> list[Row[Any]]:
    if organisation_id is not None:
        rows = rows.where(STREET.c.id.in_(areas_of(organisation_id)))
    if after is not None:
        rows = rows.where(key > after)
    return list(session.connection().execute(rows.order_by(key).limit(first)))

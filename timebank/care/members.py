"""Members of the care team and their roles: enrolled once, a role from a day to a day, listed by street."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.care.tables import CareMember, CareRole
from timebank.care.terms import ROLES
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.personal_data import lookup_hash
from timebank.core.texts import Phrase
from timebank.people.belonging import areas_of
from timebank.people.focus import AREA
from timebank.people.tables import Area, Organisation, Person

MEMBER = table_of(CareMember)
ROLE = table_of(CareRole)
LONGEST_REF = 64
GENDERS = ("female", "male", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A person who is not registered yet."""

    name: str
    gender: str
    born_on: date
    phone: str | None = None


def enrol(session: Session, ref: str, person: int | Newcomer, *, joined_on: date) -> CareMember:
    """Take somebody into the team under a number of their own; the same again is the same member.

    Raises
    ------
    WrongInput
        When the number or the person cannot be.
    WrongState
        When the number is somebody else's, or the person is a member under another.
    NotFound
        When there is no such person.
    """
    if not 1 <= len(ref) <= LONGEST_REF or not ref.isprintable():
        raise WrongInput(field="ref", value=ref[:20], right=Phrase("right_printed", least=1, most=LONGEST_REF))
    standing = session.exec(pick(CareMember).where(CareMember.external_ref == ref)).first()
    if standing is not None and isinstance(person, int) and standing.person_id != person:
        raise WrongState(
            kind="care_member", key=ref, state=Phrase("state_other_holder"), allowed=Phrase("allowed_free")
        )
    if standing is not None:
        return standing
    number = person if isinstance(person, int) else _register(session, person)
    if session.get(Person, number) is None:
        raise NotFound(kind="person", key=str(number))
    other = session.get(CareMember, number)
    if other is not None:
        state = Phrase("state_member_as", ref=other.external_ref)
        raise WrongState(kind="care_member", key=ref, state=state, allowed=Phrase("allowed_free"))
    member = CareMember(person_id=number, external_ref=ref, joined_on=joined_on)
    session.add(member)
    session.flush()
    return member


def begin_role(
    session: Session,
    member_id: int,
    role: str,
    *,
    from_day: date,
    actor: str,
    now: datetime,
    area_id: int | None = None,
    organisation_id: int | None = None,
) -> CareRole:
    """Give a member a role for an area or an organisation from a day on; one that stands is the same.

    Raises
    ------
    WrongInput
        When the role is none, or it is not for just one of area and organisation.
    NotFound
        When there is no such member, area or organisation.
    """
    if role not in ROLES:
        raise WrongInput(field="role", value=role[:20], right=Phrase("right_one_of", known=", ".join(ROLES)))
    if (area_id is None) == (organisation_id is None):
        raise WrongInput(field="place", value=f"{area_id}, {organisation_id}", right=Phrase("right_one_place"))
    member_of(session, member_id)
    for model, number, kind in ((Area, area_id, "area"), (Organisation, organisation_id, "organisation")):
        if number is not None and session.get(model, number) is None:
            raise NotFound(kind=kind, key=str(number))
    same = pick(CareRole).where(
        CareRole.member_id == member_id,
        CareRole.role == role,
        CareRole.area_id == area_id,
        CareRole.organisation_id == organisation_id,
        col(CareRole.to_day).is_(None),
    )
    standing = session.exec(same).first()
    if standing is not None:
        return standing
    place: dict[str, Any] = {"area_id": area_id, "organisation_id": organisation_id}
    row = CareRole(member_id=member_id, role=role, from_day=from_day, recorded_by=actor, recorded_at=now, **place)
    session.add(row)
    session.flush()
    return row


def end_role(session: Session, role_id: int, *, to_day: date, actor: str) -> CareRole:
    """End a role on a day (it does not hold on it any more); one that has ended stays as it is.

    Raises
    ------
    NotFound
        When there is none.
    WrongInput
        When it would end before it begins.
    """
    row = session.get(CareRole, role_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(kind="care_role", key=str(role_id))
    if row.to_day is not None:
        return row
    if to_day < row.from_day:
        right = Phrase("right_not_before", day=row.from_day.isoformat())
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    row.to_day, row.ended_by = to_day, actor
    session.flush()
    return row


def member_of(session: Session, member_id: int) -> CareMember:
    """Return a member.

    Raises
    ------
    NotFound
        When there is none.
    """
    member = session.get(CareMember, member_id)
    if member is None:
        raise NotFound(kind="care_member", key=str(member_id))
    return member


def role_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a role holds on a day."""
    return and_(ROLE.c.from_day <= day, or_(ROLE.c.to_day.is_(None), ROLE.c.to_day > day))


def list_members(
    session: Session,
    day: date,
    *,
    first: int,
    after: int | None = None,
    role: str | None = None,
    organisation_id: int | None = None,
    subdistrict: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` members with a role on a day, by number, after one: number, reference, roles in words.

    An organisation sees those of its sub-districts, of their committees, and its own.
    """
    holds = [role_on(day)] + ([ROLE.c.role == role] if role else [])
    if organisation_id is not None:
        own = areas_of(organisation_id)
        holds.append(or_(ROLE.c.organisation_id == organisation_id, ROLE.c.area_id.in_(_with_committees(own))))
    if subdistrict is not None:
        street = select(AREA.c.id).where(AREA.c.code == subdistrict)
        holds.append(ROLE.c.area_id.in_(_with_committees(street)))
    wanted = select(MEMBER.c.person_id, MEMBER.c.external_ref, MEMBER.c.joined_on).where(
        MEMBER.c.person_id.in_(select(ROLE.c.member_id).where(*holds))
    )
    if after is not None:
        wanted = wanted.where(MEMBER.c.person_id > after)
    return list(session.connection().execute(wanted.order_by(MEMBER.c.person_id).limit(first)))


def roles_of(session: Session, members: list[int], day: date) -> dict[int, list[str]]:
    """Return the roles that each of some members has on a day."""
    found: dict[int, list[str]] = {}
    held = select(ROLE.c.member_id, ROLE.c.role).where(ROLE.c.member_id.in_(members), role_on(day)).distinct()
    for member, role in session.connection().execute(held.order_by(ROLE.c.member_id, ROLE.c.role)):
        found.setdefault(member, []).append(role)
    return found


def count_by_role(session: Session, day: date) -> dict[str, int]:
    """Return how many members have each role on a day, and all of them under an empty word; each member once."""
    counted = select(ROLE.c.role, func.count(ROLE.c.member_id.distinct())).where(role_on(day)).group_by(ROLE.c.role)
    everyone = select(func.count(ROLE.c.member_id.distinct())).where(role_on(day))
    connection = session.connection()
    return {role: int(count) for role, count in connection.execute(counted)} | {
        "": int(connection.execute(everyone).scalar_one())
    }


def require_member(session: Session, member_id: int, organisation_id: int) -> None:
    """Refuse a member who has no role for an organisation: none of its own, of its sub-districts or their committees.

    Raises
    ------
    NotFound
        When there is none, or they are another's; the two are never told apart.
    """
    own = areas_of(organisation_id)
    place = or_(ROLE.c.organisation_id == organisation_id, ROLE.c.area_id.in_(_with_committees(own)))
    found = select(ROLE.c.id).where(ROLE.c.member_id == member_id, place).limit(1)
    if session.connection().execute(found).first() is None:
        raise NotFound(kind="care_member", key=str(member_id))


def _with_committees(streets: Select[int]) -> Select[int]:
    """Return the query of some sub-districts and of their committees."""
    return select(AREA.c.id).where(or_(AREA.c.id.in_(streets), AREA.c.parent_id.in_(streets)))


def _register(session: Session, who: Newcomer) -> int:
    if who.gender not in GENDERS or not who.name.strip():
        raise WrongInput(field="gender", value=who.gender[:20], right=Phrase("right_one_of", known=", ".join(GENDERS)))
    lookup = lookup_hash("phone", who.phone) if who.phone else None
    person = Person(name=who.name.strip(), gender=who.gender, born_on=who.born_on, phone=who.phone, phone_lookup=lookup)
    session.add(person)
    session.flush()
    return person.id or 0

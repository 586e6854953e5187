"""Whose people somebody is of: an organisation's are its volunteers and the seniors of its sub-districts."""

from sqlalchemy import Select
from sqlalchemy import select as pick
from sqlmodel import Session, col, or_, select

from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.core.naming import LONGEST_SHOWN
from timebank.people.tables import OrganisationArea, Person, Senior, Volunteer

OWN, SENIOR = table_of(OrganisationArea), table_of(Senior)


def areas_of(organisation_id: int) -> Select[int]:
    """Return the query of the sub-districts that an organisation works in: the scope of all it may see."""
    return pick(OWN.c.area_id).where(OWN.c.organisation_id == organisation_id)


def person_named(session: Session, reference: str) -> int:
    """Return the person of a number of the registry, a volunteer's or a senior's.

    Raises
    ------
    NotFound
        When nobody has it.
    """
    for kind in (Volunteer, Senior):
        found = session.exec(select(kind.person_id).where(kind.external_ref == reference)).first()
        if found is not None:
            return found
    raise NotFound(kind="person", key=reference[:LONGEST_SHOWN])


def own_person(session: Session, reference: str, organisation_id: int) -> int:
    """Return the person of a number of the registry, who is one of an organisation's people.

    Raises
    ------
    NotFound
        When nobody has it, or it is another's; the two are never told apart.
    """
    person_id = person_named(session, reference)
    try:
        require_person(session, person_id, organisation_id)
    except NotFound:
        raise NotFound(kind="person", key=reference[:LONGEST_SHOWN]) from None
    return person_id


def require_person(session: Session, person_id: int, organisation_id: int | None = None) -> None:
    """Refuse a person who is not there; for an organisation, one who is not of its people.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    wanted = select(Person.id).where(Person.id == person_id)
    if organisation_id is not None:
        wanted = wanted.where(
            or_(
                col(Person.id).in_(select(Volunteer.person_id).where(Volunteer.organisation_id == organisation_id)),
                col(Person.id).in_(
                    select(Senior.person_id).where(col(Senior.subdistrict_id).in_(areas_of(organisation_id)))
                ),
            )
        )
    if session.exec(wanted).first() is None:
        raise NotFound(kind="person", key=str(person_id))


def serves(session: Session, organisation_id: int, senior_id: int) -> bool:
    """Tell whether a senior is active and lives where an organisation works."""
    own = (SENIOR.c.person_id == senior_id, SENIOR.c.status == "active")
    wanted = pick(SENIOR.c.person_id).where(*own, SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    return session.connection().execute(wanted).first() is not None

"""Duplicates that are proposed: the same telephone, the same birth and, opened, the same name.

The database lets nobody register one identity number twice, so two registrations of one person differ there: one of
them has none. Two people who each have a number are never proposed.
"""

from typing import Any, NamedTuple

from sqlalchemy import and_, func, or_, select, tuple_
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.belonging import areas_of
from timebank.people.merged import merged_away
from timebank.people.tables import Person, Senior, Volunteer

PERSON = table_of(Person)
SENIOR = table_of(Senior)
VOLUNTEER = table_of(Volunteer)
PAIRS_A_QUERY = 500


class Proposal(NamedTuple):
    """Two registrations that look like one person, by their numbers in the registry; empty for neither part."""

    kept_id: int
    merged_id: int
    kept_ref: str
    merged_ref: str


def list_duplicates(
    session: Session,
    *,
    first: int,
    after: tuple[int, int] | None = None,
    organisation_id: int | None = None,
) -> list[Proposal]:
    """Return up to ``first`` proposals by both numbers, after two; an organisation sees its own people's.

    The older registration is proposed to be kept. Telephones and births are compared in the database, names opened
    only where both are equal.
    """
    found: list[Proposal] = []
    last = after
    while len(found) < first:
        rows = _alike(session, last, organisation_id)
        found += [
            Proposal(row.one, row.other, row.one_ref or "", row.other_ref or "")
            for row in rows
            if row.one_name.strip() == row.other_name.strip()
        ]
        if len(rows) < PAIRS_A_QUERY:
            break
        last = (rows[-1].one, rows[-1].other)
    return found[:first]


def _alike(session: Session, after: tuple[int, int] | None, organisation_id: int | None) -> list[Any]:
    one, other = PERSON.alias("one"), PERSON.alias("other")
    same = and_(other.c.phone_lookup == one.c.phone_lookup, other.c.born_on == one.c.born_on, other.c.id > one.c.id)
    refs = [_ref(table.c.id).label(name) for table, name in ((one, "one_ref"), (other, "other_ref"))]
    wanted = (
        select(
            one.c.id.label("one"),
            other.c.id.label("other"),
            one.c.name.label("one_name"),
            other.c.name.label("other_name"),
            *refs,
        )
        .join(other, same)
        .where(or_(one.c.identity_lookup.is_(None), other.c.identity_lookup.is_(None)))
        .where(one.c.id.not_in(merged_away()), other.c.id.not_in(merged_away()))
    )
    if organisation_id is not None:
        wanted = wanted.where(or_(_is_own(one.c.id, organisation_id), _is_own(other.c.id, organisation_id)))
    if after is not None:
        wanted = wanted.where(tuple_(one.c.id, other.c.id) > after)
    ordered = wanted.order_by(one.c.id, other.c.id).limit(PAIRS_A_QUERY)
    return list(session.connection().execute(ordered))


def _ref(person: Any) -> Any:
    senior = select(SENIOR.c.external_ref).where(SENIOR.c.person_id == person).scalar_subquery()
    volunteer = select(VOLUNTEER.c.external_ref).where(VOLUNTEER.c.person_id == person).scalar_subquery()
    return func.coalesce(senior, volunteer)


def _is_own(person: Any, organisation_id: int) -> Any:
    areas = areas_of(organisation_id)
    return or_(
        person.in_(select(SENIOR.c.person_id).where(SENIOR.c.subdistrict_id.in_(areas))),
        person.in_(select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.organisation_id == organisation_id)),
    )

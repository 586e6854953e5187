"""The published table, made from the rows: seniors by category on a day, by street, each person once."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlmodel import Session

from timebank.people.belonging import areas_of
from timebank.people.categories import CATEGORIES
from timebank.people.focus import AREA, CATEGORY, SENIOR, held_on


class Street(NamedTuple):
    """A sub-district on a day: seniors in any category, each once, and by category."""

    code: str
    name_zh: str
    name_en: str
    seniors: int
    seniors_by_category: dict[str, int]


def seniors_by_category(session: Session, day: date, *, organisation_id: int | None = None) -> dict[str, int]:
    """Return how many seniors each category has on a day, by one query; a person in several counts in each."""
    counted = select(CATEGORY.c.category, func.count(CATEGORY.c.senior_id.distinct())).where(held_on(day))
    counted = _scoped(counted, organisation_id).group_by(CATEGORY.c.category)
    found = {category: int(count) for category, count in session.connection().execute(counted)}
    return {category: found.get(category, 0) for category in CATEGORIES}


def seniors_in_any(session: Session, day: date, *, organisation_id: int | None = None) -> int:
    """Return how many seniors are in at least one category on a day."""
    counted = _scoped(select(func.count(CATEGORY.c.senior_id.distinct())).where(held_on(day)), organisation_id)
    return int(session.connection().execute(counted).scalar_one())


def by_street(session: Session, day: date, *, organisation_id: int | None = None) -> list[Street]:
    """Return the table of every sub-district, by code; an organisation sees its own."""
    streets = select(AREA.c.id, AREA.c.code, AREA.c.name_zh, AREA.c.name_en).where(AREA.c.level == "subdistrict")
    if organisation_id is not None:
        streets = streets.where(AREA.c.id.in_(areas_of(organisation_id)))
    connection = session.connection()
    counted = (
        _scoped(
            select(SENIOR.c.subdistrict_id, CATEGORY.c.category, func.count(CATEGORY.c.senior_id.distinct())),
            organisation_id,
        )
        .where(held_on(day))
        .group_by(SENIOR.c.subdistrict_id, CATEGORY.c.category)
    )
    found: dict[int, dict[str, int]] = {}
    for street, category, count in connection.execute(counted):
        found.setdefault(street, {})[category] = int(count)
    each = _scoped(select(SENIOR.c.subdistrict_id, func.count(CATEGORY.c.senior_id.distinct())), organisation_id)
    each = each.where(held_on(day)).group_by(SENIOR.c.subdistrict_id)
    people = {street: int(count) for street, count in connection.execute(each)}
    return [
        Street(
            row.code,
            row.name_zh,
            row.name_en,
            people.get(row.id, 0),
            {category: found.get(row.id, {}).get(category, 0) for category in CATEGORIES},
        )
        for row in connection.execute(streets.order_by(AREA.c.code))
    ]


def _scoped(counted: Select[Any], organisation_id: int | None) -> Select[Any]:
    counted = counted.join(SENIOR, SENIOR.c.person_id == CATEGORY.c.senior_id)
    if organisation_id is None:
        return counted
    return counted.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))

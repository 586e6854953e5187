"""Who may be helped by a project: the rule, and how many seniors it reaches."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Person, Senior, SeniorCategory
from timebank.projects.tables import Project
from timebank.rules.decision import age_on

AREA, PERSON, SENIOR, CATEGORY = map(table_of, (Area, Person, Senior, SeniorCategory))


def is_eligible(eligibility: dict[str, Any], *, categories: frozenset[str], subdistrict: str, age: int) -> bool:
    """Tell whether a senior may be helped: one of the categories, one of the sub-districts, the least age."""
    wanted, places = eligibility.get("categories"), eligibility.get("subdistricts")
    return (
        (not wanted or bool(categories & set(wanted)))
        and (not places or subdistrict in places)
        and age >= int(eligibility.get("min_age") or 0)
    )


def categories_on(session: Session, day: date) -> dict[int, frozenset[str]]:
    """Return the categories that each senior is in on a day, by person id."""
    held = select(CATEGORY.c.senior_id, CATEGORY.c.category).where(
        CATEGORY.c.from_day <= day, or_(CATEGORY.c.to_day.is_(None), CATEGORY.c.to_day > day)
    )
    found: dict[int, set[str]] = defaultdict(set)
    for senior, category in session.connection().execute(held):
        found[senior].add(category)
    return {senior: frozenset(each) for senior, each in found.items()}


Kinds = Counter[tuple[str, int, frozenset[str]]]
"""How many seniors there are of each kind: sub-district by code, age in years, categories."""


def kinds_of_seniors(session: Session, organisation_id: int, day: date) -> Kinds:
    """Count the active seniors of an organisation's sub-districts by what rules of eligibility ask, on a day."""
    own = areas_of(organisation_id)
    wanted = (
        select(SENIOR.c.person_id, AREA.c.code, PERSON.c.born_on)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .join(PERSON, PERSON.c.id == SENIOR.c.person_id)
        .where(SENIOR.c.status == "active", SENIOR.c.subdistrict_id.in_(own))
    )
    held, nothing = categories_on(session, day), frozenset[str]()
    return Counter(
        (code, age_on(born_on, day), held.get(person, nothing))
        for person, code, born_on in session.connection().execute(wanted)
    )


def count_reached(kinds: Kinds, eligibility: dict[str, Any]) -> int:
    """Count the seniors whom a rule of eligibility reaches."""
    return sum(
        count
        for (code, age, categories), count in kinds.items()
        if is_eligible(eligibility, categories=categories, subdistrict=code, age=age)
    )


def count_eligible(session: Session, project: Project, day: date) -> int:
    """Count the active seniors of the organisation's sub-districts whom a project may help on a day."""
    return count_reached(kinds_of_seniors(session, project.organisation_id, day), project.eligibility)

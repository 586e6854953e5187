"""Whom a project is for: one senior on one day, by its rule and by the group that something was given for."""

from datetime import date

from sqlalchemy import select
from sqlmodel import Session

from timebank.charity.refusals import not_eligible
from timebank.core.errors import NotFound
from timebank.people.belonging import areas_of
from timebank.projects.eligibility import AREA, CATEGORY, PERSON, SENIOR, is_eligible
from timebank.projects.tables import Contribution, Project
from timebank.rules.decision import age_on


def senior_of(session: Session, project: Project, senior_ref: str) -> int:
    """Return the number of a senior in the streets of a project's office.

    Raises
    ------
    NotFound
        When there is none; those of other streets are not told apart from those who are not there.
    """
    own = areas_of(project.organisation_id)
    wanted = select(SENIOR.c.person_id).where(SENIOR.c.external_ref == senior_ref, SENIOR.c.subdistrict_id.in_(own))
    number = session.connection().execute(wanted).scalar()
    if number is None:
        raise NotFound(kind="senior", key=senior_ref[:40])
    return int(number)


def require_reached(
    session: Session, project: Project, senior_id: int, day: date, contribution: Contribution | None = None
) -> None:
    """Refuse a senior whom a project may not help on a day, or who is not of a contribution's group.

    Raises
    ------
    NotEligible
        With the part that does not hold.
    """
    wanted = (
        select(SENIOR.c.status, SENIOR.c.subdistrict_id, AREA.c.code, PERSON.c.born_on)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .join(PERSON, PERSON.c.id == SENIOR.c.person_id)
        .where(SENIOR.c.person_id == senior_id)
    )
    row = session.connection().execute(wanted).one()
    held = select(CATEGORY.c.category).where(
        CATEGORY.c.senior_id == senior_id,
        CATEGORY.c.from_day <= day,
        CATEGORY.c.to_day.is_(None) | (CATEGORY.c.to_day > day),
    )
    categories = frozenset(session.connection().execute(held).scalars())
    if row.status != "active":
        raise not_eligible(project, "status")
    rule, age = project.eligibility, age_on(row.born_on, day)
    for part in ("categories", "subdistricts", "min_age"):
        asked = {part: rule.get(part)}
        if not is_eligible(asked, categories=categories, subdistrict=row.code, age=age):
            raise not_eligible(project, part)
    if contribution is not None:
        if contribution.for_category and contribution.for_category not in categories:
            raise not_eligible(project, "group", group=contribution.for_category)
        if contribution.for_area_id is not None and contribution.for_area_id != row.subdistrict_id:
            raise not_eligible(project, "street")

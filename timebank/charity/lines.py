"""What a project's figures are counted from: rows of bookings, visits, handouts, hours and payments, one query each.

Every query has the same columns: source and number of the row, its day, the senior if there is one, what it was, the
amount in the figure's own unit, and what it cost the budget in cents.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, exists, literal, null, or_, select, union_all
from sqlalchemy.sql.selectable import Subquery

from timebank.core.columns import table_of
from timebank.needs.tables import Need, Service
from timebank.people.focus import born_until
from timebank.people.tables import Person, Senior, SeniorCategory, Volunteer
from timebank.projects.projects import BOOKING, SLOT
from timebank.projects.tables import (
    BudgetEntry,
    Commitment,
    Contribution,
    Handout,
    Project,
    ProjectApplication,
    ProjectGoal,
    ProjectHours,
    Resource,
)
from timebank.visits.life import VISIT

NEED, SERVICE, SENIOR, PERSON, VOLUNTEER, CATEGORY = map(
    table_of, (Need, Service, Senior, Person, Volunteer, SeniorCategory)
)
RESOURCE, CONTRIBUTION, HANDOUT, HOURS = map(table_of, (Resource, Contribution, Handout, ProjectHours))
APPLICATION, GOAL, COMMITMENT, PAID = map(table_of, (ProjectApplication, ProjectGoal, Commitment, BudgetEntry))
NOBODY = cast(null(), BigInteger)
COLUMNS = ("source", "number", "day", "senior_id", "what", "amount", "cents")


def places(project: Project, *statuses: str) -> Select[Any]:
    """Places of a project in some states: minutes of the need are the amount."""
    return (
        select(
            literal("booking").label("source"),
            BOOKING.c.id.label("number"),
            SLOT.c.day.label("day"),
            NEED.c.senior_id.label("senior_id"),
            SERVICE.c.code.label("what"),
            NEED.c.minutes.label("amount"),
            RESOURCE.c.place_cost_cents.label("cents"),
        )
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(SERVICE, SERVICE.c.id == RESOURCE.c.service_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(RESOURCE.c.project_id == project.id, BOOKING.c.status.in_(statuses))
    )


def visits(project: Project) -> Select[Any]:
    """Confirmed visits by those who were accepted, for what and where the project means to help, within its period."""
    a, v = APPLICATION.c, VISIT.c
    taken_part = exists().where(
        a.project_id == project.id,
        a.state == "accepted",
        or_(a.volunteer_id == v.volunteer_id, a.organisation_id == VOLUNTEER.c.organisation_id),
    )
    wanted = (
        select(
            literal("visit").label("source"),
            v.id.label("number"),
            v.day.label("day"),
            NEED.c.senior_id.label("senior_id"),
            SERVICE.c.code.label("what"),
            v.served_min.label("amount"),
            literal(0).label("cents"),
        )
        .join(VOLUNTEER, VOLUNTEER.c.person_id == v.volunteer_id)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(
            GOAL,
            (GOAL.c.project_id == project.id)
            & (GOAL.c.service_id == NEED.c.service_id)
            & (GOAL.c.area_id == SENIOR.c.subdistrict_id),
        )
        .where(v.status == "confirmed", v.day >= project.starts_on, v.day < project.ends_on, taken_part)
    )
    return wanted.where(*_group(project))


def _group(project: Project) -> list[ColumnElement[bool]]:
    """Return the conditions of a project's target group on the senior of a visit."""
    rule = project.eligibility
    found: list[ColumnElement[bool]] = []
    if rule.get("categories"):
        c = CATEGORY.c
        found.append(
            exists().where(
                c.senior_id == NEED.c.senior_id,
                c.category.in_(rule["categories"]),
                c.from_day <= VISIT.c.day,
                or_(c.to_day.is_(None), c.to_day > VISIT.c.day),
            )
        )
    if rule.get("min_age"):
        born_by = born_until(project.starts_on, int(rule["min_age"]))
        found.append(exists().where(PERSON.c.id == NEED.c.senior_id, PERSON.c.born_on <= born_by))
    return found


def handouts(project: Project) -> Select[Any]:
    """What seniors were given of contributions: the quantity is the amount; a piece costs the budget nothing."""
    return (
        select(
            literal("handout").label("source"),
            HANDOUT.c.id.label("number"),
            HANDOUT.c.given_on.label("day"),
            HANDOUT.c.senior_id.label("senior_id"),
            CONTRIBUTION.c.what.label("what"),
            HANDOUT.c.quantity.label("amount"),
            literal(0).label("cents"),
        )
        .join(CONTRIBUTION, CONTRIBUTION.c.id == HANDOUT.c.contribution_id)
        .where(CONTRIBUTION.c.project_id == project.id)
    )


def hours(project: Project) -> Select[Any]:
    """Minutes of the pool that seniors were given through a project."""
    return select(
        literal("transfer").label("source"),
        HOURS.c.transfer_id.label("number"),
        HOURS.c.drawn_on.label("day"),
        HOURS.c.senior_id.label("senior_id"),
        literal("hours").label("what"),
        HOURS.c.minutes.label("amount"),
        literal(0).label("cents"),
    ).where(HOURS.c.project_id == project.id)


def payments(project: Project) -> Select[Any]:
    """What was paid of commitments, in cents."""
    return (
        select(
            literal("payment").label("source"),
            PAID.c.id.label("number"),
            PAID.c.on_day.label("day"),
            NOBODY.label("senior_id"),
            COMMITMENT.c.what.label("what"),
            PAID.c.amount_cents.label("amount"),
            PAID.c.amount_cents.label("cents"),
        )
        .join(COMMITMENT, COMMITMENT.c.id == PAID.c.commitment_id)
        .where(COMMITMENT.c.project_id == project.id, PAID.c.kind == "spend")
    )


def contributions(project: Project) -> Select[Any]:
    """What donors brought: its value in cents is the amount."""
    return select(
        literal("contribution").label("source"),
        CONTRIBUTION.c.id.label("number"),
        CONTRIBUTION.c.received_on.label("day"),
        NOBODY.label("senior_id"),
        CONTRIBUTION.c.what.label("what"),
        CONTRIBUTION.c.value_cents.label("amount"),
        literal(0).label("cents"),
    ).where(CONTRIBUTION.c.project_id == project.id)


def spent(project: Project) -> Select[Any]:
    """What was paid, and what the places cost that were used or missed, in cents."""
    costly = places(project, "used", "missed").where(RESOURCE.c.place_cost_cents > 0).subquery()
    of_places = select(*_with(costly, amount=costly.c.cents))
    paid = payments(project).subquery()
    return select(*union_all(of_places, select(*_with(paid))).subquery().c)


def given(project: Project) -> Subquery:
    """Everything that seniors were given: places they used, visits, handouts and hours."""
    parts = [each.subquery() for each in (places(project, "used"), visits(project), handouts(project), hours(project))]
    return union_all(*(select(*_with(part)) for part in parts)).subquery()


def _with(part: Subquery, **instead: Any) -> list[Any]:
    """Return the columns of a query in their order, some of them others."""
    return [instead[name].label(name) if name in instead else part.c[name] for name in COLUMNS]

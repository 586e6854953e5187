"""The file of a beneficiary: what a senior was given through a project, when, and by whom; for the project's office."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session

from timebank.charity import lines
from timebank.charity.reach import senior_of
from timebank.projects.projects import BOOKING, SLOT, project_of
from timebank.visits.life import VISIT


class Helped(NamedTuple):
    """A senior whom a project helped: by reference, how many things they were given, first and last day of it."""

    senior_id: int
    senior_ref: str
    things: int
    first_day: date
    last_day: date


class Entry(NamedTuple):
    """Something that a senior was given: what and how much, when, by whom, and the row that says so."""

    day: date
    source: str
    number: int
    what: str
    amount: int
    by: str


def beneficiaries(session: Session, office: int, project_id: int, *, first: int, after: int = 0) -> list[Helped]:
    """Return up to ``first`` (1 to 100) seniors whom a project of an office helped, by number, after one.

    Raises
    ------
    NotFound
        When there is no such project, or it is another's.
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 people, not {first}."
        raise ValueError(message)
    rows = lines.given(project_of(session, office, project_id))
    wanted = (
        select(
            rows.c.senior_id,
            lines.SENIOR.c.external_ref,
            func.count().label("things"),
            func.min(rows.c.day).label("first_day"),
            func.max(rows.c.day).label("last_day"),
        )
        .join(lines.SENIOR, lines.SENIOR.c.person_id == rows.c.senior_id)
        .where(rows.c.senior_id > after)
        .group_by(rows.c.senior_id, lines.SENIOR.c.external_ref)
        .order_by(rows.c.senior_id)
        .limit(first)
    )
    return [Helped(*row) for row in session.connection().execute(wanted)]


def file_of(session: Session, office: int, project_id: int, senior: str) -> list[Entry]:
    """Return what a senior (by reference) was given through a project of an office, by day; at most a thousand.

    Raises
    ------
    NotFound
        When there is no such project of the office, or no such senior in its streets.
    """
    project = project_of(session, office, project_id)
    number = senior_of(session, project, senior)
    rows = lines.given(project)
    c = rows.c
    wanted = select(c.day, c.source, c.number, c.what, c.amount).where(c.senior_id == number)
    found = session.connection().execute(wanted.order_by(c.day, c.source, c.number).limit(1000)).all()
    by = _by_whom(session, found)
    return [
        Entry(row.day, row.source, row.number, row.what, row.amount, by.get((row.source, row.number), ""))
        for row in found
    ]


def _by_whom(session: Session, found: Any) -> dict[tuple[str, int], str]:
    """Return who gave each thing: the resource of a place, the volunteer of a visit, else who acted."""
    numbers: dict[str, list[int]] = {}
    for row in found:
        numbers.setdefault(row.source, []).append(row.number)
    resource = (
        select(BOOKING.c.id, lines.RESOURCE.c.code)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(lines.RESOURCE, lines.RESOURCE.c.id == SLOT.c.resource_id)
    )
    giver = select(VISIT.c.id, lines.VOLUNTEER.c.external_ref).join(
        lines.VOLUNTEER, lines.VOLUNTEER.c.person_id == VISIT.c.volunteer_id
    )
    asked = {
        "booking": (resource, BOOKING.c.id),
        "visit": (giver, VISIT.c.id),
        "handout": (select(lines.HANDOUT.c.id, lines.HANDOUT.c.given_by), lines.HANDOUT.c.id),
        "transfer": (select(lines.HOURS.c.transfer_id, lines.HOURS.c.drawn_by), lines.HOURS.c.transfer_id),
    }
    return {
        (source, number): str(who)
        for source, some in numbers.items()
        for number, who in session.connection().execute(asked[source][0].where(asked[source][1].in_(some)))
    }

"""Rows to volunteers: what they offer, and what they have left to give beside what they promised elsewhere."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from matching.problem import Volunteers
from timebank.core.columns import table_of
from timebank.people.tables import Person, Volunteer, VolunteerSkill
from timebank.planning.codes import Codes
from timebank.planning.columns import floats, ints, sets
from timebank.planning.commitments import Free, left_to_give, load_commitments
from timebank.planning.need_rows import GENDER
from timebank.planning.person_rows import Traits
from timebank.planning.question import Question, needs_asked

VOLUNTEER, PERSON, SKILL = map(table_of, (Volunteer, Person, VolunteerSkill))


def volunteers_asked(organisation_id: int | None) -> Select[Any]:
    """Return the query of the active volunteers, of an organisation or of all."""
    active = select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.status == "active")
    return active if organisation_id is None else active.where(VOLUNTEER.c.organisation_id == organisation_id)


def volunteer_rows(session: Session, who: Select[Any]) -> list[Row[Any]]:
    """Return some volunteers with their gender, by number."""
    wanted = (
        select(VOLUNTEER, PERSON.c.gender)
        .join(PERSON, PERSON.c.id == VOLUNTEER.c.person_id)
        .where(VOLUNTEER.c.person_id.in_(who))
        .order_by(VOLUNTEER.c.person_id)
    )
    return list(session.connection().execute(wanted))


def services_of(session: Session, who: Select[Any]) -> dict[int, set[int]]:
    """Return the services that some volunteers may give, by volunteer."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = select(SKILL.c.volunteer_id, SKILL.c.service_id).where(SKILL.c.volunteer_id.in_(who))
    for volunteer, service in session.connection().execute(rows):
        found[volunteer].add(service)
    return found


def load_volunteers(session: Session, question: Question, codes: Codes, traits: Traits, away: set[int]) -> Volunteers:
    """Return the active volunteers of the question as columns; who is ``away`` all the time takes no need."""
    who = volunteers_asked(question.organisation_id)
    rows = volunteer_rows(session, who)
    promised = load_commitments(session, question.organisation_id, question.scope, question.days, needs_asked(question))
    free = [left_to_give(row, promised.get(row.person_id), question.params.gap_min) for row in rows]
    return as_columns(rows, free, services_of(session, who), codes, traits, away)


def as_columns(
    rows: list[Row[Any]], free: list[Free], services: dict[int, set[int]], codes: Codes, traits: Traits, away: set[int]
) -> Volunteers:
    """Put volunteers and what they have left into columns."""
    return Volunteers(
        ids=ints(row.person_id for row in rows),
        lats_deg=floats(row.lat_deg for row in rows),
        lons_deg=floats(row.lon_deg for row in rows),
        areas=ints(row.subdistrict_id for row in rows),
        skills=sets(codes.of_services(services.get(row.person_id, ())) for row in rows),
        languages=sets(codes.of_languages(row.languages) for row in rows),
        genders=ints(GENDER[row.gender] for row in rows),
        weekdays=ints(row.weekdays for row in rows),
        window_starts_min=ints(each.window_start_min for each in free),
        window_ends_min=ints(each.window_end_min for each in free),
        max_needs=ints(0 if row.person_id in away else each.max_needs for row, each in zip(rows, free, strict=True)),
        weekly_caps_min=ints(each.weekly_cap_min for each in free),
        traits=sets(codes.of_traits(traits.of(row.person_id, "has")) for row in rows),
        refuses=sets(codes.of_traits(traits.of(row.person_id, "refuses")) for row in rows),
    )

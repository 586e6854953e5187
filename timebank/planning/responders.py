"""Who can come now: the nearest able responders to a senior, without those who are busy, away or never meet them."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session

from matching.dispatch import Call, Responders
from matching.problem import Params
from timebank.core.clock import SHANGHAI, day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.needs.tables import Service
from timebank.people.tables import NeverTogether, Senior
from timebank.planning import person_rows
from timebank.planning.codes import Codes
from timebank.planning.near_rows import BUSY, Candidate, check_count, free, near, rounded
from timebank.planning.question import SENIOR
from timebank.planning.volunteer_rows import SKILL, VOLUNTEER, as_columns, services_of, volunteer_rows
from timebank.visits.life import VISIT

SERVICE = table_of(Service)
NEVER = table_of(NeverTogether)
MINUTES_A_DAY = 1440


def responders_to(
    session: Session,
    senior_id: int,
    service: str,
    *,
    at: datetime,
    organisation_id: int | None = None,
    count: int = 5,
    not_ids: tuple[int, ...] = (),
) -> list[Candidate]:
    """Return up to ``count`` (1 to 20) who can come to a senior now, nearest first.

    Raises
    ------
    NotFound
        When there is no such senior or service.
    """
    check_count(count)
    senior = session.get(Senior, senior_id)
    known = session.connection().execute(select(SERVICE).where(SERVICE.c.code == service)).first()
    if senior is None or senior.status != "active":
        raise NotFound(kind="senior", key=str(senior_id))
    if known is None:
        raise NotFound(kind="service", key=service)
    day, params = day_of(at), Params()
    local = at.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    able = select(SKILL.c.volunteer_id).where(SKILL.c.service_id == known.id)
    people = near(senior, params, organisation_id).where(VOLUNTEER.c.person_id.in_(able))
    rows = volunteer_rows(session, people)
    traits = person_rows.load_traits(
        session, (people, select(SENIOR.c.person_id).where(SENIOR.c.person_id == senior_id))
    )
    codes = Codes((known.id,), (), traits.minded)
    index = Responders(
        as_columns(rows, [free(row) for row in rows], services_of(session, people), codes, traits, set()),
        detour=params.detour,
    )
    busy = _busy_now(session, people, day, minute, known.minutes)
    for number in busy | _away(session, people, day) | _never(session, senior_id):
        if number in {row.person_id for row in rows}:
            index.set_free(number, is_free=False)
    call = Call(
        lat_deg=senior.lat_deg,
        lon_deg=senior.lon_deg,
        skill=0,
        weekday=day.weekday(),
        minute=minute,
        duration_min=min(known.minutes, MINUTES_A_DAY - minute),
        traits=codes.of_traits(traits.of(senior_id, "has")),
        refuses=codes.of_traits(traits.of(senior_id, "refuses")),
        requires=codes.of_traits(traits.of(senior_id, "requires")),
        not_ids=(*not_ids, senior_id),
        max_distance_m=params.max_distance_m,
    )
    refs = {row.person_id: row.external_ref for row in rows}
    return [
        Candidate(one.volunteer_id, refs[one.volunteer_id], rounded(one.distance_m), minute)
        for one in index.nearest(call, count=count)
    ]


def _busy_now(session: Session, people: Select[Any], day: date, minute: int, minutes: int) -> set[int]:
    v = VISIT.c
    busy = select(v.volunteer_id).where(
        v.volunteer_id.in_(people),
        v.day == day,
        v.status.in_(BUSY),
        v.starts_min < minute + minutes,
        v.starts_min + v.planned_min > minute,
    )
    return set(session.connection().execute(busy).scalars())


def _away(session: Session, people: Select[Any], day: date) -> set[int]:
    absences = person_rows.load_absences(session, (day, day + timedelta(days=1)), (people,))
    return set(absences.person_ids.tolist())


def _never(session: Session, senior_id: int) -> set[int]:
    never = select(NEVER.c.volunteer_id).where(NEVER.c.senior_id == senior_id)
    return set(session.connection().execute(never).scalars())

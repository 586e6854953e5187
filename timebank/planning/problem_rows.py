"""Rows to a problem: needs, volunteers, slots and who may use them, by set-based queries."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, Table, and_, func, or_, select
from sqlmodel import Session

from matching.problem import FrequencyKind, Gender, Needs, Params, Problem, ServedBy, Slots, Volunteers
from timebank.needs.tables import Need, Service
from timebank.people.tables import (
    Area,
    NeverTogether,
    OrganisationArea,
    Person,
    Senior,
    Volunteer,
    VolunteerSkill,
)
from timebank.planning.tables import Plan
from timebank.projects.eligibility import categories_on, is_eligible
from timebank.projects.tables import Booking, Project, Resource, Slot
from timebank.rules.decision import age_on

PENALTY_M = 20_000
"""Metres that one step of a service's priority is worth: more than any walk, so no need is left for a shorter one."""
KIND = {
    "every_n_days": FrequencyKind.EVERY_N_DAYS,
    "per_week": FrequencyKind.TIMES_PER_WEEK,
    "per_month": FrequencyKind.TIMES_PER_MONTH,
    "once": FrequencyKind.ONCE,
}
GENDER = {"any": Gender.ANY, "unknown": Gender.ANY, "female": Gender.FEMALE, "male": Gender.MALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be planned: the horizon, whose needs (empty: the whole district's), and the engine's params."""

    starts_on: date
    horizon_days: int
    organisation_id: int | None = None
    params: Params = field(default_factory=Params)

    @property
    def scope(self) -> str:
        """``district`` or ``organisation:<id>``."""
        return "district" if self.organisation_id is None else f"organisation:{self.organisation_id}"

    @property
    def ends_on(self) -> date:
        """First day after the horizon."""
        return date.fromordinal(self.starts_on.toordinal() + self.horizon_days)


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


NEED, SERVICE, SENIOR, PERSON, VOLUNTEER = map(_table, (Need, Service, Senior, Person, Volunteer))
SLOT, RESOURCE, PROJECT, BOOKING, PLAN = map(_table, (Slot, Resource, Project, Booking, Plan))


def load_problem(session: Session, question: Question) -> Problem:
    """Read the rows of a question; an organisation sees the needs it serves in its own sub-districts alone."""
    services = session.connection().execute(select(SERVICE).order_by(SERVICE.c.id)).all()
    skill_by_service = {row.id: number for number, row in enumerate(services)}
    needs = _need_rows(session, question)
    volunteers = _volunteer_rows(session, question)
    slots = _slot_rows(session, question)
    bits = _language_bits(needs, volunteers)
    return Problem(
        starts_on=question.starts_on,
        horizon_days=question.horizon_days,
        needs=_needs(needs, question, skill_by_service, bits),
        volunteers=_volunteers(session, volunteers, skill_by_service, bits),
        slots=_slots(slots, question, skill_by_service),
        exclusions=_pairs(session, select(_table(NeverTogether))),
        bookable=_bookable(session, question, needs),
        params=question.params,
    )


def _rows(session: Session, wanted: Any) -> list[Row[Any]]:
    return list(session.connection().execute(wanted))


def _pairs(session: Session, wanted: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([tuple(row) for row in _rows(session, wanted)], dtype=np.int64).reshape(-1, 2)


def _need_rows(session: Session, question: Question) -> list[Row[Any]]:
    """Open needs whose days meet the horizon, with senior and service."""
    wanted = (
        select(
            NEED,
            SENIOR.c.lat_deg,
            SENIOR.c.lon_deg,
            SENIOR.c.subdistrict_id,
            SERVICE.c.served_by,
            SERVICE.c.priority,
            PERSON.c.born_on,
        )
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(PERSON, PERSON.c.id == NEED.c.senior_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .where(
            NEED.c.status == "open",
            SENIOR.c.status == "active",
            NEED.c.from_day < question.ends_on,
            or_(NEED.c.to_day.is_(None), NEED.c.to_day > question.starts_on),
        )
        .order_by(NEED.c.id)
    )
    if question.organisation_id is not None:
        mine = _table(OrganisationArea).c
        areas = select(mine.area_id).where(mine.organisation_id == question.organisation_id)
        wanted = wanted.where(NEED.c.organisation_id == question.organisation_id, SENIOR.c.subdistrict_id.in_(areas))
    return _rows(session, wanted)


def _volunteer_rows(session: Session, question: Question) -> list[Row[Any]]:
    wanted = (
        select(VOLUNTEER, PERSON.c.gender)
        .join(PERSON, PERSON.c.id == VOLUNTEER.c.person_id)
        .where(VOLUNTEER.c.status == "active")
        .order_by(VOLUNTEER.c.person_id)
    )
    if question.organisation_id is not None:
        wanted = wanted.where(VOLUNTEER.c.organisation_id == question.organisation_id)
    return _rows(session, wanted)


def _slot_rows(session: Session, question: Question) -> list[Row[Any]]:
    """Slots of running projects within the horizon, with the places that no other plan has given away."""
    taken = (
        select(BOOKING.c.slot_id, func.count().label("places"))
        .outerjoin(PLAN, PLAN.c.id == BOOKING.c.plan_id)
        .where(BOOKING.c.status != "cancelled", or_(PLAN.c.scope.is_(None), PLAN.c.scope != question.scope))
        .group_by(BOOKING.c.slot_id)
        .subquery()
    )
    wanted = (
        select(
            SLOT,
            RESOURCE.c.lat_deg,
            RESOURCE.c.lon_deg,
            RESOURCE.c.service_id,
            (SLOT.c.places - func.coalesce(taken.c.places, 0)).label("free"),
        )
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(PROJECT, and_(PROJECT.c.id == RESOURCE.c.project_id, PROJECT.c.status == "running"))
        .outerjoin(taken, taken.c.slot_id == SLOT.c.id)
        .where(SLOT.c.day >= question.starts_on, SLOT.c.day < question.ends_on)
        .order_by(SLOT.c.id)
    )
    return _rows(session, wanted)


def _language_bits(needs: list[Row[Any]], volunteers: list[Row[Any]]) -> dict[str, int]:
    spoken = {word for row in volunteers for word in row.languages.split(",")}
    wished = {word for row in needs for word in row.language_wish.split(",")}
    return {word: 1 << number for number, word in enumerate(sorted((spoken | wished) - {""}))}


def _bits(words: str, bits: dict[str, int]) -> int:
    return sum(bits[word] for word in set(words.split(",")) - {""})


def _needs(rows: list[Row[Any]], question: Question, skills: dict[int, int], bits: dict[str, int]) -> Needs:
    start = question.starts_on.toordinal()
    days = question.horizon_days
    return Needs(
        ids=_ints(row.id for row in rows),
        senior_ids=_ints(row.senior_id for row in rows),
        lats_deg=_floats(row.lat_deg for row in rows),
        lons_deg=_floats(row.lon_deg for row in rows),
        areas=_ints(row.subdistrict_id for row in rows),
        skills=_ints(skills[row.service_id] for row in rows),
        served_by=_ints(ServedBy.SLOT if row.served_by == "slot" else ServedBy.VOLUNTEER for row in rows),
        languages=np.array([_bits(row.language_wish, bits) for row in rows], dtype=np.uint64),
        genders=_ints(GENDER[row.gender_wish] for row in rows),
        weekdays=_ints(row.weekdays for row in rows),
        window_starts_min=_ints(row.window_start_min for row in rows),
        window_ends_min=_ints(row.window_end_min for row in rows),
        durations_min=_ints(row.minutes for row in rows),
        frequency_kinds=_ints(KIND[row.frequency_kind] for row in rows),
        frequency_counts=_ints(row.frequency_count for row in rows),
        first_days=_ints(max(0, row.from_day.toordinal() - start) for row in rows),
        last_days=_ints(min(days, row.to_day.toordinal() - start) if row.to_day else days for row in rows),
        penalties=_ints(max(1, row.priority) * PENALTY_M for row in rows),
    )


def _volunteers(session: Session, rows: list[Row[Any]], skills: dict[int, int], bits: dict[str, int]) -> Volunteers:
    has: dict[int, int] = defaultdict(int)
    for row in _rows(session, select(_table(VolunteerSkill))):
        has[row.volunteer_id] |= 1 << skills[row.service_id]
    return Volunteers(
        ids=_ints(row.person_id for row in rows),
        lats_deg=_floats(row.lat_deg for row in rows),
        lons_deg=_floats(row.lon_deg for row in rows),
        areas=_ints(row.subdistrict_id for row in rows),
        skills=np.array([has[row.person_id] for row in rows], dtype=np.uint64),
        languages=np.array([_bits(row.languages, bits) for row in rows], dtype=np.uint64),
        genders=_ints(GENDER[row.gender] for row in rows),
        weekdays=_ints(row.weekdays for row in rows),
        window_starts_min=_ints(row.window_start_min for row in rows),
        window_ends_min=_ints(row.window_end_min for row in rows),
        max_needs=_ints(row.max_needs for row in rows),
        weekly_caps_min=_ints(row.weekly_cap_min for row in rows),
    )


def _slots(rows: list[Row[Any]], question: Question, skills: dict[int, int]) -> Slots:
    return Slots(
        ids=_ints(row.id for row in rows),
        resource_ids=_ints(row.resource_id for row in rows),
        lats_deg=_floats(row.lat_deg for row in rows),
        lons_deg=_floats(row.lon_deg for row in rows),
        skills=_ints(skills[row.service_id] for row in rows),
        days=_ints((row.day - question.starts_on).days for row in rows),
        starts_min=_ints(row.starts_min for row in rows),
        ends_min=_ints(row.ends_min for row in rows),
        places=_ints(max(0, row.free) for row in rows),
    )


def _bookable(session: Session, question: Question, needs: list[Row[Any]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which need may use which resource: every part of the project's eligibility that is given must hold."""
    wanted = (
        select(RESOURCE.c.id, RESOURCE.c.service_id, PROJECT.c.eligibility)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running")
    )
    resources = _rows(session, wanted)
    by_slot = [row for row in needs if row.served_by == "slot"]
    categories = categories_on(session, question.starts_on) if by_slot else {}
    codes = {row.id: row.code for row in _rows(session, select(_table(Area)))}
    pairs = [
        (need.id, resource.id)
        for resource in resources
        for need in by_slot
        if need.service_id == resource.service_id
        and is_eligible(
            resource.eligibility,
            categories=categories.get(need.senior_id, frozenset()),
            subdistrict=codes[need.subdistrict_id],
            age=age_on(need.born_on, question.starts_on),
        )
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _ints(values: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.fromiter(values, dtype=np.int64)


def _floats(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.fromiter(values, dtype=np.float64)

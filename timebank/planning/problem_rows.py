"""Rows to a problem: needs and volunteers by set-based queries, with the slots they may use."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, Table, or_, select
from sqlmodel import Session

from matching.frequency import due_slices
from matching.problem import Floats, FrequencyKind, Gender, Ints, Needs, Params, Problem, ServedBy, Slots, Volunteers
from matching.tables import MOST_SKILLS
from timebank.needs.tables import Need, Service
from timebank.people.tables import NeverTogether, OrganisationArea, Person, Senior, Volunteer, VolunteerSkill
from timebank.planning.commitments import left_to_give, load_commitments
from timebank.planning.slot_rows import Open, open_resources, slot_rows, taken_places

MOST_LANGUAGES = 64
"""Languages are a bit set in the engine."""
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


def load_problem(session: Session, question: Question) -> Problem:
    """Read the rows of a question; an organisation sees the needs it serves in its own sub-districts alone.

    Raises
    ------
    ValueError
        When the needs ask for more services or languages than the engine tells apart.
    """
    days = (question.starts_on, question.ends_on)
    asked, slots = _need_rows(session, question), slot_rows(session, days)
    services = sorted({row.service_id for row in (*asked, *slots)})
    skills = {service: number for number, service in enumerate(services)}
    bits = _language_bits(asked)
    _check_width("services", len(services), MOST_SKILLS)
    _check_width("languages that are wished", len(bits), MOST_LANGUAGES)
    open_to = open_resources(session, days, asked)
    needs = _needs(asked, question, skills, bits, open_to)
    return Problem(
        starts_on=question.starts_on,
        horizon_days=question.horizon_days,
        needs=needs,
        volunteers=_volunteers(session, question, skills, bits),
        slots=_slots(slots, taken_places(session, days, _due(needs)), question, skills),
        exclusions=_pairs(_rows(session, _never(question))),
        bookable=_pairs((need, resource) for need, each in open_to.items() for resource in each.resources),
        params=question.params,
    )


def _due(needs: Needs) -> set[int]:
    """Needs for which something is due within the horizon; a plan says nothing of the others."""
    columns = (needs.ids, needs.frequency_kinds, needs.frequency_counts, needs.first_days, needs.last_days)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {need for need, kind, count, first, last in rows if due_slices(kind, count, first, last)}


def _never(question: Question) -> Select[tuple[int, int]]:
    """Who of the seniors asked about never meets whom."""
    never = _table(NeverTogether).c
    seniors = select(NEED.c.senior_id).where(NEED.c.id.in_(needs_asked(question)))
    return select(never.senior_id, never.volunteer_id).where(never.senior_id.in_(seniors))


def _check_width(what: str, count: int, most: int) -> None:
    if count > most:
        message = f"A plan tells at most {most} {what} apart, not {count}; plan for one organisation at a time."
        raise ValueError(message)


def _rows(session: Session, wanted: Any) -> list[Row[Any]]:
    return list(session.connection().execute(wanted))


def _pairs(rows: Iterable[Sequence[int]]) -> Ints:
    return np.array(sorted(tuple(row) for row in rows), dtype=np.int64).reshape(-1, 2)


def needs_asked(question: Question) -> Select[tuple[int]]:
    """Return the query of the needs a question is about: open, of an active senior, with days in the horizon."""
    asked = (
        select(NEED.c.id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(
            NEED.c.status == "open",
            SENIOR.c.status == "active",
            NEED.c.from_day < question.ends_on,
            or_(NEED.c.to_day.is_(None), NEED.c.to_day > question.starts_on),
        )
    )
    if question.organisation_id is None:
        return asked
    mine = _table(OrganisationArea).c
    areas = select(mine.area_id).where(mine.organisation_id == question.organisation_id)
    return asked.where(NEED.c.organisation_id == question.organisation_id, SENIOR.c.subdistrict_id.in_(areas))


def _need_rows(session: Session, question: Question) -> list[Row[Any]]:
    """Return the needs asked about, with senior and service."""
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
        .where(NEED.c.id.in_(needs_asked(question)))
        .order_by(NEED.c.id)
    )
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


def _words(text: str) -> set[str]:
    """Languages are written with commas between, and now and then with blanks."""
    return {word for part in text.split(",") if (word := part.strip())}


def _language_bits(needs: list[Row[Any]]) -> dict[str, int]:
    """Number the languages that somebody wishes; others make no difference."""
    wished = {word for row in needs for word in _words(row.language_wish)}
    return {word: 1 << number for number, word in enumerate(sorted(wished))}


def _bits(words: str, bits: dict[str, int]) -> int:
    return sum(bits.get(word, 0) for word in _words(words))


def _needs(
    rows: list[Row[Any]], question: Question, skills: dict[int, int], bits: dict[str, int], open_to: dict[int, Open]
) -> Needs:
    start, days = question.starts_on.toordinal(), question.horizon_days
    spans = [open_to.get(row.id) for row in rows]
    firsts = [span.first_day if span else row.from_day for span, row in zip(spans, rows, strict=True)]
    ends = [span.end_day if span else row.to_day for span, row in zip(spans, rows, strict=True)]
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
        first_days=_ints(max(0, day.toordinal() - start) for day in firsts),
        last_days=_ints(min(days, day.toordinal() - start) if day else days for day in ends),
        penalties=_ints(max(1, row.priority) * PENALTY_M for row in rows),
    )


def _volunteers(session: Session, question: Question, skills: dict[int, int], bits: dict[str, int]) -> Volunteers:
    rows = _volunteer_rows(session, question)
    has: dict[int, int] = defaultdict(int)
    for row in _rows(session, select(_table(VolunteerSkill))):
        has[row.volunteer_id] |= 1 << skills[row.service_id] if row.service_id in skills else 0
    days = (question.starts_on, question.ends_on)
    promised = load_commitments(session, question.organisation_id, question.scope, days, needs_asked(question))
    free = [left_to_give(row, promised.get(row.person_id), question.params.gap_min) for row in rows]
    return Volunteers(
        ids=_ints(row.person_id for row in rows),
        lats_deg=_floats(row.lat_deg for row in rows),
        lons_deg=_floats(row.lon_deg for row in rows),
        areas=_ints(row.subdistrict_id for row in rows),
        skills=np.array([has[row.person_id] for row in rows], dtype=np.uint64),
        languages=np.array([_bits(row.languages, bits) for row in rows], dtype=np.uint64),
        genders=_ints(GENDER[row.gender] for row in rows),
        weekdays=_ints(row.weekdays for row in rows),
        window_starts_min=_ints(each.window_start_min for each in free),
        window_ends_min=_ints(each.window_end_min for each in free),
        max_needs=_ints(each.max_needs for each in free),
        weekly_caps_min=_ints(each.weekly_cap_min for each in free),
    )


def _slots(rows: list[Row[Any]], taken: Counter[int], question: Question, skills: dict[int, int]) -> Slots:
    return Slots(
        ids=_ints(row.id for row in rows),
        resource_ids=_ints(row.resource_id for row in rows),
        lats_deg=_floats(row.lat_deg for row in rows),
        lons_deg=_floats(row.lon_deg for row in rows),
        skills=_ints(skills[row.service_id] for row in rows),
        days=_ints((row.day - question.starts_on).days for row in rows),
        starts_min=_ints(row.starts_min for row in rows),
        ends_min=_ints(row.ends_min for row in rows),
        places=_ints(max(0, row.places - taken[row.id]) for row in rows),
    )


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _floats(values: Any) -> Floats:
    return np.fromiter(values, dtype=np.float64)

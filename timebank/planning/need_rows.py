"""Rows to needs: who needs what how often, who comes first, what is met there, and how long they have waited."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from matching.columns import MINUTES_A_DAY
from matching.frequency import due_slices
from matching.problem import FrequencyKind, Gender, Needs, ServedBy
from timebank.core.columns import table_of
from timebank.needs.tables import NeedAlso, Service
from timebank.people.tables import Person
from timebank.planning.before_rows import last_places, last_visits, waiting_days
from timebank.planning.codes import Codes
from timebank.planning.columns import floats, ints, sets
from timebank.planning.person_rows import Traits, categories_on, category_spans
from timebank.planning.priorities import priorities_on, tier_of
from timebank.planning.question import NEED, SENIOR, Question, needs_asked
from timebank.planning.rule_rows import KIND
from timebank.planning.slot_rows import Open

PENALTY_M = 20_000
"""Metres that one step of a service's priority is worth: more than any walk, so no need is left for a shorter one."""
GENDER = {"any": Gender.ANY, "unknown": Gender.ANY, "female": Gender.FEMALE, "male": Gender.MALE}


SERVICE, PERSON, ALSO = map(table_of, (Service, Person, NeedAlso))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The needs asked about, each with senior and service, and what is known of them beside their row."""

    rows: list[Row[Any]]
    also: dict[int, frozenset[int]]
    tiers: dict[int, int]
    waited: dict[int, int]
    regular: dict[int, int]
    traits: Traits
    open_to: dict[int, Open]
    served_on: dict[int, date]


def load_rows(session: Session, question: Question) -> list[Row[Any]]:
    """Return the needs asked about, with senior and service."""
    return some_rows(session, needs_asked(question))


def some_rows(session: Session, needs: Select[Any]) -> list[Row[Any]]:
    """Return some needs with senior and service, by number."""
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
        .where(NEED.c.id.in_(needs))
        .order_by(NEED.c.id)
    )
    return list(session.connection().execute(wanted))


def seniors_asked(question: Question) -> Select[Any]:
    """Return the query of the seniors a question is about."""
    return select(NEED.c.senior_id).where(NEED.c.id.in_(needs_asked(question)))


def load_also(session: Session, needs: Select[Any]) -> dict[int, frozenset[int]]:
    """Return the further services that some needs take at the same time, by need."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = select(ALSO.c.need_id, ALSO.c.service_id).where(ALSO.c.need_id.in_(needs))
    for need, service in session.connection().execute(rows):
        found[need].add(service)
    return {need: frozenset(services) for need, services in found.items()}


def load_tiers(session: Session, first_day: date, rows: list[Row[Any]], seniors: Select[Any]) -> dict[int, int]:
    """Return the tier of every need by the order that holds on the first day; nobody is first without one."""
    rules = priorities_on(session, first_day)
    if not rules:
        return {}
    held = category_spans(session, seniors)
    found = {}
    for row in rows:
        day = max(first_day, row.from_day)
        found[row.id] = tier_of(rules, row.service_id, categories_on(held.get(row.senior_id, ()), day))
    return found


def load_waiting(session: Session, question: Question, rows: list[Row[Any]]) -> dict[int, int]:
    """Return for how many days every need that slots meet has waited on the first day."""
    by_slot = [row for row in rows if row.served_by == "slot"]
    if not by_slot:
        return {}
    last = last_places(session, question.starts_on, needs_asked(question))
    return {row.id: waiting_days(row.from_day, last.get(row.id), question.starts_on) for row in by_slot}


def load_served(session: Session, question: Question) -> dict[int, date]:
    """Return the last day on which a need was served since the plan that is mended began; nothing for a new plan."""
    if question.begun_on is None or question.begun_on >= question.starts_on:
        return {}
    days, asked = (question.begun_on, question.starts_on), needs_asked(question)
    visits, places = last_visits(session, days, asked), last_places(session, question.starts_on, asked)
    recent = {need: day for need, day in places.items() if day >= question.begun_on}
    return visits | {need: max(day, visits.get(need, day)) for need, day in recent.items()}


def load_needs(asked: Asked, question: Question, codes: Codes) -> Needs:
    """Return the needs as columns; a need whose days are over before they begin is left out."""
    dated = [(row, *_days(row, asked, question)) for row in asked.rows]
    dated = [(row, first, end) for row, first, end in dated if first < end]
    rows = [row for row, _, _ in dated]
    return Needs(
        ids=ints(row.id for row in rows),
        senior_ids=ints(row.senior_id for row in rows),
        lats_deg=floats(row.lat_deg for row in rows),
        lons_deg=floats(row.lon_deg for row in rows),
        areas=ints(row.subdistrict_id for row in rows),
        skills=ints(codes.skills[row.service_id] for row in rows),
        served_by=ints(ServedBy.SLOT if row.served_by == "slot" else ServedBy.VOLUNTEER for row in rows),
        languages=sets(codes.of_languages(row.language_wish) for row in rows),
        genders=ints(GENDER[row.gender_wish] for row in rows),
        weekdays=ints(row.weekdays for row in rows),
        window_starts_min=ints(row.window_start_min for row in rows),
        window_ends_min=ints(min(MINUTES_A_DAY, row.window_end_min) for row in rows),
        durations_min=ints(row.minutes for row in rows),
        frequency_kinds=ints(KIND[row.frequency_kind] for row in rows),
        frequency_counts=ints(row.frequency_count for row in rows),
        first_days=ints(first for _, first, _ in dated),
        last_days=ints(end for _, _, end in dated),
        penalties=ints(max(1, row.priority) * PENALTY_M for row in rows),
        tiers=ints(asked.tiers.get(row.id, 0) for row in rows),
        traits=sets(codes.of_traits(asked.traits.of(row.senior_id, "has")) for row in rows),
        refuses=sets(codes.of_traits(asked.traits.of(row.senior_id, "refuses")) for row in rows),
        requires=sets(codes.of_traits(asked.traits.of(row.senior_id, "requires")) for row in rows),
        helpers=ints(row.helpers if row.served_by == "volunteer" else 1 for row in rows),
        least_gap_days=ints(row.least_gap_days for row in rows),
        preferred_weekdays=ints(row.preferred_weekdays or asked.regular.get(row.id, 0) for row in rows),
        also_skills=sets(codes.of_services(asked.also.get(row.id, ())) for row in rows),
        wheelchairs=ints(row.wheelchairs if row.served_by == "slot" else 0 for row in rows),
        is_series=ints(row.is_series if row.served_by == "slot" else 0 for row in rows),
        waiting_days=ints(asked.waited.get(row.id, 0) for row in rows),
    )


def _days(row: Row[Any], asked: Asked, question: Question) -> tuple[int, int]:
    """Return the days of a need in the horizon, half-open: what is open to it, and after the slice it was served in."""
    start, span = question.starts_on.toordinal(), asked.open_to.get(row.id)
    first = max(0, (span.first_day if span else row.from_day).toordinal() - start)
    last_day = span.end_day if span else row.to_day
    end = min(question.horizon_days, last_day.toordinal() - start) if last_day else question.horizon_days
    return max(first, _due_again(row, asked.served_on.get(row.id), question)), end


def _due_again(row: Row[Any], served: date | None, question: Question) -> int:
    """Return the day after the slice of the mended plan in which a need was served and the first day lies; else 0."""
    kind = KIND[row.frequency_kind]
    is_sliced = kind == FrequencyKind.TIMES_PER_MONTH or (
        kind == FrequencyKind.EVERY_N_DAYS and row.served_by == "slot"
    )
    if served is None or question.begun_on is None or not is_sliced:
        return 0
    begun = question.begun_on.toordinal()
    today, day = question.starts_on.toordinal() - begun, served.toordinal() - begun
    first = max(0, row.from_day.toordinal() - begun)
    end = question.ends_on.toordinal() - begun
    last = min(end, row.to_day.toordinal() - begun) if row.to_day else end
    parts = due_slices(kind, row.frequency_count, first, last)
    return next((stop - today for start, stop in parts if start < today < stop and day >= start), 0)

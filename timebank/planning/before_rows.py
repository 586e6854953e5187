"""What was before the first day of a question: who served whom, on which weekdays, in which slots, and how long ago.

Before a day stand the plans that were put into force for earlier days, the last of them first. So the same question
asked again is the same question, whether or not its plan was put into force meanwhile.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session

from matching.problem import Ints
from matching.tables import Regulars
from timebank.core.columns import table_of
from timebank.planning.columns import ints, pairs
from timebank.planning.commitments import REQUESTS
from timebank.planning.in_force import DISTRICT, PAIR, PLAN, UNMET
from timebank.planning.question import BOOKING, NEED, SLOT, Question, needs_asked
from timebank.projects.tables import Resource
from timebank.visits.life import VISIT

RESOURCE = table_of(Resource)
HELD = ("booked", "used")
LOOK_BACK_DAYS = 28
"""Days before a question in which regular weekdays and slots are looked for."""
LONGEST_WAIT_DAYS = 365


def plans_before(session: Session, question: Question) -> list[int]:
    """Return the plans that stand before the question, the one that speaks first first.

    A plan of the district took the place of all; one of an organisation of its own before it.
    """
    p = PLAN.c
    is_district = question.organisation_id is None
    everyone = ~p.scope.startswith(REQUESTS, autoescape=True)
    scopes = everyone if is_district else p.scope.in_((DISTRICT, question.scope))
    wanted = (
        select(p.id, p.scope)
        .where(scopes, p.state != "proposed", p.starts_on < question.starts_on)
        .order_by(p.created_at.desc(), p.id.desc())
    )
    found: dict[str, int] = {}
    for row in session.connection().execute(wanted):
        found.setdefault(row.scope, row.id)
        if row.scope == DISTRICT:
            break
    return list(found.values())


def standing_pairs(session: Session, question: Question, plans: list[int]) -> Ints:
    """Return need and volunteer of every pair that stands before, for the needs asked about."""
    asked, rank = needs_asked(question), {plan: number for number, plan in enumerate(plans)}
    speaks: dict[int, int] = {}
    paired: list[Row[Any]] = []
    for table in (PAIR, UNMET):
        columns = [table.c.plan_id, table.c.need_id, *([PAIR.c.volunteer_id] if table is PAIR else [])]
        rows = list(
            session.connection().execute(select(*columns).where(table.c.plan_id.in_(plans), table.c.need_id.in_(asked)))
        )
        for row in rows:
            speaks[row.need_id] = min(rank[row.plan_id], speaks.get(row.need_id, len(plans)))
        paired += rows if table is PAIR else []
    return pairs((row.need_id, row.volunteer_id) for row in paired if rank[row.plan_id] == speaks[row.need_id])


def regular_weekdays(session: Session, question: Question, plans: list[int]) -> dict[int, int]:
    """Return for needs that are met so often a week the weekdays (bit set) on which they were met most."""
    first = question.starts_on - timedelta(days=LOOK_BACK_DAYS)
    met = (
        select(VISIT.c.need_id, VISIT.c.day, NEED.c.frequency_count)
        .join(NEED, NEED.c.id == VISIT.c.need_id)
        .where(NEED.c.frequency_kind == "per_week", NEED.c.preferred_weekdays == 0)
        .where(VISIT.c.plan_id.in_(plans), VISIT.c.day >= first, VISIT.c.day < question.starts_on)
        .where(VISIT.c.status != "cancelled", VISIT.c.helper == 1, VISIT.c.need_id.in_(needs_asked(question)))
    )
    counts: dict[int, Counter[int]] = defaultdict(Counter)
    times: dict[int, int] = {}
    for need, day, count in session.connection().execute(met):
        counts[need][day.weekday()] += 1
        times[need] = count
    return {
        need: sum(
            1 << weekday for weekday, _ in sorted(found.items(), key=lambda one: (-one[1], one[0]))[: times[need]]
        )
        for need, found in counts.items()
    }


def regular_slots(session: Session, question: Question) -> Regulars:
    """Return resource, weekday and time of every standing series of the needs asked about."""
    first = question.starts_on - timedelta(days=LOOK_BACK_DAYS)
    had = (
        select(BOOKING.c.need_id, SLOT.c.resource_id, SLOT.c.day, SLOT.c.starts_min)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(NEED.c.is_series == 1, BOOKING.c.status.in_(HELD))
        .where(SLOT.c.day >= first, SLOT.c.day < question.starts_on, NEED.c.id.in_(needs_asked(question)))
    )
    rows = sorted({(need, resource, day.weekday(), m) for need, resource, day, m in session.connection().execute(had)})
    return Regulars(
        need_ids=ints(row[0] for row in rows),
        resource_ids=ints(row[1] for row in rows),
        weekdays=ints(row[2] for row in rows),
        starts_min=ints(row[3] for row in rows),
    )


def last_places(session: Session, day: date, needs: Select[Any]) -> dict[int, date]:
    """Return the last day before a day on which a need had a place; used, or still to be used by then."""
    last = (
        select(BOOKING.c.need_id, func.max(SLOT.c.day))
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(BOOKING.c.status.in_(HELD), SLOT.c.day < day, BOOKING.c.need_id.in_(needs))
        .group_by(BOOKING.c.need_id)
    )
    return {row[0]: row[1] for row in session.connection().execute(last)}


def last_visits(session: Session, days: tuple[date, date], needs: Select[Any]) -> dict[int, date]:
    """Return the last day within some days (half-open) on which a need had its visit."""
    v = VISIT.c
    last = (
        select(v.need_id, func.max(v.day))
        .where(v.status.not_in(("cancelled", "missed")), v.day >= days[0], v.day < days[1], v.need_id.in_(needs))
        .group_by(v.need_id)
    )
    return {row[0]: row[1] for row in session.connection().execute(last)}


def waiting_days(from_day: date, last: date | None, day: date) -> int:
    """Return for how many days, up to a year, somebody has waited on a day since they were served or began to ask."""
    return min(LONGEST_WAIT_DAYS, max(0, (day - (last or from_day)).days))

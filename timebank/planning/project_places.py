"""The free places of one project to those who may have them, by the engine: who gets one, and why, and why not.

It is answered beside the plans in force: who has a place in these days already is not asked about, nobody's place is
taken away, and the next plan that is put into force says anew where everyone goes.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as pick

from matching.plan import Plan as Answer
from matching.problem import Problem
from matching.solve import solve
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound
from timebank.core.texts import Locale, say
from timebank.people.tables import Senior
from timebank.planning.commitments import REQUESTS
from timebank.planning.in_force import UNMET
from timebank.planning.pairs import unmet_reason
from timebank.planning.problem_rows import load_problem
from timebank.planning.question import NEED, RESOURCE, SLOT, Question
from timebank.planning.replacing import book_places
from timebank.planning.storing import plan_number, question_hash, store_plan
from timebank.planning.tables import Plan
from timebank.projects.projects import GIVE_PLACES

SENIOR = table_of(Senior)


class Given(NamedTuple):
    """A place that somebody is given, and what spoke for them: tier (0 is first), days of waiting, metres."""

    senior_ref: str
    resource: str
    day: date
    starts_min: int
    tier: int
    waited_days: int
    distance_m: int


class Left(NamedTuple):
    """Somebody who is given no place, and why, in both languages."""

    need_id: int
    senior_ref: str
    zh: str
    en: str


def scope_of(project_id: int) -> str:
    """Return the scope of a project's allocations: never in force as a plan, and never cleared away by one."""
    return f"{REQUESTS}project:{project_id}"


def allocate(session: Session, project_id: int, *, starts_on: date, days: int, office: int, now: datetime) -> Plan:
    """Give the free places of a running project within some days to those who may have them; returns the answer.

    The engine decides by tier, days of waiting and distance, within the places, the budget and who is eligible; its
    judge has checked the answer. Asked again when nothing has changed, it gives nothing twice.

    Raises
    ------
    WrongState
        When others have taken places meanwhile.
    """
    wait_turn(session, GIVE_PLACES)
    question = Question(starts_on=starts_on, horizon_days=days, project_id=project_id)
    problem = load_problem(session, question)
    answer = solve(problem)
    figures = {"given": _weighed(problem, answer), "places": int(problem.slots.places.sum())}
    plan = store_plan(
        session,
        problem,
        answer,
        scope=scope_of(project_id),
        organisation_id=office,
        figures=figures,
        now=now,
        digest=question_hash(problem),
    )
    book_places(session, plan, answer)
    plan.state = "superseded"
    session.flush()
    return plan


def _weighed(problem: Problem, answer: Answer) -> list[list[int]]:
    """Return for every place given: need, slot, tier, days of waiting and metres."""
    given = answer.bookings
    at = np.searchsorted(problem.needs.ids, given.need_ids)
    columns = (
        given.need_ids,
        given.slot_ids,
        problem.needs.tiers[at],
        problem.needs.waiting_days[at],
        given.distances_m,
    )
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def allocation_of(session: Session, project_id: int, plan_id: int | None = None) -> Plan:
    """Return an allocation of a project, the last one unless it is named.

    Raises
    ------
    NotFound
        When there is none.
    """
    own = pick(Plan).where(Plan.scope == scope_of(project_id))
    if plan_id is not None:
        own = own.where(Plan.id == plan_id)
    plan = session.exec(own.order_by(col(Plan.created_at).desc(), col(Plan.id).desc()).limit(1)).first()
    if plan is None:
        raise NotFound(kind="allocation", key=str(plan_id or project_id))
    return plan


def given_in(session: Session, plan: Plan) -> list[Given]:
    """Return the places that an allocation gave, by day and hour; metres are rounded, so that they tell no home."""
    weighed = {(row[0], row[1]): row[2:] for row in plan.figures["given"]}
    needs = [need for need, _ in weighed]
    slots = [slot for _, slot in weighed]
    seniors = _rows(
        session,
        select(NEED.c.id, SENIOR.c.external_ref).join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id),
        NEED.c.id,
        needs,
    )
    times = _rows(
        session,
        select(SLOT.c.id, RESOURCE.c.code, SLOT.c.day, SLOT.c.starts_min).join(
            RESOURCE, RESOURCE.c.id == SLOT.c.resource_id
        ),
        SLOT.c.id,
        slots,
    )
    found = [
        Given(seniors[need][0], code, day, starts_min, tier, waited, -(-metres // 100) * 100)
        for (need, slot), (tier, waited, metres) in weighed.items()
        if need in seniors and slot in times
        for code, day, starts_min in [times[slot]]
    ]
    return sorted(found, key=lambda one: (one.day, one.starts_min, one.resource, one.senior_ref))


def left_out(session: Session, plan: Plan, *, first: int = 100, after: int = 0) -> list[Left]:
    """Return up to ``first`` of those whom an allocation gave no place, by number of the need, each with the reason."""
    wanted = (
        select(UNMET, SENIOR.c.external_ref)
        .join(NEED, NEED.c.id == UNMET.c.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(UNMET.c.plan_id == plan_number(plan), UNMET.c.need_id > after)
        .order_by(UNMET.c.need_id)
        .limit(first)
    )
    rows = session.connection().execute(wanted)
    return [Left(row.need_id, row.external_ref, unmet_reason(row, "zh"), unmet_reason(row, "en")) for row in rows]


def given_reason(given: Given, locale: Locale = "zh") -> str:
    """Say what spoke for somebody who was given a place."""
    return say("place_reason", locale, tier=given.tier, days=given.waited_days, metres=given.distance_m)


def _rows(session: Session, wanted: Any, key: Any, numbers: list[int]) -> dict[int, tuple[Any, ...]]:
    """Return the rows of some numbers, by number."""
    found: dict[int, tuple[Any, ...]] = {}
    for start in range(0, len(numbers), 500):
        for number, *rest in session.connection().execute(wanted.where(key.in_(numbers[start : start + 500]))):
            found[number] = tuple(rest)
    return found

"""Repair: after somebody fell ill, left or joined, or a place is gone, the plan in force is mended from a day on.

What holds stays to the minute; the list of changes is the result, stored with the mended plan, which is put into force
like any other.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select
from sqlmodel import Session

from matching.changes import Changes, Meeting
from matching.plan import Plan as Answer
from matching.problem import Problem
from matching.rematch import Repair, rematch
from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Locale, Phrase, say
from timebank.needs.tables import Need, Service
from timebank.people.belonging import areas_of
from timebank.people.tables import Senior, Volunteer
from timebank.planning.figures import plan_figures
from timebank.planning.in_force import PLAN
from timebank.planning.making import Progress, at_one_moment, preset_refused
from timebank.planning.problem_rows import load_problem
from timebank.planning.question import Question
from timebank.planning.standing_rows import plan_in_force, standing_plan
from timebank.planning.storing import plan_number, question_hash, store_plan
from timebank.planning.tables import Plan, PlanChange

CHANGE, NEED, SERVICE, SENIOR, VOLUNTEER = map(table_of, (PlanChange, Need, Service, Senior, Volunteer))
MOST_MOVE_M = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What is to be mended: the plan in force of an organisation (none: the district's), from which day on.

    ``change_m`` is what moving a pair that holds must save, in metres; nothing is what plans weigh usually.
    """

    organisation_id: int | None
    from_day: date
    change_m: int | None = None


def repair_plan(engine: Engine, mend: Mend, *, now: datetime, progress: Progress | None = None) -> int:
    """Mend the plan in force and store the result as proposed, with its changes; returns the number of the plan.

    The same state mended again is the same plan. No transaction is open while it is worked out.

    Raises
    ------
    NotFound
        When no plan is in force that reaches the day.
    WrongInput
        When the day lies before the plan, or the metres are out of range.
    """
    if mend.change_m is not None and not 0 <= mend.change_m < MOST_MOVE_M:
        right = Phrase("right_range", least=0, most=MOST_MOVE_M - 1)
        raise WrongInput(field="change_m", value=str(mend.change_m), right=right)
    with transaction(at_one_moment(engine), read_only=True) as session:
        question, problem, before = load_mend(session, mend)
    with preset_refused(problem):
        repaired = rematch(problem, before, change_m=mend.change_m, progress=progress)
    asked = question_hash(problem)
    mended = {"begun_on": str(question.begun_on), "question": asked, "changes": _counts(repaired.changes)}
    figures = plan_figures(problem, repaired.plan) | {"mended": mended}
    digest = hashlib.sha256(f"{asked} {_hash(before)} {mend.change_m}".encode()).hexdigest()
    with transaction(engine) as session:
        stored = store_plan(
            session,
            problem,
            repaired.plan,
            scope=question.scope,
            organisation_id=question.organisation_id,
            figures=figures,
            now=now,
            digest=digest,
        )
        _store_changes(session, plan_number(stored), question.starts_on, repaired)
        return plan_number(stored)


def load_mend(session: Session, mend: Mend) -> tuple[Question, Problem, Answer]:
    """Read the question of the days that are left of a plan in force, and what stands on them."""
    plan = plan_in_force(session, mend.organisation_id, mend.from_day)
    if mend.from_day < plan.starts_on:
        right = Phrase("right_range", least=plan.starts_on, most=plan.starts_on + timedelta(days=plan.horizon_days - 1))
        raise WrongInput(field="from_day", value=mend.from_day.isoformat(), right=right)
    question = Question(
        starts_on=mend.from_day,
        horizon_days=plan.horizon_days - (mend.from_day - plan.starts_on).days,
        organisation_id=mend.organisation_id,
        begun_on=plan.starts_on,
    )
    return question, load_problem(session, question), standing_plan(session, question)


def _hash(before: Answer) -> str:
    return hashlib.sha256(before.to_json()).hexdigest()


def _counts(changes: Changes) -> dict[str, int]:
    return {
        "pairs": len(changes.pairs),
        "visits": len(changes.visits),
        "bookings": len(changes.bookings),
        "newly_met": len(changes.newly_met),
        "newly_unmet": len(changes.newly_unmet),
    }


def _store_changes(session: Session, plan_id: int, first_day: date, repaired: Repair) -> None:
    """Write the list of changes once, with the plan it belongs to."""
    if session.connection().execute(select(CHANGE.c.id).where(CHANGE.c.plan_id == plan_id).limit(1)).first():
        return
    empty = dict.fromkeys(column.name for column in CHANGE.columns if column.name not in ("id", "plan_id"))
    rows = [empty | row | {"plan_id": plan_id} for row in _change_rows(repaired.changes, first_day)]
    if rows:
        session.connection().execute(insert(CHANGE), rows)


def _change_rows(changes: Changes, first_day: date) -> Iterator[dict[str, Any]]:
    for need in changes.newly_unmet.tolist():
        yield {"what": "need", "kind": "unmet", "need_id": need}
    for need in changes.newly_met.tolist():
        yield {"what": "need", "kind": "met", "need_id": need}
    for pair in changes.pairs:
        yield {
            "what": "pair",
            "kind": pair.kind.value,
            "need_id": pair.need_id,
            "was_volunteer_id": pair.from_id,
            "now_volunteer_id": pair.to_id,
            "was_m": None if pair.from_id is None else pair.from_m,
            "now_m": None if pair.to_id is None else pair.to_m,
        }
    for visit in changes.visits:
        both = _meeting("was", visit.was, first_day) | _meeting("now", visit.now, first_day)
        yield {"what": "visit", "kind": visit.kind.value, "need_id": visit.need_id} | both
    for booking in changes.bookings:
        row = {"what": "booking", "kind": booking.kind.value, "need_id": booking.need_id}
        yield row | {"slot_id": booking.slot_id}


def _meeting(name: str, meeting: Meeting | None, first_day: date) -> dict[str, Any]:
    if meeting is None:
        return {}
    return {
        f"{name}_volunteer_id": meeting.volunteer_id,
        f"{name}_day": first_day + timedelta(days=meeting.day),
        f"{name}_min": meeting.starts_min,
    }


def list_changes(
    session: Session,
    plan_id: int,
    *,
    first: int,
    organisation_id: int | None = None,
    after: int = 0,
    what: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) changes of a mended plan, after the number of the last of the page before.

    Nobody is named: people appear by their reference. An organisation sees its own plans, in its own sub-districts.

    Raises
    ------
    NotFound
        When there is no such plan, or it is another's.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 changes, not {first}."
        raise ValueError(message)
    plan = session.get(Plan, plan_id)
    if plan is None or organisation_id not in (None, plan.organisation_id):
        raise NotFound(kind="plan", key=str(plan_id))
    was, now = VOLUNTEER.alias("was"), VOLUNTEER.alias("now")
    wanted = (
        select(
            CHANGE,
            SERVICE.c.code.label("service"),
            SERVICE.c.name_zh.label("service_zh"),
            SERVICE.c.name_en.label("service_en"),
            SENIOR.c.external_ref.label("senior_ref"),
            was.c.external_ref.label("was_ref"),
            now.c.external_ref.label("now_ref"),
        )
        .join(PLAN, PLAN.c.id == CHANGE.c.plan_id)
        .join(NEED, NEED.c.id == CHANGE.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .outerjoin(was, was.c.person_id == CHANGE.c.was_volunteer_id)
        .outerjoin(now, now.c.person_id == CHANGE.c.now_volunteer_id)
        .where(CHANGE.c.plan_id == plan_id, CHANGE.c.id > after)
    )
    if what is not None:
        wanted = wanted.where(CHANGE.c.what == what)
    if organisation_id is not None:
        wanted = wanted.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    return list(session.connection().execute(wanted.order_by(CHANGE.c.id).limit(first)))


def change_words(row: Row[Any], locale: Locale = "zh") -> str:
    """Say what changed."""
    names = ("senior_ref", "was_ref", "now_ref", "was_m", "now_m", "was_day", "now_day", "slot_id")
    values = {name: getattr(row, name) for name in names}
    clocks = {f"{name}_at": _clock(getattr(row, f"{name}_min")) for name in ("was", "now")}
    service = row.service_zh if locale == "zh" else row.service_en
    return say(f"change_{row.what}_{row.kind}", locale, service=service, **values, **clocks)


def _clock(minute: int | None) -> str:
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"

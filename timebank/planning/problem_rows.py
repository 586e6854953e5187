"""Rows to a problem: everything the bank knows that bears on who comes to whom and when, by set-based queries."""

from dataclasses import replace
from typing import Any

import numpy as np
from sqlmodel import Session

from matching.due import slot_slices
from matching.problem import Problem, ServedBy, Slots
from timebank.planning import before_rows, need_rows, person_rows, rule_rows
from timebank.planning.agreed import never_pairs
from timebank.planning.codes import Codes, words
from timebank.planning.columns import pairs
from timebank.planning.need_rows import Asked
from timebank.planning.question import Question, needs_asked
from timebank.planning.slot_rows import load_budgets, load_slots, open_resources, slot_rows, taken_places
from timebank.planning.volunteer_rows import load_volunteers, volunteers_asked

__all__ = ["Question", "load_codes", "load_problem"]


def load_problem(session: Session, question: Question) -> Problem:
    """Read the rows of a question; an organisation sees the needs it serves in its own sub-districts alone.

    The same rows give the same problem.

    Raises
    ------
    ValueError
        When the needs ask for more services, languages or traits than the engine tells apart.
    PairCannotBe
        When a pair that must be breaks a rule.
    """
    days, people = question.days, (need_rows.seniors_asked(question), volunteers_asked(question.organisation_id))
    offered = slot_rows(session, days, question.project_id)
    asked = _asked(session, question)
    codes = _codes(asked, offered)
    needs = need_rows.load_needs(asked, question, codes)
    absences = person_rows.load_absences(session, days, people)
    away = person_rows.always_away(absences, question.horizon_days)
    volunteers = load_volunteers(session, question, codes, asked.traits, away)
    problem = Problem(
        starts_on=question.starts_on,
        horizon_days=question.horizon_days,
        needs=needs,
        volunteers=volunteers,
        slots=Slots.empty(),
        exclusions=pairs(session.connection().execute(never_pairs(need_rows.seniors_asked(question)))),
        bookable=pairs((need, resource) for need, each in asked.open_to.items() for resource in each.resources),
        standing=before_rows.standing_pairs(session, question, before_rows.plans_before(session, question)),
        preset=rule_rows.load_presets(session, question, volunteers.ids),
        absences=absences,
        seasons=rule_rows.load_seasons(session, question, asked.rows),
        suspensions=rule_rows.load_suspensions(session, question, codes),
        regulars=before_rows.regular_slots(session, question),
        params=question.params,
    )
    rule_rows.require_presets(session, problem)
    give_way = _due(problem)
    return replace(
        problem,
        slots=load_slots(offered, taken_places(session, days, give_way), question, codes),
        budgets=load_budgets(session, offered, days, give_way),
    )


def load_codes(session: Session, question: Question) -> Codes:
    """Return how the services, languages and traits of a question are numbered."""
    return _codes(_asked(session, question), slot_rows(session, question.days, question.project_id))


def _asked(session: Session, question: Question) -> Asked:
    """Read the needs and what is known of them beside their row."""
    rows, also = need_rows.load_rows(session, question), need_rows.load_also(session, needs_asked(question))
    people = (need_rows.seniors_asked(question), volunteers_asked(question.organisation_id))
    plans = before_rows.plans_before(session, question)
    return Asked(
        rows=rows,
        also=also,
        tiers=need_rows.load_tiers(session, question.starts_on, rows, need_rows.seniors_asked(question)),
        waited=need_rows.load_waiting(session, question, rows),
        regular=before_rows.regular_weekdays(session, question, plans),
        traits=person_rows.load_traits(session, people),
        open_to=open_resources(session, question.days, rows, also, question.project_id),
        served_on=need_rows.load_served(session, question),
    )


def _codes(asked: Asked, offered: list[Any]) -> Codes:
    services = {row.service_id for row in (*asked.rows, *offered)}
    services |= {service for further in asked.also.values() for service in further}
    return Codes(
        tuple(sorted(services)),
        tuple(sorted({word for row in asked.rows for word in words(row.language_wish)})),
        asked.traits.minded,
    )


def _due(problem: Problem) -> set[int]:
    """Needs to which a place is due within the horizon; a plan says nothing of the others."""
    by_slot = np.flatnonzero(problem.needs.served_by == ServedBy.SLOT).tolist()
    return {int(problem.needs.ids[need]) for need in by_slot if slot_slices(problem, need)}

"""Why a pair was made, what would meet an unmet need, and what one more would be worth: asked for, not stored.

The question of a plan is read again. Where its rows have changed since, the answer is about the rows as they are now,
and says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np
from sqlalchemy import Table, select
from sqlmodel import Session

from matching.columns import Mask
from matching.plan import Bookings, Pairs, Unmet, Visits
from matching.plan import Plan as Answer
from matching.problem import Problem
from matching.reasons import Weighed, weigh_pair
from matching.remedies import Remedy, find_remedies
from matching.worth import Worth, find_worth
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongState
from timebank.core.texts import Locale, say
from timebank.needs.tables import Service
from timebank.people.tables import Area, Volunteer
from timebank.planning.codes import Codes
from timebank.planning.problem_rows import load_codes, load_problem
from timebank.planning.question import Question
from timebank.planning.storing import answer_of, question_hash
from timebank.planning.tables import Plan
from timebank.projects.tables import Resource, Slot

Part = TypeVar("Part", Pairs, Bookings, Visits)


VOLUNTEER, SERVICE, AREA, SLOT, RESOURCE = map(table_of, (Volunteer, Service, Area, Slot, Resource))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A plan's question as its rows are now, its answer (what the rows still know of it), and the numbering.

    ``is_same``: the rows are those that were asked.
    """

    problem: Problem
    answer: Answer
    codes: Codes
    is_same: bool


class Better(NamedTuple):
    """A change that would meet a need, with whom or what it is about by reference; how much, in its own unit."""

    kind: str
    about: str
    amount: int


def question_of(plan: Plan) -> Question:
    """Return what a plan was asked."""
    mended = plan.figures.get("mended", {})
    return Question(
        starts_on=plan.starts_on,
        horizon_days=plan.horizon_days,
        organisation_id=plan.organisation_id,
        begun_on=date.fromisoformat(mended["begun_on"]) if mended else None,
    )


def recall(session: Session, plan: Plan) -> Recalled:
    """Read the question of a plan again, and what of its answer the rows still know."""
    question = question_of(plan)
    problem = load_problem(session, question)
    return Recalled(
        problem=problem,
        answer=_known(answer_of(plan), problem),
        codes=load_codes(session, question),
        is_same=question_hash(problem) == plan.figures.get("mended", {}).get("question", plan.input_hash),
    )


def _known(answer: Answer, problem: Problem) -> Answer:
    """Leave out of an answer what names needs, people or slots that are gone."""
    needs, people, slots = problem.needs.ids, problem.volunteers.ids, problem.slots.ids
    pairs, visits, bookings, unmet = answer.pairs, answer.visits, answer.bookings, answer.unmet
    still = np.isin(unmet.need_ids, needs)
    return replace(
        answer,
        pairs=_some(pairs, np.isin(pairs.need_ids, needs) & np.isin(pairs.volunteer_ids, people)),
        visits=_some(visits, np.isin(visits.need_ids, needs) & np.isin(visits.volunteer_ids, people)),
        bookings=_some(bookings, np.isin(bookings.need_ids, needs) & np.isin(bookings.slot_ids, slots)),
        unmet=Unmet(
            need_ids=unmet.need_ids[still],
            reasons=tuple(reason for reason, keep in zip(unmet.reasons, still.tolist(), strict=True) if keep),
            taken_by_rule=unmet.taken_by_rule[still],
            remaining=unmet.remaining[still],
        ),
    )


def _some(table: Part, rows: Mask) -> Part:
    return type(table)(**{column.name: getattr(table, column.name)[rows] for column in fields(table)})


def why_pair(recalled: Recalled, need_id: int) -> tuple[Weighed, ...]:
    """Return who was chosen for a need with what spoke for them, and the best who could have come instead.

    Raises
    ------
    NotFound
        When the plan pairs nobody with the need.
    """
    if need_id not in recalled.answer.pairs.need_ids:
        raise NotFound(kind="pair", key=str(need_id))
    return weigh_pair(recalled.problem, recalled.answer, need_id)


def what_would_meet(session: Session, recalled: Recalled, need_id: int) -> list[Better]:
    """Return the least change of each kind that meets an unmet need, each verified by solving again.

    Raises
    ------
    NotFound
        When the plan does not know the need.
    WrongState
        When the need is met.
    """
    if need_id not in recalled.problem.needs.ids:
        raise NotFound(kind="need", key=str(need_id))
    if need_id not in recalled.answer.unmet.need_ids:
        raise WrongState(kind="need", key=str(need_id), state="met", allowed="unmet")
    remedies = find_remedies(recalled.problem, recalled.answer, need_id)
    return [Better(one.kind, _about(session, one), _amount(recalled, one)) for one in remedies]


def _about(session: Session, one: Remedy) -> str:
    """Name whom or what a remedy is about."""
    of_slot = select(RESOURCE.c.code).join(SLOT, SLOT.c.resource_id == RESOURCE.c.id).where(SLOT.c.id == one.about_id)
    by_kind = {
        "places": of_slot,
        "slot_distance_m": of_slot,
        "eligibility": select(RESOURCE.c.code).where(RESOURCE.c.id == one.about_id),
    }
    people = select(VOLUNTEER.c.external_ref).where(VOLUNTEER.c.person_id == one.about_id)
    return str(session.connection().execute(by_kind.get(one.kind, people)).scalar() or "")


def _amount(recalled: Recalled, one: Remedy) -> int:
    """Return how much; metres are rounded up to ten, so that they give no home away."""
    if one.kind == "skill":
        return recalled.codes.services[one.amount]
    return -(-one.amount // 10) * 10 if one.kind.endswith("distance_m") else one.amount


def better_words(better: Better, locale: Locale = "zh") -> str:
    """Say what would meet a need."""
    return say(f"better_{better.kind}", locale, about=better.about, amount=better.amount)


def worth_of_more(
    session: Session,
    recalled: Recalled,
    *,
    area: str | None = None,
    service: str | None = None,
    most: int = 20,
    progress: Callable[[float], None] | None = None,
) -> list[tuple[str, str, Worth]]:
    """Return sub-district, service (codes) and what one more would be worth there, most unmet first; at most ``most``.

    Only what is asked for is solved again, so a sub-district takes seconds where the district takes minutes.
    """
    areas = codes_of(session, AREA)
    services = codes_of(session, SERVICE)
    needs, answer = recalled.problem.needs, recalled.answer
    wanted = np.isin(needs.ids, answer.unmet.need_ids)
    if area is not None:
        wanted &= np.isin(needs.areas, [number for number, code in areas.items() if code == area])
    if service is not None:
        skills = [skill for number, skill in recalled.codes.skills.items() if services[number] == service]
        wanted &= np.isin(needs.skills, skills)
    kept = np.isin(answer.unmet.need_ids, needs.ids[wanted])
    asked = replace(
        answer,
        unmet=Unmet(
            need_ids=answer.unmet.need_ids[kept],
            reasons=tuple(reason for reason, keep in zip(answer.unmet.reasons, kept.tolist(), strict=True) if keep),
            taken_by_rule=answer.unmet.taken_by_rule[kept],
            remaining=answer.unmet.remaining[kept],
        ),
    )
    found = find_worth(recalled.problem, asked, progress=progress)[:most]
    return [(areas[one.area], services[recalled.codes.services[one.skill]], one) for one in found]


def codes_of(session: Session, table: Table) -> dict[int, str]:
    """Return the code of every row of a table that has codes, by number."""
    return {row.id: row.code for row in session.connection().execute(select(table.c.id, table.c.code))}

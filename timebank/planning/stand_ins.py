"""Who could hold one visit instead: able people near the senior with the minutes and the hour to spare.

Only people within reach are read, so an answer takes as long for a city as for a street.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, select, update
from sqlmodel import Session

from matching.plan import CANDIDATE_RULES, Bookings, Pairs, Status, Unmet, Verdict, Visits
from matching.plan import Plan as Answer
from matching.problem import Problem, Slots
from matching.substitutes import Substitutes
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.planning import need_rows, person_rows
from timebank.planning.agreed import never_pairs
from timebank.planning.codes import Codes, words
from timebank.planning.columns import ints, pairs
from timebank.planning.near_rows import BUSY, MOST_ASKED, Candidate, check_count, free, near, rounded
from timebank.planning.need_rows import Asked
from timebank.planning.question import NEED, Question
from timebank.planning.volunteer_rows import as_columns, services_of, volunteer_rows
from timebank.visits.life import EVENT, VISIT, visit_of
from timebank.visits.refusals import HoursTaken
from timebank.visits.tables import Visit


def substitutes_for(
    session: Session, visit_id: int, *, organisation_id: int | None = None, count: int = 5
) -> list[Candidate]:
    """Return up to ``count`` (1 to 20) who could hold a planned visit instead, at its very minute first, then nearest.

    An organisation asks its own volunteers; without one everybody is asked. Nobody who was given another visit then,
    is away, never meets the senior, or has no minutes left in the week is proposed.

    Raises
    ------
    NotFound
        When there is no such visit, or it is of another organisation's need.
    WrongState
        When it is not planned any more.
    """
    check_count(count)
    visit = _planned(session, visit_id, organisation_id)
    question = Question(starts_on=visit.day - timedelta(days=visit.day.weekday()), horizon_days=7)
    need = _need(session, visit.need_id)
    people = near(need, question.params, organisation_id)
    rows = volunteer_rows(session, people)
    others = _others_who_come(session, visit)
    problem = _small_problem(session, question, need, rows, people)
    index = Substitutes(problem, _week(session, question, people, visit))
    found = index.find(visit.need_id, visit.day.weekday(), count=count, not_ids=others)
    refs = {row.person_id: row.external_ref for row in rows}
    return [Candidate(c.volunteer_id, refs[c.volunteer_id], rounded(c.distance_m), c.starts_min) for c in found]


def substitute(
    session: Session,
    visit_id: int,
    volunteer_id: int,
    *,
    starts_min: int,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> Visit:
    """Give one planned visit to somebody who could hold it; the pair stays, and the visit says who took it over.

    Raises
    ------
    NotFound
        When there is no such visit, or it is of another organisation's need.
    WrongState
        When it is not planned any more.
    WrongInput
        When the volunteer could not hold it at that minute.
    HoursTaken
        When they have been given another visit at that time meanwhile.
    """
    wait_turn(session, f"hours of volunteer {volunteer_id}")
    visit = _planned(session, visit_id, organisation_id)
    if visit.volunteer_id == volunteer_id and visit.starts_min == starts_min:
        return visit
    _check_free(session, visit, volunteer_id, starts_min)
    _check_able(session, visit, volunteer_id, starts_min, organisation_id)
    v = VISIT.c
    taken = update(VISIT).where(v.id == visit_id, v.status == "planned", v.volunteer_id == visit.volunteer_id)
    changed = session.connection().execute(taken.values(volunteer_id=volunteer_id, starts_min=starts_min))
    if changed.rowcount != 1:
        raise WrongState(kind="visit", key=str(visit_id), state="changed", allowed="planned")
    who = f"person:{visit.volunteer_id} -> person:{volunteer_id}"
    row = {"visit_id": visit_id, "kind": "substituted", "actor": actor, "note": who, "happened_at": now}
    session.connection().execute(EVENT.insert(), row)
    return visit_of(session, visit_id)


def _planned(session: Session, visit_id: int, organisation_id: int | None) -> Visit:
    """Return a planned visit; of an organisation, one to a need of its own."""
    visit = visit_of(session, visit_id)
    if organisation_id is not None:
        owner = select(NEED.c.organisation_id).where(NEED.c.id == visit.need_id)
        if session.connection().execute(owner).scalar() != organisation_id:
            raise NotFound(kind="visit", key=str(visit_id))
    if visit.status != "planned":
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="planned")
    return visit


def _need(session: Session, need_id: int) -> Row[Any]:
    return need_rows.some_rows(session, select(NEED.c.id).where(NEED.c.id == need_id))[0]


def _small_problem(
    session: Session, question: Question, need: Row[Any], rows: list[Row[Any]], people: Select[Any]
) -> Problem:
    """Return the week of one need, with the people near it."""
    senior = select(NEED.c.senior_id).where(NEED.c.id == need.id)
    traits = person_rows.load_traits(session, (people, senior))
    codes = Codes((need.service_id,), tuple(sorted(words(need.language_wish))), traits.minded)
    asked = Asked(rows=[need], also={}, tiers={}, waited={}, regular={}, traits=traits, open_to={}, served_on={})
    never = never_pairs(senior)
    return Problem(
        starts_on=question.starts_on,
        horizon_days=question.horizon_days,
        needs=need_rows.load_needs(asked, question, codes),
        volunteers=as_columns(rows, [free(row) for row in rows], services_of(session, people), codes, traits, set()),
        slots=Slots.empty(),
        exclusions=pairs([*session.connection().execute(never), (need.senior_id, need.senior_id)]),
        absences=person_rows.load_absences(session, question.days, (people,)),
        params=question.params,
    )


def _week(session: Session, question: Question, people: Select[Any], visit: Visit) -> Answer:
    """Return the visits of a week of some people, and the one that is looked at, of whichever plan they are."""
    v = VISIT.c
    wanted = select(v.need_id, v.volunteer_id, v.day, v.starts_min, v.planned_min, v.id).where(
        v.day >= question.starts_on,
        v.day < question.ends_on,
        v.status.not_in(("cancelled", "missed")),
        v.volunteer_id.in_(people),
        v.need_id != visit.need_id,
    )
    rows = [tuple(row)[:5] for row in session.connection().execute(wanted.order_by(v.id))]
    rows.append((visit.need_id, visit.volunteer_id, visit.day, visit.starts_min, visit.planned_min))
    nothing = np.empty(0, dtype=np.int64)
    return Answer(
        starts_on=question.starts_on.isoformat(),
        horizon_days=question.horizon_days,
        pairs=Pairs(need_ids=nothing, volunteer_ids=nothing, distances_m=nothing),
        visits=Visits(
            need_ids=ints(row[0] for row in rows),
            volunteer_ids=ints(row[1] for row in rows),
            days=ints((row[2] - question.starts_on).days for row in rows),
            starts_min=ints(row[3] for row in rows),
            durations_min=ints(row[4] for row in rows),
        ),
        bookings=Bookings(need_ids=nothing, slot_ids=nothing, distances_m=nothing),
        unmet=Unmet(
            need_ids=nothing, reasons=(), taken_by_rule=nothing.reshape(0, len(CANDIDATE_RULES)), remaining=nothing
        ),
        status=Status.FEASIBLE,
        objective=0,
        bound=0,
        gap=0.0,
        seed=0,
        method="as it stands",
        seconds_by_stage={},
        verdict=Verdict(holds=False, faults=("not judged",), objective=0),
    )


def _others_who_come(session: Session, visit: Visit) -> set[int]:
    """Return who else comes to the need on that day."""
    v = VISIT.c
    same = select(v.volunteer_id).where(v.need_id == visit.need_id, v.day == visit.day, v.status != "cancelled")
    return set(session.connection().execute(same).scalars())


def _check_free(session: Session, visit: Visit, volunteer_id: int, starts_min: int) -> None:
    v = VISIT.c
    busy = select(v.id).where(
        v.volunteer_id == volunteer_id,
        v.id != visit.id,
        v.day == visit.day,
        v.status.in_(BUSY),
        v.starts_min < starts_min + visit.planned_min,
        v.starts_min + v.planned_min > starts_min,
    )
    if session.connection().execute(busy.limit(1)).first() is not None:
        raise HoursTaken(volunteer_id=volunteer_id, day=visit.day.isoformat())


def _check_able(
    session: Session, visit: Visit, volunteer_id: int, starts_min: int, organisation_id: int | None
) -> None:
    """Refuse somebody who could not hold the visit at that minute."""
    found = substitutes_for(session, visit.id or 0, organisation_id=organisation_id, count=MOST_ASKED)
    if (volunteer_id, starts_min) not in {(one.volunteer_id, one.starts_min) for one in found}:
        raise WrongInput(field="volunteer", value=f"{volunteer_id}, {starts_min}", right=Phrase("right_substitute"))

"""Rows of rules to columns of a question: suspended days, seasons, and pairs that must be."""

from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, or_, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from matching.candidates import may_pair
from matching.problem import FrequencyKind, Ints, MakeUp, Problem
from matching.tables import EVERY_AREA, EVERY_SKILL, Seasons, Suspensions
from timebank.core.columns import table_of
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning.codes import Codes
from timebank.planning.columns import ints, pairs
from timebank.planning.presets import PRESET, PairCannotBe
from timebank.planning.question import Question, needs_asked
from timebank.planning.seasons import days_of
from timebank.planning.suspensions import SUSPENSION
from timebank.planning.tables import Season

KIND = {
    "every_n_days": FrequencyKind.EVERY_N_DAYS,
    "per_week": FrequencyKind.TIMES_PER_WEEK,
    "per_month": FrequencyKind.TIMES_PER_MONTH,
    "once": FrequencyKind.ONCE,
}
MAKE_UP = {"drop": MakeUp.DROP, "later": MakeUp.LATER, "earlier": MakeUp.EARLIER}
NEED = table_of(Need)
VOLUNTEER = table_of(Volunteer)


def load_suspensions(session: Session, question: Question, codes: Codes) -> Suspensions:
    """Return a row for each suspended day; of two that stand for the same day the earlier written one comes first."""
    s, (first, end) = SUSPENSION.c, question.days
    stands = select(SUSPENSION).where(s.withdrawn_at.is_(None), s.from_day < end, s.to_day > first).order_by(s.id)
    rows: dict[tuple[int, int, int], int] = {}
    for row in session.connection().execute(stands):
        if row.service_id is not None and row.service_id not in codes.skills:
            continue
        skill = EVERY_SKILL if row.service_id is None else codes.skills[row.service_id]
        days = range((max(first, row.from_day) - first).days, (min(end, row.to_day) - first).days)
        for day in days:
            rows.setdefault((day, row.area_id or EVERY_AREA, skill), int(MAKE_UP[row.make_up]))
    return Suspensions(
        days=ints(day for day, _, _ in rows),
        areas=ints(area for _, area, _ in rows),
        skills=ints(skill for _, _, skill in rows),
        make_ups=ints(rows.values()),
    )


def load_seasons(session: Session, question: Question, needs: list[Row[Any]]) -> Seasons:
    """Return the seasons of every need within the horizon; those of a need take the place of its service's."""
    own: dict[int, list[Season]] = defaultdict(list)
    of_service: dict[int, list[Season]] = defaultdict(list)
    wanted = pick(Season).where(
        col(Season.withdrawn_at).is_(None),
        or_(col(Season.is_yearly), col(Season.to_day) > question.starts_on),
        col(Season.from_day) < question.ends_on,
    )
    for season in session.exec(wanted.order_by(col(Season.from_day), col(Season.id))):
        if season.need_id is not None:
            own[season.need_id].append(season)
        elif season.service_id is not None:
            of_service[season.service_id].append(season)
    rows = [
        (need.id, *span, int(KIND[season.frequency_kind]), season.frequency_count)
        for need in needs
        for season in own.get(need.id, of_service.get(need.service_id, []))
        for span in _spans(season, question.days)
    ]
    columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 5).T
    names = ("need_ids", "first_days", "last_days", "frequency_kinds", "frequency_counts")
    return Seasons(**dict(zip(names, columns, strict=True)))


def _spans(season: Season, days: tuple[date, date]) -> list[tuple[int, int]]:
    return [((first - days[0]).days, (end - days[0]).days) for first, end in days_of(season, days)]


def load_presets(session: Session, question: Question, volunteers: Ints) -> Ints:
    """Return need and volunteer of the pairs that must be, where both are in the question."""
    p = PRESET.c
    must = select(p.need_id, p.volunteer_id).where(p.withdrawn_at.is_(None), p.need_id.in_(needs_asked(question)))
    known = set(volunteers.tolist())
    return pairs(row for row in session.connection().execute(must) if row.volunteer_id in known)


def require_presets(session: Session, problem: Problem) -> None:
    """Refuse a question in which a pair that must be breaks a rule of who may come to whom.

    Raises
    ------
    PairCannotBe
        Naming need and volunteer by their references.
    """
    if not len(problem.preset):
        return
    rows, people = (
        np.searchsorted(ids, column)
        for ids, column in zip((problem.needs.ids, problem.volunteers.ids), problem.preset.T, strict=True)
    )
    fits, _ = may_pair(problem, rows, people)
    if fits.all():
        return
    need, volunteer = problem.preset[np.argmin(fits)].tolist()
    connection = session.connection()
    raise PairCannotBe(
        need=connection.execute(select(NEED.c.external_ref).where(NEED.c.id == need)).scalar_one(),
        volunteer=connection.execute(
            select(VOLUNTEER.c.external_ref).where(VOLUNTEER.c.person_id == volunteer)
        ).scalar_one(),
    )

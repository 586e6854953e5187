"""What the volunteers of an organisation have promised to needs outside its own question.

A run of an organisation shares its volunteers with the plans of others: who greets a senior of the neighbouring
organisation at nine o'clock has a need, minutes of the week and an hour of the day less to give.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.tables import Volunteer
from timebank.planning.in_force import PLAN
from timebank.visits.life import VISIT

REQUESTS = "requests:"
"""How the scopes of plans begin to which single visits belong, before the number of the organisation."""
VOLUNTEER = table_of(Volunteer)


@dataclass(slots=True)
class Commitment:
    """Needs served elsewhere, minutes by week of the horizon, and the hours of the day from first to last."""

    needs: set[int] = field(default_factory=set)
    minutes_by_week: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    starts_min: int = 1440
    ends_min: int = 0

    def add(self, need_id: int, week: int, starts_min: int, planned_min: int) -> None:
        """Count one visit."""
        self.needs.add(need_id)
        self.minutes_by_week[week] += planned_min
        self.starts_min = min(self.starts_min, starts_min)
        self.ends_min = max(self.ends_min, starts_min + planned_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """What a volunteer has left to give."""

    max_needs: int
    weekly_cap_min: int
    window_start_min: int
    window_end_min: int


def load_commitments(
    session: Session,
    organisation_id: int | None,
    scope: str,
    days: tuple[date, date],
    asked: Select[tuple[int]],
) -> dict[int, Commitment]:
    """Return the visits ahead (days half-open) of an organisation's volunteers to needs that are not asked about.

    Visits of plans of the same scope do not count: they give way when the new plan is published. The whole district
    (no organisation) takes the place of every plan; what was agreed one by one stays all the same.
    """
    v = VISIT.c
    is_theirs = (
        PLAN.c.scope.startswith(REQUESTS, autoescape=True)
        if organisation_id is None
        else (VOLUNTEER.c.organisation_id == organisation_id) & (PLAN.c.scope != scope)
    )
    ahead = (
        select(v.volunteer_id, v.need_id, v.day, v.starts_min, v.planned_min)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == v.volunteer_id)
        .join(PLAN, PLAN.c.id == v.plan_id)
        .where(
            is_theirs,
            v.day >= days[0],
            v.day < days[1],
            v.status.in_(("planned", "checked_in")),
            v.need_id.not_in(asked),
        )
    )
    found: dict[int, Commitment] = defaultdict(Commitment)
    for volunteer, need, day, starts, minutes in session.connection().execute(ahead):
        found[volunteer].add(need, (day - days[0]).days // 7, starts, minutes)
    return dict(found)


def left_to_give(volunteer: Row[Any], promised: Commitment | None, gap_min: int) -> Free:
    """Return what a volunteer has left beside what is promised; of the day, the longer part before or after it."""
    start, end = volunteer.window_start_min, volunteer.window_end_min
    if promised is None:
        return Free(
            max_needs=volunteer.max_needs,
            weekly_cap_min=volunteer.weekly_cap_min,
            window_start_min=start,
            window_end_min=end,
        )
    parts: Sequence[tuple[int, int]] = (
        (start, min(end, promised.starts_min - gap_min)),
        (max(start, promised.ends_min + gap_min), end),
    )
    longest = max(parts, key=lambda part: part[1] - part[0])
    has_time = longest[0] < longest[1]
    return Free(
        max_needs=max(0, volunteer.max_needs - len(promised.needs)) if has_time else 0,
        weekly_cap_min=max(0, volunteer.weekly_cap_min - max(promised.minutes_by_week.values())),
        window_start_min=longest[0] if has_time else start,
        window_end_min=longest[1] if has_time else end,
    )

"""Who could take over one visit: the nearest able volunteers who are free then, in milliseconds.

The index is made once for a plan and asked for any of its visits. Who is free at the very minute of the visit comes
first; then who could come at another minute of its window.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from matching import travel
from matching.candidates import planes
from matching.columns import Ints
from matching.diary import round_trip_min
from matching.due import absent_days
from matching.frequency import DAYS_A_WEEK
from matching.plan import Plan
from matching.problem import Gender, Problem

FIRST_LOOK_M, WIDER = 400.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Somebody who could take over a visit: how far it is, and when they would begin."""

    volunteer_id: int
    distance_m: int
    starts_min: int


class Substitutes:
    """An index over a plan; ask :meth:`find`."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        places = planes(problem)
        self._homes_m, self._starts_m = places.needs, places.volunteers
        self._need_by_id = {int(number): row for row, number in enumerate(problem.needs.ids.tolist())}
        self._busy: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        self._visits: dict[tuple[int, int], tuple[int, int]] = {}
        self._week_min: dict[tuple[int, int], int] = defaultdict(int)
        self._never: dict[int, set[int]] = defaultdict(set)
        for senior, volunteer in problem.exclusions.tolist():
            self._never[senior].add(volunteer)
        self._away = {
            person: frozenset(absent_days(problem, person)) for person in set(problem.absences.person_ids.tolist())
        }
        visits = plan.visits
        metres = dict(
            zip(
                zip(plan.pairs.need_ids.tolist(), plan.pairs.volunteer_ids.tolist(), strict=True),
                plan.pairs.distances_m.tolist(),
                strict=True,
            )
        )
        columns = (visits.need_ids, visits.volunteer_ids, visits.days, visits.starts_min, visits.durations_min)
        for need, who, day, starts, duration in zip(*(column.tolist() for column in columns), strict=True):
            self._busy[who, day].append((starts, starts + duration))
            self._visits[need, day] = (who, starts)
            self._week_min[who, day // DAYS_A_WEEK] += duration + self._travel_min(metres.get((need, who), 0))

    def find(self, need_id: int, day: int, *, count: int = 5, not_ids: Iterable[int] = ()) -> tuple[Substitute, ...]:
        """Return up to ``count`` who could hold the visit of a need on a day, best first; its own volunteer is none.

        Raises
        ------
        ValueError
            When the plan has no such visit.
        """
        if (need_id, day) not in self._visits:
            message = f"The plan has no visit of need {need_id} on day {day}."
            raise ValueError(message)
        own, starts = self._visits[need_id, day]
        need, barred = self._need_by_id[need_id], {own, *not_ids}
        found: list[Substitute] = []
        reach_m, seen = min(FIRST_LOOK_M, self.problem.params.max_distance_m), 0
        while True:
            near = self._near(need, day, reach_m)
            found += [
                one for row, metres in near[seen:] if (one := self._offer(need, row, metres, day, starts, barred))
            ]
            seen = len(near)
            on_time = sum(one.starts_min == starts for one in found)
            if on_time >= count or reach_m >= self.problem.params.max_distance_m:
                break
            reach_m = min(reach_m * WIDER, self.problem.params.max_distance_m)
        return tuple(
            sorted(found, key=lambda one: (one.starts_min != starts, one.distance_m, one.volunteer_id))[:count]
        )

    def _near(self, need: int, day: int, reach_m: float) -> list[tuple[int, int]]:
        """Able volunteers within so many metres, nearest first: position and metres."""
        needs, who, params = self.problem.needs, self.problem.volunteers, self.problem.params
        here, radius_m = self._homes_m[need], (reach_m + 1) / params.detour
        rows = np.flatnonzero((np.abs(self._starts_m - here) <= radius_m).all(axis=1))
        weekday = (self.problem.starts_on.weekday() + day) % DAYS_A_WEEK
        able = (who.skills[rows] >> np.uint64(needs.skills[need]) & np.uint64(1)).astype(bool)
        able &= (who.weekdays[rows] >> weekday & 1).astype(bool)
        if needs.genders[need] != Gender.ANY:
            able &= who.genders[rows] == needs.genders[need]
        if needs.languages[need]:
            able &= (who.languages[rows] & needs.languages[need]) != 0
        able &= (who.traits[rows] & needs.refuses[need]) == 0
        able &= (who.refuses[rows] & needs.traits[need]) == 0
        able &= (who.traits[rows] & needs.requires[need]) == needs.requires[need]
        rows = rows[able]
        metres = travel.walking_m(self._starts_m[rows], np.repeat(here[None], len(rows), axis=0), detour=params.detour)
        inside = metres <= reach_m
        return self._ordered(rows[inside], metres[inside])

    def _ordered(self, rows: Ints, metres: Ints) -> list[tuple[int, int]]:
        order = np.lexsort((self.problem.volunteers.ids[rows], metres))
        return list(zip(rows[order].tolist(), metres[order].tolist(), strict=True))

    def _offer(self, need: int, row: int, metres: int, day: int, starts: int, barred: set[int]) -> Substitute | None:
        """When a volunteer could begin, the visit's own minute if that can be; nothing when they cannot come."""
        needs, who = self.problem.needs, self.problem.volunteers
        number, duration = int(who.ids[row]), int(needs.durations_min[need])
        senior = int(needs.senior_ids[need])
        if number in barred or number in self._never[senior] or day in self._away.get(number, ()):
            return None
        spent = self._week_min[number, day // DAYS_A_WEEK] + duration + self._travel_min(metres)
        if spent > who.weekly_caps_min[row]:
            return None
        opens = max(int(needs.window_starts_min[need]), int(who.window_starts_min[row]))
        closes = min(int(needs.window_ends_min[need]), int(who.window_ends_min[row]))
        for begins in self._free(number, day, opens, closes, duration, starts):
            return Substitute(volunteer_id=number, distance_m=metres, starts_min=begins)
        return None

    def _free(self, number: int, day: int, opens: int, closes: int, duration: int, starts: int) -> Iterator[int]:
        """Minutes at which a visit fits between those of the day: the wanted one first, then the earliest."""
        gap = self.problem.params.gap_min
        busy = sorted(self._busy.get((number, day), ()))
        after = [opens, *(ends + gap for _, ends in busy)]
        for begins in (starts, *after):
            fits = opens <= begins and begins + duration <= closes
            if fits and all(begins + duration + gap <= first or ends + gap <= begins for first, ends in busy):
                yield begins

    def _travel_min(self, metres: int) -> int:
        pace = self.problem.params.pace_m_per_min
        return round_trip_min(metres, pace) if pace else 0

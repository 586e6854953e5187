"""Who could take over one visit: the nearest able volunteers who are free then, in milliseconds.

The index is made once for a plan and asked for any of its visits. Who is free at the very minute of the visit comes
first; then who could come at another minute of its window.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from matching import travel
from matching.candidates import planes
from matching.columns import Ints, Mask
from matching.due import absent_days
from matching.frequency import DAYS_A_WEEK
from matching.plan import Plan
from matching.problem import Gender, Problem
from matching.standing import positions

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
        self._tree = cKDTree(self._starts_m)
        self._never: dict[int, set[int]] = defaultdict(set)
        for senior, volunteer in problem.exclusions.tolist():
            self._never[senior].add(volunteer)
        self._away = {
            person: frozenset(absent_days(problem, person)) for person in set(problem.absences.person_ids.tolist())
        }
        needs = positions(problem.needs.ids, plan.visits.need_ids)
        who = positions(problem.volunteers.ids, plan.visits.volunteer_ids)
        starts = plan.visits.starts_min
        by_need, by_person = (rows * np.int64(problem.horizon_days) + plan.visits.days for rows in (needs, who))
        first = np.argsort(by_need, kind="stable")
        self._need_keys, self._visit_who, self._visit_starts = by_need[first], who[first], starts[first]
        order = np.lexsort((starts, by_person))
        self._keys, self._begins_min = by_person[order], starts[order]
        self._ends_min = (starts + plan.visits.durations_min)[order]
        self._week_min = self._weeks(needs, who, plan)

    def _weeks(self, needs: Ints, who: Ints, plan: Plan) -> Ints:
        """Minutes of every volunteer (rows) in every week, ways there and back included where they count."""
        weeks = -(-self.problem.horizon_days // DAYS_A_WEEK)
        spent = plan.visits.durations_min.astype(np.int64)
        if self.problem.params.pace_m_per_min:
            metres = travel.walking_m(self._homes_m[needs], self._starts_m[who], detour=self.problem.params.detour)
            spent = spent + self._ways_min(metres)
        cells = who * weeks + plan.visits.days // DAYS_A_WEEK
        counted = np.bincount(cells, spent, len(self.problem.volunteers) * weeks)
        return counted.astype(np.int64).reshape(-1, weeks)

    def find(self, need_id: int, day: int, *, count: int = 5, not_ids: Iterable[int] = ()) -> tuple[Substitute, ...]:
        """Return up to ``count`` who could hold the visit of a need on a day, best first; its own volunteer is none.

        Raises
        ------
        ValueError
            When the plan has no such visit.
        """
        need, own, starts = self._visit(need_id, day)
        barred = {int(self.problem.volunteers.ids[own]), *not_ids}
        barred |= self._never.get(int(self.problem.needs.senior_ids[need]), set())
        reach_m = min(FIRST_LOOK_M, self.problem.params.max_distance_m)
        while True:
            rows, metres = self._near(need, day, reach_m, barred)
            on_time = self._is_free(rows, day, starts, starts + int(self.problem.needs.durations_min[need]))
            on_time &= self._is_within(need, rows, starts)
            if on_time.sum() >= count or reach_m >= self.problem.params.max_distance_m:
                break
            reach_m = min(reach_m * WIDER, self.problem.params.max_distance_m)
        found = [self._substitute(row, far, starts) for row, far in zip(rows[on_time], metres[on_time], strict=True)]
        for row, far in zip(rows[~on_time].tolist(), metres[~on_time].tolist(), strict=True):
            if len(found) >= count:
                break
            begins = next(self._later(need, row, day), None)
            found += [] if begins is None else [self._substitute(row, far, begins)]
        return tuple(found[:count])

    def _substitute(self, row: int, metres: int, starts: int) -> Substitute:
        number = int(self.problem.volunteers.ids[row])
        return Substitute(volunteer_id=number, distance_m=int(metres), starts_min=starts)

    def _visit(self, need_id: int, day: int) -> tuple[int, int, int]:
        """Need and volunteer (positions) of a visit, and its first minute."""
        need = int(positions(self.problem.needs.ids, np.array([need_id]))[0])
        key = need * self.problem.horizon_days + day
        row = int(np.searchsorted(self._need_keys, key))
        is_there = need >= 0 and 0 <= day < self.problem.horizon_days and row < len(self._need_keys)
        if not is_there or self._need_keys[row] != key:
            message = f"The plan has no visit of need {need_id} on day {day}."
            raise ValueError(message)
        return need, int(self._visit_who[row]), int(self._visit_starts[row])

    def _near(self, need: int, day: int, reach_m: float, barred: set[int]) -> tuple[Ints, Ints]:
        """Able volunteers with minutes left within so many metres, nearest first: positions and metres."""
        params, here = self.problem.params, self._homes_m[need]
        near = self._tree.query_ball_point(here, (reach_m + 1) / params.detour)
        rows = np.array(near, dtype=np.int64)
        rows = rows[self._able(need, day, rows)]
        metres = travel.walking_m(self._starts_m[rows], np.repeat(here[None], len(rows), axis=0), detour=params.detour)
        spent = self._week_min[rows, day // DAYS_A_WEEK] + self.problem.needs.durations_min[need]
        fits = (metres <= reach_m) & (spent + self._ways_min(metres) <= self.problem.volunteers.weekly_caps_min[rows])
        ids = self.problem.volunteers.ids[rows]
        away = [person for person, days in self._away.items() if day in days]
        fits &= ~np.isin(ids, np.array([*barred, *away], dtype=np.int64))
        order = np.flatnonzero(fits)[np.lexsort((ids[fits], metres[fits]))]
        return rows[order], metres[order]

    def _able(self, need: int, day: int, rows: Ints) -> Mask:
        """Who of some volunteers may come to a need on a weekday, by every rule but distance and minutes."""
        needs, who = self.problem.needs, self.problem.volunteers
        weekday = (self.problem.starts_on.weekday() + day) % DAYS_A_WEEK
        able = (who.skills[rows] >> np.uint64(needs.skills[need]) & np.uint64(1)).astype(bool)
        able &= (who.weekdays[rows] >> weekday & 1).astype(bool)
        if needs.genders[need] != Gender.ANY:
            able &= who.genders[rows] == needs.genders[need]
        if needs.languages[need]:
            able &= (who.languages[rows] & needs.languages[need]) != 0
        able &= (who.traits[rows] & needs.refuses[need]) == 0
        able &= (who.refuses[rows] & needs.traits[need]) == 0
        return np.asarray(able & ((who.traits[rows] & needs.requires[need]) == needs.requires[need]), dtype=bool)

    def _is_within(self, need: int, rows: Ints, starts: int) -> Mask:
        """Whether a visit from a minute on lies in the windows of both."""
        needs, who = self.problem.needs, self.problem.volunteers
        opens = np.maximum(needs.window_starts_min[need], who.window_starts_min[rows])
        closes = np.minimum(needs.window_ends_min[need], who.window_ends_min[rows])
        return np.asarray((opens <= starts) & (starts + needs.durations_min[need] <= closes), dtype=bool)

    def _is_free(self, rows: Ints, day: int, starts: int, ends: int) -> Mask:
        """Who has nothing on a day between two minutes, the gap on both sides counted."""
        keys = rows * np.int64(self.problem.horizon_days) + day
        first, end = np.searchsorted(self._keys, keys), np.searchsorted(self._keys, keys, side="right")
        gap, free = self.problem.params.gap_min, np.ones(len(rows), dtype=bool)
        for turn in range(int((end - first).max(initial=0))):
            has = np.flatnonzero(first + turn < end)
            visits = first[has] + turn
            free[has] &= (ends + gap <= self._begins_min[visits]) | (self._ends_min[visits] + gap <= starts)
        return free

    def _later(self, need: int, row: int, day: int) -> Iterator[int]:
        """Minutes at which a visit fits between those of a volunteer's day, the earliest first."""
        needs, who, gap = self.problem.needs, self.problem.volunteers, self.problem.params.gap_min
        duration = int(needs.durations_min[need])
        opens = max(int(needs.window_starts_min[need]), int(who.window_starts_min[row]))
        closes = min(int(needs.window_ends_min[need]), int(who.window_ends_min[row]))
        key = int(row) * self.problem.horizon_days + day
        first, end = np.searchsorted(self._keys, (key, key + 1)).tolist()
        begins, ends = self._begins_min[first:end].tolist(), self._ends_min[first:end].tolist()
        for starts in sorted({opens, *(over + gap for over in ends)}):
            fits = opens <= starts and starts + duration <= closes
            busy = zip(begins, ends, strict=True)
            if fits and all(starts + duration + gap <= start or over + gap <= starts for start, over in busy):
                yield starts

    def _ways_min(self, metres: Ints) -> Ints:
        """Whole minutes there and back; 0 where travel takes none."""
        pace = self.problem.params.pace_m_per_min
        return np.ceil(2 * metres / pace).astype(np.int64) if pace else np.zeros(len(metres), dtype=np.int64)

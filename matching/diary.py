"""The days of a volunteer while they fill: which pattern of days a need takes, and when a visit begins.

Of all patterns of days that a need allows, it takes the one with most of its preferred weekdays, then the one
that falls on the emptiest days near where the volunteer is anyway. Visits of several volunteers together begin at the
same minute in all their diaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from matching.candidates import planes
from matching.columns import Floats, Ints, Mask
from matching.due import Ask, ask_of
from matching.frequency import DAYS_A_WEEK
from matching.patterns import patterns
from matching.problem import Problem

NOWHERE = -1
LONGEST_WALK_MIN = 10_000


@dataclass(slots=True)
class Day:
    """What a diary knows of a volunteer's days: minutes of visits, when free again, where last; weeks' minutes.

    ``held`` are all visits, as columns of needs, days and first minutes; kept only where some stood before.
    """

    load_min: Ints
    free_from_min: Ints
    last_needs: Ints
    week_min: Ints
    held: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Visits that stand (positions of need and volunteer, day, minute), shape (v,) each, ordered by volunteer."""

    needs: Ints
    volunteers: Ints
    days: Ints
    starts_min: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Days and starting minutes of the visits of one need."""

    days: Ints
    starts_min: Ints


class Diaries:
    """The diaries of all volunteers of a problem, by position; opened when they are first asked for.

    They open empty, or with the visits that stand: others are dated around these, into the gaps between them where
    the rest of a day is too short.
    """

    def __init__(self, problem: Problem, held: Held | None = None) -> None:
        self.problem = problem
        self._held = held
        self._days: dict[int, Day] = {}
        self._asks: dict[tuple[int, ...], Ask] = {}

    @cached_property
    def _homes_m(self) -> Floats:
        return planes(self.problem).needs

    @cached_property
    def _starts_m(self) -> Floats:
        return planes(self.problem).volunteers

    @cached_property
    def _is_plain(self) -> bool:
        """Nothing but weekdays and the need's own days decides when it is due, so equal needs share their ask."""
        problem = self.problem
        return not (len(problem.absences) or len(problem.seasons) or len(problem.suspensions))

    def of(self, volunteer: int) -> Day:
        """Return the diary of a volunteer."""
        found = self._days.get(volunteer)
        if found is None:
            horizon = self.problem.horizon_days
            weeks = -(-horizon // DAYS_A_WEEK)
            empty = np.zeros(horizon, dtype=np.int64)
            found = Day(empty, empty.copy(), np.full(horizon, NOWHERE), np.zeros(weeks, dtype=np.int64))
            self._days[volunteer] = found
            if self._held is not None:
                self._fill(found, volunteer, self._held)
        return found

    def _fill(self, day: Day, volunteer: int, held: Held) -> None:
        """Write the visits of a volunteer that stand."""
        first, end = np.searchsorted(held.volunteers, (volunteer, volunteer + 1))
        if first == end:
            return
        needs, days, starts = (column[first:end] for column in (held.needs, held.days, held.starts_min))
        durations = self.problem.needs.durations_min[needs]
        ends = starts + durations
        day.load_min += np.bincount(days, durations, len(day.load_min)).astype(np.int64)
        ways = np.zeros(len(needs), dtype=np.int64)
        if self.problem.params.pace_m_per_min:
            ways += np.array([self.travel_min(need, volunteer) for need in needs.tolist()], dtype=np.int64)
        day.week_min += np.bincount(days // DAYS_A_WEEK, durations + ways, len(day.week_min)).astype(np.int64)
        order = np.argsort(ends, kind="stable")  # of a day the last one is written last
        day.free_from_min[days[order]], day.last_needs[days[order]] = ends[order], needs[order]
        day.held = [(needs, days, starts)]

    def _busy(self, volunteer: int, when: int) -> list[tuple[int, int, int]]:
        """Visits of a volunteer on a day: need, first minute, minute after."""
        busy = []
        for needs, days, starts in self.of(volunteer).held:
            rows = np.flatnonzero(days == when)
            ends = starts[rows] + self.problem.needs.durations_min[needs[rows]]
            busy += list(zip(needs[rows].tolist(), starts[rows].tolist(), ends.tolist(), strict=True))
        return busy

    def clear(self, volunteer: int) -> None:
        """Empty the diary of a volunteer."""
        self._days.pop(volunteer, None)

    def place(self, need: int, volunteers: Sequence[int]) -> Placed | None:
        """Find days for a need with all who come together (positions), and write them; nothing when none fit."""
        grid, by_week = patterns(self.ask(need, volunteers))
        if not len(grid):
            return None
        duration = int(self.problem.needs.durations_min[need])
        starts, late, cost = self._starts(need, volunteers, duration)
        possible = np.flatnonzero(grid @ late.astype(np.int32) == 0)
        for volunteer in volunteers:
            minutes = by_week[possible] * (duration + self.travel_min(need, volunteer)) + self.of(volunteer).week_min
            over = (minutes > self.problem.volunteers.weekly_caps_min[volunteer]) & (by_week[possible] > 0)
            possible = possible[~over.any(axis=1)]
        if not len(possible):
            return None
        best = possible[self._best(need, grid[possible], cost)]
        days = np.flatnonzero(grid[best])
        for volunteer in volunteers:
            self._write(need, volunteer, days, starts[days], by_week[best])
        return Placed(days=days, starts_min=starts[days])

    def travel_min(self, need: int, volunteer: int) -> int:
        """Return the minutes from a volunteer's home to a need and back; 0 where travel takes no minutes."""
        params = self.problem.params
        if not params.pace_m_per_min:
            return 0
        metres = np.hypot(*(self._homes_m[need] - self._starts_m[volunteer])) * params.detour
        return round_trip_min(float(np.rint(metres)), params.pace_m_per_min)

    def _starts(self, need: int, volunteers: Sequence[int], duration: int) -> tuple[Ints, Mask, Ints]:
        """For every day: the earliest start for all, whether that is too late, and what the day costs."""
        needs, who = self.problem.needs, self.problem.volunteers
        everyone = list(volunteers)
        opens = max(int(needs.window_starts_min[need]), int(who.window_starts_min[everyone].max()))
        closes = min(int(needs.window_ends_min[need]), int(who.window_ends_min[everyone].min()))
        starts = np.full(self.problem.horizon_days, opens, dtype=np.int64)
        cost = np.zeros(self.problem.horizon_days, dtype=np.int64)
        for volunteer in volunteers:
            day = self.of(volunteer)
            walk = self._walk_min(need, day)
            pause = np.where(day.last_needs == NOWHERE, 0, np.maximum(self.problem.params.gap_min, walk))
            starts = np.maximum(starts, day.free_from_min + pause)
            cost += day.load_min + walk
        late = starts + duration > closes
        if any(self.of(volunteer).held for volunteer in volunteers):
            for when in np.flatnonzero(late).tolist():
                found = self._between(need, volunteers, when, (opens, closes - duration))
                late[when] = found is None
                starts[when] = starts[when] if found is None else found
        return starts, late, cost

    def _between(self, need: int, volunteers: Sequence[int], when: int, window_min: tuple[int, int]) -> int | None:
        """The earliest minute of a window (both ends in it) at which a visit fits between those of a day, for all."""
        busy = [visit for volunteer in volunteers for visit in self._busy(volunteer, when)]
        pauses = [self._pause_min(need, other) for other, _, _ in busy]
        duration = int(self.problem.needs.durations_min[need])
        after = (ends + pause for (_, _, ends), pause in zip(busy, pauses, strict=True))
        for start in sorted({window_min[0], *after}):
            fits = all(
                start >= ends + pause or start + duration + pause <= begins
                for (_, begins, ends), pause in zip(busy, pauses, strict=True)
            )
            if fits and window_min[0] <= start <= window_min[1]:
                return start
        return None

    def _pause_min(self, need: int, other: int) -> int:
        """Least minutes between visits of two needs."""
        params = self.problem.params
        if not params.pace_m_per_min:
            return params.gap_min
        metres = float(np.rint(np.hypot(*(self._homes_m[need] - self._homes_m[other])) * params.detour))
        return max(params.gap_min, int(np.ceil(metres / params.pace_m_per_min)))

    def _walk_min(self, need: int, day: Day) -> Ints:
        """Minutes from the last stop of every day to a need; 0 on empty days and where travel takes no minutes."""
        pace = self.problem.params.pace_m_per_min
        walk = np.zeros(len(day.last_needs), dtype=np.int64)
        busy = np.flatnonzero(day.last_needs != NOWHERE)
        if pace and len(busy):
            apart = self._homes_m[day.last_needs[busy]] - self._homes_m[need]
            metres = np.rint(np.hypot(apart[:, 0], apart[:, 1]) * self.problem.params.detour)
            walk[busy] = np.minimum(np.ceil(metres / pace), LONGEST_WALK_MIN).astype(np.int64)
        return walk

    def _best(self, need: int, grid: "np.ndarray[tuple[int, int], np.dtype[np.int32]]", cost: Ints) -> int:
        """Most visits on preferred weekdays, then least cost; equal choices are spread over the district."""
        turn = (np.arange(len(grid)) + need) % len(grid)
        is_empty = ~grid.any(axis=1)  # where nothing is due, a visit is better than none
        preferred = int(self.problem.needs.preferred_weekdays[need])
        if not preferred:
            return int(np.lexsort((turn, grid @ cost, is_empty))[0])
        weekday = (self.problem.starts_on.weekday() + np.arange(grid.shape[1])) % DAYS_A_WEEK
        off = grid @ (preferred >> weekday & 1 == 0).astype(np.int32)
        return int(np.lexsort((turn, grid @ cost, off, is_empty))[0])

    def _write(self, need: int, volunteer: int, days: Ints, starts: Ints, by_week: Ints) -> None:
        day, duration = self.of(volunteer), int(self.problem.needs.durations_min[need])
        day.load_min[days] += duration
        is_last = starts + duration > day.free_from_min[days]
        day.free_from_min[days[is_last]] = starts[is_last] + duration
        day.last_needs[days[is_last]] = need
        if self._held is not None:
            day.held.append((np.full(len(days), need), days, starts))
        day.week_min += by_week * (duration + self.travel_min(need, volunteer))

    def ask(self, need: int, volunteers: Sequence[int]) -> Ask:
        """Return the ask of a need and who comes (positions); equal needs share theirs."""
        needs, who = self.problem.needs, self.problem.volunteers
        if not self._is_plain and not self._is_untouched(need, volunteers):
            return ask_of(self.problem, need, np.array(volunteers, dtype=np.int64))
        weekdays = int(np.bitwise_and.reduce(np.append(who.weekdays[list(volunteers)], needs.weekdays[need])))
        columns = (needs.frequency_kinds, needs.frequency_counts, needs.first_days, needs.last_days)
        key = (weekdays, *(int(column[need]) for column in (*columns, needs.least_gap_days)))
        if not self._is_plain:
            key = (*key, int(needs.areas[need]), int(needs.skills[need]))
        if key not in self._asks:
            self._asks[key] = ask_of(self.problem, need, np.array(volunteers, dtype=np.int64))
        return self._asks[key]

    @cached_property
    def _touched(self) -> tuple[frozenset[int], frozenset[int]]:
        """People with an absence, and needs with a season."""
        return frozenset(self.problem.absences.person_ids.tolist()), frozenset(self.problem.seasons.need_ids.tolist())

    def _is_untouched(self, need: int, volunteers: Sequence[int]) -> bool:
        people, seasons = self._touched
        who = [int(self.problem.volunteers.ids[volunteer]) for volunteer in volunteers]
        own = int(self.problem.needs.ids[need]) in seasons or int(self.problem.needs.senior_ids[need]) in people
        return not own and people.isdisjoint(who)


def round_trip_min(distance_m: float, pace_m_per_min: float) -> int:
    """Return whole minutes there and back, rounded up."""
    return int(np.ceil(2 * distance_m / pace_m_per_min))

"""Pairs to dated visits: frequency, windows and weekly minutes kept, days of a volunteer even.

Volunteers are independent. The visits of one volunteer are placed need by need in order of the end of
their windows; each need takes, of all day patterns its frequency allows, the one that falls on the
volunteer's emptiest days. A need that no pattern fits stays undated: its order is a heuristic, so a cleverer
order could now and then have dated it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matching.frequency import due_slices, weekly_patterns
from matching.plan import Visits
from matching.problem import FrequencyKind, Ints, Problem

RULES = ("frequency", "window", "weekly_minutes", "overlap")
DAYS_A_WEEK = 7
Grid = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Dated visits, and the pairs (positions) that no days were found for."""

    visits: Visits
    undated: Ints


@dataclass(frozen=True, slots=True)
class Ask:
    """What decides on which days a pair can meet; equal asks share their patterns."""

    kind: int
    count: int
    weekdays: int
    starts_on_weekday: int
    first_day: int
    last_day: int
    horizon_days: int


def make_calendar(problem: Problem, needs: Ints, volunteers: Ints) -> Dated:
    """Date every pair (positions of needs and volunteers, shape (p,) each)."""
    ends = np.minimum(problem.needs.window_ends_min[needs], problem.volunteers.window_ends_min[volunteers])
    order = np.lexsort((problem.needs.ids[needs], ends, volunteers))
    rows: list[tuple[int, Ints, Ints]] = []
    undated = []
    diary = Diary(problem)
    for pair in order:
        if diary.volunteer != volunteers[pair]:
            diary.open(int(volunteers[pair]))
        placed = diary.place(int(needs[pair]))
        if placed is None:
            undated.append(pair)
        else:
            rows.append((pair, *placed))
    return Dated(visits=_columns(problem, needs, volunteers, rows), undated=np.array(undated, dtype=np.int64))


class Diary:
    """The days of one volunteer while they fill; opened anew for each volunteer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.volunteer = -1
        self.load_min = np.zeros(problem.horizon_days, dtype=np.int32)
        self.free_from_min = np.zeros(problem.horizon_days, dtype=np.int64)
        self.week_min = np.zeros(-(-problem.horizon_days // DAYS_A_WEEK), dtype=np.int64)

    def open(self, volunteer: int) -> None:
        """Begin with the empty days of a volunteer (position)."""
        self.volunteer = volunteer
        self.load_min[:], self.free_from_min[:], self.week_min[:] = 0, 0, 0

    def place(self, need: int) -> tuple[Ints, Ints] | None:
        """Choose days and starting minutes for a need (position); nothing when no pattern fits."""
        needs, volunteers, who = self.problem.needs, self.problem.volunteers, self.volunteer
        patterns, by_week = _patterns(self._ask(need))
        if not len(patterns):
            return None
        duration = int(needs.durations_min[need])
        starts = np.maximum(self.free_from_min, max(needs.window_starts_min[need], volunteers.window_starts_min[who]))
        late = starts + duration > min(needs.window_ends_min[need], volunteers.window_ends_min[who])
        over = (by_week * duration + self.week_min > volunteers.weekly_caps_min[who]) & (by_week > 0)
        possible = np.flatnonzero(~((patterns @ late.astype(np.int32)) > 0) & ~over.any(axis=1))
        if not len(possible):
            return None
        turn = (np.arange(len(possible)) + need) % len(possible)  # spreads equal choices over the district
        is_empty = ~patterns[possible].any(axis=1)  # where nothing is due, a visit is better than none
        best = possible[np.lexsort((turn, patterns[possible] @ self.load_min, is_empty))[0]]
        days = np.flatnonzero(patterns[best])
        at = starts[days]
        self.load_min[days] += duration
        self.free_from_min[days] = at + duration + self.problem.params.gap_min
        self.week_min += by_week[best] * duration
        return days, at

    def _ask(self, need: int) -> Ask:
        needs, problem = self.problem.needs, self.problem
        return Ask(
            int(needs.frequency_kinds[need]),
            int(needs.frequency_counts[need]),
            int(needs.weekdays[need] & problem.volunteers.weekdays[self.volunteer]),
            problem.starts_on.weekday(),
            max(0, int(needs.first_days[need])),
            min(problem.horizon_days, int(needs.last_days[need])),
            problem.horizon_days,
        )


@lru_cache(maxsize=512)  # a year of days makes half a megabyte a pattern table
def _patterns(ask: Ask) -> tuple[Grid, Grid]:
    """Every choice of days for an ask: shape (patterns, days) of 0 and 1, and (patterns, weeks) of counts."""
    allowed = [
        day
        for day in range(ask.first_day, ask.last_day)
        if ask.weekdays >> ((ask.starts_on_weekday + day) % DAYS_A_WEEK) & 1
    ]
    match FrequencyKind(ask.kind):
        case FrequencyKind.EVERY_N_DAYS:
            choices = _every_n_days(ask, allowed)
        case FrequencyKind.TIMES_PER_WEEK:
            choices = _times_per_week(ask, allowed)
        case FrequencyKind.TIMES_PER_MONTH:
            choices = _times_per_month(ask, allowed)
        case _:
            choices = [[day] for day in allowed] if ask.first_day < ask.last_day else [[]]  # nothing is due
    grid = np.zeros((len(choices), ask.horizon_days), dtype=np.int32)
    for row, days in enumerate(choices):
        grid[row, days] = 1
    weeks = -(-ask.horizon_days // DAYS_A_WEEK)
    padded = np.zeros((len(choices), weeks * DAYS_A_WEEK), dtype=np.int32)
    padded[:, : ask.horizon_days] = grid
    return grid, padded.reshape(len(choices), weeks, DAYS_A_WEEK).sum(axis=2)


def _every_n_days(ask: Ask, allowed: list[int]) -> list[list[int]]:
    """For each phase: the latest allowed day that is at most n days after the one before."""
    choices = []
    for phase in range(ask.count):
        days: list[int] = []
        due = ask.first_day + phase
        while due < ask.last_day:
            latest = [day for day in allowed if (days[-1] if days else -1) < day <= due]
            if not latest:
                break
            days.append(latest[-1])
            due = latest[-1] + ask.count
        else:
            is_spare = len(days) > 1 and days[1] - ask.first_day < ask.count  # the second visit is early enough
            if days not in choices and not is_spare:
                choices.append(days)
    return choices


def _times_per_week(ask: Ask, allowed: list[int]) -> list[list[int]]:
    """The same weekdays in every week."""
    weekday = {day: (ask.starts_on_weekday + day) % DAYS_A_WEEK for day in allowed}
    return [[day for day in allowed if weekday[day] in chosen] for chosen in weekly_patterns(ask.weekdays, ask.count)]


def _times_per_month(ask: Ask, allowed: list[int]) -> list[list[int]]:
    """One day in each due slice, on a regular weekday where the slice has it."""
    choices = []
    slices = due_slices(ask.kind, ask.count, ask.first_day, ask.last_day)
    for weekday in range(DAYS_A_WEEK):
        days = []
        for start, end in slices:
            inside = [day for day in allowed if start <= day < end]
            regular = [day for day in inside if (ask.starts_on_weekday + day) % DAYS_A_WEEK == weekday]
            if not inside:
                return []
            days.append(min(regular or inside, key=lambda day: (abs(2 * day - start - end), day)))  # used at once
        if days not in choices:
            choices.append(days)
    return choices


def _columns(problem: Problem, needs: Ints, volunteers: Ints, rows: list[tuple[int, Ints, Ints]]) -> Visits:
    """Join the placed pairs to columns, ordered by day, volunteer and start."""
    nothing = [np.empty(0, dtype=np.int64)]
    pairs = np.repeat(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([len(row[1]) for row in rows], dtype=np.int64),
    )
    days = np.concatenate([row[1] for row in rows] or nothing)
    starts = np.concatenate([row[2] for row in rows] or nothing)
    order = np.lexsort((starts, volunteers[pairs], days))
    pairs = pairs[order]
    return Visits(
        need_ids=problem.needs.ids[needs[pairs]],
        volunteer_ids=problem.volunteers.ids[volunteers[pairs]],
        days=days[order],
        starts_min=starts[order],
        durations_min=problem.needs.durations_min[needs[pairs]],
    )

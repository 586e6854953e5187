"""When a visit is due, with seasons, suspended days and absences: definitions for those who plan and for the judge.

Words. A day is *allowed* when its weekday suits the need and everyone who comes. It is *closed* when the senior is
away or visits are suspended there. It is *open* when it is allowed and not closed, and *usable* when it is open
and everyone who comes is there. A season gives a need another frequency for a span of days; each span is asked for
itself. Where one of two spans counts by the week, the week in which they meet belongs to the earlier one.

What is due on closed days only is dropped, or made up on the first open day after or the last one before, as the
first closed day says. Every n days counts the days that are not closed and dropped.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from matching.columns import Ints
from matching.frequency import DAYS_A_WEEK, due_slices, least_distance_days
from matching.problem import Problem
from matching.tables import EVERY_AREA, EVERY_SKILL, FrequencyKind, MakeUp


@dataclass(frozen=True, slots=True)
class Span:
    """Days (half-open) with one frequency."""

    first_day: int
    last_day: int
    kind: int
    count: int


@dataclass(frozen=True, slots=True)
class Ask:
    """All that decides on which days a need and who comes can meet; equal asks have equal answers."""

    spans: tuple[Span, ...]
    weekdays: int  # bit set that suits all, bit 0 is Monday
    starts_on_weekday: int  # of day 0
    horizon_days: int
    closed: tuple[tuple[int, int], ...] = ()  # day, MakeUp; ordered
    absent: tuple[int, ...] = ()  # days on which someone who comes is away; ordered
    least_gap_days: int = 0

    @property
    def first_day(self) -> int:
        """First day of all spans; 0 without one."""
        return self.spans[0].first_day if self.spans else 0

    @property
    def last_day(self) -> int:
        """Day after all spans; 0 without one."""
        return self.spans[-1].last_day if self.spans else 0

    def is_allowed(self, day: int) -> bool:
        """Tell whether the weekday suits."""
        return bool(self.weekdays >> ((self.starts_on_weekday + day) % DAYS_A_WEEK) & 1)

    def make_up(self, day: int) -> MakeUp | None:
        """Return what becomes of a visit due on a closed day; nothing for a day that is not closed."""
        return next((MakeUp(rule) for closed, rule in self.closed if closed == day), None)

    def is_open(self, day: int) -> bool:
        """Tell whether a visit could be held if whoever comes were there."""
        return self.is_allowed(day) and self.make_up(day) is None

    def is_usable(self, day: int) -> bool:
        """Tell whether a visit can be held."""
        return self.is_open(day) and day not in self.absent

    def least_gap(self, span: Span) -> int:
        """Return the least days between two visits of a span."""
        own = least_distance_days(span.count) if span.kind == FrequencyKind.TIMES_PER_WEEK else 1
        return max(1, self.least_gap_days or own)


@dataclass(frozen=True, slots=True)
class Due:
    """So many visits due in days (half-open). ``is_made_up``: instead of one that fell on closed days."""

    start: int
    end: int
    count: int = 1
    is_made_up: bool = False


def spans_of(problem: Problem, need: int) -> tuple[Span, ...]:
    """Return the spans of the need at a position within the horizon: its seasons, and its own frequency between."""
    needs, seasons = problem.needs, problem.seasons
    first, last = max(0, int(needs.first_days[need])), min(problem.horizon_days, int(needs.last_days[need]))
    own = (int(needs.frequency_kinds[need]), int(needs.frequency_counts[need]))
    spans, day = [], first
    rows = np.flatnonzero(seasons.need_ids == needs.ids[need]) if len(seasons) else np.empty(0, dtype=np.int64)
    for row in rows[np.argsort(seasons.first_days[rows], kind="stable")].tolist():
        begins, ends = max(day, int(seasons.first_days[row])), min(last, int(seasons.last_days[row]))
        if begins < ends:
            spans += [Span(day, begins, *own)] if day < begins else []
            spans.append(Span(begins, ends, int(seasons.frequency_kinds[row]), int(seasons.frequency_counts[row])))
            day = ends
    spans += [Span(day, last, *own)] if day < last else []
    return meet_between_weeks(spans)


def meet_between_weeks(spans: list[Span]) -> tuple[Span, ...]:
    """Move the day on which two spans meet to the end of its week of the horizon, where one counts by the week."""
    met: list[Span] = []
    for span in spans:
        first = max(span.first_day, met[-1].last_day) if met else span.first_day
        if met and FrequencyKind.TIMES_PER_WEEK in (met[-1].kind, span.kind):
            first = min(-(-first // DAYS_A_WEEK) * DAYS_A_WEEK, spans[-1].last_day)
        if met:
            met[-1] = replace(met[-1], last_day=max(first, met[-1].last_day))
        if first < span.last_day:
            met.append(replace(span, first_day=first))
    return tuple(met)


def closed_days(problem: Problem, need: int) -> tuple[tuple[int, int], ...]:
    """Return the closed days of the need at a position with what becomes of its visits; away is dropped."""
    closed: dict[int, int] = {}
    stopped, senior = problem.suspensions, int(problem.needs.senior_ids[need])
    area, skill = int(problem.needs.areas[need]), int(problem.needs.skills[need])
    if len(stopped):
        here = (stopped.areas == EVERY_AREA) | (stopped.areas == area)
        here &= (stopped.skills == EVERY_SKILL) | (stopped.skills == skill)
        for row in np.flatnonzero(here).tolist():
            closed.setdefault(int(stopped.days[row]), int(stopped.make_ups[row]))
    for day in absent_days(problem, senior):
        closed[day] = int(MakeUp.DROP)
    return tuple(sorted(closed.items()))


def absent_days(problem: Problem, person_id: int) -> tuple[int, ...]:
    """Return the days of the horizon on which a person is away, ordered."""
    away = problem.absences
    if not len(away):
        return ()
    days: set[int] = set()
    for row in np.flatnonzero(away.person_ids == person_id).tolist():
        days |= set(range(max(0, int(away.first_days[row])), min(problem.horizon_days, int(away.last_days[row]))))
    return tuple(sorted(days))


def ask_of(problem: Problem, need: int, volunteers: Ints) -> Ask:
    """Return what a need (position) asks of those who come to it together (positions, shape (k,))."""
    needs, who = problem.needs, problem.volunteers
    weekdays = int(needs.weekdays[need])
    for volunteer in volunteers.tolist():
        weekdays &= int(who.weekdays[volunteer])
    absent = {day for volunteer in volunteers.tolist() for day in absent_days(problem, int(who.ids[volunteer]))}
    return Ask(
        spans=spans_of(problem, need),
        weekdays=weekdays,
        starts_on_weekday=problem.starts_on.weekday(),
        horizon_days=problem.horizon_days,
        closed=closed_days(problem, need),
        absent=tuple(sorted(absent)),
        least_gap_days=int(needs.least_gap_days[need]),
    )


@lru_cache(maxsize=4096)
def dues(ask: Ask, span: Span) -> tuple[Due, ...]:
    """Return what is due in a span, in order; nothing for every n days, whose rule is about gaps.

    A week without a closed day asks for all its visits at once; in a week with one each part asks for its own.
    """
    if span.kind == FrequencyKind.EVERY_N_DAYS:
        return ()
    if span.kind != FrequencyKind.TIMES_PER_WEEK:
        slices = due_slices(span.kind, span.count, span.first_day, span.last_day)
        return tuple(due for part in slices for due in _kept(ask, *part))
    found: list[Due] = []
    for start in week_starts(span):
        end = start + DAYS_A_WEEK
        if not has_closed_day(ask, start):
            found.append(Due(start, end, span.count))
        else:
            parts = due_slices(span.kind, span.count, start, end)
            found += [due for part in parts for due in _kept(ask, *part)]
    return tuple(found)


def week_starts(span: Span) -> range:
    """Return the first days of the weeks of the horizon that lie whole in a span."""
    first = -(-span.first_day // DAYS_A_WEEK) * DAYS_A_WEEK
    return range(first, max(first, span.last_day - DAYS_A_WEEK + 1), DAYS_A_WEEK)


def has_closed_day(ask: Ask, week_start: int) -> bool:
    """Tell whether an allowed day of a week (by its first day) is closed, so that its visits may move."""
    week = range(week_start, week_start + DAYS_A_WEEK)
    return bool(ask.closed) and any(ask.is_allowed(day) and ask.make_up(day) is not None for day in week)


def least_between(ask: Ask, span: Span, earlier: int, later: int) -> int:
    """Return the least days between two visits of a span.

    A need's own least gap gives way only where closed days move a visit; the distance that a number of visits a week
    has by itself also where someone is away.
    """
    weeks = {day // DAYS_A_WEEK * DAYS_A_WEEK for day in (earlier, later)}
    made_up = {due.start for other in ask.spans for due in dues(ask, other) if due.is_made_up} if ask.closed else set()
    if {earlier, later} & made_up or any(has_closed_day(ask, week) for week in weeks):
        return 1
    if any(day // DAYS_A_WEEK * DAYS_A_WEEK in weeks for day in ask.absent if ask.is_allowed(day)):
        return max(1, ask.least_gap_days)
    return ask.least_gap(span)


def is_whole_week(span: Span, due: Due) -> bool:
    """Tell whether what is due are all visits of a week that has no closed day."""
    return span.kind == FrequencyKind.TIMES_PER_WEEK and due.end - due.start == DAYS_A_WEEK


def _kept(ask: Ask, start: int, end: int) -> list[Due]:
    """One visit due in a slice of days, or what becomes of it when all its days are closed."""
    allowed = [day for day in range(start, end) if ask.is_allowed(day)]
    if not allowed or any(ask.make_up(day) is None for day in allowed):
        return [Due(start, end)]
    day = made_up_on(ask, ask.make_up(allowed[0]), start, end)
    return [] if day is None else [Due(day, day + 1, is_made_up=True)]


def made_up_on(ask: Ask, rule: MakeUp | None, start: int, end: int) -> int | None:
    """Return the day on which a visit due in closed days (half-open) is held; nothing when it is dropped."""
    if rule == MakeUp.LATER:
        return next((day for day in range(end, ask.last_day) if ask.is_open(day)), None)
    if rule == MakeUp.EARLIER:
        return next((day for day in range(start - 1, ask.first_day - 1, -1) if ask.is_open(day)), None)
    return None


def counted_days(ask: Ask, start: int, end: int) -> int:
    """Count the days after ``start`` up to ``end`` that are not closed and dropped."""
    return sum(ask.make_up(day) != MakeUp.DROP for day in range(start + 1, end + 1)) if ask.closed else end - start


def due_day(ask: Ask, span: Span, after: int) -> int:
    """Return the day that is n counted days after another: the latest for the next visit of every n days."""
    if not ask.closed:
        return after + span.count
    day = after
    for _ in range(span.count):
        day += 1
        while ask.make_up(day) == MakeUp.DROP:
            day += 1
    return day


def is_gap_kept(ask: Ask, span: Span, after: int, visit: int) -> bool:
    """Tell whether a visit (or the day after the span) is soon enough after another, for every n days.

    It may be later than n counted days when the due day is closed and the visit is on the first usable day after.
    """
    due = due_day(ask, span, after)
    if visit <= due:
        return True
    if ask.make_up(due) is None:
        return False
    if any(ask.is_open(day) for day in range(due, min(visit, span.last_day))):
        return False
    return ask.make_up(due) == MakeUp.LATER or not any(ask.is_usable(day) for day in range(after + 1, due))


@lru_cache(maxsize=4096)
def _slices(ask: Ask) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for span in ask.spans:
        for part in due_slices(span.kind, span.count, span.first_day, span.last_day):
            found += [(due.start, due.end) for due in _kept(ask, *part) if (due.start, due.end) not in found]
    return tuple(sorted(found))


def slot_slices(problem: Problem, need: int) -> tuple[tuple[int, int], ...]:
    """Return half-open slices of days, one booking due in each, for the need (position) that slots meet.

    Every n days asks for one in each slice of n days. A slice whose days are all closed is dropped or made up.
    """
    return _slices(ask_of(problem, need, np.empty(0, dtype=np.int64)))

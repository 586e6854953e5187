"""Choices of days for an ask: every regular way to hold what is due, bent where days are closed or someone is away."""

from functools import lru_cache
from itertools import chain, combinations, pairwise, product

import numpy as np
from numpy.typing import NDArray

from matching.due import (
    Ask,
    Due,
    Span,
    due_day,
    dues,
    is_gap_kept,
    is_whole_week,
    least_between,
    week_starts,
)
from matching.frequency import DAYS_A_WEEK, weekly_patterns
from matching.tables import FrequencyKind

Grid = NDArray[np.int32]
Days = tuple[int, ...]
MOST_PATTERNS = 400


@lru_cache(maxsize=512)  # a year of days makes half a megabyte a pattern table
def patterns(ask: Ask) -> tuple[Grid, Grid]:
    """Return every choice of days: shape (patterns, days) of 0 and 1, and (patterns, weeks) of counts."""
    choices = _choices(ask)
    grid = np.zeros((len(choices), ask.horizon_days), dtype=np.int32)
    for row, days in enumerate(choices):
        grid[row, list(days)] = 1
    weeks = -(-ask.horizon_days // DAYS_A_WEEK)
    padded = np.zeros((len(choices), weeks * DAYS_A_WEEK), dtype=np.int32)
    padded[:, : ask.horizon_days] = grid
    return grid, padded.reshape(len(choices), weeks, DAYS_A_WEEK).sum(axis=2)


def _choices(ask: Ask) -> list[Days]:
    """Join the choices of all spans; where there are several spans, those that keep the same weekdays come first."""
    if not ask.spans:
        return [()]  # nothing is due
    by_span = [_of_span(ask, span) for span in ask.spans]
    if len(by_span) == 1:
        return by_span[0][:MOST_PATTERNS]
    joined = [tuple(sorted({*chain(*chosen)})) for chosen in product(*(some[:12] for some in by_span))]
    kept = [days for days in joined if _is_spread(ask, days)]
    return sorted(kept, key=lambda days: (len({day % DAYS_A_WEEK for day in days}), days))[:MOST_PATTERNS]


def _is_spread(ask: Ask, days: Days) -> bool:
    """Whether visits of different spans keep the need's own least gap, where it has one."""
    return all(later - earlier >= max(1, ask.least_gap_days) for earlier, later in pairwise(days))


def _of_span(ask: Ask, span: Span) -> list[Days]:
    match FrequencyKind(span.kind):
        case FrequencyKind.EVERY_N_DAYS:
            found = _every_n_days(ask, span)
        case FrequencyKind.TIMES_PER_WEEK:
            found = _times_per_week(ask, span)
        case FrequencyKind.TIMES_PER_MONTH:
            found = _times_per_month(ask, span)
        case _:
            found = _once(ask, span)
    return list(dict.fromkeys(found))


def _every_n_days(ask: Ask, span: Span) -> list[Days]:
    """For each phase: the latest usable day that is soon enough after the one before."""
    choices = []
    for phase in range(span.count):
        days: list[int] = []
        after, due = span.first_day - 1, span.first_day + phase
        while due < span.last_day:
            day = _held_by(ask, span, after, due, days[-1] if days else span.first_day - 1)
            if day is None or not is_gap_kept(ask, span, after, day):
                break
            if day < span.last_day:
                days.append(day)
            after, due = day, due_day(ask, span, day)
        else:
            is_spare = len(days) > 1 and is_gap_kept(
                ask, span, span.first_day - 1, days[1]
            )  # the second is early enough
            choices += [] if is_spare else [tuple(days)]
    return choices


def _held_by(ask: Ask, span: Span, after: int, due: int, last_visit: int) -> int | None:
    """The day on which a visit due by a day is held: as late as it can be, or made up after closed days."""
    earliest = max(after + 1, last_visit + ask.least_gap(span)) if last_visit >= span.first_day else after + 1
    if ask.make_up(due) is None or any(ask.is_usable(day) for day in range(earliest, due)):
        return next((day for day in range(due, earliest - 1, -1) if ask.is_usable(day)), None)
    return next((day for day in range(due, span.last_day) if ask.is_usable(day)), span.last_day)


def _times_per_week(ask: Ask, span: Span) -> list[Days]:
    """The same weekdays in every week; who cannot come on one of them comes on another day of that week."""
    whole = week_starts(span)
    edges = [day for day in range(span.first_day, span.last_day) if day // DAYS_A_WEEK * DAYS_A_WEEK not in whole]
    chosen_by = weekly_patterns(ask.weekdays, span.count)
    if ask.least_gap_days:
        chosen_by = tuple(some for some in chosen_by if _is_apart(some, ask.least_gap_days))
    choices = []
    for weekdays in chosen_by:
        regular = frozenset(weekdays)
        days = _fill(ask, span, regular)
        if days is not None and _are_apart(ask, span, days):
            beside = [day for day in edges if _weekday(ask, day) in regular and ask.is_usable(day)]
            choices.append(tuple(sorted({*days, *beside})))
    return choices


def _are_apart(ask: Ask, span: Span, days: list[int]) -> bool:
    """Whether the least days lie between all visits."""
    return all(later - earlier >= least_between(ask, span, earlier, later) for earlier, later in pairwise(days))


def _is_apart(weekdays: Days, least_days: int) -> bool:
    around = zip(weekdays, weekdays[1:] + weekdays[:1], strict=True)
    return len(weekdays) == 1 or all((b - a) % DAYS_A_WEEK >= least_days for a, b in around)


def _weekday(ask: Ask, day: int) -> int:
    return (ask.starts_on_weekday + day) % DAYS_A_WEEK


def _fill(ask: Ask, span: Span, regular: frozenset[int]) -> list[int] | None:
    """Hold everything due, on regular weekdays where it can be; nothing when something cannot be held."""
    days: list[int] = []
    for due in dues(ask, span):
        if due.is_made_up and due.start in days:
            continue  # a visit is held that day anyway
        inside = [day for day in range(due.start, due.end) if ask.is_usable(day) and day not in days]
        held = _held(ask, span, due, inside, regular)
        if held is None:
            return None
        days += held
    return sorted(days)


def _held(ask: Ask, span: Span, due: Due, inside: list[int], regular: frozenset[int]) -> tuple[int, ...] | None:
    """Of the days inside, those on which what is due is held: as many regular ones as can be."""
    on_time = tuple(day for day in inside if _weekday(ask, day) in regular)
    if due.count == 1 and not is_whole_week(span, due):
        best = min(on_time or inside, key=lambda day: (abs(2 * day - due.start - due.end), day), default=None)
        return None if best is None else (best,)
    if len(on_time) == due.count:
        return on_time
    apart = [
        some
        for some in combinations(inside, due.count)
        if all(later - earlier >= ask.least_gap(span) for earlier, later in pairwise(some))
    ]
    return min(apart, key=lambda some: (-len(set(some) & set(on_time)), some), default=None)


def _times_per_month(ask: Ask, span: Span) -> list[Days]:
    """One day in each due slice, on a regular weekday where the slice has it."""
    every = [_fill(ask, span, frozenset({weekday})) for weekday in range(DAYS_A_WEEK)]
    return [tuple(days) for days in every if days is not None and _are_apart(ask, span, days)]


def _once(ask: Ask, span: Span) -> list[Days]:
    """Any usable day; or the one it is made up on; or nothing when it is dropped."""
    wanted = dues(ask, span)
    if not wanted:
        return [()]
    return [(day,) for due in wanted for day in range(due.start, due.end) if ask.is_usable(day)]

"""What a frequency asks for: the days of the horizon on which, or slices in which, a visit is due.

These are definitions, used by those who plan and by the judge alike.
"""

from functools import cache, lru_cache
from itertools import combinations
from math import ceil

from matching.problem import FrequencyKind

DAYS_A_WEEK = 7
DAYS_A_MONTH = 30
NEVER = 10**6
"""Longest gap of a set without a day: longer than any frequency asks."""


@cache
def longest_gap_days(weekdays: int) -> int:
    """Return the most days from one allowed weekday to the next, round the week; ``NEVER`` for none."""
    days = [day for day in range(DAYS_A_WEEK) if weekdays >> day & 1]
    if not days:
        return NEVER
    return max((there - here - 1) % DAYS_A_WEEK + 1 for here, there in zip(days, days[1:] + days[:1], strict=True))


def least_distance_days(times_a_week: int) -> int:
    """Return the least days between two of so many visits a week: floor(7 / times)."""
    return max(1, DAYS_A_WEEK // times_a_week)


@cache
def weekly_patterns(weekdays: int, times: int) -> tuple[tuple[int, ...], ...]:
    """Return every choice of ``times`` allowed weekdays that keeps the least distance round the week."""
    days = [day for day in range(DAYS_A_WEEK) if weekdays >> day & 1]
    distance = least_distance_days(times)
    return tuple(
        chosen
        for chosen in combinations(days, times)
        if times == 1
        or all((b - a) % DAYS_A_WEEK >= distance for a, b in zip(chosen, chosen[1:] + chosen[:1], strict=True))
    )


def can_be_dated(kind: int, count: int, weekdays: int) -> bool:
    """Tell whether a frequency fits a set of weekdays at all."""
    if kind == FrequencyKind.EVERY_N_DAYS:
        return longest_gap_days(weekdays) <= count
    if kind == FrequencyKind.TIMES_PER_WEEK:
        return bool(weekly_patterns(weekdays, count))
    return weekdays != 0


@lru_cache(maxsize=4096)
def due_slices(kind: int, count: int, first_day: int, last_day: int) -> tuple[tuple[int, int], ...]:
    """Return half-open slices of days, one visit due in each.

    Every n days: slices of n days, a shorter rest asks for nothing. Times a week: each whole week of the
    horizon in equal parts. Times a month: ceil(times x days / 30) equal parts. Once: one slice.
    """
    if last_day <= first_day:
        return ()
    if kind == FrequencyKind.EVERY_N_DAYS:
        return tuple((day, day + count) for day in range(first_day, last_day - count + 1, count))
    if kind == FrequencyKind.TIMES_PER_WEEK:
        weeks = range(-(-first_day // DAYS_A_WEEK), last_day // DAYS_A_WEEK)
        return tuple(part for week in weeks for part in _parts(week * DAYS_A_WEEK, (week + 1) * DAYS_A_WEEK, count))
    if kind == FrequencyKind.TIMES_PER_MONTH:
        return _parts(first_day, last_day, ceil(count * (last_day - first_day) / DAYS_A_MONTH))
    return ((first_day, last_day),)


def _parts(start: int, end: int, count: int) -> tuple[tuple[int, int], ...]:
    """Cut [start, end) into ``count`` parts of whole days, as equal as they can be."""
    length = end - start
    return tuple((start + length * n // count, start + length * (n + 1) // count) for n in range(count))

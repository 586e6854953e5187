"""What the readings of many meters say by the rules: columns in, hours of trouble out; knows no database.

A matrix has a row for each meter and a column for each hour of the district's clock: the litres that the meter had
counted in that hour, or -1 where nothing is known. A rule looks at both ends of a window of hours, so a reading between
them that is missing or late changes nothing; where an end is missing nothing is claimed.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from timebank.alarms.meter_rules import MeterRule, MeterRules

HOURS_A_DAY = 24
NEAR_H = 24
"""Readings this far apart are neighbours by which a slip of a meter is told."""
UNKNOWN = -1
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Meters by hours: what they counted, in which streets they are, and when nobody is at home.

    ``first_hour`` is the hour of the first column, counted as :func:`hour_number` does.
    """

    first_hour: int
    counts: Counts
    streets: tuple[str, ...]
    is_away: Flags


def hour_number(day: date, hour: int) -> int:
    """Number of an hour of the district's clock: days of the calendar times 24, and the hour."""
    return day.toordinal() * HOURS_A_DAY + hour


def merged(old: Counts, new: Counts) -> Counts:
    """Return what stands after more readings: of two of one hour the lesser, which is nearer to its beginning.

    So in whatever order they come, and however often, the same stands at the end.
    """
    both = (old >= 0) & (new >= 0)
    return np.where(both, np.minimum(old, new), np.maximum(old, new))


def without_slips(counts: Counts) -> Counts:
    """Set aside single readings that cannot be: one that falls and rises again at once, or rises and falls again."""
    before, before_at = _previous(counts)
    after, after_at = _following(counts)
    here = np.broadcast_to(np.arange(counts.shape[1]), counts.shape)
    has_both = (counts >= 0) & (before >= 0) & (after >= 0)
    has_both &= (here - before_at <= NEAR_H) & (after_at - here <= NEAR_H) & (after >= before)
    slips = has_both & ((counts < before) | (counts > after))
    return np.where(slips, UNKNOWN, counts)


def _previous(counts: Counts) -> tuple[Counts, Counts]:
    """Return, for each hour, the last known count before it and where that stands; -1 where there is none."""
    columns = np.arange(counts.shape[1])
    known_at = np.maximum.accumulate(np.where(counts >= 0, columns, -1), axis=1)
    at = np.full(counts.shape, -1, dtype=np.int64)
    at[:, 1:] = known_at[:, :-1]
    return np.where(at >= 0, np.take_along_axis(counts, np.maximum(at, 0), axis=1), UNKNOWN), at


def _following(counts: Counts) -> tuple[Counts, Counts]:
    values, at = _previous(counts[:, ::-1])
    last = counts.shape[1] - 1
    return values[:, ::-1], np.where(at >= 0, last - at, counts.shape[1] + NEAR_H)[:, ::-1]


@dataclass(frozen=True, slots=True)
class Flow:
    """What flowed: the counts without slips, how often they broke off until each hour, and litres of each hour."""

    counts: Counts
    breaks: Counts
    litres: Counts


def flow_of(counts: Counts, most_flow_l_per_h: int) -> Flow:
    """Return what flowed. A count that falls, or rises by more than a pipe can carry, breaks off what was counted."""
    kept = without_slips(counts)
    before, before_at = _previous(kept)
    known = kept >= 0
    rise = kept - before
    hours = np.arange(kept.shape[1]) - before_at
    broken = known & (before >= 0) & ((rise < 0) | (rise > most_flow_l_per_h * hours))
    by_hour = np.where(known & (before >= 0) & ~broken & (hours == 1), rise, UNKNOWN)
    return Flow(kept, np.cumsum(broken, axis=1), by_hour)


def covered(window: Window, rules: MeterRules) -> dict[str, Flags]:
    """Return for each code the hours that lie in a look-back of its rule that found trouble, meters by hours."""
    flow = flow_of(window.counts, rules.most_flow_l_per_h)
    covers = {}
    for code in rules.codes:
        covers[code] = np.zeros(window.counts.shape, dtype=bool)
        for rule, holds in _holding(window, rules, code):
            covers[code] |= _spread(_found(window, flow, rule) & holds, rule.hours)
    return covers


def _found(window: Window, flow: Flow, rule: MeterRule) -> Flags:
    """Tell for each hour whether the look-back that ends with it found trouble.

    A window of n hours that ends with hour e goes from the count of hour e + 1 - n to that of hour e + 1: a count
    stands at the beginning of its hour.
    """
    n, hours = rule.hours, window.counts.shape[1]
    found = np.zeros(window.counts.shape, dtype=bool)
    if hours <= n:
        return found
    first, last = flow.counts[:, :-n], flow.counts[:, n:]
    known = (first >= 0) & (last >= 0) & (flow.breaks[:, n:] == flow.breaks[:, :-n])
    if rule.test == "never_still":
        ran = np.cumsum(flow.litres >= rule.litres, axis=1)
        found[:, n - 1 : -1] = known & (ran[:, n:] - ran[:, :-n] == n)
        return found
    used = last - first
    found[:, n - 1 : -1] = known & (used < rule.litres if rule.test == "less" else used > rule.litres)
    if rule.respects_away:
        found &= ~_any_of_last(window.is_away, n)
    return found


def _any_of_last(flags: Flags, hours: int) -> Flags:
    """Tell for each hour whether one of the last so many, itself among them, is flagged."""
    total = np.cumsum(flags, axis=1)
    before = np.zeros_like(total)
    before[:, hours:] = total[:, :-hours]
    return total > before


def _spread(found: Flags, hours: int) -> Flags:
    """Flag every hour of the look-backs that end with flagged hours."""
    return _any_of_last(found[:, ::-1], hours)[:, ::-1]


def _holding(window: Window, rules: MeterRules, code: str) -> list[tuple[MeterRule, Flags]]:
    """Return the rules of a code that hold anywhere in the window, each with where and when (meters by hours)."""
    days = np.arange(window.first_hour, window.first_hour + window.counts.shape[1]) // HOURS_A_DAY
    streets = np.array(window.streets)
    where: dict[MeterRule, Flags] = {}
    for street in sorted(set(window.streets)):
        rows = streets == street
        for day in np.unique(days).tolist():
            rule = rules.in_force(code, street, date.fromordinal(day))
            if rule is not None:
                holds = where.setdefault(rule, np.zeros(window.counts.shape, dtype=bool))
                holds |= rows[:, None] & (days == day)[None, :]
    return list(where.items())

"""Days out of pattern: more minutes than a giver's own days and everybody's, or at hours that nobody keeps.

The measure is the robust z-score, 0.6745 (x - median) / MAD, once against the giver's own days before and once against
everybody's; both must be beyond the limit. A new giver without a history of their own is not measured. Medians and
not means, so that a few strange days do not hide each other (Iglewicz and Hoaglin 1993).
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from sqlalchemy import Date, bindparam, text
from sqlmodel import Session

from timebank.visits.limits import Limits
from timebank.visits.patterns import SHANGHAI_S, Found, stints

HISTORY_DAYS = 90
TO_NORMAL = 0.6745
"""MAD of a normal distribution in standard deviations."""
DAYS = f"""
SELECT giver_id, day, SUM(ends_s - begins_s) / 60 AS minutes,
    MIN(begins_s + {SHANGHAI_S}) / 60 % 1440 AS begins_min, MIN(visit_id) AS visit_id
FROM stint GROUP BY giver_id, day ORDER BY giver_id, day"""


class Pattern(NamedTuple):
    """Middle and spread of some days."""

    middle: float
    spread: float

    def z(self, value: float) -> float:
        """Return the robust z-score of a value."""
        return TO_NORMAL * (value - self.middle) / self.spread


class Day(NamedTuple):
    """What a giver gave on a day: minutes, and the minute of the day at which they began."""

    giver_id: int
    day: date
    minutes: int
    begins_min: int
    visit_id: int | None


def unusual_days(session: Session, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield the days (half-open) that are out of pattern, of each kind no more than the limit, the farthest first."""
    days = _days(session, from_day - timedelta(days=HISTORY_DAYS), to_day)
    for kind, is_two_sided in (("minutes", False), ("hours", True)):
        found = sorted(_unusual(days, kind, from_day, limits, is_two_sided=is_two_sided), key=_farthest)
        yield from found[: limits.findings]


def pattern_of(values: list[int], least_spread: float) -> Pattern:
    """Return median and MAD; a spread below the least counts as that, so that an even life is no crime."""
    middle = median(values)
    return Pattern(middle, max(least_spread, median([abs(value - middle) for value in values])))


def _unusual(days: list[Day], kind: str, from_day: date, limits: Limits, *, is_two_sided: bool) -> Iterator[Found]:
    value_of = attrgetter("minutes" if kind == "minutes" else "begins_min")
    before = [value_of(day) for day in days if day.day < from_day]
    if len(before) < limits.pattern_days:
        return
    peers, limit = pattern_of(before, limits.pattern_spread_min), limits.robust_z_tenths / 10
    for own_days in _by_giver(days):
        split = bisect_left([day.day for day in own_days], from_day)
        if split < limits.pattern_days or split == len(own_days):
            continue
        own = pattern_of([value_of(day) for day in own_days[:split]], limits.pattern_spread_min)
        for day in own_days[split:]:
            of_own, of_peers = own.z(value_of(day)), peers.z(value_of(day))
            is_far = of_own > limit and of_peers > limit
            if is_far or (is_two_sided and of_own < -limit and of_peers < -limit):
                numbers = {
                    "value_min": value_of(day),
                    "own_median_min": round(own.middle),
                    "own_spread_min": round(own.spread),
                    "own_z_tenths": round(of_own * 10),
                    "peers_median_min": round(peers.middle),
                    "peers_spread_min": round(peers.spread),
                    "peers_z_tenths": round(of_peers * 10),
                }
                yield Found(kind, f"{kind}:{day.giver_id}:{day.day}", day.giver_id, day.visit_id, day.day, numbers)


def _farthest(found: Found) -> tuple[int, str]:
    return -abs(found.numbers["own_z_tenths"]), found.key


def _by_giver(days: list[Day]) -> Iterator[list[Day]]:
    own: list[Day] = []
    for day in days:
        if own and own[-1].giver_id != day.giver_id:
            yield own
            own = []
        own.append(day)
    if own:
        yield own


def _days(session: Session, from_day: date, to_day: date) -> list[Day]:
    connection = session.connection()
    asked = text(f"WITH {stints(connection.dialect.name)}{DAYS}").bindparams(
        bindparam("from_day", type_=Date), bindparam("to_day", type_=Date)
    )
    rows = connection.execute(asked.columns(day=Date), {"from_day": from_day, "to_day": to_day})
    return [Day(row.giver_id, row.day, int(row.minutes), int(row.begins_min), row.visit_id) for row in rows]

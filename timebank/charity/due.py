"""What each need asks for in a week, as it can be held against what was done: whole visits, in minutes.

A service that comes more often than once a week is due as often as it surely falls into any week; one that comes less
often is due when its time since the last one is over, and stays due until it was given. Days that are suspended and
dropped ask for nothing, and seasons change how often.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Row, or_, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.planning.seasons import days_of
from timebank.planning.suspensions import SUSPENSION
from timebank.planning.tables import Season

WEEK_DAYS, MONTH_DAYS = 7, 30


class Rhythm(NamedTuple):
    """How often: kind and count as needs have them."""

    kind: str
    number: int

    @property
    def period_days(self) -> Fraction:
        """Days from one to the next; a single one has no next."""
        by_kind = {
            "every_n_days": Fraction(self.number),
            "per_week": Fraction(WEEK_DAYS, self.number),
            "per_month": Fraction(MONTH_DAYS, self.number),
        }
        return by_kind.get(self.kind, Fraction(0))


class Calendar:
    """The seasons and suspended days of a week, read once."""

    def __init__(self, session: Session, week: date) -> None:
        self.week = week
        self.days = tuple(week + timedelta(days=number) for number in range(WEEK_DAYS))
        self._seasons = _seasons(session, week)
        self._dropped = list(_dropped(session, week))

    def rhythm(self, need: Row[Any], day: date) -> Rhythm:
        """Return how often a need is due on a day; a season of its own comes before one of its service."""
        own = self._seasons.get(("need", need.id)) or self._seasons.get(("service", need.service_id), [])
        season = next((season for first, end, season in own if first <= day < end), None)
        if season is None:
            return Rhythm(need.frequency_kind, need.frequency_count)
        return Rhythm(season.frequency_kind, season.frequency_count)

    def is_dropped(self, need: Row[Any], day: date) -> bool:
        """Tell whether a need asks for nothing on a day because it is suspended and not made up."""
        return any(
            first <= day < end and area in (None, need.subdistrict_id) and service in (None, need.service_id)
            for first, end, area, service in self._dropped
        )


def due_min(calendar: Calendar, need: Row[Any], last_day: date | None) -> int:
    """Return the minutes that a need asks for in a week; ``last_day`` is when it was last met before the week."""
    days = [
        day
        for day in calendar.days
        if need.from_day <= day
        and (need.to_day is None or day < need.to_day)
        and need.weekdays >> day.weekday() & 1
        and not calendar.is_dropped(need, day)
    ]
    open_days = [day for day in calendar.days if need.from_day <= day and (need.to_day is None or day < need.to_day)]
    if not days:
        return 0
    minutes = int(need.minutes * need.helpers)
    rhythm = calendar.rhythm(need, days[-1])
    if rhythm.kind == "once":
        return 0 if last_day is not None else minutes
    if rhythm.period_days > WEEK_DAYS:
        begun = last_day or need.from_day - timedelta(days=int(rhythm.period_days))
        return minutes if (days[-1] - begun).days >= rhythm.period_days else 0
    times = sum(1 / calendar.rhythm(need, day).period_days for day in open_days if not calendar.is_dropped(need, day))
    return min(int(times), len(days)) * minutes


def _seasons(session: Session, week: date) -> dict[tuple[str, int], list[tuple[date, date, Season]]]:
    """Return the seasons that stand within a week by what they are of, those that begin first first."""
    days = (week, week + timedelta(days=WEEK_DAYS))
    wanted = pick(Season).where(
        col(Season.withdrawn_at).is_(None),
        or_(col(Season.is_yearly), col(Season.to_day) > days[0]),
        col(Season.from_day) < days[1],
    )
    found: dict[tuple[str, int], list[tuple[date, date, Season]]] = defaultdict(list)
    for season in session.exec(wanted.order_by(col(Season.from_day), col(Season.id))):
        key = ("need", season.need_id) if season.need_id is not None else ("service", season.service_id or 0)
        found[key] += [(first, end, season) for first, end in days_of(season, days)]
    return dict(found)


def _dropped(session: Session, week: date) -> Iterator[tuple[date, date, int | None, int | None]]:
    """Yield from when until when (half-open) which area and service drop what falls there."""
    s = SUSPENSION.c
    wanted = select(s.from_day, s.to_day, s.area_id, s.service_id).where(
        s.withdrawn_at.is_(None), s.make_up == "drop", s.from_day < week + timedelta(days=WEEK_DAYS), s.to_day > week
    )
    rows: Sequence[Any] = session.connection().execute(wanted).all()
    for row in rows:
        yield row.from_day, row.to_day, row.area_id, row.service_id

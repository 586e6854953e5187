"""What a chapter of the year is: one system of the district, prepared once, played day by day, counted at the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

import numpy as np
from sqlalchemy import Engine
from sqlmodel import Session

from timebank.demo.published import published

DAYS_OF_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The year that is played: its days, its size, and where chance comes from.

    ``scale`` 1 is the published district; ``days`` may be fewer than a year's, counted from ``starts_on``.
    """

    seed: int
    scale: float
    starts_on: date
    days: int
    book_id: int

    @property
    def ends_on(self) -> date:
        """Return the day after the last one."""
        return self.starts_on + timedelta(days=self.days)

    def every_day(self) -> Iterator[date]:
        """Yield the days in their order."""
        for number in range(self.days):
            yield self.starts_on + timedelta(days=number)

    def random(self, name: str, day: date) -> np.random.Generator:
        """Return the source of chance of a chapter on a day: the same whenever the day is played."""
        return np.random.default_rng([self.seed, crc32(name.encode()), day.toordinal()])

    def sized(self, total: int) -> int:
        """Return what a district of this size has of something of which the published one has ``total``."""
        return round(total * self.scale)

    def quota(self, total: int, day: date) -> int:
        """Return a day's part of a published year's total; the parts of all days sum to this year's total, rounded."""
        number = (day - self.starts_on).days
        daily = total * self.scale / DAYS_OF_YEAR
        return round(daily * (number + 1)) - round(daily * number)


def nothing_ahead(_engine: Engine, _year: Year, _day: date) -> None:
    """Have nothing to do before a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One system of the district in the year.

    Parameters
    ----------
    key
        Its name in milestones and texts (``year_chapter_<key>``).
    prepare
        Done once before the first day, in the caller's transaction: contracts, devices, resources.
    play
        One day in the caller's transaction, through the room's own functions.
    count
        Counts rows of the tables for the published figures that the chapter answers for, by their key
        (``programmes.old_partner.greetings``); never from a counter that was kept while playing.
    ahead
        Long work before a day, with transactions of its own: done again after a kill, it changes nothing.
    """

    key: str
    prepare: Callable[[Session, Year], None]
    play: Callable[[Session, Year, date], None]
    count: Callable[[Session, Year], dict[str, int]]
    ahead: Callable[[Engine, Year, date], None] = nothing_ahead


FLOWS = frozenset(
    {
        "programmes.old_partner.greetings",
        "programmes.weekly_visit.visits",
        "programmes.one_touch_call.services",
        "programmes.smart_water_meter.alarm_orders",
        "programmes.bath_assistance.services",
        "programmes.accessible_trip.trips",
    }
)
"""Figures that grow with the days that are played; the others stand."""
WHOLE = frozenset({"care_force.charities", "care_force.charities_for_seniors", "care_force.advice_points"})
"""Figures that a smaller district has too: an organisation or a committee's point is there or is not."""


def published_rows() -> dict[str, int]:
    """Return the published table: every figure by its key, in the order of the document."""
    document = published()
    rows = {f"seniors.{key}": int(value) for key, value in document["seniors"].items()}
    rows |= {f"care_force.{key}": int(value) for key, value in document["care_force"].items()}
    for programme, figures in document["programmes"].items():
        rows |= {f"programmes.{programme}.{key}": int(value) for key, value in figures.items()}
    return rows


def expected(key: str, total: int, year: Year) -> int:
    """Return what was published of a figure, for a district of the year's size and its days."""
    days_share = year.days / DAYS_OF_YEAR if key in FLOWS else 1.0
    return total if key in WHOLE else round(total * year.scale * days_share)

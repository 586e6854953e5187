"""Plays the year: each day of a chapter is committed with its milestone, so it can be stopped and gone on with."""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.schema import upgrade
from timebank.demo.run import Progress, Recipe, build_from, choose_recipe
from timebank.demo.steps import MILESTONE, do_once, reached
from timebank.demo.year.chapter import DAYS_OF_YEAR, FLOWS, Chapter, Year, expected, published_rows
from timebank.demo.year.chapters import CHAPTERS

YEAR_STARTS_ON = date(2025, 1, 1)
EVENING_MIN = 23 * 60


class Row(NamedTuple):
    """A row of the district's table: what was published for a district of this size, and what the tables hold."""

    key: str
    published: int
    played: int

    @property
    def off(self) -> float | None:
        """Return the difference as a part of the published figure; nothing where nothing was published."""
        return (self.played - self.published) / self.published if self.published else None


class Played(NamedTuple):
    """The table of a played year, and the seconds that each chapter took, over all runs together."""

    year: Year
    rows: list[Row]
    seconds: dict[str, float]


class Asked(NamedTuple):
    """What is asked of a year; what is left out follows what stands, or the published district from its first day."""

    seed: int | None = None
    scale: float | None = None
    starts_on: date | None = None
    days: int | None = None


def run_year(
    engine: Engine,
    asked: Asked,
    *,
    now: datetime,
    progress: Progress,
    chapters: Iterable[Chapter] = CHAPTERS,
) -> Played:
    """Play what is still ahead of the year, then count.

    Raises
    ------
    DemoDiffers
        When the database holds a demo of another kind, seed, size or first day.
    DatabaseInUse
        When it holds people that no demo made.
    """
    progress("upgrade", 0)
    upgrade(engine)
    progress("upgrade", 1)
    stands = reached(engine, "recipe") or {}
    recipe = choose_recipe(
        engine,
        seed=asked.seed,
        scale=asked.scale,
        starts_on=asked.starts_on or (None if stands else YEAR_STARTS_ON),
        now=now,
        days=asked.days or stands.get("days") or DAYS_OF_YEAR,
    )
    year = _year(engine, recipe, progress)
    played = tuple(chapters)
    _prepare(engine, year, played, progress)
    _play(engine, year, played, progress)
    progress("count", 0)
    rows = counted(engine, year, played)
    progress("count", 1)
    return Played(year, rows, seconds_by_chapter(engine, played))


def _year(engine: Engine, recipe: Recipe, progress: Progress) -> Year:
    built = build_from(engine, recipe, moment_at(recipe.starts_on, 0), progress)
    return Year(
        seed=recipe.seed,
        scale=recipe.scale,
        starts_on=recipe.starts_on,
        days=recipe.days,
        book_id=int(built["book_id"]),
    )


def _prepare(engine: Engine, year: Year, chapters: tuple[Chapter, ...], progress: Progress) -> None:
    progress("prepare", 0)
    for number, chapter in enumerate(chapters):
        work = _timed(chapter.prepare, year)
        do_once(engine, _prepared(chapter), work, now=moment_at(year.starts_on, 0))
        progress("prepare", (number + 1) / len(chapters))
    progress("prepare", 1)


def _play(engine: Engine, year: Year, chapters: tuple[Chapter, ...], progress: Progress) -> None:
    done = _milestones(engine)
    progress("year", 0)
    for number, day in enumerate(year.every_day()):
        for chapter in chapters:
            if _played(chapter, day) not in done:
                _one_day(engine, year, chapter, day)
        progress("year", (number + 1) / year.days)


def _one_day(engine: Engine, year: Year, chapter: Chapter, day: date) -> None:
    began_s = time.monotonic()
    chapter.ahead(engine, year, day)
    ahead_s = time.monotonic() - began_s
    work = _timed(lambda session, known: chapter.play(session, known, day), year, ahead_s)
    do_once(engine, _played(chapter, day), work, now=moment_at(day, EVENING_MIN))


def _timed(
    work: Callable[[Session, Year], None], year: Year, before_s: float = 0.0
) -> Callable[[Session], dict[str, Any]]:
    """Note with the milestone how long the work took: a year that was stopped knows what its parts cost."""

    def timed(session: Session) -> dict[str, Any]:
        began_s = time.monotonic()
        work(session, year)
        return {"seconds": round(before_s + time.monotonic() - began_s, 4)}

    return timed


def _prepared(chapter: Chapter) -> str:
    return f"year {chapter.key} prepared"


def _played(chapter: Chapter, day: date) -> str:
    return f"year {chapter.key} {day.isoformat()}"


def _milestones(engine: Engine) -> dict[str, dict[str, Any]]:
    with transaction(engine, read_only=True) as session:
        wanted = select(MILESTONE.c.name, MILESTONE.c.detail).where(MILESTONE.c.name.like("year %"))
        return {row.name: row.detail for row in session.connection().execute(wanted)}


def seconds_by_chapter(engine: Engine, chapters: Iterable[Chapter]) -> dict[str, float]:
    """Return the seconds that each chapter took, over every run that played a part of it."""
    milestones = _milestones(engine)
    return {
        chapter.key: sum(
            float(detail.get("seconds", 0))
            for name, detail in milestones.items()
            if name.startswith(f"year {chapter.key} ")
        )
        for chapter in chapters
    }


def counted(engine: Engine, year: Year, chapters: Iterable[Chapter]) -> list[Row]:
    """Return the district's table as the tables of the database have it, beside the published one."""
    with transaction(engine, read_only=True) as session:
        found: dict[str, int] = {}
        for chapter in chapters:
            found |= chapter.count(session, year)
    rows = [Row(key, expected(key, total, year), found.pop(key, 0)) for key, total in published_rows().items()]
    return rows + [Row(key, 0, value) for key, value in found.items()]


def furthest_off(rows: Iterable[Row]) -> Row | None:
    """Return the row of what was done that is furthest from what was published."""
    known = [row for row in rows if row.off is not None and row.key in FLOWS]
    return max(known, key=lambda row: abs(row.off or 0.0), default=None)

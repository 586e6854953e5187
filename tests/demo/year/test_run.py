"""The frame of the year: days played once each, stopped and gone on with, counted from the rows."""

from collections import Counter
from datetime import date
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import Engine, insert, select
from sqlmodel import Session

from tests.conftest import NOON
from timebank.demo.run import DemoDiffers, run_demo
from timebank.demo.steps import MILESTONE
from timebank.demo.year.chapter import Chapter, Year, published_rows
from timebank.demo.year.run import Asked, Played, run_year
from timebank.demo.year.told import tell_year

SMALL = Asked(seed=7, scale=0.005, starts_on=date(2025, 1, 1), days=3)
GREETINGS = "programmes.old_partner.greetings"


class Stopped(Exception):
    """The process was stopped in the middle of a day."""


class Diary:
    """A chapter that writes its greetings into the database, and stops once when it is told to."""

    def __init__(self, *, stops_on: date | None = None) -> None:
        self.stops_on = stops_on
        self.ahead: Counter[date] = Counter()

    def chapter(self) -> Chapter:
        """Return it as a chapter."""
        return Chapter(key="programmes", prepare=self._nothing, ahead=self._ahead, play=self._play, count=self._count)

    def _nothing(self, session: Session, year: Year) -> None:
        pass

    def _ahead(self, _engine: Engine, _year: Year, day: date) -> None:
        self.ahead[day] += 1

    def _play(self, session: Session, year: Year, day: date) -> None:
        detail = {"greetings": year.quota(2_319_400, day)}
        row = {"name": f"greeted {day}", "detail": detail, "reached_at": NOON}
        session.connection().execute(insert(MILESTONE), [row])
        if day == self.stops_on:
            self.stops_on = None
            raise Stopped

    def _count(self, session: Session, _year: Year) -> dict[str, int]:
        known = select(MILESTONE.c.detail).where(MILESTONE.c.name.like("greeted %"))
        return {GREETINGS: sum(row["greetings"] for row in session.connection().execute(known).scalars())}


def _nothing(_step: str, _share: float) -> None:
    """Show no progress."""


def _run(engine: Engine, diary: Diary, asked: Asked = SMALL) -> Played:
    return run_year(engine, asked, now=NOON, progress=_nothing, chapters=[diary.chapter()])


def test_stopped_year_goes_on_and_plays_no_day_twice(engine: Engine) -> None:
    """A year takes minutes: who stops it must neither lose what was played nor count a day double."""
    diary = Diary(stops_on=date(2025, 1, 2))
    with pytest.raises(Stopped):
        _run(engine, diary)

    played = _run(engine, diary)
    again = _run(engine, diary)

    greetings = next(row for row in played.rows if row.key == GREETINGS)
    assert greetings.played == greetings.published == round(2_319_400 * 0.005 * 3 / 365)
    assert diary.ahead == {date(2025, 1, 1): 1, date(2025, 1, 2): 2, date(2025, 1, 3): 1}
    assert again == played
    assert set(played.seconds) == {"programmes"}


def test_year_and_demo_do_not_mix(engine: Engine) -> None:
    """A database that holds one of the two would be neither after the other."""
    _run(engine, Diary())

    with pytest.raises(DemoDiffers, match="3 days of a year"):
        run_demo(engine, now=NOON, progress=_nothing)
    with pytest.raises(DemoDiffers, match="31 days of a year"):
        _run(engine, Diary(), SMALL._replace(days=31))


def test_what_stands_is_followed_when_nothing_is_asked(engine: Engine) -> None:
    """Going on with a year must not need its seed, size and days by heart."""
    first = _run(engine, Diary())

    assert _run(engine, Diary(), Asked()).year == first.year


def test_a_row_that_nobody_played_is_told_as_missing(engine: Engine) -> None:
    """A table that left out what was not played would look whole."""
    rows = {row.key: row for row in _run(engine, Diary()).rows}

    assert set(rows) == set(published_rows())
    assert rows["programmes.bath_assistance.services"].played == 0
    assert rows["programmes.one_touch_call.households"].off == -1


def test_parts_of_days_sum_to_the_whole(engine: Engine) -> None:
    """Rounding a day at a time must not lose a bath a week."""
    year = Year(seed=1, scale=1.0, starts_on=date(2025, 1, 1), days=365, book_id=1)

    parts = [year.quota(1971, day) for day in year.every_day()]

    assert sum(parts) == 1971
    assert set(parts) == {5, 6}


@pytest.mark.parametrize(
    ("key", "expected"),
    [("seniors.living_alone", 24_052 * 0.005), (GREETINGS, 2_319_400 * 0.005 * 3 / 365), ("care_force.charities", 12)],
)
def test_published_figure_is_cut_to_the_size_that_is_played(engine: Engine, key: str, expected: float) -> None:
    """People stand for the whole time, what is done grows with the days, and an organisation is there or is not."""
    rows = {row.key: row for row in _run(engine, Diary()).rows}

    assert rows[key].published == round(expected)


def test_told_table_names_every_row_in_both_languages(engine: Engine) -> None:
    """The bureau reads the district's table in its own words."""
    console = Console(width=160, record=True, file=StringIO())

    for part in tell_year(_run(engine, Diary())):
        console.print(part)

    text = console.export_text()
    assert "老伙伴计划问候 Old Partner greetings" in text
    assert "独居老年人 Living alone" in text
    assert "+0.00%" in text
    assert "-100.00%" in text

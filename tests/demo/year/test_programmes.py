"""The chapter of the programmes at a fiftieth: pairs agreed, greetings given, whoever was missed is looked after."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select

from tests.conftest import NOON
from timebank.core.database import transaction
from timebank.demo.year.chapter import Year
from timebank.demo.year.programmes import CHAPTER, horizon
from timebank.demo.year.run import Asked, run_year
from timebank.programmes.follow_ups import FOLLOW_UP
from timebank.programmes.partnerships import PARTNERSHIP

DAYS = 4
FIRST = date(2025, 1, 1)
ASKED = Asked(seed=7, scale=0.02, starts_on=FIRST, days=DAYS)


def _nothing(_step: str, _share: float) -> None:
    """Show no progress."""


def test_days_are_played_through_the_room(engine: Engine) -> None:
    """Greetings near the published ones, counted from the rows; every follow-up of the days before has its outcome."""
    played = run_year(engine, ASKED, now=NOON, progress=_nothing, chapters=[CHAPTER])
    again = run_year(engine, ASKED, now=NOON, progress=_nothing, chapters=[CHAPTER])

    rows = {row.key: row for row in played.rows}
    greetings = rows["programmes.old_partner.greetings"]
    with transaction(engine, read_only=True) as session:
        f, p = FOLLOW_UP.c, PARTNERSHIP.c
        waiting = select(func.count()).where(f.closed_at.is_(None), f.day < FIRST + timedelta(days=DAYS - 1))
        agreed = select(func.count()).where(p.state == "agreed")
        still_open = session.connection().execute(waiting).scalar_one()
        pairs = session.connection().execute(agreed).scalar_one()

    assert rows["programmes.old_partner.seniors"].played == 250
    assert greetings.off is not None
    assert abs(greetings.off) < 0.1  # a few days without heat have fewer than a year
    assert pairs > 240
    assert still_open == 0
    assert again.rows == played.rows


@pytest.mark.parametrize(
    ("days", "horizons"),
    [(365, {0: 28, 336: 29}), (28, {0: 28}), (41, {0: 41}), (42, {0: 28, 28: 14}), (3, {0: 3})],
)
def test_plans_cover_every_day_once(days: int, horizons: dict[int, int]) -> None:
    """A plan every four weeks; what is less than a fortnight at the end belongs to the plan before."""
    year = Year(seed=1, scale=1, starts_on=date(2025, 1, 1), days=days, book_id=1)

    found = {(day - year.starts_on).days: length for day in year.every_day() if (length := horizon(year, day))}

    assert found.items() >= horizons.items()
    assert sum(found.values()) == days

"""The year's charity projects live from draft to closure, and what is told of them is counted from their rows."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.conftest import NOON
from timebank.core.database import transaction
from timebank.demo.year.chapter import Year
from timebank.demo.year.projects import CHAPTER, spans
from timebank.demo.year.run import Asked, run_year

WEEKS = Asked(seed=7, scale=0.02, starts_on=date(2025, 1, 1), days=9)


def a_year(days: int) -> Year:
    """A year of so many days."""
    return Year(seed=7, scale=0.02, starts_on=date(2025, 1, 1), days=days, book_id=1)


@pytest.mark.parametrize(("days", "count"), [(365, 4), (182, 2), (30, 1), (3, 1)])
def test_projects_cover_every_day_once(days: int, count: int) -> None:
    """A day without a project, or with two, would be played wrongly."""
    found = spans(a_year(days))

    covered = [
        span.starts_on + timedelta(days=n) for span in found for n in range((span.ends_on - span.starts_on).days)
    ]
    assert len(found) == count
    assert covered == list(a_year(days).every_day())


def test_a_project_is_closed_with_its_money_settled(engine: Engine) -> None:
    """Nine days of it: decided by two hands, every parcel to somebody it is for, nothing left open, and closed."""
    played = run_year(engine, WEEKS, now=NOON, progress=lambda *_: None, chapters=(CHAPTER,))

    rows = {row.key: row.played for row in played.rows}
    with transaction(engine, read_only=True) as session:
        ask = session.connection().execute
        steps = ask(text("SELECT to_stage FROM project_step ORDER BY id")).scalars().all()
        open_cents, spent = ask(text("SELECT SUM(open_cents), SUM(spent_cents) FROM commitment")).one()
        handed, people = ask(text("SELECT COUNT(*), COUNT(DISTINCT senior_id) FROM handout")).one()
        states = ask(text("SELECT state FROM project_application ORDER BY id")).scalars().all()
    assert steps == ["submitted", "approved", "recruiting", "running", "closed"]
    assert (int(open_cents), int(spent) > 0) == (0, True)
    assert (rows["charity.projects_closed"], rows["charity.handouts"], rows["charity.persons_helped"]) == (
        1,
        handed,
        people,
    )
    assert handed == round(1_200 * 0.02 * 9 / 365)
    assert states == ["accepted", "accepted", "declined", "accepted"]
    assert (rows["care_force.charities"], rows["care_force.charities_for_seniors"]) == (12, 2)

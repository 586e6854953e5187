"""A month of a tenth of the district, every system played: the table beside the published one, on both databases."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from tests.conftest import NOON, fresh_database
from timebank.core.database import database, transaction
from timebank.demo.year.chapter import published_rows
from timebank.demo.year.chapters import CHAPTERS
from timebank.demo.year.run import Asked, Played, counted, run_year
from timebank.ledger.reconcile import reconcile

ASKED = Asked(seed=2025, scale=0.1, days=31)
NEAR, WITHIN = 2, 0.06
"""What a row may be off by: two of a thing, or this part of it. A whole year is held to two parts of a hundred; a month
has neither a year's seasons nor its holidays."""


class Month(NamedTuple):
    """A month that was played, and where it stands."""

    engine: Engine
    played: Played


def _nothing(_step: str, _share: float) -> None:
    """Show no progress."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """The month, on both databases; read only."""
    folder = tmp_path_factory.mktemp("month")
    with fresh_database(request, request.param, folder) as url, database(url) as engine:
        yield Month(engine, run_year(engine, ASKED, now=NOON, progress=_nothing))


def test_every_row_of_the_table_comes_near_what_was_published(month: Month) -> None:
    """The district's table is what the bureau knows; what is played is counted from rows and must be like it."""
    off = {
        row.key: (row.published, row.played)
        for row in month.played.rows
        if row.key in published_rows() and abs(row.played - row.published) > max(NEAR, WITHIN * row.published)
    }

    assert off == {}


def test_every_system_took_part(month: Month) -> None:
    """A chapter that does nothing would not be missed among thousands of greetings."""
    assert set(month.played.seconds) == {chapter.key for chapter in CHAPTERS}
    assert all(seconds > 0 for seconds in month.played.seconds.values())


def test_books_hold_after_a_month(month: Month) -> None:
    """Whatever was greeted, driven, donated and missed: every minute is accounted for."""
    with transaction(month.engine, read_only=True) as session:
        assert list(reconcile(session, month.played.year.book_id)) == []


def test_table_is_counted_again_from_the_rows(month: Month) -> None:
    """The figures are what stands in the database, not what a run remembered."""
    assert counted(month.engine, month.played.year, CHAPTERS) == month.played.rows


def test_every_system_answers_for_rows_of_its_own(month: Month) -> None:
    """Two systems that count the same row would hide that one of them plays nothing."""
    with transaction(month.engine, read_only=True) as session:
        keys = Counter(key for chapter in CHAPTERS for key in chapter.count(session, month.played.year))

    assert {key for key, count in keys.items() if count > 1} == set()
    assert set(published_rows()) <= set(keys)

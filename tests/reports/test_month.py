"""The month as people read it: the workbook and the page say the very figures of the rows, and their totals add up."""

import io
import re
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine
from sqlmodel import Session

from tests.programmes.conftest import Care, lone
from tests.programmes.months import MARCH, MAY, fill_march
from timebank.core.database import transaction
from timebank.programmes.month_report import FIGURES, MonthReport, month_report
from timebank.reports.month_page import render_month
from timebank.reports.month_workbook import HEAD_ROW, month_workbook

__all__ = ["lone"]
CELLS = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One transaction."""
    with transaction(engine) as opened:
        yield opened


@pytest.fixture
def march(engine: Engine, lone: Care, session: Session) -> MonthReport:
    """A month with something of everything."""
    fill_march(session, lone)
    return month_report(session, lone.east, MARCH, now=lone.later(days=30))


def _sheets(report: MonthReport) -> list[list[tuple[object, ...]]]:
    """Read a workbook back: of each sheet the rows under its heads."""
    book = load_workbook(io.BytesIO(month_workbook(report)))
    return [list(sheet.iter_rows(min_row=HEAD_ROW + 1, values_only=True)) for sheet in book]


def _table(page: str, name: str) -> list[list[str]]:
    """Read a table of the page back, in Chinese."""
    table = page[page.index(f'id="{name}"') :].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[re.sub(r'<span lang="en">.*?</span>|<[^>]*>', "", cell) for cell in CELLS.findall(row)] for row in rows]


def test_totals_of_the_workbook_are_the_sums_of_its_rows(march: MonthReport) -> None:
    """Whoever adds a column up gets the number under it; by street and by day it is the same number."""
    streets, days, voices = _sheets(march)

    *rows, total = streets
    assert [sum(int(str(row[n])) for row in rows) for n in range(2, 2 + len(FIGURES))] == list(total[2:-1])
    assert list(total[2:-1]) == [getattr(march.total, name) for name in FIGURES]
    *by_day, day_total = days
    assert [sum(int(str(row[n])) for row in by_day) for n in range(1, 6)] == list(day_total[1:])
    assert day_total[1] == total[2 + FIGURES.index("due")]
    assert [row[1] for row in voices] == [1, 1, 1, 1]


def test_page_says_what_the_workbook_says(march: MonthReport) -> None:
    """The page for the meeting and the workbook for the bureau are one count."""
    (row, total), _, _ = _sheets(march)
    _, street, last = _table(render_month(march), "streets")

    assert street == ["甘泉路街道", "甘泉老伙伴", "3", "3", "11", "9", "81.8%", "8", "1", "0", "1", "1", "1", "1.6"]
    assert last[2:] == street[2:]
    assert (row[2], row[3], row[5]) == (3, 3, 9)
    assert row[2:] == total[2:]


def test_page_needs_nothing_from_elsewhere(march: MonthReport) -> None:
    """It opens offline, names nobody, and has both languages."""
    page = render_month(march)

    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "王老人" not in page
    assert page.count('<span lang="en">') == page.count('<span lang="zh">')


def test_month_without_anything_is_written_too(session: Session, lone: Care) -> None:
    """An empty month is a report of zeros: no error, no row that is not there."""
    empty = month_report(session, lone.world.organisations["WEST"], MAY, now=lone.later(days=300))

    ((total,), days, _) = _sheets(empty)
    page = render_month(empty)
    assert set(total[2:-1]) == {0}
    assert total[-1] is None
    assert len(days) == 32
    assert "本月没有服务记录" in page
    assert 'id="streets"' not in page

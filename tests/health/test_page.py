"""The page in a real browser without a network: whole, readable on a phone, and true to the tables."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.health.conftest import NOW
from tests.reports.chromium import Browser, Page, open_file, running_browser
from timebank.core.database import transaction
from timebank.health.page import render_page
from timebank.health.report import Health, health_of
from timebank.health.sheets import sheets_of
from timebank.health.terms import read_terms
from timebank.health.told import coins

pytestmark = pytest.mark.parametrize("played", ["sqlite"], indirect=True)
OVERFLOWING = (
    "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') && e.getClientRects().length && "
    "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
)
SMALLEST = (
    "Math.min(...[...document.querySelectorAll('td, th, li, .bar span')].filter(e => e.getClientRects().length)"
    ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
)


@pytest.fixture(scope="module")
def measured(played: Engine) -> Health:
    """The health of the generated district after its four weeks."""
    with transaction(played, read_only=True) as session:
        book = int(session.connection().execute(text("SELECT id FROM book")).scalar_one())
        return health_of(session, book, "putuo", now=NOW + timedelta(days=28), terms=read_terms())


@pytest.fixture(scope="module")
def page_file(measured: Health, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as anybody may see it."""
    path = tmp_path_factory.mktemp("health") / "health.html"
    path.write_text(render_page(measured, sheets_of(measured, is_office=False)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A real browser without a network."""
    with running_browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


def opened(browser: Browser, page_file: Path, *, width_px: int, is_phone: bool = False) -> Page:
    """Open the page on a screen of a width."""
    return open_file(browser, page_file, width_px=width_px, is_phone=is_phone)


def test_page_opens_without_a_fault_or_a_request(browser: Browser, page_file: Path) -> None:
    """Offline means offline: the file is all the browser asks for, and nothing is on its console."""
    page = opened(browser, page_file, width_px=1200)

    assert page.complaints() == []
    assert [url.rsplit("/", 1)[-1] for url in page.requests() if not url.startswith("data:")] == ["health.html"]


@pytest.mark.parametrize(("width_px", "is_phone"), [(390, True), (768, False), (1200, False)], ids=str)
def test_page_fits_the_screen(browser: Browser, page_file: Path, width_px: int, *, is_phone: bool) -> None:
    """Nothing must be dragged sideways but a wide table in its own frame, in both languages."""
    page = opened(browser, page_file, width_px=width_px, is_phone=is_phone)

    in_chinese = (page.value("document.documentElement.scrollWidth"), page.value(OVERFLOWING))
    page.value("document.getElementById('switch').click()")
    in_english = (page.value("document.documentElement.scrollWidth"), page.value(OVERFLOWING))

    assert in_chinese == in_english == (width_px, [])
    assert page.value(SMALLEST) >= 12


def test_page_says_what_was_measured(browser: Browser, page_file: Path, measured: Health) -> None:
    """Tiles, warnings and totals are those of the figures."""
    page = opened(browser, page_file, width_px=1200)

    assert page.texts("#health_tile_saved b") == [coins(measured.saved_min)]
    assert page.texts("#sheet_saved tfoot td:last-child") == [coins(measured.figures["saved/all/all"].minutes)]
    assert page.texts("#sheet_flows tfoot td") == [coins(measured.figures["flow/closing"].minutes)]
    assert len(page.texts(".warnings li")) == len(measured.indicators)
    assert page.texts(".warnings .warning > span:first-child") == ["每兑换一个时间币，新存入个数（近四周）"]


def test_small_counts_are_nowhere_on_the_page(browser: Browser, page_file: Path, measured: Health) -> None:
    """Neither the tables nor the bars give away what a few persons have."""
    page = opened(browser, page_file, width_px=1200)
    hidden = [
        cell
        for sheet in sheets_of(measured, is_office=False)
        for _, cells in sheet.rows
        for cell in cells
        if cell.is_hidden
    ]

    assert len(hidden) > 10
    assert page.texts(".grid td").count("<5") + page.texts(".grid td").count("·") == len(hidden)
    assert page.texts("#hidden")[0].startswith("不足 5 人的格子不显示")


def test_page_prints_on_a_few_sheets(browser: Browser, page_file: Path) -> None:
    """It is taken to a meeting on paper."""
    assert 2 <= opened(browser, page_file, width_px=1200).printed().count(b"/Type /Page\n") <= 6

"""The page of the generated district, and a browser to look at it with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.reports.chromium import Browser, Page, open_file, running_browser
from timebank.demo.run import report_of
from timebank.reports.figures import Figures
from timebank.reports.page import Published, write_page

Show = Callable[..., Page]


@pytest.fixture(scope="session")
def report(played: Engine) -> tuple[Figures, Published]:
    """What the report shows of the generated district's first plan."""
    return report_of(played, 1)


@pytest.fixture(scope="session")
def page_file(report: tuple[Figures, Published], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the generated district."""
    return write_page(tmp_path_factory.mktemp("page") / "district.html", *report)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A real browser without a network, one for each test process."""
    with running_browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def show(browser: Browser, page_file: Path) -> Show:
    """Open the page on a screen; takes the arguments of :func:`open_file`."""
    return lambda **screen: open_file(browser, page_file, **screen)

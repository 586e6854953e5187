"""An outcome and a week's shortage as pages and workbooks: what is written is what was counted, and no home is told."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from sqlmodel import Session
from typer.testing import CliRunner

from tests.charity.conftest import Office, book, price, slots_of
from tests.worlds import MONDAY
from timebank.charity.budget import spend
from timebank.charity.life import Asked as Step
from timebank.charity.life import take_step
from timebank.charity.means import hand_out
from timebank.charity.outcome import compare_projects, outcome_of
from timebank.charity.shortage import Asked, shortage_of
from timebank.charity.worth import Worth
from timebank.cli import app
from timebank.reports.charity_page import render_outcome, render_shortage
from timebank.reports.charity_workbook import comparison_workbook, outcome_workbook, shortage_workbook
from timebank.reports.figures import streets_shown

WEEK = MONDAY + timedelta(days=7)
WORTH = Worth("310107004", "bath", 1, 60, {"slot": (100, 1)}, {"places": 1})


def rows_of(page: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet under its heads."""
    return list(page.iter_rows(min_row=3, values_only=True))


@pytest.fixture
def helped(session: Session, office: Office) -> Office:
    """S2 bathed once for 20 yuan, had two bags of rice, and 480 yuan were paid; the draft was submitted."""
    price(session, office.running, 2_000)
    book(session, slots_of(session, office.running)[0], office.world.needs["S2-bath"], "used")
    office.line(session, 60_000)
    made = office.promise(session, 50_000)
    spend(session, office.number, made.id or 0, 48_000, office.by("invoice"))
    rice = office.rice(session)
    hand_out(session, office.number, rice.id or 0, senior="S2", quantity=2, by=office.by("rice"))
    take_step(session, office.number, office.draft, Step("submitted", "王", office.noon))
    return office


def test_page_shows_every_figure_with_its_key(session: Session, helped: Office) -> None:
    """Who reads the page can ask for the rows of any number on it."""
    found = outcome_of(session, helped.number, helped.running)

    page = render_outcome(session, found, now=helped.noon)

    assert set(re.findall(r'<tr id="([^"]+)"', page)) == {figure.key for figure in found.figures}
    assert "500.00" in page
    assert "助浴次数" in page
    assert "Bath assistance, times" in page
    assert page.index("助浴") < page.index("Baths")


def test_page_of_an_outcome_opens_offline(session: Session, helped: Office) -> None:
    """Nothing is loaded from elsewhere, and nobody is named."""
    page = render_outcome(session, outcome_of(session, helped.number, helped.running), now=helped.noon)

    assert "http" not in page
    assert "王老人" not in page


def test_workbook_lists_the_rows_that_make_each_figure(session: Session, helped: Office) -> None:
    """Whoever adds the rows up in the workbook comes to its figures."""
    found = outcome_of(session, helped.number, helped.running)

    opened = load_workbook(io.BytesIO(outcome_workbook(session, found)))

    figures, budget, rows = (rows_of(page) for page in opened.worksheets)
    totals = {key: sum(row[6] for row in rows if row[0] == key) for key in {row[0] for row in rows}}
    stated = {row[0]: row[2] for row in figures if not row[4]}
    assert {key: value for key, value in stated.items() if value} == totals
    assert budget == [("人员", 600, 20, 480)]
    assert [page.title for page in opened.worksheets] == ["成效数字 Figures", "预算 Budget", "明细 Rows"]


def test_comparison_is_written_in_its_order(session: Session, helped: Office) -> None:
    """A board sees the same order in its workbook as in the terminal."""
    found = compare_projects(session, helped.number, first=10)

    page = load_workbook(io.BytesIO(comparison_workbook(found))).worksheets[0]

    assert [row[:1] + row[3:6] for row in rows_of(page)] == [
        (helped.draft, 0, 0, None),
        (helped.running, 1, 500, 500),
    ]


def test_map_tells_no_home(session: Session, helped: Office) -> None:
    """The map knows a street's rough middle alone: who moves house within the street leaves it as it is."""
    short = shortage_of(session, Asked(day=WEEK))

    page = render_shortage(short, streets_shown(session), [WORTH], title=str(WEEK), now=helped.noon)
    session.connection().execute(text("UPDATE senior SET lat_deg = lat_deg + 0.0004 WHERE external_ref = 'S1'"))
    moved = render_shortage(short, streets_shown(session), [WORTH], title=str(WEEK), now=helped.noon)

    assert moved == page
    assert page.count("<polygon") == 3
    assert "甘泉路" in page
    assert "王老人" not in page


def test_page_of_a_shortage_says_hours_reasons_and_worth(session: Session, helped: Office) -> None:
    """The hours of the tiles are those of the rows, and each row says why and what would help."""
    short = shortage_of(session, Asked(day=WEEK))

    page = render_shortage(short, streets_shown(session), [WORTH], title=str(WEEK), now=helped.noon)

    unmet = sum(row.unmet_min for row in short) / 60
    assert f'id="short_unmet"><b>{unmet:,.1f}</b>' in page
    assert page.count('<tr><th scope="row">') == sum(1 for row in short if row.unmet_min)
    assert "尚无方案" in page


def test_a_week_without_shortage_is_a_page_too(engine: Engine, helped: Office) -> None:
    """Nothing missing is good news, and no empty table."""
    page = render_shortage([], [], [], title=str(WEEK), now=helped.noon)

    assert "这一周没有缺口" in page


def test_workbook_of_a_shortage_adds_up(session: Session, helped: Office) -> None:
    """Minutes by reason are those of the streets."""
    short = shortage_of(session, Asked(day=WEEK))

    streets, reasons, worth = load_workbook(io.BytesIO(shortage_workbook(short, [WORTH]))).worksheets

    by_street = sum(row[7] for row in rows_of(streets))
    by_reason = sum(row[3] for row in rows_of(reasons))
    assert by_street == by_reason == sum(row.unmet_min for row in short)
    assert rows_of(worth) == [("310107004", "bath", 1, "名额一个 1 项", "增加名额 1")]


def test_commands_write_the_files(
    helped: Office,
    session: Session,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A clerk types one line and has the files to send."""
    session.commit()
    monkeypatch.setenv("DATABASE_URL", database_url)
    folder = tmp_path_factory.mktemp("written")
    lines = (
        f"charity report 1 --office CF1 --html {folder}/o.html --excel {folder}/o.xlsx --compared {folder}/c.xlsx",
        f"charity map --week 2026-03-09 --html {folder}/s.html --excel {folder}/s.xlsx",
    )

    codes = [CliRunner().invoke(app, line.split()).exit_code for line in lines]

    assert codes == [0, 0]
    assert sorted(path.name for path in folder.iterdir()) == ["c.xlsx", "o.html", "o.xlsx", "s.html", "s.xlsx"]

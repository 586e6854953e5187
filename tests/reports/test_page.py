"""The page: one file, both languages, nothing from elsewhere, and nobody in it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from timebank.core.database import transaction
from timebank.people.tables import Person, Senior, Volunteer
from timebank.reports.figures import CENTRE_GRID_DEG, Figures
from timebank.reports.page import Published, render_page, write_page

Report = tuple[Figures, Published]


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    """The page of the generated district as text."""
    return render_page(*report)


@pytest.mark.parametrize(
    "pattern",
    [r"https?://", r"\bsrc\s*=", r"url\(", r"@import", r"fetch\(", r"XMLHttpRequest", r"href=\"(?!data:)", r"<iframe"],
)
def test_page_asks_nothing_from_elsewhere(html: str, pattern: str) -> None:
    """An office without a network, or with a watched one, opens it all the same."""
    assert re.findall(pattern, html) == []


def test_chinese_comes_first(html: str) -> None:
    """The page opens in Chinese, and every text stands in both languages."""
    assert html.startswith('<!doctype html>\n<html lang="zh-CN" data-show="zh">')
    assert html.count(' lang="zh">') == html.count(' lang="en">') > 100


def test_page_shows_no_home(html: str, played: Engine) -> None:
    """Nothing in the page is a coordinate of Shanghai, to however few digits a map would need."""
    with transaction(played, read_only=True) as session:
        homes = session.exec(select(Senior.lat_deg, Senior.lon_deg)).all()
    shown = {f"{degrees:.2f}" for home in homes for degrees in home}

    assert len(homes) == 360
    assert [degrees for degrees in shown if degrees in html] == []


def test_page_knows_places_to_the_grid_alone(report: Report) -> None:
    """All that the page is given of places are ten centres, each on the grid of about 500 m that its note states."""
    centres = [street.centre for street in report[0].streets]

    steps = [degrees / CENTRE_GRID_DEG for centre in centres for degrees in centre]

    assert len(centres) == 10
    assert steps == pytest.approx([round(step) for step in steps], abs=1e-6)


def test_page_names_nobody(html: str, played: Engine) -> None:
    """No name, telephone, address or reference of a senior or volunteer is in a page that is handed round."""
    with transaction(played, read_only=True) as session:
        people = session.exec(select(Person.name, Person.phone, Person.address)).all()
        refs = [*session.exec(select(Senior.external_ref)), *session.exec(select(Volunteer.external_ref))]
    said = {str(field) for person in people for field in person} | set(refs)

    assert len(said) > 1000
    assert [word for word in said if word in html] == []


def test_small_district_says_so(html: str) -> None:
    """A hundredth of the district is named as such, beside the published counts and what it should have of them."""
    assert "规模为公开数据的 1%，各项数字不代表全区" in html
    assert re.search(r"Living alone</span></th><td>24,052</td><td>241</td><td>241</td>", html)
    assert "各类人数与公开数据一致" not in html


def test_whole_district_says_so(report: Report) -> None:
    """The whole district is compared with the published counts themselves, without a third column."""
    figures, published = report

    html = render_page(figures, replace(published, scale=1.0))

    assert "各类人数与公开数据一致" in html
    assert re.search(r"Living alone</span></th><td>24,052</td><td>241</td>", html)


def test_last_day_is_the_last_day(html: str) -> None:
    """28 days from 2 March end on the 29th; a half-open end would read as a day too many."""
    assert "2026-03-02 至 2026-03-29：" in html


def test_names_are_text_and_never_markup(report: Report) -> None:
    """A street's name comes from an import: it must not bring a script."""
    figures, published = report
    bad = replace(figures.streets[0], name_zh="<script>alert(1)</script>", name_en='"><img onerror=alert(1)>')

    html = render_page(replace(figures, streets=(bad, *figures.streets[1:])), published)

    assert "<script>alert" not in html
    assert "<img" not in html


def test_a_plan_that_meets_everything_has_a_page(report: Report) -> None:
    """The best of all districts: no reasons, no shortage, no note about unmet walks."""
    figures, published = report
    met = tuple(replace(row, unmet=0) for row in figures.coverage)
    same = figures.engine | {"by_hand": figures.engine["pairs"]}

    html = render_page(replace(figures, coverage=met, missing=(), engine=same), published)

    assert "全部满足。" in html
    assert '<div class="tile" id="tile_met"><b>100.0%</b>' in html
    assert 'id="walk_note"' not in html


def test_a_page_replaces_the_old_one_whole(report: Report, tmp_path: Path) -> None:
    """Whoever has the old page open never finds half of the new one, nor a stray file beside it."""
    old = tmp_path / "district.html"
    old.write_text("old")

    written = write_page(old, *report)

    assert written.read_text(encoding="utf-8").endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == ["district.html"]

"""``timebank health``: an office reads tables, a machine JSON, a meeting a workbook and a page; all say the same."""

import json
import stat
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from tests.health.conftest import pay
from tests.worlds import World
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.health.refusals import TooFewPersons

ON = ("--on", "2026-03-01")


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, database_url: str, saved: World) -> World:
    """The command line on the small bank."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return saved


def run(*words: str) -> Result:
    """Run ``timebank health`` with some words."""
    return CliRunner().invoke(app, ["health", *words])


def figures(*words: str) -> dict[str, int | None]:
    """Return the figures of the JSON, by key."""
    return {one["figure"]: one["minutes"] for one in json.loads(run(*ON, "--json", *words).stdout)["figures"]}


def test_tables_are_told_in_both_languages(bank: World) -> None:
    """Early warning comes first; each title, head and street has both languages."""
    told = run(*ON, "--office").stdout

    assert told.startswith("账簿 test，2026-03-01：共存 18.0 个时间币；30 天内可以兑换的约 8.0 个，占 44.4%")
    assert "Book test, 2026-03-01: 18.0 coins are saved" in told
    assert told.index("早期预警 Early warning") < told.index("预计供给与预计兑换") < told.index("存量时间币，按街镇")
    assert "甘泉路街道 Ganquan Road" in told
    assert "每周兑换比例为系统假定" in told


def test_small_counts_are_shown_to_the_office_alone(bank: World) -> None:
    """Two savers of one street would know each other's coins from a table."""
    told = run(*ON).stdout
    hidden, shown = figures(), figures("--office")

    assert "<5" in told
    assert "不足 5 人的格子不显示" in told
    assert hidden["saved/310107004/all"] is None
    assert shown["saved/310107004/all"] == 820
    assert shown["saved/all/all"] == hidden["saved/all/all"] == 1080
    assert set(hidden) == set(shown)
    assert "<5" not in run(*ON, "--office").stdout


def test_figure_is_followed_to_its_entries(bank: World) -> None:
    """Line by line, with their sum, which is the figure."""
    told = run("trace", "saved/310107004/80+", *ON, "--office")

    lines = told.stdout.splitlines()
    assert told.exit_code == 0
    assert [line.split("  ")[-2:] for line in lines[:3]] == [["earn", "600"], ["redeem", "-300"], ["earn", "120"]]
    assert lines[3] == "“saved/310107004/80+”：3 笔，合计 420 分钟；报告中为 420 分钟。"
    assert lines[4] == "saved/310107004/80+: 3 lines, 420 minutes together; the report says 420 minutes."


def test_figure_that_is_worked_out_names_its_parts(bank: World) -> None:
    """A share or a smaller-of-two has no entries of its own; its parts have."""
    told = run("trace", "redeemable/310107007", *ON, "--office").stdout.splitlines()

    assert told[0].startswith("“redeemable/310107007”为 60 分钟，由以下指标算出")
    assert told[2] == "due/310107007  60"


@pytest.mark.parametrize("figure", ["saved/310107007/80+", "redeemable/310107007", "due/all"])
def test_few_persons_are_not_followed(bank: World, figure: str) -> None:
    """The entries of a few persons are theirs; only the district's own office looks at them."""
    caught = run("trace", figure, *ON).exception

    assert isinstance(caught, TooFewPersons)
    assert caught.least == 5


def test_unknown_book_and_figure_are_told(bank: World) -> None:
    """A mistyped code is a refusal, and names what there is not."""
    unknown = [run(*ON, "--book", "moon").exception, run("trace", "saved/moon", *ON).exception]

    assert [(one.kind, one.key) for one in unknown if isinstance(one, NotFound)] == [
        ("book", "moon"),
        ("figure", "saved/moon"),
    ]


def test_workbook_has_the_same_figures(bank: World, tmp_path: Path) -> None:
    """Coins are numbers that a spreadsheet can sum; what is hidden is hidden there too."""
    run(*ON, "--excel", str(tmp_path / "shown.xlsx"))
    run(*ON, "--office", "--excel", str(tmp_path / "office.xlsx"))

    shown, office = load_workbook(tmp_path / "shown.xlsx"), load_workbook(tmp_path / "office.xlsx")
    assert office.sheetnames[:3] == ["概览 Overview", "存量 Saved", "可兑换 Redeemable"]
    assert [cell.value for cell in office["存量 Saved"][3]] == [
        "甘泉路街道 Ganquan Road",
        *(0, 0, pytest.approx(400 / 60), 0, 0, pytest.approx(7)),
        pytest.approx(820 / 60),
    ]
    assert [cell.value for cell in shown["存量 Saved"][3]][3:] == ["<5", 0, 0, "<5", "<5"]
    assert stat.S_IMODE((tmp_path / "office.xlsx").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shown.xlsx").stat().st_mode) == 0o644


def test_terms_of_the_district_are_followed(bank: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A district that counts cohorts and persons in another way is shown its own."""
    shipped = Path("timebank/health/terms.toml").read_text(encoding="utf-8")
    own = shipped.replace("[50, 60, 65, 70, 80]", "[60, 75]").replace("least_persons = 5", "least_persons = 1")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_HEALTH", str(tmp_path / "own.toml"))

    assert figures()["saved/all/75+"] == 480


def test_whole_book_is_followed(bank: World, engine: Engine) -> None:
    """A script that checks the statistics looks at the exit code: 0 when the lines make the figure."""
    with transaction(engine) as session:
        pay(session, bank, "S5", 30, 1)

    assert run("trace", "kind/member", *ON, "--office").exit_code == 0

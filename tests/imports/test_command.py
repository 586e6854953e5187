"""``timebank import`` on the command line, as a clerk meets it."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.imports.rows import HEAD, senior
from tests.worlds import World
from timebank.imports.batches import KINDS
from timebank.imports.columns import read_cells
from timebank.imports.command import app
from timebank.imports.faults import Faults
from timebank.imports.sheets import read_lines
from timebank.imports.templates import template_columns, write_template

TEMPLATES = Path(__file__).parents[2] / "examples" / "templates"


@pytest.fixture(autouse=True)
def _database(monkeypatch: pytest.MonkeyPatch, database_url: str, world: World) -> None:
    """Let the command line find the test's database."""
    assert world.book
    monkeypatch.setenv("DATABASE_URL", database_url)


def run(*arguments: str) -> tuple[int, str]:
    """Type a command; returns how it ended and what it printed."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_check_apply_list_and_undo(write_csv: Callable[..., Path]) -> None:
    """The four commands in the order that a clerk types them."""
    path = str(write_csv([HEAD, senior(1)]))

    looked = run("check", path, "--kind", "seniors")
    applied = run("apply", path, "--kind", "seniors")
    batch = applied[1].rsplit(" ", maxsplit=1)[1].strip()
    again = run("apply", path, "--kind", "seniors")
    listed = run("list")
    undone = run("undo", batch)

    assert [each[0] for each in (looked, applied, again, listed, undone)] == [0] * 5
    assert "新增 1" in looked[1]
    assert f"timebank import undo {batch}" in applied[1]
    assert "nothing has changed" in again[1]
    assert "seniors.csv" in listed[1]
    assert "已撤销" in undone[1]


def test_faults_are_told_with_their_places(write_csv: Callable[..., Path]) -> None:
    """Sheet, row, column, value and what would be right, in both languages; the exit says that it failed."""
    wrong = senior(1)
    wrong[4] = "甘泉路街到"

    code, text = run("check", str(write_csv([HEAD, wrong])), "--kind", "seniors", "--json")

    told = json.loads(text)
    assert code == 1
    assert [(fault["row"], fault["column"], fault["value"]) for fault in told["faults"]] == [(2, "街镇", "甘泉路街到")]
    assert "甘泉路街道" in told["faults"][0]["right_zh"]
    assert "is it" in told["faults"][0]["right_en"]


def test_faults_fill_a_table(write_csv: Callable[..., Path]) -> None:
    """Without --json the same stands in a table."""
    wrong = senior(1)
    wrong[0] = ""

    code, text = run("check", str(write_csv([HEAD, wrong])), "--kind", "seniors")

    assert code == 1
    assert "不能为空" in text


def test_refused_files_say_why(tmp_path: Path) -> None:
    """A file that is no table ends with words, not with a traceback."""
    path = tmp_path / "empty.csv"
    path.touch()

    code, text = run("check", str(path), "--kind", "seniors")

    assert code == 1
    assert "文件是空的" in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_shipped_templates_are_the_ones_that_are_written(tmp_path: Path, kind: str, ending: str) -> None:
    """A template that lags behind its columns teaches what is wrong."""
    shipped, fresh = TEMPLATES / f"{kind}.{ending}", write_template(kind, tmp_path / f"{kind}.{ending}")
    columns = template_columns(kind)

    def lines(path: Path) -> list[dict[str, object]]:
        return [dict(line.cells) for line in read_lines(path, columns, Faults())]

    assert lines(shipped) == lines(fresh)
    assert len(lines(shipped)) == 1


def test_template_command_writes(tmp_path: Path) -> None:
    """Whoever lost the template makes a new one."""
    code, _ = run("template", "needs", "-o", str(tmp_path / "needs.xlsx"))

    assert code == 0
    assert (tmp_path / "needs.xlsx").stat().st_size > 1000


def test_example_rows_of_templates_are_right(noon: datetime, engine: Engine) -> None:
    """The example of a senior and a need reads without a fault of its own cells."""
    del noon, engine
    faults = Faults()
    for kind in ("seniors", "volunteers", "needs", "projects"):
        columns = template_columns(kind)
        for line in read_lines(TEMPLATES / f"{kind}.csv", columns, faults):
            read_cells(columns, line.cells, line.sheet, line.row, faults)

    assert {fault.code for fault in faults.kept} <= {"choice"}

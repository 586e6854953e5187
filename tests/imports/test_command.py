"""``timebank import`` on the command line, as a clerk meets it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.imports.rows import HEAD, identity, senior
from tests.worlds import World
from timebank.cli import main
from timebank.core.database import transaction
from timebank.core.personal_data import forget_keys
from timebank.imports.command import app
from timebank.imports.told import MOST_FAULTS_SHOWN
from timebank.people.tables import Senior

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch, database_url: str, world: World) -> None:
    """Let the command line find the test's database, and a terminal of 80 columns."""
    assert world.book
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "80")


def run(*arguments: str) -> tuple[int, str]:
    """Type a command; returns how it ended and what it printed."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_check_apply_list_and_undo(write_csv: Write) -> None:
    """The four commands in the order that a clerk types them."""
    path = str(write_csv([HEAD, senior(1)]))

    looked = run("check", path, "--kind", "seniors")
    applied = run("apply", path, "--kind", "seniors")
    batch = applied[1].rsplit(" ", maxsplit=1)[1].strip()
    again = run("apply", path, "--kind", "seniors")
    listed = run("list")
    undone = run("undo", batch)
    listed_after = run("list")

    assert [each[0] for each in (looked, applied, again, listed, undone, listed_after)] == [0] * 6
    assert "没有发现问题：新增 1，修改 0，不变 0。尚未导入。" in looked[1]
    assert f"已导入，批次 {batch}：" in applied[1]
    assert "nothing has changed" in again[1]
    assert "seniors.csv" in listed[1]
    assert "已导入" in listed[1]
    assert f"批次 {batch} 已撤销。" in undone[1]
    assert "已撤销" in listed_after[1]


def test_what_would_change_is_told_before_it_does(write_csv: Write) -> None:
    """Row, number and columns, so that the clerk can compare with the paper."""
    run("apply", str(write_csv([HEAD, senior(1), senior(2)])), "--kind", "seniors")
    moved = senior(2)
    moved[3] = "17000000009"

    code, told = run("check", str(write_csv([HEAD, senior(1), moved], name="b.csv")), "--kind", "seniors")

    assert code == 0
    assert "第 3 行 L2 修改：电话\n" in told
    assert "17000000009" not in told


def test_faults_are_told_line_by_line(write_workbook: Write) -> None:
    """Sheet, row, column, value, and what would be right, in Chinese and in English, within 80 columns."""
    slip, empty = senior(1), senior(2)
    slip[4], empty[0], empty[2] = "甘泉路街到", None, identity(2)[:-1]

    code, told = run("check", str(write_workbook([HEAD, slip, empty])), "--kind", "seniors")

    assert code == 1
    assert told.splitlines() == [
        "名册 第 2 行“街镇”：甘泉路街到",
        "    不认识的值；是“甘泉路街道”吗？",
        "    This value is not known; is it '甘泉路街道'?",
        "名册 第 3 行“编号”",
        "    不能为空。",
        "    It cannot be empty.",
        "名册 第 3 行“身份证号”：31***",
        "    身份证号不正确：应为 18 位，出生日期和校验位须吻合。",
        "    The identity number is not right: 18 places, and its date and check digit",
        "    must fit.",
        "",
        "发现 3 个问题，数据未作任何改动。请改好文件后再试。",
        "Faults: 3. Nothing has changed. Mend the file and try again.",
    ]
    assert max(cell_len(line) for line in told.splitlines()) <= 80


def test_very_many_faults_are_told_by_sort(write_csv: Write) -> None:
    """Past what anyone reads, the first few of each sort are listed, and how many there are of it."""
    rows = [senior(n) for n in range(1, MOST_FAULTS_SHOWN + 2)]
    for row in rows:
        row[6] = 31.0

    code, told = run("check", str(write_csv([HEAD, *rows])), "--kind", "seniors")

    assert code == 1
    assert told.count("\n    不在本区范围内") == 5
    assert f"    {len(rows)} × 纬度：不在本区范围内" in told
    assert f"发现 {len(rows)} 个问题" in told


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_every_fault_can_be_written_to_a_file(tmp_path: Path, write_csv: Write, ending: str) -> None:
    """A long list is worked through in a spreadsheet."""
    wrong = senior(1)
    wrong[0], wrong[4] = "=1+1", "@甘泉"
    report = tmp_path / f"faults.{ending}"

    code, told = run("check", str(write_csv([HEAD, wrong])), "--kind", "seniors", "--report", str(report))
    again, refused = run("check", str(write_csv([HEAD, wrong])), "--kind", "seniors", "--report", str(report))

    assert (code, again) == (1, 1)
    assert "问题清单（2 条）已写入" in told
    assert "已有同名文件" in refused
    assert report.stat().st_size > 100


def test_faults_are_told_to_programs(write_csv: Write) -> None:
    """Another program gets the same as one JSON object."""
    wrong = senior(1)
    wrong[4] = "甘泉路街到"

    code, told = run("check", str(write_csv([HEAD, wrong])), "--kind", "seniors", "--json")

    outcome = json.loads(told)
    assert code == 1
    assert [(fault["row"], fault["column"], fault["value"]) for fault in outcome["faults"]] == [
        (2, "街镇", "甘泉路街到")
    ]
    assert "甘泉路街道" in outcome["faults"][0]["right_zh"]
    assert "is it" in outcome["faults"][0]["right_en"]


@pytest.mark.parametrize("value", ["[/red]", "[link=http://x]y[/link]", "\x1b[2Jcleared", "a\u202eb"])
def test_what_stands_in_a_cell_does_not_steer_the_terminal(write_csv: Write, value: str) -> None:
    """A cell is shown as it is, and neither coloured, nor cleared, nor the end of the program."""
    wrong = senior(1)
    wrong[4] = value

    code, told = run("check", str(write_csv([HEAD, wrong], name="[b]名册.csv")), "--kind", "seniors")

    assert code == 1
    assert value.replace("\x1b", "�").replace("\u202e", "�") in told


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_refused_files_say_why(tmp_path: Path, as_json: list[str]) -> None:
    """A file that is no table ends with words, not with a traceback."""
    path = tmp_path / "empty.csv"
    path.touch()

    code, told = run("check", str(path), "--kind", "seniors", *as_json)

    assert code == 1
    assert "empty.csv：文件是空的。" in told
    assert "the file is empty" in told


def test_sheets_that_were_not_read_are_named(write_workbook: Write) -> None:
    """A second sheet without a header is not silently left out."""
    from openpyxl import load_workbook  # noqa: PLC0415  # one test adds to a workbook

    path = write_workbook([HEAD, senior(1)])
    book = load_workbook(path)
    book.create_sheet("二月").append(["L2", "张"])
    book.save(path)

    code, told = run("check", str(path), "--kind", "seniors")

    assert code == 0
    assert "未读取的工作表（没有表头，或被隐藏）：二月。" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["undo", "99"], "这里没有该批次：99。"),
        (["template", "needs", "-o", "needs.txt"], "文件名应以 .csv 或 .xlsx 结尾。"),
        (["check", "none.csv", "--kind", "needs"], "none.csv：找不到该文件"),
    ],
)
def test_every_no_is_in_words(arguments: list[str], words: str) -> None:
    """Chinese first, then English, and no traceback."""
    code, told = run(*arguments)

    assert code in (1, 2)
    assert words in told
    assert "Traceback" not in told


def test_undo_under_later_work_is_refused_in_words(engine: Engine, write_csv: Write) -> None:
    """The clerk reads what stands in the way, and the command ends as refused."""
    run("apply", str(write_csv([HEAD, senior(1)])), "--kind", "seniors")
    with transaction(engine) as session:
        who = session.get_one(Senior, 14)
        who.status = "moved"

    code, told = run("undo", "1")

    assert code == 2
    assert "老年人“L1”在导入之后又有改动" in told
    assert "seniors L1 was changed since" in told


def test_a_database_that_is_none_is_said_to_be_none(
    tmp_path: Path, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address ends with words and the code of a failure of the world."""
    (tmp_path / "district.sqlite").write_text("this is a letter, not a database" * 100, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'district.sqlite'}")

    code, told = run("check", str(write_csv([HEAD, senior(1)])), "--kind", "seniors")

    assert code == 3
    assert told.startswith("未能完成：该文件不是数据库，或已损坏")
    assert "The file is no database" in told
    assert "Traceback" not in told


def test_wrong_keys_are_told_before_the_file_is_read(write_csv: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its keys nothing personal can be stored; the words say how a key is written, and not the key."""
    monkeypatch.setenv("TIMEBANK_KEYS", "1:secret")
    forget_keys()

    code, told = run("apply", str(write_csv([HEAD, senior(1)])), "--kind", "seniors")

    monkeypatch.undo()
    forget_keys()
    assert code == 3
    assert "A key is written as number:base64" in told
    assert "secret" not in told


def test_nothing_was_imported_yet() -> None:
    """An empty list says that it is empty."""
    assert run("list") == (0, "还没有导入过文件。\nNo file was imported yet.\n")


def test_template_command_writes_and_never_over(tmp_path: Path) -> None:
    """Whoever lost the template makes a new one; whoever mistook a name loses nothing."""
    path = tmp_path / "needs.xlsx"

    code, _ = run("template", "needs", "-o", str(path))
    again, told = run("template", "needs", "-o", str(path))

    assert (code, again) == (0, 1)
    assert path.stat().st_size > 1000
    assert "已有同名文件" in told


def test_the_whole_command_line_has_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``timebank import`` is what stands in the README."""
    monkeypatch.setattr(sys, "argv", ["timebank", "import", "list"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert "No file was imported yet." in capsys.readouterr().out

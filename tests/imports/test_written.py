"""Tables for spreadsheets hold text alone, and never take the place of another file."""

import csv
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from timebank.imports.faults import FileRefused
from timebank.imports.written import check_target, write_table

FORMULAS = ["=1+1", "+86 170", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1", "＝1", "张三"]


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    """A value from a file that somebody sent must not run when its faults are opened."""
    write_table(tmp_path / "faults.xlsx", "faults", [["值"], *([each] for each in FORMULAS)])

    sheet = load_workbook(tmp_path / "faults.xlsx").active
    assert sheet is not None
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == FORMULAS
    assert {cell.data_type for cell in cells} == {"s"}


def test_no_cell_of_a_text_file_begins_a_formula(tmp_path: Path) -> None:
    """Opened in a spreadsheet, a CSV cell that begins with = is one; an apostrophe in front keeps it a text."""
    write_table(tmp_path / "faults.csv", "faults", [["值"], *([each] for each in FORMULAS)])

    with (tmp_path / "faults.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [row[0] for row in csv.reader(stream)][1:]
    assert cells == [*(f"'{each}" for each in FORMULAS[:-1]), "张三"]


@pytest.mark.parametrize("name", ["register.csv", "register.xlsx", "link.csv"])
def test_a_file_that_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    """A slip in a name must not cost a register."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere.csv")
    for each in ("register.csv", "register.xlsx"):
        (tmp_path / each).write_bytes(b"precious")

    with pytest.raises(FileRefused) as checked:
        check_target(tmp_path / name)
    with pytest.raises(FileRefused) as written:
        write_table(tmp_path / name, "faults", [["值"]])

    assert (checked.value.why, written.value.why) == ("exists", "exists")
    assert (tmp_path / "register.csv").read_bytes() == (tmp_path / "register.xlsx").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("faults.txt", "ending"),
        ("faults", "ending"),
        ("none/faults.csv", "unwritable"),
        ("none/faults.xlsx", "unwritable"),
    ],
)
def test_where_nothing_can_be_written_is_said(tmp_path: Path, name: str, why: str) -> None:
    """Words, and no traceback."""
    with pytest.raises(FileRefused) as refused:
        check_target(tmp_path / name)
        write_table(tmp_path / name, "faults", [["值"]])

    assert refused.value.why == why


@pytest.fixture
def _full_disk() -> Iterator[None]:
    """Let no file of this process grow past a hundred bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("_full_disk")
def test_a_full_disk_leaves_no_half_a_table(tmp_path: Path) -> None:
    """Half a list of faults looks like a whole one."""
    with pytest.raises(FileRefused) as refused:
        write_table(tmp_path / "faults.csv", "faults", [["值"] * 100] * 100)

    assert refused.value.why == "unwritable"
    assert list(tmp_path.iterdir()) == []

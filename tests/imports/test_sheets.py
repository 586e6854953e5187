"""Sheets are read under their header, wherever it stands; what would be lost is told."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from openpyxl import Workbook

from tests.imports.parts import sheet, write_parts
from tests.imports.rows import COLUMNS, HEAD, read, senior, why
from timebank.imports.faults import Faults, FileRefused
from timebank.imports.files import read_file
from timebank.imports.sheets import MOST_ROWS, read_lines

Write = Callable[..., Path]
MEGABYTE = 2**20


def test_title_rows_and_empty_rows_are_passed_over(write_workbook: Write) -> None:
    """Registers have a title above and gaps within; rows keep the numbers that the clerk sees."""
    path = write_workbook([["2026 年名册"], [], HEAD, senior(1), [], [None, " "], senior(2)])

    lines, faults = read(path)

    assert [(line.row, line.cells["ref"]) for line in lines] == [(4, "L1"), (7, "L2")]
    assert faults.count == 0


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_title_rows_of_text_files_are_passed_over(write_csv: Write, encoding: str) -> None:
    """The same register as CSV reads alike."""
    path = write_csv([["2026 年名册"], [], HEAD, senior(1), [], ["", " "], senior(2)], encoding=encoding)

    lines, faults = read(path)

    assert [(line.row, line.cells["ref"]) for line in lines] == [(4, "L1"), (7, "L2")]
    assert faults.count == 0


@pytest.mark.parametrize("rows_above", [5, 9])
def test_a_header_far_below_is_not_looked_for(write_csv: Write, rows_above: int) -> None:
    """Past the fifth row a header could be a row of data with such words in it."""
    assert why(write_csv([["x"]] * rows_above + [HEAD, senior(1)])) == "no_header"


def test_merged_header_names_its_cells(write_workbook: Write) -> None:
    """A merged header leaves a column without a name, whose values would be lost."""
    path = write_workbook([HEAD[:7], senior(1)[:8]], merged="G1:H1")

    _, faults = read(path)

    told = [(fault.code, fault.row, fault.column) for fault in faults.kept]
    assert ("merged_header", 1, "G1:H1") in told
    assert ("headless", 2, "H") in told


def test_merged_cells_are_told(write_workbook: Write) -> None:
    """Of merged cells only the first has the value; whoever stands below would silently have none."""
    path = write_workbook([["名册"], HEAD, senior(1), senior(2)], merged="I3:I4")

    _, faults = read(path)

    assert [(fault.code, fault.row, fault.column) for fault in faults.kept] == [("merged_cells", 3, "I3:I4")]


def test_a_merged_title_is_no_fault(write_workbook: Write) -> None:
    """Titles are merged over all columns everywhere."""
    _, faults = read(write_workbook([["名册"], HEAD, senior(1)], merged="A1:I1"))

    assert faults.count == 0


def test_values_without_a_header_are_told_once(write_csv: Write) -> None:
    """A column whose header was forgotten would be lost without a word."""
    path = write_csv([HEAD, [*senior(1), "忘了"], [*senior(2), "忘了"]])

    _, faults = read(path)

    assert [(fault.code, fault.row, fault.column) for fault in faults.kept] == [("headless", 2, "J")]


def test_a_value_in_the_last_column_is_told(tmp_path: Path) -> None:
    """A workbook has 16,384 columns; a value far to the right is not lost either."""
    path = write_parts(tmp_path / "wide.xlsx", sheet('<row r="2"><c r="XFD2"><v>7</v></c></row>'))

    _, faults = read(path)

    assert ("headless", 2, "XFD") in [(fault.code, fault.row, fault.column) for fault in faults.kept]


def test_a_sheet_with_every_column_is_read(write_csv: Write) -> None:
    """Sixteen thousand unknown headers are sixteen thousand faults, told in bounded time and memory."""
    _, faults = read(write_csv([[*HEAD, *(f"列{n}" for n in range(16_000))], senior(1)]))

    assert faults.count == 16_000
    assert len(faults.kept) == 10_000


def test_unknown_header_is_told_the_nearest(write_csv: Write) -> None:
    """A header with a slip of the pen is found."""
    path = write_csv([["编号", "姓名", "出生日", *HEAD[4:]], ["L1", "张", "1945-01-01", *senior(1)[4:]]])

    _, faults = read(path)

    assert [(fault.code, fault.values["near"]) for fault in faults.kept] == [("unknown_header_near", "出生日期")]


def test_missing_and_doubled_headers_are_told(write_csv: Write) -> None:
    """Both lose data when they are passed over."""
    path = write_csv([["编号", "姓名", "姓名"], ["L1", "张", "张"]])

    _, faults = read(path)

    codes = [fault.code for fault in faults.kept]
    assert codes.count("doubled_header") == 1
    assert codes.count("missing_header") == 4


def test_numbers_of_lines_are_passed_over(write_csv: Write) -> None:
    """Most lists begin with a column that only counts."""
    lines, faults = read(write_csv([["序号", *HEAD], [1, *senior(1)]]))

    assert faults.count == 0
    assert lines[0].cells["ref"] == "L1"


@pytest.mark.parametrize(
    "head",
    [
        ["编 号", "姓名（必填）", "*出生日期", "纬度："],
        ["Ref", "Name", "Date of birth", "LAT"],
        ["REF", "Full name (required)", "birth_date", "Latitude"],
        ["ＲＥＦ", "姓　名", "出生日期(YYYY-MM-DD)", "纬度"],
    ],
)
def test_headers_read_with_small_habits(write_csv: Write, head: list[str]) -> None:
    """Brackets, stars, spaces, case and full width do not make another column; English reads as Chinese does."""
    lines, _ = read(write_csv([head, ["L1", "Zhang", "1945-01-01", "31.2"]]))

    assert lines[0].cells == {"ref": "L1", "name": "Zhang", "born_on": "1945-01-01", "lat": "31.2"}


def test_every_shown_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    """Sub-districts fill a sheet each; what is no list, or hidden, is named and not read."""
    book = Workbook()
    for name, rows in (("甘泉", [HEAD, senior(1)]), ("说明", [["请逐行填写"]]), ("旧", [HEAD, senior(2)]), ("空", [])):
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book["旧"].sheet_state = "hidden"
    book.remove(book.worksheets[0])
    book.save(tmp_path / "book.xlsx")

    lines, faults = read(tmp_path / "book.xlsx")

    assert [(line.sheet, line.cells["ref"]) for line in lines] == [("甘泉", "L1")]
    assert faults.unread == ["说明", "旧"]
    assert faults.count == 0


def test_rows_of_all_sheets_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the file: two halves are as much as one whole."""
    monkeypatch.setattr("timebank.imports.sheets.MOST_ROWS", 3)
    book = Workbook()
    for name in ("一", "二"):
        page = book.create_sheet(name)
        for row in (HEAD, senior(1), senior(2)):
            page.append(row)
    book.save(tmp_path / "book.xlsx")

    assert why(tmp_path / "book.xlsx") == "rows"


def test_a_million_rows_are_refused_early_and_in_little_memory(tmp_path: Path) -> None:
    """A file that is far too long must not take the machine down with it."""
    path = tmp_path / "long.csv"
    path.write_bytes("编号,姓名\n".encode() + b"L1,a\n" * 1_000_000)
    process = psutil.Process()
    before = process.memory_info().rss
    count = 0

    with pytest.raises(FileRefused) as refused:
        for _ in read_lines(read_file(path), COLUMNS, Faults()):
            count += 1

    assert refused.value.why == "rows"
    assert count == MOST_ROWS
    assert process.memory_info().rss - before < 100 * MEGABYTE


def test_too_many_rows_of_a_workbook_are_refused_as_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clerk learns that the file is too long, not that it is made to harm; the rest is not read."""
    monkeypatch.setattr("timebank.imports.sheets.MOST_ROWS", 1_000)
    row = '<row><c t="str"><v>L1</v></c></row>'
    path = write_parts(tmp_path / "long.xlsx", sheet(row * 10_000).replace("</sheetData>", "cut off"))

    assert why(path) == "rows"


def test_a_row_far_away_is_read_as_it_is(tmp_path: Path) -> None:
    """A workbook of two rows may say that the second is the millionth; the gap costs nothing."""
    path = write_parts(tmp_path / "gap.xlsx", sheet('<row r="1048576"><c t="str"><v>L1</v></c></row>'))

    lines, _ = read(path)

    assert [(line.row, line.cells["ref"]) for line in lines] == [(1_048_576, "L1")]

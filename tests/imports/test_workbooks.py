"""Cells of a workbook read as a spreadsheet shows them."""

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.imports.parts import MAIN, relations, sheet, write_parts
from tests.imports.rows import read, why
from timebank.imports.files import read_file
from timebank.imports.workbooks import column_letters, column_number, sheets

ORACLE: list[list[object]] = [
    ["编号", "姓名", None, "出生日期"],
    ["L1", "张 三", 17000000001, date(1945, 1, 2)],
    ["L2", " 前后空格 ", 31.264, datetime.fromisoformat("1945-01-02T08:30:00")],
    [None, "", True, time(8, 30)],
    ["L4", "<&>\"'", -0.5, "1945年1月2日"],
    ["L5", "表情😀与\n换行", 10**14, date(1904, 1, 1)],
    ["L6", 0, date(2099, 12, 31)],
]


def rows_of(path: Path) -> list[tuple[int, dict[int, object]]]:
    """Return the rows of the first sheet, as they are read."""
    return list(next(sheets(read_file(path))).rows)


@pytest.mark.parametrize("is_of_1904", [False, True])
def test_rows_read_as_a_library_reads_them(tmp_path: Path, *, is_of_1904: bool) -> None:
    """The stream and the library agree on every kind of cell, in both calendars."""
    book = Workbook()
    book.epoch = datetime(1904, 1, 1) if is_of_1904 else book.epoch  # noqa: DTZ001  # days of a workbook have no zone
    page = book.active
    assert page is not None
    for row in ORACLE:
        page.append(row)
    book.save(tmp_path / "book.xlsx")
    told = load_workbook(tmp_path / "book.xlsx").active
    assert told is not None

    expected = {
        (n, m): value
        for n, row in enumerate(told.iter_rows(values_only=True), 1)
        for m, value in enumerate(row)
        if value not in (None, "")
    }

    assert {(n, m): value for n, cells in rows_of(tmp_path / "book.xlsx") for m, value in cells.items()} == expected


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        pytest.param('<c r="A2" t="s"><v>0</v></c>', "王秀英", id="shared"),
        pytest.param('<c r="A2" t="s"><v>1</v></c>', "王秀", id="rich and with a reading"),
        pytest.param('<c r="A2" t="inlineStr"><is><r><t>王</t></r><r><t>秀</t></r></is></c>', "王秀", id="inline"),
        pytest.param('<c r="A2" t="str"><f>A1</f><v>王_x000D_</v></c>', "王\r", id="result with an escape"),
        pytest.param('<c r="A2"><f>1+1</f><v>2</v></c>', 2, id="result"),
        pytest.param('<c r="A2"><f>1+1</f></c>', "#?", id="no result"),
        pytest.param('<c r="A2"><f>1+1</f><v/></c>', "#?", id="empty result"),
        pytest.param('<c r="A2" t="e"><v>#REF!</v></c>', "#REF!", id="broken"),
        pytest.param('<c r="A2" t="b"><v>1</v></c>', True, id="true"),
        pytest.param('<c r="A2" t="d"><v>1945-01-02T00:00:00</v></c>', "1945-01-02T00:00:00", id="ISO day"),
        pytest.param('<c r="A2" s="1"><v>16439</v></c>', datetime.fromisoformat("1945-01-02"), id="day"),
        pytest.param('<c r="A2" s="2"><v>16439</v></c>', datetime.fromisoformat("1945-01-02"), id="day, own format"),
        pytest.param('<c r="A2" s="1"><v>99999999</v></c>', 99_999_999, id="no day of any calendar"),
        pytest.param('<c r="A2"><v>3.10107194501010E+17</v></c>', 3.1010719450101e17, id="shortened"),
        pytest.param("<c><v>7</v></c>", 7, id="without its place"),
        pytest.param('<x:c xmlns:x="y" r="A2"><x:v>7</x:v></x:c>', 7, id="with a prefix"),
    ],
)
def test_cells_read(tmp_path: Path, cell: str, value: object) -> None:
    """Every way to write a cell is read, also those that the usual library does not write."""
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>王秀英</t></si>'
        '<si><r><t>王</t></r><r><t>秀</t></r><rPh sb="0" eb="1"><t>wang xiu</t></rPh></si></sst>'
    )
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/>'
        '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/></cellXfs></styleSheet>'
    )
    path = tmp_path / "book.xlsx"
    write_parts(
        path, sheet(f'<row r="2">{cell}</row>'), changed={"xl/sharedStrings.xml": strings, "xl/styles.xml": styles}
    )

    assert rows_of(path)[1] == (2, {0: value})


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param('<row r="3"><c r="A3"/></row><row r="2"><c r="A2"/></row>', id="rows out of order"),
        pytest.param('<row r="2"/><row r="2"/>', id="a row twice"),
        pytest.param('<row r="2"><c r="A3"/></row>', id="a cell of another row"),
        pytest.param('<row r="1048577"/>', id="a row past the last"),
        pytest.param('<row r="x"/>', id="a row without number"),
        pytest.param('<row r="2"><c r="XFE2"><v>1</v></c></row>', id="a column past the last"),
        pytest.param('<row r="2"><c r="A2" t="s"><v>0</v></c></row>', id="a shared text that is not there"),
        pytest.param('<row r="2"><c r="A2" t="s"><v>-1</v></c></row>', id="a shared text before the first"),
        pytest.param('<row r="2"><c r="A2"><v>1,5</v></c></row>', id="a number that is none"),
        pytest.param('<row r="2"><c r="A2"></row>', id="tags that do not match"),
        pytest.param('<row r="2">', id="cut off"),
    ],
)
def test_damaged_sheets_are_refused(tmp_path: Path, rows: str) -> None:
    """Of rows that contradict each other one would be lost; the file is refused instead."""
    assert why(write_parts(tmp_path / "book.xlsx", sheet(rows))) == "broken_workbook"


def test_a_workbook_cut_short_is_refused(tmp_path: Path, write_workbook: Callable[..., Path]) -> None:
    """A copy that was interrupted is no register."""
    whole = write_workbook([["编号", "姓名"], ["L1", "张"]]).read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(whole[: len(whole) // 2])

    assert why(path) == "broken_workbook"


def test_a_part_that_does_not_match_its_checksum_is_refused(tmp_path: Path) -> None:
    """A bit that fell over on the way could be a digit of somebody's number."""
    path = tmp_path / "book.xlsx"
    content = bytearray(write_parts(path, sheet("")).read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    content[at] ^= 0xFF
    path.write_bytes(content)

    assert why(path) == "broken_workbook"


def test_strict_workbooks_and_moved_parts_read(tmp_path: Path) -> None:
    """What makes a workbook are its relations, whatever its parts are called."""
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    main = (
        f'<workbook xmlns="{strict}" xmlns:r="http://purl.oclc.org/ooxml/officeDocument/relationships"><sheets>'
        '<sheet name="名册" sheetId="1" r:id="a"/></sheets></workbook>'
    )
    changed = {
        "_rels/.rels": relations({"x": ("officeDocument", "/book/main.xml")}),
        "book/main.xml": main,
        "book/_rels/main.xml.rels": relations({"a": ("worksheet", "/xl/worksheets/sheet1.xml")}),
    }

    lines, _ = read(
        write_parts(
            tmp_path / "book.xlsx",
            sheet('<row r="2"><c t="str"><v>L1</v></c></row>').replace(MAIN, strict),
            changed=changed,
        )
    )

    assert [line.cells["ref"] for line in lines] == ["L1"]


@pytest.mark.parametrize(("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16_383, "XFD")])
def test_columns_have_letters(number: int, letters: str) -> None:
    """A clerk finds a column by its letters."""
    assert (column_letters(number), column_number(letters)) == (letters, number)

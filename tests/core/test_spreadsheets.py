"""A table in any format says what it was given: no formula runs, no number is rounded, no character is lost."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook

from timebank.core.spreadsheets import FORMATS, Cell, Format, written_as

FORMULAS = ["=1+1", "+86 170", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1", "＝1"]
LONG = ["310107194501011234", "000123", "123456789012"]
RARE = ["𬭎", "㛃", "王𠮷", "🎋", "ﷺ", "€", "Ａ，“”"]
CODECS = [("csv", "utf-8-sig"), ("csv-gb18030", "gb18030")]


def _csv(kind: Format, codec: str, cells: list[Cell]) -> list[str]:
    content = written_as(kind, "表", [["值"], *([cell] for cell in cells)])
    return [row[0] for row in csv.reader(io.StringIO(content.decode(codec)))][1:]


@pytest.mark.parametrize(("kind", "codec"), CODECS)
def test_formulas_and_long_numbers_are_texts_in_csv(kind: Format, codec: str) -> None:
    """Opened in a spreadsheet a name does not run, and an identity number keeps its last digits."""
    assert _csv(kind, codec, [*FORMULAS, *LONG]) == [f"'{cell}" for cell in [*FORMULAS, *LONG]]
    assert _csv(kind, codec, ["张三", "12345678901", 5, -5, None, 10**12]) == [
        "张三",
        "12345678901",
        "5",
        "-5",
        "",
        "'1000000000000",
    ]


@pytest.mark.parametrize(("kind", "codec"), CODECS)
def test_every_character_survives(kind: Format, codec: str) -> None:
    """A name with a rare character is a person's name; GB18030 has all of them, and pictures too."""
    assert _csv(kind, codec, list(RARE)) == RARE


@pytest.mark.parametrize(("kind", "starts"), [("csv", b"\xef\xbb\xbf"), ("csv-gb18030", "值".encode("gb18030"))])
def test_mark_stands_where_excel_needs_it(kind: Format, starts: bytes) -> None:
    """Excel knows UTF-8 by its mark; a mark before GB18030 would be shown as part of the first name."""
    content = written_as(kind, "表", [["值"], ["一"]])

    assert content.startswith(starts)
    assert content.endswith(b"\r\n")


def test_workbook_keeps_kinds_apart() -> None:
    """Texts are texts, numbers are numbers, days are days; what would be rounded is a text."""
    cells: list[Cell] = [*FORMULAS, *LONG, *RARE, 5, date(2026, 3, 2), 10**15, None]

    book = load_workbook(io.BytesIO(written_as("xlsx", "表", [["值"], *([cell] for cell in cells)])))

    sheet = book["表"]
    read = [sheet.cell(row, 1) for row in range(2, len(cells) + 2)]
    texts = len(FORMULAS) + len(LONG) + len(RARE)
    assert [cell.value for cell in read[:texts]] == cells[:texts]
    assert {cell.data_type for cell in read[:texts]} == {"s"}
    assert [cell.value for cell in read[texts:]] == [5, datetime(2026, 3, 2), "1" + "0" * 15, None]  # noqa: DTZ001  # workbooks know no zone
    assert sheet.freeze_panes == "A2"


def test_moment_is_written_to_the_minute() -> None:
    """A workbook knows no zone, so a moment is a text that says it."""
    moment = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

    assert _csv("csv", "utf-8-sig", [moment]) == ["2026-03-02 04:00+00:00"]
    assert set(FORMATS) == {"xlsx", "csv", "csv-gb18030"}

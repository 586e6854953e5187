"""Tables for spreadsheets, written in one place: Excel, CSV in UTF-8, and CSV in GB18030.

- **No cell is a formula.** What a spreadsheet would take for one gets an apostrophe in front in CSV, as one types it by
  hand; in a workbook it is a text cell.
- **Long numbers stay whole.** Digits that a spreadsheet would round or strip (twelve and more, or with a zero in front)
  are text cells in a workbook, and have an apostrophe in CSV.
- **UTF-8 has a mark in front, GB18030 has none.** Excel takes UTF-8 for what it is by its mark alone. GB18030 is what
  Chinese Windows reads by itself, and a mark in it would be shown as part of the first name. It encodes every
  character, rare names and pictures too.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Cell = str | int | date | None
Format = Literal["xlsx", "csv", "csv-gb18030"]
FORMATS: tuple[Format, ...] = ("xlsx", "csv", "csv-gb18030")
ENCODINGS = {"csv": "utf-8-sig", "csv-gb18030": "gb18030"}
ENDINGS = {"xlsx": ".xlsx", "csv": ".csv", "csv-gb18030": ".csv"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""
LONG_DIGITS = 12
"""Digits from which on a spreadsheet shows a number in powers of ten; from sixteen on it loses some."""
TEXT = "@"
"""Number format of text: digits that are typed below stay as they are typed."""


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would take a text for a formula."""
    return cell.startswith(FORMULA)


def is_long_number(cell: str) -> bool:
    """Tell whether a spreadsheet would take a text for a number and change it."""
    return cell.isdigit() and cell.isascii() and (len(cell) >= LONG_DIGITS or (len(cell) > 1 and cell[0] == "0"))


def harmless(cell: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{cell}" if is_formula(cell) else cell


def as_csv(rows: Iterable[Sequence[Cell]], encoding: str) -> bytes:
    """Return rows as CSV in an encoding, with CRLF as Excel has it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode(encoding)


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    said = _said(cell)
    if isinstance(cell, str):
        return f"'{said}" if is_long_number(said) else harmless(said)
    return f"'{said}" if isinstance(cell, int) and is_long_number(said) else said


def _said(cell: str | int | date) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def as_workbook(title: str, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows as a workbook of one sheet; the first row is the header. Numbers are numbers, days are days."""
    book = Workbook(write_only=True)  # a month of visits would else stand in memory cell by cell
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        sheet.append([_book_cell(sheet, cell, is_head=number == 0) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _book_cell(sheet: object, cell: Cell, *, is_head: bool) -> object:
    if isinstance(cell, datetime) or (isinstance(cell, int) and is_long_number(str(abs(cell)))):
        cell = _said(cell)  # a moment has a zone, which workbooks do not know
    if not isinstance(cell, str):
        return cell
    written = WriteOnlyCell(sheet, cell)  # type: ignore[arg-type]  # a sheet that is only written
    written.data_type, written.number_format = "s", TEXT
    if is_head:
        written.font = Font(bold=True)
    return written


def written_as(kind: Format, title: str, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows in one of :data:`FORMATS`."""
    return as_workbook(title, rows) if kind == "xlsx" else as_csv(rows, ENCODINGS[kind])

"""Tables that are written for people to open in a spreadsheet: every cell is text, and none is a formula."""

import csv
import io
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from timebank.core.spreadsheets import TEXT, harmless
from timebank.imports.faults import FileRefused

ENDINGS = (".csv", ".xlsx")
WIDEST = 60


def check_target(path: Path) -> None:
    """See that a table can be written to a path: it ends with .csv or .xlsx, and nothing is there.

    Raises
    ------
    FileRefused
        When it cannot.
    """
    if path.suffix.lower() not in ENDINGS:
        raise FileRefused(file_name=path.name, why="ending")
    if path.exists() or path.is_symlink():
        raise FileRefused(file_name=path.name, why="exists")


def write_table(path: Path, title: str, rows: Sequence[Sequence[str]], bold: AbstractSet[int] = frozenset()) -> None:
    """Write a header and rows; ``bold`` are the positions of headers that are needed.

    Raises
    ------
    FileRefused
        When the path cannot be written.
    """
    try:
        content = _text(rows) if path.suffix.lower() == ".csv" else _workbook(title, rows, bold)
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError as fault:
        raise FileRefused(file_name=path.name, why="exists") from fault
    except OSError as fault:
        path.unlink(missing_ok=True)  # a full disk leaves half a table
        raise FileRefused(file_name=path.name, why="unwritable", detail=fault.strerror or "") from fault


def _text(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _workbook(title: str, rows: Sequence[Sequence[str]], bold: AbstractSet[int]) -> bytes:
    book = Workbook()
    sheet = book.active or book.create_sheet()
    sheet.title = title
    for n, cells in enumerate(zip(*rows, strict=True)):
        column = sheet.column_dimensions[get_column_letter(n + 1)]
        column.width = min(WIDEST, max(12, *(2 * len(cell) + 2 for cell in cells)))
        column.number_format = TEXT
    for m, row in enumerate(rows, start=1):
        for n, value in enumerate(row):
            cell = sheet.cell(m, n + 1, value)
            cell.data_type, cell.number_format = "s", TEXT
            cell.font = Font(bold=m == 1 and n in bold)
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()

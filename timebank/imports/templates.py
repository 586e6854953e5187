"""Templates: a header in Chinese and an example row for each kind, as CSV and as a workbook."""

import csv
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from timebank.imports.batches import KINDS
from timebank.imports.columns import Column
from timebank.imports.known import Known

NOTHING_KNOWN = Known(
    subdistricts={},
    committees={},
    parent_by_area={},
    code_by_area={},
    organisations={},
    offices=frozenset(),
    services={},
    today=date(2026, 1, 1),
    system="WGS-84",
)


def template_columns(kind: str) -> tuple[Column, ...]:
    """Return the columns of a kind of file."""
    return KINDS[kind].columns(NOTHING_KNOWN)


def write_template(kind: str, path: Path) -> Path:
    """Write the template of a kind; the ending of the name chooses .xlsx or .csv.

    Raises
    ------
    ValueError
        For another ending.
    """
    columns = template_columns(kind)
    rows = [[column.names[0] for column in columns], [column.example for column in columns]]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows(rows)
    elif path.suffix == ".xlsx":
        _write_workbook(kind, rows, columns, path)
    else:
        message = f"A template is written as .csv or .xlsx, not {path.suffix or 'without an ending'}."
        raise ValueError(message)
    return path


def _write_workbook(kind: str, rows: list[list[str]], columns: tuple[Column, ...], path: Path) -> None:
    book = Workbook()
    sheet = book.active or book.create_sheet()
    sheet.title = kind
    for row in rows:
        sheet.append(row)
    for n, column in enumerate(columns, start=1):
        sheet.cell(1, n).font = Font(bold=column.is_required)
        sheet.column_dimensions[get_column_letter(n)].width = max(12, 2 * len(column.names[0]), len(column.example) + 4)
        sheet.cell(2, n).number_format = "@"
    sheet.freeze_panes = "A2"
    book.save(path)

"""Files to bring in, written as people write them."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

Rows = list[list[object]]
WriteCsv = Callable[..., Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Write a CSV file of rows."""

    def write(rows: Rows, name: str = "seniors.csv", encoding: str = "utf-8", delimiter: str = ",") -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as stream:
            csv.writer(stream, delimiter=delimiter).writerows(rows)
        return path

    return write


@pytest.fixture
def write_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of rows."""

    def write(rows: Rows, name: str = "seniors.xlsx", merged: str = "") -> Path:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "名册"
        for row in rows:
            sheet.append(row)
        if merged:
            sheet.merge_cells(merged)
        path = tmp_path / name
        book.save(path)
        return path

    return write

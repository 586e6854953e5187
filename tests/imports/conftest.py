"""Files to bring in, written as people write them."""

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine

from timebank.core.database import transaction
from timebank.imports.batches import undo_batch

Rows = list[list[object]]
WriteCsv = Callable[..., Path]
Undo = Callable[[int | None], None]


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


@pytest.fixture
def undo(engine: Engine, noon: datetime) -> Undo:
    """Take a batch back."""

    def run(batch: int | None) -> None:
        with transaction(engine) as session:
            undo_batch(session, batch or 0, now=noon)

    return run

"""Files to bring in, written as people write them."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from timebank.people.identity import check_digit

HEAD = ["编号", "姓名", "身份证号", "电话", "街镇", "居委", "纬度", "经度", "类别"]
Rows = list[list[object]]


def identity(n: int, *, born: str = "19450101") -> str:
    """Return a right identity number of a woman."""
    body = f"310107{born}{2 * n:03d}"
    return body + check_digit(body)


def senior(n: int) -> list[object]:
    """Return a right row of a file of seniors."""
    return [
        f"L{n}",
        f"张老人{n}",
        identity(n),
        "17000000001",
        "甘泉路街道",
        "甘泉第1居委会",
        31.264,
        121.43,
        "孤老;独居老年人",
    ]


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

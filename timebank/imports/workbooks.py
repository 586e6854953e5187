"""Workbooks (.xlsx) as rows, read as a stream: memory holds the shared texts and one row, whatever the file claims."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from openpyxl.utils.datetime import from_excel

from timebank.imports.archives import Archive
from timebank.imports.files import Source
from timebank.imports.packages import Package, SheetPart, open_package, unescape

MOST_COLUMNS, MOST_ROWS = 16_384, 1_048_576
"""What a spreadsheet can hold."""
LONGEST_CELL = 40_000
MOST_MERGED = 1_000
NO_RESULT = "#?"
"""Stands for a formula whose result was never stored, as a broken result would."""
PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
Row = tuple[int, dict[int, object]]


class Area(NamedTuple):
    """Merged cells: what the file calls them, and their rows and columns (positions from 0), last included."""

    name: str
    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(slots=True)
class _Cell:
    """A cell that is being read."""

    column: int
    kind: str
    style: int
    is_formula: bool = False
    parts: list[str] = field(default_factory=list)
    size: int = 0


class _SheetReader:
    """Collects the rows of a sheet that hold anything, and its merged cells."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.rows: list[Row] = []
        self.merged: list[Area] = []
        self.row, self.column = 0, -1
        self.cells: dict[int, object] = {}
        self.cell: _Cell | None = None
        self.is_value, self.is_reading = False, False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in ("v", "t"):
            self.is_value = self.cell is not None and not self.is_reading
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "f" and self.cell is not None:
            self.cell.is_formula = True
        elif tag == "rPh":
            self.is_reading = True
        elif tag == "mergeCell" and len(self.merged) < MOST_MERGED:
            self.merged += read_area(attributes.get("ref", ""))

    def text(self, text: str) -> None:
        if self.is_value and self.cell is not None:
            self.cell.parts.append(text)
            self.cell.size += len(text)
            if self.cell.size > LONGEST_CELL:
                raise self.package.archive.source.refused("bomb")

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self.is_value = False
        elif tag == "rPh":
            self.is_reading = False
        elif tag == "c" and self.cell is not None:
            value = self._value(self.cell)
            if value is not None and not (isinstance(value, str) and not value.strip()):
                self.cells[self.cell.column] = value
            self.cell = None
        elif tag == "row" and self.cells:
            self.rows.append((self.row, self.cells))
            self.cells = {}

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        row = int(attributes.get("r", self.row + 1))
        if not self.row < row <= MOST_ROWS:  # of rows that stand twice or out of order, one would be lost
            raise self.package.archive.source.refused("broken_workbook")
        self.row, self.column = row, -1

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        place = PLACE.fullmatch(attributes.get("r", ""))
        self.column = column_number(place[1]) if place else self.column + 1
        if self.column >= MOST_COLUMNS or (place and int(place[2]) != self.row):
            raise self.package.archive.source.refused("broken_workbook")
        self.cell = _Cell(self.column, attributes.get("t", "n"), int(attributes.get("s", 0)))

    def _value(self, cell: _Cell) -> object:
        text = "".join(cell.parts)
        if cell.kind in ("str", "inlineStr"):
            return unescape(text)
        if not text:
            return NO_RESULT if cell.is_formula else None
        if cell.kind == "s":
            return self.package.strings[whole(text)]
        if cell.kind == "b":
            return text == "1"
        return text if cell.kind in ("e", "d") else self._number(text, cell.style)

    def _number(self, text: str, style: int) -> object:
        number = int(text) if text.lstrip("-").isdigit() else float(text)
        if style in self.package.day_styles:
            with suppress(OverflowError, ValueError):
                return from_excel(number, self.package.epoch)
        return number


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows that hold anything, as they are read; its merged cells, known when the rows are through."""

    name: str
    is_shown: bool
    rows: Iterator[Row]
    merged: list[Area]


def sheets(source: Source) -> Iterator[Sheet]:
    """Yield the sheets of a workbook.

    Raises
    ------
    FileRefused
        When it is none, holds code, is damaged or made to harm.
    """
    package = open_package(Archive(source))
    for part in package.sheets:
        reader = _SheetReader(package)
        yield Sheet(part.name, part.is_shown, _rows(package, part, reader), reader.merged)


def _rows(package: Package, part: SheetPart, reader: _SheetReader) -> Iterator[Row]:
    for _ in package.archive.read(part.part, reader):
        yield from reader.rows
        reader.rows.clear()


def whole(text: str) -> int:
    """Return a count; below 0 there is none."""
    if not text.isdecimal():
        message = "This is no count."
        raise ValueError(message)
    return int(text)


def column_number(letters: str) -> int:
    """Return the position of a column from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    """Return what a spreadsheet calls a column (position from 0): 0 is A, 26 is AA."""
    letters = ""
    while number >= 0:
        letters, number = chr(65 + number % 26) + letters, number // 26 - 1
    return letters


def read_area(name: str) -> list[Area]:
    """Return merged cells such as ``A1:B2``; nothing for what is no such name."""
    corners = [PLACE.fullmatch(corner) for corner in name.split(":")]
    if len(corners) != 2 or corners[0] is None or corners[1] is None:
        return []
    (first, top), (last, bottom) = corners[0].groups(), corners[1].groups()
    return [Area(name, int(top), int(bottom), column_number(first), column_number(last))]

"""Any file as sheets with a header: which rows are data, under which known columns."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path

from timebank.imports import csv_files, workbooks
from timebank.imports.columns import Column, plain
from timebank.imports.faults import CellFault, Faults, FileRefused

MOST_FILE_BYTES = 50 * 1024 * 1024
MOST_ROWS = 100_000
MOST_COLUMNS = 200
HEADER_WITHIN = 5
OLE = b"\xd0\xcf\x11\xe0"
ZIP = b"PK"
Sheets = Generator[tuple[str, list[str], Iterator[tuple[object, ...]]], None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of data: where it stands, and its cells by the key of their column."""

    sheet: str
    row: int
    cells: Mapping[str, object]


def read_lines(path: Path, columns: tuple[Column, ...], faults: Faults) -> Iterator[Line]:
    """Yield the rows of every sheet that has a header; what is wrong with headers is noted.

    Raises
    ------
    FileRefused
        When the file cannot be read, or has too many rows.
    """
    with closing(_sheets(path)) as sheets:
        yield from _read_sheets(path, sheets, columns, faults)


def _read_sheets(path: Path, sheets: Sheets, columns: tuple[Column, ...], faults: Faults) -> Iterator[Line]:
    found_any = False
    for name, merged, cells in sheets:
        opening = list(islice(cells, HEADER_WITHIN))
        position = _find_header(opening, columns)
        if position is None:
            continue
        found_any = True
        heads = _read_header(name, position, opening[position], merged, columns, faults)
        told: set[int] = set()
        numbered = enumerate(chain(opening[position + 1 :], cells), start=position + 2)
        for row, values in numbered:
            if row > MOST_ROWS + HEADER_WITHIN:
                raise FileRefused(file_name=path.name, why="rows", detail=f"{MOST_ROWS:,}")
            if any(value is not None and str(value).strip() for value in values):
                _note_headless(name, row, values, heads, told, faults)
                known = {key: values[n] if n < len(values) else None for n, key in heads.items() if key}
                yield Line(sheet=name, row=row, cells=known)
    if not found_any:
        wanted = "、".join(column.names[0] for column in columns if column.is_required)
        raise FileRefused(file_name=path.name, why="no_header", detail=wanted)


def _sheets(path: Path) -> Sheets:
    """Open a file by what it holds, not by its name."""
    if not path.is_file():
        raise FileRefused(file_name=path.name, why="missing")
    if path.stat().st_size > MOST_FILE_BYTES:
        raise FileRefused(file_name=path.name, why="bytes", detail=f"{MOST_FILE_BYTES // 2**20}")
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise FileRefused(file_name=path.name, why="empty")
    if start.startswith(OLE):
        raise FileRefused(file_name=path.name, why="old_workbook")
    if start.startswith(ZIP):
        yield from workbooks.sheets(path)
    else:
        yield "", [], csv_files.rows(path)


def _find_header(opening: list[tuple[object, ...]], columns: tuple[Column, ...]) -> int | None:
    """Return the row, of the first five, that names the most columns; at least two of them."""
    names = {plain(name) for column in columns for name in column.names}
    scores = [sum(plain(value) in names for value in row[:MOST_COLUMNS] if value is not None) for row in opening]
    best = max(scores, default=0)
    return scores.index(best) if best >= 2 else None


def _read_header(
    sheet: str, position: int, row: tuple[object, ...], merged: list[str], columns: tuple[Column, ...], faults: Faults
) -> dict[int, str]:
    """Return the key of each column's position, empty for one that is unknown; what is wrong is noted."""
    key_by_name = {plain(name): column.key for column in columns for name in column.names}
    at = position + 1
    heads: dict[int, str] = {}
    for ranges in (each for each in merged if _covers(each, at)):
        faults.add(sheet, at, ranges, "", CellFault("merged_header", cells=ranges))
    for n, value in enumerate(row[:MOST_COLUMNS]):
        if value is None or not str(value).strip():
            continue
        key = key_by_name.get(plain(value))
        if key is None:
            near = get_close_matches(plain(value), list(key_by_name), n=1)
            known = next((name for column in columns for name in column.names if near and plain(name) == near[0]), "")
            code = "unknown_header_near" if known else "unknown_header"
            faults.add(sheet, at, str(value), "", CellFault(code, near=known))
            heads[n] = ""
        elif key in heads.values():
            faults.add(sheet, at, str(value), "", CellFault("doubled_header"))
        else:
            heads[n] = key
    for column in columns:
        if column.is_required and column.key not in heads.values():
            names = " / ".join(column.names[:2])
            faults.add(sheet, at, column.names[0], "", CellFault("missing_header", names=names))
    return heads


def _covers(ranges: str, row: int) -> bool:
    first, _, last = ranges.partition(":")
    top, bottom = (int("".join(sign for sign in corner if sign.isdigit())) for corner in (first, last))
    return top <= row <= bottom


def _note_headless(
    sheet: str, row: int, values: tuple[object, ...], heads: dict[int, str], told: set[int], faults: Faults
) -> None:
    """Note once for each column that it has values and no header: they would be lost without a word."""
    for n, value in enumerate(values[:MOST_COLUMNS]):
        if n not in heads and n not in told and value is not None and str(value).strip():
            told.add(n)
            faults.add(sheet, row, f"#{n + 1}", "", CellFault("headless"))

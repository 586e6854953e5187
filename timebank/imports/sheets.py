"""Any file as sheets with a header: which rows are data, under which known columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain

from timebank.imports import csv_files, workbooks
from timebank.imports.columns import Column, passed_over, plain
from timebank.imports.faults import CellFault, Faults
from timebank.imports.files import Source
from timebank.imports.workbooks import Row, Sheet

MOST_ROWS = 100_000
HEADER_WITHIN = 5
MOST_GUESSED = 50
"""Unknown headers that are told the nearest known one."""
OLE = b"\xd0\xcf\x11\xe0"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
WEB = (b"<html", b"<!doctype", b"<table", b"<meta", b"<?xml", b"<head", b"<style")
"""Systems that export "to Excel" often write a web page and call it .xls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of data: where it stands, and its cells by the key of their column; every column that the file has."""

    sheet: str
    row: int
    cells: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where a header stands, and the key of each column by position; empty for a column that is not read."""

    row: int
    key_by_column: dict[int, str]


def read_lines(source: Source, columns: tuple[Column, ...], faults: Faults) -> Iterator[Line]:
    """Yield the rows of every sheet that has a header; what is wrong with headers is noted.

    Raises
    ------
    FileRefused
        When the file cannot be read, or has too many rows.
    """
    count, found_any = 0, False
    for sheet in _sheets(source):
        faults.sheets.append(sheet.name)
        opening, header = _find_header(sheet, columns)
        if header is None:
            faults.unread += [sheet.name] if opening else []
            continue
        found_any = True
        heads = _read_header(sheet.name, header, columns, faults)
        told: set[int] = set()
        for row, cells in chain((each for each in opening if each[0] > heads.row), sheet.rows):
            count += 1
            if count > MOST_ROWS:
                raise source.refused("rows", f"{MOST_ROWS:,}")
            _note_headless(sheet.name, row, cells, heads, told, faults)
            yield Line(
                sheet=sheet.name, row=row, cells={key: cells.get(n) for n, key in heads.key_by_column.items() if key}
            )
        _note_merged(sheet, heads, faults)
    if not found_any:
        wanted = "、".join(column.names[0] for column in columns if column.is_required)
        raise source.refused("no_header", wanted)


def _sheets(source: Source) -> Iterator[Sheet]:
    """Open a file by what it holds, not by its name."""
    start = source.content[:200].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if source.content.startswith(OLE):
        raise source.refused("old_workbook")
    if source.content.startswith(ZIP):
        yield from workbooks.sheets(source)
    elif start.startswith(WEB):
        raise source.refused("web_page")
    else:
        yield Sheet("", True, csv_files.rows(source), [])


def _find_header(sheet: Sheet, columns: tuple[Column, ...]) -> tuple[list[Row], Row | None]:
    """Return the first rows, and of those within the first five the one that names the most columns; at least two."""
    names = {plain(name) for column in columns for name in column.names}
    opening: list[Row] = []
    for row in sheet.rows:
        opening.append(row)
        if row[0] >= HEADER_WITHIN:
            break
    if not sheet.is_shown:
        return opening, None
    scores = [sum(plain(value) in names for value in cells.values()) for row, cells in opening if row <= HEADER_WITHIN]
    best = max(scores, default=0)
    return opening, opening[scores.index(best)] if best >= 2 else None


def _read_header(sheet: str, header: Row, columns: tuple[Column, ...], faults: Faults) -> Header:
    """Return the key of each column's position, empty for one that is not read; what is wrong is noted."""
    row, cells = header
    name_by_plain = {plain(name): name for column in columns for name in column.names}
    key_by_plain = {plain(name): column.key for column in columns for name in column.names}
    heads: dict[int, str] = {}
    guessed = 0
    for n, value in sorted(cells.items()):
        word = plain(value)
        key = key_by_plain.get(word, "")
        heads[n] = ""
        if key and key in heads.values():
            faults.add(sheet, row, str(value), "", CellFault("doubled_header"))
        elif key:
            heads[n] = key
        elif word not in passed_over():
            guessed += 1
            near = get_close_matches(word, list(key_by_plain), n=1) if guessed <= MOST_GUESSED else []
            code = "unknown_header_near" if near else "unknown_header"
            faults.add(sheet, row, str(value), "", CellFault(code, near=name_by_plain[near[0]] if near else ""))
    for column in columns:
        if column.is_required and column.key not in heads.values():
            faults.add(sheet, row, column.names[0], "", CellFault("missing_header", names=" / ".join(column.names[:2])))
    return Header(row=row, key_by_column=heads)


def _note_merged(sheet: Sheet, heads: Header, faults: Faults) -> None:
    """Note merged cells of the header and below: only the first of them has the value, the others would be empty."""
    for area in sheet.merged:
        if area.first_row <= heads.row <= area.last_row:
            faults.add(sheet.name, heads.row, area.name, "", CellFault("merged_header", cells=area.name))
        elif area.first_row > heads.row:
            faults.add(sheet.name, area.first_row, area.name, "", CellFault("merged_cells", cells=area.name))


def _note_headless(
    sheet: str, row: int, cells: Mapping[int, object], heads: Header, told: set[int], faults: Faults
) -> None:
    """Note once for each column that it has values and no header: they would be lost without a word."""
    for n in cells:
        if n not in heads.key_by_column and n not in told:
            told.add(n)
            faults.add(sheet, row, workbooks.column_letters(n), "", CellFault("headless"))

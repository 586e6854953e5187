"""Workbooks (.xlsx) as rows, read as a stream after a look that trusts nothing the file says of itself."""

import re
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from timebank.imports.faults import FileRefused

MOST_UNPACKED_BYTES = 300 * 1024 * 1024
MOST_STRINGS_BYTES = 64 * 1024 * 1024
"""Shared strings are held in memory while a workbook is read."""
MOST_RATIO = 200
MOST_PARTS = 2_000
CHUNK = 1024 * 1024
MERGED = re.compile(rb'<mergeCell\s+ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
Cells = tuple[object, ...]


class Seen(NamedTuple):
    """What the look found: merged ranges by the part that holds them."""

    merged_by_part: dict[str, list[str]]


def inspect(path: Path) -> Seen:
    """Look through a workbook before it is opened: no macros, no entities, no more bytes than allowed.

    Raises
    ------
    FileRefused
        Saying which.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_directory(path, parts)
            return Seen(_check_parts(path, archive, parts))
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, zipfile.zlib.error) as fault:  # type: ignore[attr-defined]  # the module's own zlib
        raise FileRefused(file_name=path.name, why="broken_workbook") from fault


def _check_directory(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if any(name.lower().endswith("vbaproject.bin") for name in names) or path.suffix.lower() in (".xlsm", ".xltm"):
        raise FileRefused(file_name=path.name, why="macros")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise FileRefused(file_name=path.name, why="no_workbook")
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused(file_name=path.name, why="password")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    is_bomb = unpacked > MOST_UNPACKED_BYTES or unpacked > MOST_RATIO * max(packed, CHUNK // 16)
    if len(parts) > MOST_PARTS or is_bomb:
        raise FileRefused(file_name=path.name, why="bomb", detail=f"{unpacked // 2**20} MB")


def _check_parts(path: Path, archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> dict[str, list[str]]:
    """Unpack every part once, counting the bytes that really come out."""
    merged: dict[str, list[str]] = {}
    left = MOST_UNPACKED_BYTES
    for part in parts:
        most = min(left, MOST_STRINGS_BYTES) if part.filename.endswith("sharedStrings.xml") else left
        size = 0
        tail = b""
        with archive.open(part) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > most:
                    raise FileRefused(file_name=path.name, why="bomb", detail=f"> {most // 2**20} MB")
                _check_chunk(path, part.filename, tail + chunk, merged)
                tail = chunk[-64:]
        left -= size
    return merged


def _check_chunk(path: Path, part: str, chunk: bytes, merged: dict[str, list[str]]) -> None:
    if not part.endswith((".xml", ".rels")):
        return
    if DECLARED.search(chunk) or chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(file_name=path.name, why="entities")
    for found in MERGED.findall(chunk):
        ranges = merged.setdefault(part, [])
        if found.decode() not in ranges and len(ranges) < 100:
            ranges.append(found.decode())


def sheets(path: Path) -> Generator[tuple[str, list[str], Iterator[Cells]], None, None]:
    """Yield each sheet that is shown: its name, its merged ranges, and its rows from the first on."""
    seen = inspect(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (KeyError, ValueError, TypeError, InvalidFileException, SyntaxError) as fault:
        raise FileRefused(file_name=path.name, why="broken_workbook") from fault
    try:
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # what a file says of its own size is not believed
                part = getattr(sheet, "_worksheet_path", "").lstrip("/")
                with closing(_rows(path, sheet)) as rows:
                    yield sheet.title, seen.merged_by_part.get(part, []), rows
    finally:
        book.close()


def _rows(path: Path, sheet: object) -> Generator[Cells, None, None]:
    try:
        yield from sheet.iter_rows(values_only=True)  # type: ignore[attr-defined]  # the library's read-only sheet
    except (KeyError, ValueError, TypeError, SyntaxError, EOFError) as fault:
        raise FileRefused(file_name=path.name, why="broken_workbook") from fault

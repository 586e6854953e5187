"""Text files (CSV) as rows: the encoding and the separator are found, never guessed into nonsense."""

import csv
from collections.abc import Iterator
from pathlib import Path

from timebank.imports.faults import FileRefused

CHUNK = 1024 * 1024
LONGEST_CELL = 20_000
SEPARATORS = ",;\t"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def rows(path: Path) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a text file.

    Raises
    ------
    FileRefused
        When it is no text in UTF-8, UTF-16 or GB18030, or a quote is never closed.
    """
    encoding = find_encoding(path)
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            head = stream.readline(LONGEST_CELL)
            stream.seek(0)
            separator = max(SEPARATORS, key=head.count)
            for row in csv.reader(stream, delimiter=separator, strict=True):
                yield tuple(row)
    except csv.Error as fault:
        raise FileRefused(file_name=path.name, why="quotes", detail=str(fault)) from fault


def find_encoding(path: Path) -> str:
    """Return the first encoding that the whole file is right in."""
    with path.open("rb") as stream:
        start = stream.read(4)
    marked = next((name for mark, name in BOMS if start.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        if _is_right(path, encoding):
            return encoding
    raise FileRefused(file_name=path.name, why="encoding")


def _is_right(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as stream:
            while text := stream.read(CHUNK):
                if "\x00" in text:
                    return False
    except UnicodeError:
        return False
    return True

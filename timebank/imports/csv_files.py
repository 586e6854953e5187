"""Text files (CSV) as rows: the encoding and the separator are found, never guessed into nonsense."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from timebank.imports.files import CHUNK, Source

LONGEST_CELL = 20_000
LONGEST_LINE = 1_000_000
MOST_LINES_A_ROW = 1_000
LAST_ROW = 1_048_576
"""Past it no spreadsheet could have written the file, nor show where a fault is."""
LOOKED_AT = 5
"""Lines in which the separator is looked for; a title may stand above the header."""
SEPARATORS = ",;\t"
NAMED_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
BESIDE_A_LETTER = re.compile(r"[A-Za-z]([^\x00-\xff])")


class _Lines:
    """The lines of a file for the CSV parser, each and all of a row of bounded length."""

    def __init__(self, source: Source, stream: io.TextIOWrapper) -> None:
        self.source, self.stream, self.row, self.taken = source, stream, 1, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.stream.readline(LONGEST_LINE + 1)
        self.taken += 1
        if len(line) > LONGEST_LINE or self.taken > MOST_LINES_A_ROW:
            raise self.source.refused("quotes", self.row)
        if not line:
            raise StopIteration
        return line

    def end_row(self) -> None:
        """Begin the next row."""
        self.row, self.taken = self.row + 1, 0


def rows(source: Source) -> Iterator[tuple[int, dict[int, object]]]:
    """Yield the number and the cells, by position, of every row that is not empty.

    Raises
    ------
    FileRefused
        When it is no text in UTF-8, UTF-16 or GB18030, or a quote is never closed.
    """
    csv.field_size_limit(LONGEST_CELL)
    with io.TextIOWrapper(io.BytesIO(source.content), encoding=find_encoding(source), newline="") as stream:
        separator = _separator(stream)
        lines = _Lines(source, stream)
        try:
            for row in csv.reader(lines, delimiter=separator, strict=True):
                cells: dict[int, object] = {n: cell for n, cell in enumerate(row) if cell and not cell.isspace()}
                if cells:
                    yield lines.row, cells
                lines.end_row()
                if lines.row > LAST_ROW:
                    raise source.refused("rows", f"{LAST_ROW:,}")
        except csv.Error as fault:
            raise source.refused("quotes", lines.row) from fault


def _separator(stream: io.TextIOWrapper) -> str:
    """Return the separator, and stand at the first row: behind a line ``sep=;``, which spreadsheets hide."""
    first = stream.readline(LONGEST_CELL)
    named = NAMED_SEPARATOR.fullmatch(first)
    if named:
        return named[1]
    head = first + "".join(islice(iter(lambda: stream.readline(LONGEST_CELL), ""), LOOKED_AT - 1))
    stream.seek(0)
    return max(SEPARATORS, key=head.count)


def find_encoding(source: Source) -> str:
    """Return the first encoding that the whole file is right in.

    Raises
    ------
    FileRefused
        When it is right in none.
    """
    marked = next((name for mark, name in MARKS if source.content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        if _is_right(source.content, encoding):
            return encoding
    raise source.refused("encoding")


def _is_right(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), CHUNK):
            text = decoder.decode(content[start : start + CHUNK], final=start + CHUNK >= len(content))
            if "\x00" in text or (encoding == "gb18030" and _is_western(text)):
                return False
    except UnicodeError:
        return False
    return True


def _is_western(text: str) -> bool:
    """Tell whether accents of a Western encoding were read as signs: rare ones, right behind Latin letters."""
    for found in BESIDE_A_LETTER.finditer(text):
        try:
            found[1].encode("gb2312")
        except UnicodeError:
            return True
    return False

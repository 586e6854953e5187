"""The ZIP archive of a workbook, and the XML in it, as streams that trust nothing the file says of itself.

Nothing is held but what a reader keeps: every byte that comes out is counted, a declaration of entities ends the
reading, and so does a name, a text or a comment that never ends.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Protocol
from xml.parsers import expat

from timebank.imports.files import Source

MOST_UNPACKED_BYTES = 300 * 1024 * 1024
"""Of all parts that are read, together."""
MOST_CLAIMED_BYTES = 2 * 1024 * 1024 * 1024
MOST_ELEMENTS, MOST_DEPTH = 10_000_000, 100
"""More than the most rows of forty columns have; open elements are held in memory."""
MOST_PARTS = 2_000
LONGEST_TOKEN = 1024 * 1024
CHUNK = 64 * 1024
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What spreadsheets write; others may ask for gigabytes to unpack with."""
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, expat.ExpatError,
    ValueError, LookupError, OverflowError,
)  # fmt: skip
"""What damaged archives, damaged XML, and numbers that are none end with."""


class Reader(Protocol):
    """What a part is read by; names come without their prefix."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""

    def end(self, tag: str) -> None:
        """End an element."""

    def text(self, text: str) -> None:
        """Take a piece of text."""


class Archive:
    """An archive that is open; its parts are read by name."""

    def __init__(self, source: Source) -> None:
        self.source, self.left, self.elements_left = source, MOST_UNPACKED_BYTES, MOST_ELEMENTS
        try:
            self.opened = zipfile.ZipFile(BytesIO(source.content))
        except BROKEN as fault:
            raise source.refused("broken_workbook") from fault
        parts = self.opened.infolist()
        self.names = {part.filename for part in parts}
        if any(part.flag_bits & 1 for part in parts):
            raise source.refused("password")
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_CLAIMED_BYTES:
            raise source.refused("bomb")
        if any(part.compress_type not in METHODS for part in parts):
            raise source.refused("broken_workbook")

    def read(self, part: str, reader: Reader) -> Iterator[None]:
        """Let a reader go through a part; yields now and then, so that what was read can be taken.

        Raises
        ------
        FileRefused
            When the part is not there, is damaged or made to harm.
        """
        parser: Any = expat.ParserCreate()
        parser.buffer_text = True
        watched = _Watched(self, reader)
        parser.StartElementHandler, parser.EndElementHandler = watched.start, watched.end
        parser.CharacterDataHandler = reader.text
        parser.StartDoctypeDeclHandler = self._refuse_declarations
        parser.EntityDeclHandler = self._refuse_declarations
        fed = 0
        try:
            with self.opened.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    fed += len(chunk)
                    self.left -= len(chunk)
                    if self.left < 0 or fed - parser.CurrentByteIndex > LONGEST_TOKEN:
                        raise self.source.refused("bomb")
                    parser.Parse(chunk, False)
                    yield
            parser.Parse(b"", True)
            yield
        except BROKEN as fault:
            raise self.source.refused("broken_workbook") from fault

    def read_whole(self, part: str, reader: Reader) -> None:
        """Let a reader go through a whole part."""
        for _ in self.read(part, reader):
            pass

    def _refuse_declarations(self, *_: object) -> None:
        raise self.source.refused("entities")


class _Watched:
    """Hands elements on without their prefix, as long as there are not too many, nor too deep."""

    def __init__(self, archive: Archive, reader: Reader) -> None:
        self.archive, self.reader, self.depth = archive, reader, 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        self.depth += 1
        self.archive.elements_left -= 1
        if self.depth > MOST_DEPTH or self.archive.elements_left < 0:
            raise self.archive.source.refused("bomb")
        self.reader.start(tag[tag.find(":") + 1 :], attributes)

    def end(self, tag: str) -> None:
        """End an element."""
        self.depth -= 1
        self.reader.end(tag[tag.find(":") + 1 :])

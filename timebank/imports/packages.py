"""What a workbook is made of, before its sheets are read: their names, the shared texts, which styles show days."""

import posixpath
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, MAC_EPOCH, WINDOWS_EPOCH

from timebank.imports.archives import Archive

MOST_STRINGS, MOST_STRING_CHARACTERS = 2_000_000, 64 * 1024 * 1024
"""Shared texts are held while a workbook is read."""
MOST_SHEETS = 200
MOST_STYLES = 100_000
ESCAPED = re.compile(r"_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")
CODE = ("xl/vbaProject.bin", "macroEnabled", "vbaProject", "macrosheet")
"""Marks of a workbook with code in it, in the names and types of its parts."""


class SheetPart(NamedTuple):
    """A sheet of a workbook: its name, the part that holds it, and whether it is shown."""

    name: str
    part: str
    is_shown: bool


class Package(NamedTuple):
    """A workbook that was looked through: its sheets, shared texts, styles of days, and the day its days count from."""

    archive: Archive
    sheets: tuple[SheetPart, ...]
    strings: list[str]
    day_styles: frozenset[int]
    epoch: datetime


class _Elements:
    """Hands the attributes of the named elements to their takers."""

    def __init__(self, takers: Mapping[str, Callable[[Mapping[str, str]], None]]) -> None:
        self.takers = takers

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        taker = self.takers.get(tag)
        if taker is not None:
            taker(attributes)

    def end(self, tag: str) -> None:
        """Nothing hangs on where an element ends."""

    def text(self, text: str) -> None:
        """Nothing hangs on text."""


class _Styles:
    """Finds which cell styles show days: those whose number format is one of days."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.formats: dict[int, str] = dict(BUILTIN_FORMATS)
        self.day_styles: set[int] = set()
        self.count, self.is_of_cells = 0, False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "numFmt" and len(self.formats) < MOST_STYLES:
            self.formats[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self.is_of_cells = True
        elif tag == "xf" and self.is_of_cells:
            shown = self.formats.get(int(attributes.get("numFmtId", 0)), "")
            if is_date_format(shown) and not is_timedelta_format(shown):
                self.day_styles.add(self.count)
            self.count += 1
            if self.count > MOST_STYLES:
                raise self.archive.source.refused("bomb")

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self.is_of_cells = False

    def text(self, text: str) -> None:
        """Nothing hangs on text."""


class _Strings:
    """Collects shared texts; readings of Chinese signs (phonetic runs) are no part of them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.strings: list[str] = []
        self.parts: list[str] = []
        self.size, self.is_text, self.is_reading = 0, False, False

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        if tag == "t":
            self.is_text = not self.is_reading
        elif tag == "rPh":
            self.is_reading = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self.is_text = False
        elif tag == "rPh":
            self.is_reading = False
        elif tag == "si":
            self.strings.append(unescape("".join(self.parts)))
            self.parts.clear()
            if len(self.strings) > MOST_STRINGS:
                raise self.archive.source.refused("bomb")

    def text(self, text: str) -> None:
        if self.is_text:
            self.parts.append(text)
            self.size += len(text)
            if self.size > MOST_STRING_CHARACTERS:
                raise self.archive.source.refused("bomb")


def unescape(text: str) -> str:
    """Return a text with its ``_x000D_`` as the signs that they stand for."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def open_package(archive: Archive) -> Package:
    """Look a workbook through.

    Raises
    ------
    FileRefused
        When it is none, holds code, or is damaged.
    """
    refused = archive.source.refused
    _check_kind(archive)
    main = next((part for kind, part in _relations(archive, "").values() if kind == "officeDocument"), "")
    if main not in archive.names:
        raise refused("no_workbook")
    relations = _relations(archive, main)
    sheets: list[SheetPart] = []
    calendars = [CALENDAR_WINDOWS_1900]

    def take_sheet(attributes: Mapping[str, str]) -> None:
        key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
        kind, part = relations.get(key, ("", ""))
        if kind == "worksheet":
            is_shown = attributes.get("state", "visible") == "visible"
            sheets.append(SheetPart(unescape(attributes.get("name", "")), part, is_shown))
        if len(sheets) > MOST_SHEETS:
            raise refused("bomb")

    def take_calendar(attributes: Mapping[str, str]) -> None:
        if attributes.get("date1904") in ("1", "true"):
            calendars.append(CALENDAR_MAC_1904)

    archive.read_whole(main, _Elements({"sheet": take_sheet, "workbookPr": take_calendar}))
    part_by_kind = dict(relations.values())
    strings, styles = _Strings(archive), _Styles(archive)
    for kind, reader in (("sharedStrings", strings), ("styles", styles)):
        if part_by_kind.get(kind) in archive.names:
            archive.read_whole(part_by_kind[kind], reader)
    epoch = MAC_EPOCH if calendars[-1] == CALENDAR_MAC_1904 else WINDOWS_EPOCH
    return Package(archive, tuple(sheets), strings.strings, frozenset(styles.day_styles), epoch)


def _check_kind(archive: Archive) -> None:
    """Refuse code, by the names of parts and by their types; refuse what is no workbook of this kind."""
    told: list[str] = [*archive.names]
    if "[Content_Types].xml" not in archive.names:
        raise archive.source.refused("no_workbook")
    take = _Elements(
        {name: lambda attributes: told.append(attributes.get("ContentType", "")) for name in ("Override", "Default")}
    )
    archive.read_whole("[Content_Types].xml", take)
    if any(mark.lower() in each.lower() for each in told for mark in CODE):
        raise archive.source.refused("macros")


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return kind (the last word of its address) and target of each relation of a part, by key."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def take(attributes: Mapping[str, str]) -> None:
        target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
        found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)

    told = posixpath.join(folder, "_rels", f"{name}.rels")
    if told not in archive.names:
        raise archive.source.refused("no_workbook")
    archive.read_whole(told, _Elements({"Relationship": take}))
    return found

"""Columns of a kind of file: their names in Chinese and English, and how their cells are read."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from importlib import resources
from typing import Any

from timebank.imports.faults import CellFault, Faults

NOISE = re.compile(r"[\s_\-*:：]|[(（][^)）]*[)）]")
LONGEST_TEXT = 500
Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: ``names`` are what a header may say, the Chinese one for templates first, then the English one.

    ``read`` gets the trimmed text of a cell and returns its value or raises ``CellFault``; an empty cell of a
    column that may be empty is ``default``.
    """

    key: str
    names: tuple[str, ...]
    read: Read
    is_required: bool = False
    is_personal: bool = False
    default: Any = None
    example: str = ""


@lru_cache(maxsize=1)
def _headers() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the headers of every kind, as the data file beside this module has them."""
    return tomllib.loads((resources.files("timebank.imports") / "headers.toml").read_text(encoding="utf-8"))


def columns_of(kind: str, reads: Mapping[str, Read], defaults: Mapping[str, Any] | None = None) -> tuple[Column, ...]:
    """Return the columns of a kind of file; ``reads`` says for each header of the data file how it is read.

    Raises
    ------
    KeyError
        When a header has no way to be read.
    """
    return tuple(
        Column(
            key=key,
            names=tuple(head["names"]),
            read=reads[key],
            is_required=head.get("required", False),
            is_personal=head.get("personal", False),
            default=(defaults or {}).get(key),
            example=head["example"],
        )
        for key, head in _headers()[kind].items()
    )


def plain(header: object) -> str:
    """Return a header without spaces, brackets, stars and case, so that small habits do not matter."""
    return NOISE.sub("", str(header)).lower()


def read_cells(
    columns: tuple[Column, ...], cells: Mapping[str, object], sheet: str, row: int, faults: Faults
) -> dict[str, Any] | None:
    """Read a row; every fault of it is noted, and a row with one is nothing."""
    values: dict[str, Any] = {}
    before = faults.count
    for column in columns:
        raw = cells.get(column.key)
        try:
            values[column.key] = _read_cell(column, as_text(raw))
        except CellFault as fault:
            faults.add(sheet, row, column.names[0], raw, fault, masked=column.is_personal)
    return values if faults.count == before else None


def _read_cell(column: Column, text: str) -> Any:
    if text:
        return column.read(text)
    if column.is_required:
        raise CellFault("empty")
    return column.default


def as_text(raw: object) -> str:
    """Return a cell as text: dates as ISO, whole numbers without a point, nothing that cannot be seen."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53:
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.date().isoformat() if raw.time() == time() else raw.isoformat(sep=" ")
    if isinstance(raw, date | time):
        return raw.isoformat()
    text = str(raw).replace("\u3000", " ").strip()
    if text.startswith("#") and text.endswith(("!", "?", "/A")):
        raise CellFault("formula")
    if len(text) > LONGEST_TEXT:
        raise CellFault("long", most=LONGEST_TEXT)
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise CellFault("control")
    return text

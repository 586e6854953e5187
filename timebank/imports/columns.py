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

NOISE = re.compile(r"[\s_\-*:./]|\([^)]*\)")
LONGEST_TEXT = 500
EXACT = 10**15
"""Whole numbers from here on have lost digits in a spreadsheet, which keeps fifteen."""
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Signs of full width, as Chinese keyboards type them, to plain ones."""
WIDE_WORDS = {code: plain for code, plain in WIDE.items() if chr(plain).isalnum() or plain == 0x20}
"""Letters and digits alone: in names and addresses Chinese punctuation stays."""
QUOTED = re.compile(r"""="(.*)"|'([\d=+\-@].*)""", re.DOTALL)
"""How systems keep a spreadsheet from turning digits into a number."""
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
def _headers() -> dict[str, Any]:
    """Return the headers of every kind, as the data file beside this module has them."""
    return tomllib.loads((resources.files("timebank.imports") / "headers.toml").read_text(encoding="utf-8"))


def passed_over() -> frozenset[str]:
    """Return headers of columns that are never read: they number the lines of a list."""
    return frozenset(plain(name) for name in _headers()["passed_over"])


def column_names(kind: str) -> dict[str, str]:
    """Return what a template calls each column of a kind, by key."""
    return {key: head["names"][0] for key, head in _headers()[kind].items()}


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
    return NOISE.sub("", str(header).translate(WIDE)).lower()


def read_cells(
    columns: tuple[Column, ...], cells: Mapping[str, object], sheet: str, row: int, faults: Faults
) -> tuple[dict[str, Any], frozenset[str]]:
    """Read a row: its values, and which of its cells hold anything.

    A cell that is wrong is noted and has no value, and a needed column that the file lacks is not asked for.
    """
    values: dict[str, Any] = {}
    filled = set()
    for column in columns:
        if column.key not in cells and column.is_required:
            continue  # told once, at the header
        raw = cells.get(column.key)
        try:
            text = as_text(raw)
            values[column.key] = _read_cell(column, text)
            if text:
                filled.add(column.key)
        except CellFault as fault:
            faults.add(sheet, row, column.names[0], raw, fault, masked=column.is_personal)
    return values, frozenset(filled)


def _read_cell(column: Column, text: str) -> Any:
    if text:
        return column.read(text)
    if column.is_required:
        raise CellFault("empty")
    return column.default


def as_text(raw: object) -> str:
    """Return a cell as text: dates as ISO, numbers as a spreadsheet shows them, nothing that cannot be seen."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, int | float):
        return str(int(raw)) if abs(raw) < EXACT and raw == int(raw) else f"{raw:.15g}"
    if isinstance(raw, datetime):
        return raw.date().isoformat() if raw.time() == time() else raw.isoformat(sep=" ")
    if isinstance(raw, date | time):
        return raw.isoformat()
    text = str(raw)
    if not text.isprintable():
        text = _seen(text)
    text = text.translate(WIDE_WORDS).strip() if not text.isascii() else text.strip()
    quoted = QUOTED.fullmatch(text)
    text = (quoted[1] or quoted[2] or "").strip() if quoted else text
    if text.startswith("=") or (text.startswith("#") and text.endswith(("!", "?", "/A"))):
        raise CellFault("formula")
    if len(text) > LONGEST_TEXT:
        raise CellFault("long", most=LONGEST_TEXT)
    return text


def _seen(text: str) -> str:
    """Return a text without signs that only steer how others are shown, as telephones and web pages put them in."""
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\r\n\t" for sign in text):
        raise CellFault("control")
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")

"""What is wrong in a file: sheet, row, column, value, and what would be right."""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from timebank.core.errors import Refusal
from timebank.core.texts import Locale, Phrase, say

MOST_KEPT = 10_000
"""Faults that are kept in full; more are only counted, so that a wholly wrong file needs no memory."""
FEW, MOST_SORTS = 5, 200
"""Of each sort a few are kept even then, so that every sort has an example."""
LONGEST_VALUE = 40
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Kinds of signs that steer a terminal or cannot be seen."""


class FileRefused(Refusal):
    """A file that is not read at all: not a table, too large, or made to harm."""

    def __init__(self, *, file_name: str, why: str, detail: str = "") -> None:
        self.file_name, self.why, self.detail = visible(file_name), why, visible(detail)
        self.reason = Phrase(f"refused_{why}", detail=self.detail)
        super().__init__(f"{self.file_name}: {self.reason}")

    def told(self, locale: Locale) -> str:
        """Write why, and what would be right."""
        return say("FileRefused", locale, file_name=self.file_name, reason=_worded(self.reason, locale))


class CellFault(ValueError):
    """A value that cannot be, found while a cell is read; ``code`` is its text in the catalogue."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in a file. Personal values are masked before they come here."""

    sheet: str
    row: int
    column: str
    value: str
    code: str
    values: dict[str, object]

    def told(self, locale: Locale = "zh") -> str:
        """Write what is wrong and what would be right."""
        return say(f"fault_{self.code}", locale, **{key: _worded(each, locale) for key, each in self.values.items()})


@dataclass(slots=True)
class Faults:
    """All faults of a file: the first ten thousand in full, and how many there are; and the sheets it has."""

    kept: list[Fault] = field(default_factory=list)
    count: int = 0
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many there are by column and code."""
    sheets: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Sheets that hold something and have no header, or are hidden."""

    def add(self, sheet: str, row: int, column: str, value: object, fault: CellFault, *, masked: bool = False) -> None:
        """Note a fault."""
        self.count += 1
        column, sheet = _short(visible(column)), _short(visible(sheet))
        self.tally[column, fault.code] += 1
        is_new = self.tally[column, fault.code] <= FEW and len(self.tally) <= MOST_SORTS
        if len(self.kept) < MOST_KEPT or is_new:
            text = "" if value is None else visible(str(value))
            shown = mask(text) if masked else _short(text)
            values = {key: visible(each) if type(each) is str else each for key, each in fault.values.items()}
            self.kept.append(Fault(sheet=sheet, row=row, column=column, value=shown, code=fault.code, values=values))

    def in_order(self) -> tuple[Fault, ...]:
        """Return what was kept in the order of the file, so that whoever mends it goes through it once."""
        place = {sheet: n for n, sheet in enumerate(self.sheets)}
        return tuple(sorted(self.kept, key=lambda fault: (place.get(fault.sheet, 0), fault.row)))


def visible(text: str) -> str:
    """Return a text with every sign that steers a terminal or cannot be seen replaced."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("�" if unicodedata.category(sign) in UNSEEN else sign for sign in text)


def mask(value: str) -> str:
    """Return enough of a personal value to find it in the file, and no more."""
    return f"{value[: min(2, len(value) // 2)]}***" if value.strip() else ""


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"


def _worded(value: object, locale: Locale) -> object:
    return say(value.key, locale, **value.values) if isinstance(value, Phrase) else value

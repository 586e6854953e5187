"""What is wrong in a file: sheet, row, column, value, and what would be right."""

from dataclasses import dataclass, field

from timebank.core.errors import Refusal
from timebank.core.texts import Locale, say

MOST_KEPT = 1_000
"""Faults that are kept in full; more are only counted, so that a wholly wrong file needs no memory."""
LONGEST_VALUE = 40


class FileRefused(Refusal):
    """A file that is not read at all: not a table, too large, or made to harm."""

    def __init__(self, *, file_name: str, why: str, detail: str = "") -> None:
        self.file_name, self.why, self.detail = file_name, why, detail
        super().__init__(f"{file_name}: {say(f'refused_{why}', 'en', detail=detail)}")

    def told(self, locale: Locale) -> str:
        """Write why, and what would be right."""
        return f"{self.file_name}: {say(f'refused_{self.why}', locale, detail=self.detail)}"


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
        return say(f"fault_{self.code}", locale, **self.values)


@dataclass(slots=True)
class Faults:
    """All faults of a file: the first thousand in full, and how many there are."""

    kept: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, sheet: str, row: int, column: str, value: object, fault: CellFault, *, masked: bool = False) -> None:
        """Note a fault."""
        self.count += 1
        if len(self.kept) < MOST_KEPT:
            shown = mask(str(value)) if masked else _short("" if value is None else str(value))
            self.kept.append(
                Fault(sheet=sheet, row=row, column=column, value=shown, code=fault.code, values=fault.values)
            )


def mask(value: str) -> str:
    """Return enough of a personal value to find it in the file, and no more."""
    return f"{value[:2]}***" if value.strip() and value != "None" else ""


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"

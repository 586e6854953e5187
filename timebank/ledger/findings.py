"""What a check of the books finds: the row that breaks it, what it says and what it should say."""

from typing import NamedTuple

from timebank.core.texts import Locale, say


class Finding(NamedTuple):
    """A check that does not hold, and the first row that breaks it: table, key, column, what is there, what is right.

    ``key`` names the row by its own columns, such as ``3`` or ``account 3, seq 2``. Hashes are in hexadecimal.
    """

    check: str
    table: str
    key: str
    column: str
    says: str
    should: str

    @property
    def row(self) -> str:
        """The row in one line, with its figures and without words of either language."""
        return f"{self.table} {self.key}: {self.column} {self.says} ≠ {self.should}"

    def told(self, locale: Locale) -> str:
        """Say it in a language."""
        words = {"table": self.table, "key": self.key, "column": self.column, "says": self.says, "should": self.should}
        return say("book_finding", locale, check=self.check, **words)


def shown(value: object) -> str:
    """Write a value of a row so that it can be read in one line."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return "-" if value is None else str(value)

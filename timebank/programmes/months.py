"""Months as people write them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
EARLIEST_YEAR, LATEST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a month as ``2026-03``.

        Raises
        ------
        WrongInput
            When it is none.
        """
        found = WRITTEN.fullmatch(text)
        if not found or not 1 <= int(found[2]) <= 12 or not EARLIEST_YEAR <= int(found[1]) <= LATEST_YEAR:
            raise WrongInput(field="month", value=text[:20], right=Phrase("right_month"))
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month of a day."""
        return cls(day.year, day.month)

    @property
    def from_day(self) -> date:
        """First day."""
        return date(self.year, self.number, 1)

    @property
    def to_day(self) -> date:
        """First day after it."""
        return date(self.year + self.number // 12, self.number % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        """Last day."""
        return self.to_day - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

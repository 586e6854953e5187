"""Figures with their keys: minutes, how many persons stand behind them, and what they are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from timebank.core.errors import NotFound
from timebank.health.lines import Line, Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Minutes under a key, such as ``saved/310107004/65-69``.

    ``lines`` say which entries (or holds, or free minutes) the figure is the sum of. A figure without lines is worked
    out: ``formula`` says how, and ``parts`` from which other figures.
    """

    key: str
    minutes: int
    persons: int | None = None
    lines: tuple[Lines, ...] = ()
    formula: str = ""
    parts: tuple[str, ...] = ()


class Figures:
    """Every figure of a report, by key, in the order they were made."""

    def __init__(self) -> None:
        self._by_key: dict[str, Figure] = {}

    def add(self, figure: Figure) -> Figure:
        """Keep a figure."""
        self._by_key[figure.key] = figure
        return figure

    def __getitem__(self, key: str) -> Figure:
        """Return a figure.

        Raises
        ------
        NotFound
            When there is none of that key.
        """
        if key not in self._by_key:
            raise NotFound(kind="figure", key=key[:80])
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._by_key.values())


def trace(session: Session, figure: Figure) -> Iterator[list[Line]]:
    """Yield page by page the lines that a figure is the sum of; none for one that is worked out."""
    for lines in figure.lines:
        yield from lines.pages(session)

"""Kinds of values that a rule can have: each reads what stands in the file, or says what would be right."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

NONE = "none"
"""What a pack writes where it has no such limit."""
RATIO = re.compile(r"(0|[1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


class Kind(Protocol):
    """A kind of value; ``right`` says in words what it can be."""

    @property
    def right(self) -> str:
        """What would be right."""

    def read(self, value: object) -> Any:
        """Return the value as decisions use it; refuse any other with ``ValueError``."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from a least to a most; ``"none"`` where the rule can be absent, read as nothing."""

    least: int
    most: int
    or_none: bool = False

    @property
    def right(self) -> str:
        """What would be right."""
        return f"it is a whole number, {self.least} to {self.most}" + (', or "none"' if self.or_none else "")

    def read(self, value: object) -> int | None:
        """Return the number, or nothing for ``"none"``."""
        if self.or_none and value == NONE:
            return None
        if type(value) is int and self.least <= value <= self.most:
            return value
        raise ValueError(self.right)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    right: str = "it is true or false"

    def read(self, value: object) -> bool:
        """Return yes or no."""
        if isinstance(value, bool):
            return value
        raise ValueError(self.right)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def right(self) -> str:
        """What would be right."""
        return f"it is one of {', '.join(self.words)}"

    def read(self, value: object) -> str:
        """Return the word."""
        if isinstance(value, str) and value in self.words:
            return value
        raise ValueError(self.right)


@dataclass(frozen=True, slots=True)
class Choices:
    """Some of a few words, each once; none of them where that can be."""

    words: tuple[str, ...]
    least: int = 1

    @property
    def right(self) -> str:
        """What would be right."""
        return f"it is a list of {self.least} or more of {', '.join(self.words)}, each once"

    def read(self, value: object) -> tuple[str, ...]:
        """Return the words in their own order."""
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise ValueError(self.right)
        known = tuple(word for word in self.words if word in value)
        if len(known) != len(value) or len(known) < self.least:
            raise ValueError(self.right)
        return known


@dataclass(frozen=True, slots=True)
class Ratios:
    """A table of ratios ``"n/d"`` by word: for every word, or only for some; at most ``most``."""

    words: tuple[str, ...]
    most: int
    is_whole: bool = False

    @property
    def right(self) -> str:
        """What would be right."""
        which = "each" if self.is_whole else "any"
        return f'it is a table of "n/d", at most {self.most}/1 and d not 0, for {which} of {", ".join(self.words)}'

    def read(self, value: object) -> Mapping[str, Fraction]:
        """Return the ratios by word."""
        if not isinstance(value, dict) or not set(value) <= set(self.words):
            raise ValueError(self.right)
        if self.is_whole and set(value) != set(self.words):
            raise ValueError(self.right)
        return {word: self._ratio(value[word]) for word in sorted(value)}

    def _ratio(self, value: object) -> Fraction:
        found = RATIO.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(self.right)
        ratio = Fraction(int(found[1]), int(found[2]))
        if ratio > self.most:
            raise ValueError(self.right)
        return ratio


@dataclass(frozen=True, slots=True)
class ChoicesByWord:
    """A table that has, for some words, a list of others; at least one word."""

    words: tuple[str, ...]
    choices: tuple[str, ...]

    @property
    def right(self) -> str:
        """What would be right."""
        known = ", ".join(self.choices)
        return (
            f"it is a table with a list for one or more of {', '.join(self.words)}; each has any of {known}, each once"
        )

    def read(self, value: object) -> Mapping[str, tuple[str, ...]]:
        """Return the lists by word, in their own order."""
        if not isinstance(value, dict) or not value or not set(value) <= set(self.words):
            raise ValueError(self.right)
        try:
            return {word: Choices(self.choices, least=0).read(value[word]) for word in self.words if word in value}
        except ValueError:
            raise ValueError(self.right) from None

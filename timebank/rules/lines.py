"""Read a small TOML file of rules so that every fault can be told with its line."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

MOST_BYTES = 65_536
"""Largest file of rules: four times the longest that is shipped."""
SHOWN = 80
LONGEST_NAME = 200
"""Part of a line in which the name of a table or key is looked for."""
TABLE = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")
KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]")
PLACE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


class PackRefused(ValueError):
    """A pack says what cannot be; the message names file, line, key and what would be right."""


class Source:
    """A file of rules: its name, what it says, and on which line each table and key stands."""

    def __init__(self, text: str, *, file: str) -> None:
        self.file = file
        if len(text.encode()) > MOST_BYTES:
            message = f"{file}: it is too long; a file of rules has at most {MOST_BYTES} bytes."
            raise PackRefused(message)
        self.said = _parsed(text, file)
        self._lines = _places(text)

    def refusal(self, table: str, key: str, value: object, right: str) -> PackRefused:
        """Make the refusal of a value of a key in a table (empty for the head), with the line of either."""
        line = self._lines.get((table, key)) or self._lines.get((f"{table}.{key}".strip("."), ""))
        line = line or self._lines.get((table, ""), 0)
        name = f"{table}.{key}".strip(".") if key in {"value", "status", "source"} else key
        shown = repr(value)
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
        return PackRefused(f"{self.file}, line {line}: {name!r} cannot be {shown}; {right}.")

    def require_keys(self, table: str, found: Iterable[str], known: Iterable[str], what: str) -> None:
        """Refuse an unknown key, with its line, and a missing one.

        Raises
        ------
        PackRefused
            Naming the key and, for an unknown one, those that are known.
        """
        found, known = set(found), set(known)
        for key in sorted(found - known):
            raise self.refusal(table, key, "there", f"the known {what}s are {sorted(known)}")
        for key in sorted(known - found):
            message = f"{self.file}: the {what} {key!r} is missing."
            raise PackRefused(message)


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        message = f"{file}: it is nested too deeply; a rule is a table of value, status and source."
        raise PackRefused(message) from None
    except ValueError as fault:  # TOML that does not parse, and numbers too long to be read
        place = PLACE.search(str(fault))
        line = place[1] if place and place[1] else len(text.splitlines())
        said = PLACE.sub("", str(fault)).rstrip(".")
        message = f"{file}, line {line}: this is not TOML: {said}; each table and key stands once, as key = value."
        raise PackRefused(message) from fault


def _places(text: str) -> dict[tuple[str, str], int]:
    """Return the line of each table, and of each key in it, as they stand in the usual form."""
    places: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = line[:LONGEST_NAME]
        if found := TABLE.match(head):
            table = found[1]
            places.setdefault((table, ""), number)
        elif found := KEY.match(head):
            places.setdefault((table, found[1]), number)
    return places

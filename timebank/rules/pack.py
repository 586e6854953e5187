"""Rule packs: dated data of a jurisdiction, each rule with its value, its source, and whether it is sourced."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

KINDS: dict[str, type] = {
    "coin_min": int,
    "min_age_to_earn": int,
    "min_age_to_redeem": int,
    "rounding_min": int,
    "tolerance_min": int,
    "earning_evidence": list,
}
"""Every rule a pack must say, with the kind of its value."""
BOUNDS = {
    "coin_min": (1, 1440),
    "min_age_to_earn": (0, 120),
    "min_age_to_redeem": (0, 120),
    "rounding_min": (1, 1440),
    "tolerance_min": (0, 1440),
}
"""Least and most of every number: minutes of a day, years of a life."""
STATUSES = ("sourced", "assumed")
HEAD = {"jurisdiction": str, "version": str, "from_day": date, "title_zh": str, "title_en": str}
EVIDENCE = frozenset({"app", "qr", "nfc", "landline", "paper", "witness"})


class PackRefused(ValueError):
    """A pack says what cannot be; the message names file, line, key and what would be right."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a pack: its value, whether it is ``sourced`` or ``assumed``, and where it stands."""

    value: Any
    status: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of a jurisdiction from a day to a day (half-open; empty is without end)."""

    jurisdiction: str
    version: str
    from_day: date
    to_day: date | None
    title_zh: str
    title_en: str
    rules: dict[str, Rule]

    @property
    def name(self) -> str:
        """Jurisdiction and version, as stored with a decision."""
        return f"{self.jurisdiction}-{self.version}"

    def value(self, rule: str) -> Any:
        """Return the value of a rule."""
        return self.rules[rule].value

    def is_in_force(self, day: date) -> bool:
        """Tell whether the pack is in force on a day."""
        return self.from_day <= day and (self.to_day is None or day < self.to_day)


def parse_pack(text: str, *, file: str) -> Pack:
    """Read a pack.

    Raises
    ------
    PackRefused
        For TOML that does not parse, an unknown or missing key, or an impossible value.
    """
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        message = f"{file}: this is not TOML: {fault}."
        raise PackRefused(message) from fault
    rules = read.pop("rules", {})
    to_day = read.pop("to_day", None)
    if not isinstance(rules, dict):
        raise _refusal(file, text, "rules", rules, "it is a table with a table for each rule")
    _same_keys(file, text, set(read), set(HEAD), "key")
    _same_keys(file, text, set(rules), set(KINDS), "rule")
    for key, kind in HEAD.items():
        if type(read[key]) is not kind or read[key] == "":
            raise _refusal(file, text, key, read[key], f"it is a {kind.__name__}, and not empty")
    if to_day is not None and not (type(to_day) is date and to_day > read["from_day"]):
        raise _refusal(file, text, "to_day", to_day, "a pack ends after it begins, on a day")
    return Pack(**read, to_day=to_day, rules={key: _rule(file, text, key, rules[key]) for key in rules})


def _rule(file: str, text: str, key: str, read: object) -> Rule:
    shape = f"a rule has value, status ({' or '.join(STATUSES)}) and source"
    if not isinstance(read, dict) or set(read) != {"value", "status", "source"}:
        raise _refusal(file, text, key, sorted(read) if isinstance(read, dict) else read, shape)
    value: Any = read["value"]
    status, source = read["status"], read["source"]
    if status not in STATUSES or not isinstance(source, str) or not source.strip():
        raise _refusal(file, text, key, (status, source), shape)
    if not isinstance(value, KINDS[key]) or isinstance(value, bool):
        raise _refusal(file, text, key, value, f"its value is a {KINDS[key].__name__}")
    if isinstance(value, int):
        least, most = BOUNDS[key]
        if not least <= value <= most:
            raise _refusal(file, text, key, value, f"it is {least} to {most}")
    if isinstance(value, list) and (not value or any(grade not in tuple(EVIDENCE) for grade in value)):
        raise _refusal(file, text, key, value, f"grades of evidence are one or more of {sorted(EVIDENCE)}")
    return Rule(value, status, source)


def _same_keys(file: str, text: str, found: set[str], known: set[str], what: str) -> None:
    for key in sorted(found - known):
        raise _refusal(file, text, key, "there", f"the known {what}s are {sorted(known)}")
    for key in sorted(known - found):
        message = f"{file}: the {what} {key!r} is missing."
        raise PackRefused(message)


def _refusal(file: str, text: str, key: str, value: object, right: str) -> PackRefused:
    lines = text.splitlines()
    line = next((n for n, words in enumerate(lines, 1) if key in words and not words.startswith("#")), 0)
    return PackRefused(f"{file}, line {line}: {key!r} cannot be {value!r}; {right}.")


def check_dates(packs: Iterable[Pack]) -> None:
    """Refuse two packs of one jurisdiction that are in force on the same day, or that have one name.

    Raises
    ------
    PackRefused
        Naming both packs and the day.
    """
    ordered = sorted(packs, key=lambda pack: (pack.jurisdiction, pack.from_day))
    for early, late in pairwise(ordered):
        if early.jurisdiction == late.jurisdiction and early.is_in_force(late.from_day):
            message = f"{early.name} and {late.name} are both in force on {late.from_day}; end the first one by then."
            raise PackRefused(message)
    names = [pack.name for pack in ordered]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        message = f"Two packs are called {doubled}; a decision could not say which of them it followed."
        raise PackRefused(message)


@lru_cache(maxsize=1)
def load_packs() -> tuple[Pack, ...]:
    """Return the packs that are shipped, checked."""
    folder = resources.files("timebank.rules") / "packs"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    packs = tuple(parse_pack(file.read_text(encoding="utf-8"), file=Path(file.name).name) for file in files)
    check_dates(packs)
    return packs


def pack_in_force(day: date, jurisdiction: str = "shanghai") -> Pack:
    """Return the pack of a jurisdiction on a day, or the neutral one when it has none."""
    for wanted in (jurisdiction, "default"):
        for pack in load_packs():
            if pack.jurisdiction == wanted and pack.is_in_force(day):
                return pack
    message = f"No pack is in force on {day}, not even the neutral one, which begins in 2000."
    raise ValueError(message)

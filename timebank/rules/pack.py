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
    _same_keys(file, text, set(read), set(HEAD), "key")
    _same_keys(file, text, set(rules), set(KINDS), "rule")
    for key, kind in HEAD.items():
        if not isinstance(read[key], kind):
            raise _refusal(file, text, key, read[key], f"it is a {kind.__name__}")
    if to_day is not None and not (isinstance(to_day, date) and to_day > read["from_day"]):
        raise _refusal(file, text, "to_day", to_day, "a pack ends after it begins")
    return Pack(**read, to_day=to_day, rules={key: _rule(file, text, key, rules[key]) for key in rules})


def _rule(file: str, text: str, key: str, read: dict[str, Any]) -> Rule:
    if set(read) != {"value", "status", "source"} or read["status"] not in ("sourced", "assumed") or not read["source"]:
        raise _refusal(file, text, key, sorted(read), "a rule has value, status (sourced or assumed) and source")
    value = read["value"]
    if not isinstance(value, KINDS[key]) or isinstance(value, bool):
        raise _refusal(file, text, key, value, f"its value is a {KINDS[key].__name__}")
    if isinstance(value, int) and not (value >= 1 if key in ("coin_min", "rounding_min") else value >= 0):
        raise _refusal(file, text, key, value, "minutes and ages are not negative, units at least 1")
    if isinstance(value, list) and not set(value) <= EVIDENCE:
        raise _refusal(file, text, key, value, f"grades of evidence are {sorted(EVIDENCE)}")
    return Rule(value, read["status"], read["source"])


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
    """Refuse two packs of one jurisdiction that are in force on the same day.

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

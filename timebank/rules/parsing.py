"""Read rule packs: dated data of a jurisdiction, each rule with its value, its source, and its standing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from timebank.rules.known import RULES, STARS
from timebank.rules.lines import PackRefused, Source

STATUSES = ("sourced", "assumed")
HEAD = {
    "jurisdiction": str,
    "version": str,
    "from_day": date,
    "dates": str,
    "title_zh": str,
    "title_en": str,
}
OPTIONAL = {"to_day": date, "within": str, "sources": dict, "rules": dict}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LETTER = re.compile(r"\[([A-Z])\]")
NEUTRAL = "default"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a pack: its value, its standing, and where it stands.

    ``status`` is ``sourced``, ``assumed``, or ``district`` where a district has set what was assumed.
    """

    value: Any
    status: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pack:
    """The rules of a jurisdiction from a day to a day (half-open; empty is without end).

    ``dates`` says where the days come from; ``within`` is the jurisdiction whose rules hold where this one has none;
    ``sources`` are the letters that rules name; ``set_by`` is the setting of a district that is worked in.
    """

    jurisdiction: str
    version: str
    from_day: date
    to_day: date | None
    dates: str
    title_zh: str
    title_en: str
    rules: Mapping[str, Rule]
    within: str = NEUTRAL
    sources: Mapping[str, str] = field(default_factory=dict)
    set_by: str = ""

    @property
    def name(self) -> str:
        """Jurisdiction and version, and the district's setting where there is one, as stored with a decision."""
        return f"{self.jurisdiction}-{self.version}" + (f"+{self.set_by}" if self.set_by else "")

    def value(self, rule: str) -> Any:
        """Return the value of a rule."""
        return self.rules[rule].value

    def article(self, rule: str) -> str:
        """Return whether a rule is sourced, assumed or set by the district, and where it stands."""
        return f"{self.rules[rule].status}: {self.rules[rule].source}"

    def is_in_force(self, day: date) -> bool:
        """Tell whether the pack is in force on a day."""
        return self.from_day <= day and (self.to_day is None or day < self.to_day)


def parse_pack(text: str, *, file: str) -> Pack:
    """Read a pack.

    Raises
    ------
    PackRefused
        For TOML that does not parse, a doubled, unknown or missing key, or an impossible value.
    """
    source = Source(text, file=file)
    read = source.said
    source.require_keys("", set(read) - set(OPTIONAL), HEAD, "key")
    kinds = HEAD | {key: kind for key, kind in OPTIONAL.items() if key in read}
    for key, kind in kinds.items():
        if type(read[key]) is not kind or read[key] == "":
            words = "a table with a table for each rule" if key == "rules" else f"a {kind.__name__}, and not empty"
            raise source.refusal("", key, read[key], f"it is {words}")
    check_days(source)
    for key in ("jurisdiction", "version", *(["within"] if "within" in read else [])):
        if not SLUG.fullmatch(read[key]):
            raise source.refusal("", key, read[key], "it is small letters and digits, with single hyphens between")
    letters = read.pop("sources", {})
    for key, words in letters.items():
        if not LETTER.fullmatch(f"[{key}]") or not isinstance(words, str) or not words.strip():
            raise source.refusal("sources", key, words, "a source is a capital letter, and in words where it was read")
    found = read.pop("rules", {})
    source.require_keys("rules", found, RULES, "rule")
    rules = {key: _rule(source, key, found[key], frozenset(letters)) for key in RULES}
    check_sense(source, rules)
    return Pack(**{"to_day": None} | read, rules=rules, sources=letters)


def check_days(source: Source) -> None:
    """Refuse a last day that is none, or not after the first.

    Raises
    ------
    PackRefused
        Naming both.
    """
    to_day, from_day = source.said.get("to_day"), source.said["from_day"]
    if to_day is not None and not (type(to_day) is date and to_day > from_day):
        raise source.refusal("", "to_day", to_day, f"a pack ends after it begins, on a day after {from_day}")


def _rule(source: Source, key: str, read: object, letters: frozenset[str]) -> Rule:
    table, shape = f"rules.{key}", f"a rule has value, status ({' or '.join(STATUSES)}) and source"
    if not isinstance(read, dict) or set(read) != {"value", "status", "source"}:
        raise source.refusal("rules", key, sorted(read) if isinstance(read, dict) else read, shape)
    status, words = read["status"], read["source"]
    if status not in STATUSES:
        raise source.refusal(table, "status", status, shape)
    if not isinstance(words, str) or not words.strip():
        raise source.refusal(table, "source", words, shape)
    named = set(LETTER.findall(words))
    if not named <= letters or (status == "sourced" and not named):
        right = f"a sourced rule names its source by a letter in brackets, of {sorted(letters)}"
        raise source.refusal(table, "source", words, right)
    return Rule(read_value(source, key, read["value"]), status, words)


def read_value(source: Source, key: str, value: object) -> Any:
    """Return the value of a rule as decisions use it.

    Raises
    ------
    PackRefused
        With the line, and what would be right.
    """
    try:
        return RULES[key].read(value)
    except ValueError as fault:
        raise source.refusal(f"rules.{key}", "value", value, str(fault)) from None


def check_sense(source: Source, rules: Mapping[str, Rule]) -> None:
    """Refuse rules that are possible one by one and not together.

    Raises
    ------
    PackRefused
        Naming the second of the two.
    """
    value = {key: rule.value for key, rule in rules.items()}
    for key, right in chain(_odd_ages(value), _odd_rest(value)):
        raise source.refusal(f"rules.{key}", "value", rules[key].value, right)


def _odd_ages(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each age that cannot stand beside another, with what would be right."""
    for key in ("min_age_to_redeem", "min_age_to_be_served", "grant_min_age"):
        if (value[f"{key}_hardship"] or 0) > value[key]:
            yield f"{key}_hardship", f"hardship lowers the age; without it the age is {value[key]}"
    if (value["min_age_to_earn_women"] or 0) > value["min_age_to_earn"]:
        yield "min_age_to_earn_women", f"it is not over the age for everyone, {value['min_age_to_earn']}"
    if value["max_age_to_earn"] is not None and value["max_age_to_earn"] < value["min_age_to_earn"]:
        yield "max_age_to_earn", f"it is not under the least age, {value['min_age_to_earn']}"


def _odd_rest(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each other rule that cannot stand beside another, with what would be right."""
    if value["record_default"] not in value["record_becomes"]:
        yield "record_default", f"it is one of what a record can become here, {', '.join(value['record_becomes'])}"
    for low, high in pairwise(f"honour_hours_{stars}" for stars in STARS):
        if value[high] <= value[low]:
            yield high, f"levels rise; the one before needs {value[low]} hours"
    for key in ("group_hours", "over_stored_cap"):
        if value[key] == "donate_only" and not value["donation_targets"]:
            yield key, "minutes that can only be donated need someone in donation_targets"
    if value["grant_min"] is not None and value["grant_budget_min"] is None:
        yield "grant_budget_min", "a grant needs a budget that it is taken from"


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


def read_shipped() -> tuple[Pack, ...]:
    """Return the packs that are shipped, checked."""
    folder = resources.files("timebank.rules") / "packs"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    packs = tuple(parse_pack(file.read_text(encoding="utf-8"), file=Path(file.name).name) for file in files)
    check_dates(packs)
    return packs

"""Star levels by hours of service: a dated ladder of each jurisdiction, read from data and checked like a rule pack."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any

from timebank.rules.pack import STATUSES, PackRefused

FILE = "levels.toml"
HEAD = {"jurisdiction": str, "version": str, "from_day": date, "title_zh": str, "title_en": str}
RUNG = {"stars": int, "hours": int, "status": str, "source": str}
MOST_HOURS = 100_000
"""Most hours a rung can ask for: more than anyone serves in a life."""
NEUTRAL = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A rung: stars from so many hours on, whether it is ``sourced`` or ``assumed``, and where it stands."""

    stars: int
    hours: int
    status: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The levels of a jurisdiction from a day to a day (half-open; empty is without end), lowest first."""

    jurisdiction: str
    version: str
    from_day: date
    to_day: date | None
    title_zh: str
    title_en: str
    levels: tuple[Level, ...]

    @property
    def name(self) -> str:
        """Jurisdiction and version, as written into a certificate."""
        return f"{self.jurisdiction}-{self.version}"

    def is_in_force(self, day: date) -> bool:
        """Tell whether the ladder is in force on a day."""
        return self.from_day <= day and (self.to_day is None or day < self.to_day)

    def level_of(self, service_min: int) -> Level | None:
        """Return the highest level that so many minutes of service reach; nothing under the first."""
        return next((level for level in reversed(self.levels) if service_min >= level.hours * 60), None)


def parse_ladders(text: str, *, file: str) -> tuple[Ladder, ...]:
    """Read ladders.

    Raises
    ------
    PackRefused
        For TOML that does not parse, an unknown or missing key, rungs that do not rise, or two ladders of one
        jurisdiction on one day.
    """
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        message = f"{file}: this is not TOML: {fault}."
        raise PackRefused(message) from fault
    tables = read.get("ladders")
    if set(read) != {"ladders"} or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        message = f"{file}: it holds one or more [[ladders]] and nothing else."
        raise PackRefused(message)
    ladders = tuple(_ladder(f"{file}, ladder {n}", one) for n, one in enumerate(tables, 1))
    _check_dates(ladders)
    return ladders


def _ladder(where: str, read: dict[str, Any]) -> Ladder:
    rungs, to_day = read.pop("levels", None), read.pop("to_day", None)
    _check_keys(where, read, HEAD)
    if to_day is not None and not (type(to_day) is date and to_day > read["from_day"]):
        raise _refusal(where, "to_day", to_day, "a ladder ends after it begins, on a day")
    if not isinstance(rungs, list) or not rungs or not all(isinstance(rung, dict) for rung in rungs):
        raise _refusal(where, "levels", rungs, "it is one or more [[ladders.levels]]")
    levels = tuple(_level(f"{where}, level {n}", rung) for n, rung in enumerate(rungs, 1))
    for low, high in pairwise(levels):
        if high.hours <= low.hours or high.stars <= low.stars:
            right = f"hours and stars rise from level to level, past {low.hours} hours and {low.stars} stars"
            raise _refusal(where, "levels", (high.hours, high.stars), right)
    return Ladder(**read, to_day=to_day, levels=levels)


def _level(where: str, read: dict[str, Any]) -> Level:
    _check_keys(where, read, RUNG)
    if read["status"] not in STATUSES:
        raise _refusal(where, "status", read["status"], f"it is {' or '.join(STATUSES)}")
    for key, most in (("stars", 5), ("hours", MOST_HOURS)):
        if not 1 <= read[key] <= most:
            raise _refusal(where, key, read[key], f"it is 1 to {most}")
    return Level(**read)


def _check_keys(where: str, read: dict[str, Any], kinds: dict[str, type]) -> None:
    for key in sorted(set(read) - set(kinds)):
        raise _refusal(where, key, read[key], f"the known keys are {sorted(kinds)}")
    for key, kind in kinds.items():
        if key not in read:
            message = f"{where}: the key {key!r} is missing."
            raise PackRefused(message)
        if type(read[key]) is not kind or read[key] == "":
            raise _refusal(where, key, read[key], f"it is a {kind.__name__}, and not empty")


def _check_dates(ladders: Iterable[Ladder]) -> None:
    ordered = sorted(ladders, key=lambda ladder: (ladder.jurisdiction, ladder.from_day))
    for early, late in pairwise(ordered):
        if early.jurisdiction == late.jurisdiction and early.is_in_force(late.from_day):
            message = f"{early.name} and {late.name} are both in force on {late.from_day}; end the first one by then."
            raise PackRefused(message)


def _refusal(where: str, key: str, value: object, right: str) -> PackRefused:
    return PackRefused(f"{where}: {key!r} cannot be {value!r}; {right}.")


@lru_cache(maxsize=1)
def load_ladders() -> tuple[Ladder, ...]:
    """Return the ladders that are shipped, checked."""
    text = (resources.files("timebank.honours") / FILE).read_text(encoding="utf-8")
    return parse_ladders(text, file=FILE)


def ladder_in_force(day: date, jurisdiction: str = "shanghai") -> Ladder:
    """Return the ladder of a jurisdiction on a day, or the neutral one when it has none."""
    for wanted in (jurisdiction, NEUTRAL):
        for ladder in load_ladders():
            if ladder.jurisdiction == wanted and ladder.is_in_force(day):
                return ladder
    message = f"No ladder of levels is in force on {day}, not even the neutral one, which begins in 2000."
    raise ValueError(message)

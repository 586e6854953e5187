"""Rules of water meters as dated data, with thresholds by street."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

from timebank.alarms.kinds import kinds

FILE = "meter_rules.toml"
TESTS = ("less", "more", "never_still")
MOST_HOURS = 72
MOST_LITRES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRule:
    """A rule from a day to a day (half-open), for some streets or, with none, for all that have none of their own."""

    code: str
    test: str
    from_day: date
    hours: int
    litres: int
    to_day: date = date.max
    streets: tuple[str, ...] = ()
    respects_away: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Saying what is wrong.
        """
        known = [kind.code for kind in kinds().by_code.values() if kind.device == "meter"]
        if self.code not in known or self.test not in TESTS:
            message = f"A rule is of one of {', '.join(known)} and tests one of {', '.join(TESTS)}."
            raise ValueError(message)
        if not 1 <= self.hours <= MOST_HOURS or not 0 <= self.litres <= MOST_LITRES or self.to_day <= self.from_day:
            message = f"A rule looks at 1 to {MOST_HOURS} hours and 0 to {MOST_LITRES:,} litres, and holds for a day."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRules:
    """All rules, and the litres an hour that no home can draw."""

    most_flow_l_per_h: int
    rules: tuple[MeterRule, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the rules, each once."""
        return tuple(dict.fromkeys(rule.code for rule in self.rules))

    @property
    def most_hours(self) -> int:
        """Hours of the longest look back."""
        return max((rule.hours for rule in self.rules), default=1)

    def in_force(self, code: str, street: str, day: date) -> MeterRule | None:
        """Return the rule of a code that holds in a street on a day, or nothing."""
        holds = [rule for rule in self.rules if rule.code == code and rule.from_day <= day < rule.to_day]
        own = [rule for rule in holds if street in rule.streets] or [rule for rule in holds if not rule.streets]
        return max(own, key=lambda rule: rule.from_day, default=None)


def parse_meter_rules(text: str) -> MeterRules:
    """Read rules.

    Raises
    ------
    ValueError
        When the text is no TOML of rules, or a rule cannot be.
    """
    try:
        read = tomllib.loads(text)
        rules = tuple(_rule(one) for one in read["rule"])
        return MeterRules(most_flow_l_per_h=int(read["most_flow_l_per_h"]), rules=rules)
    except (KeyError, TypeError) as fault:
        message = f"Rules of meters lack something or have too much: {fault}."
        raise ValueError(message) from fault


def _rule(read: dict[str, Any]) -> MeterRule:
    return MeterRule(**read | {"streets": tuple(read.get("streets", ()))})


@lru_cache(maxsize=1)
def meter_rules() -> MeterRules:
    """Return the rules that are shipped, read once."""
    return parse_meter_rules((resources.files("timebank.alarms") / FILE).read_text(encoding="utf-8"))

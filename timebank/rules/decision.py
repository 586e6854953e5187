"""Decisions: allowed or not, how many minutes, and which rule said so."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from timebank.rules.pack import Pack, pack_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a decision about earning is made from. Travel is never part of the minutes."""

    day: date
    giver_age: int
    planned_min: int
    served_min: int
    evidence: str
    earn_numerator: int = 1
    earn_denominator: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a pack says to a case: minutes of credit (0 when refused), and the rules that decided.

    ``articles`` says for each of ``reasons`` whether the rule is sourced or only assumed, and where it stands.
    """

    allowed: bool
    minutes: int
    pack: str
    reasons: tuple[str, ...]
    articles: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with the transfer."""
        return {
            "pack": self.pack,
            "allowed": self.allowed,
            "minutes": self.minutes,
            "reasons": list(self.reasons),
            "articles": list(self.articles),
        }


@lru_cache(maxsize=4096)
def decide_earning(service: Service) -> Decision:
    """Decide what a confirmed service earns, by the pack in force on its day.

    Counted minutes are those served, at most the planned ones and the tolerance; rounded down to the pack's unit;
    times the service's ratio, rounded down to whole minutes. Equal cases are decided once.
    """
    pack = pack_in_force(service.day)
    refused = _refusals(pack, service)
    if refused:
        return _decision(pack, 0, refused)
    counted = min(service.served_min, service.planned_min + pack.value("tolerance_min"))
    unit = pack.value("rounding_min")
    minutes = counted // unit * unit * service.earn_numerator // service.earn_denominator
    reasons = ["rounding_min"] + (["tolerance_min"] if counted < service.served_min else [])
    return _decision(pack, minutes, reasons)


def _decision(pack: Pack, minutes: int, reasons: list[str]) -> Decision:
    articles = tuple(f"{pack.rules[name].status}: {pack.rules[name].source}" for name in reasons)
    return Decision(allowed=minutes > 0, minutes=minutes, pack=pack.name, reasons=tuple(reasons), articles=articles)


def _refusals(pack: Pack, service: Service) -> list[str]:
    refused = []
    if service.giver_age < pack.value("min_age_to_earn"):
        refused.append("min_age_to_earn")
    if service.evidence not in pack.value("earning_evidence"):
        refused.append("earning_evidence")
    return refused


def age_on(born_on: date, day: date) -> int:
    """Return whole years of age on a day; one born on 29 February has a birthday on 1 March in short years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))

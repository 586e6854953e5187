"""Cases that decisions are made from, and what a rule finds in one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import get_args, get_type_hints

from timebank.core.settings import jurisdiction
from timebank.rules.known import RELATIONS, RESIDENCES, TARGETS
from timebank.rules.parsing import Pack

BALANCE = "balance"
"""Reason where the account, and no rule of a pack, stands in the way."""
GENDERS = ("female", "male", "unknown")
WORDS = {
    "giver_gender": GENDERS,
    "giver_residence": RESIDENCES,
    "residence": RESIDENCES,
    "relation": RELATIONS,
    "target": TARGETS,
}
"""Words that a part of a case can be."""


class Case:
    """What every case shares: numbers are not negative, and words are known."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be: a mistake of the caller."""
        for name, least, words in _CHECKS.get(type(self).__name__) or _learn(type(self)):
            value = getattr(self, name)
            if value is None:
                continue
            if words and value not in words:
                message = f"{name} cannot be {value!r}; it is one of {', '.join(words)}."
                raise ValueError(message)
            if not words and value < least:
                message = f"{name} cannot be {value}; it counts from {least}."
                raise ValueError(message)


Check = tuple[str, int, tuple[str, ...]]
_CHECKS: dict[str, tuple[Check, ...]] = {}
"""Parts of each kind of case that are numbers or words: name, least, and the words it can be; learnt once."""


def _learn(shape: type) -> tuple[Check, ...]:
    hints = get_type_hints(shape)
    names = [name for name, hint in hints.items() if int in (hint, *get_args(hint)) or name in WORDS]
    checks = tuple((name, int(name.endswith("_denominator")), WORDS.get(name, ())) for name in names)
    return _CHECKS.setdefault(shape.__name__, checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Case):
    """A service that was given. Travel is never part of the minutes; what is empty is not known.

    ``earned_on_day_min``, ``earned_total_min`` and ``stored_min`` are those of the giver before this service;
    ``service`` is its code, so that a pack's own ratio goes before the catalogue's.
    """

    day: date
    giver_age: int
    planned_min: int
    served_min: int
    evidence: str
    earn_numerator: int = 1
    earn_denominator: int = 1
    service: str | None = None
    giver_gender: str | None = None
    giver_residence: str | None = None
    is_trained: bool | None = None
    is_group: bool | None = None
    has_guardian: bool | None = None
    earned_on_day_min: int | None = None
    earned_total_min: int | None = None
    stored_min: int | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption(Case):
    """Coins that are to be redeemed for a service, for the holder or for another (``taker_...``).

    ``earned_total_min`` is what the holder ever earned, ``served_total_min`` what they served; ``first_served_on`` the
    day they began. From a family account (``from_family``) the holder is the member who is to be served, whoever asks;
    ``spent_today_min`` is what the one who asks has spent from it on the day. A group account (``from_group``) has no
    holder who could redeem.
    """

    day: date
    holder_age: int
    minutes: int
    available_min: int
    holder_in_hardship: bool | None = None
    taker_age: int | None = None
    taker_in_hardship: bool | None = None
    residence: str | None = None
    earned_total_min: int | None = None
    served_total_min: int | None = None
    first_served_on: date | None = None
    service: str | None = None
    redeem_numerator: int = 1
    redeem_denominator: int = 1
    from_group: bool | None = None
    from_family: bool | None = None
    is_head: bool | None = None
    spent_today_min: int | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift(Case):
    """Coins that are to be given to a person; ``relation`` is what the taker is to the giver."""

    day: date
    relation: str
    minutes: int
    available_min: int
    taker_age: int | None = None
    taker_in_hardship: bool | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Donation(Case):
    """Coins that are to be donated, from an account or from hours that can only be donated.

    ``taker_in_hardship`` is asked of a person who is to get them; where it is not said, the target vouches for it.
    """

    day: date
    target: str
    minutes: int
    available_min: int
    taker_in_hardship: bool | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Case):
    """An initial grant to a person, out of a budget: all that the pack grants, or ``wanted_min`` of it."""

    day: date
    age: int
    in_hardship: bool | None = None
    in_empty_nest: bool | None = None
    granted_before_min: int = 0
    budget_used_min: int = 0
    wanted_min: int | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry(Case):
    """An account whose oldest coins may expire: first in, first out.

    ``credits_until_min`` is all that came in until the cutoff (:func:`timebank.rules.issuing.expiry_cutoff`);
    ``debits_min`` all that went out until now; ``available_min`` what is there and not held.
    """

    day: date
    credits_until_min: int
    debits_min: int
    available_min: int
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: the rule, the key of its words, and the figures in them."""

    rule: str
    says: str
    values: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Minutes of a case by a pack, and what was found on the way."""

    minutes: int
    findings: Sequence[Finding]
    donate_min: int = 0


def found(rule: str, says: str, **values: int | str) -> Finding:
    """Make a finding."""
    return Finding(rule, says, tuple(values.items()))


def unknown(rule: str, fact: str) -> Finding:
    """Say that a rule asks for what the case does not say; nothing is guessed."""
    return found(rule, "unknown_fact", fact=fact)


def refused(bars: Iterable[Finding]) -> Outcome:
    """Return the outcome of a case that rules bar."""
    return Outcome(0, tuple(bars))


def age_bars(pack: Pack, rule: str, age: int, *, in_hardship: bool | None, fact: str) -> list[Finding]:
    """Find whether someone is too young for a rule, which hardship can lower; ``fact`` says whose hardship is asked."""
    least, lowered = pack.value(rule), pack.value(f"{rule}_hardship")
    if age >= least or (in_hardship and lowered is not None and age >= lowered):
        return []
    if lowered is not None and age >= lowered and in_hardship is None:
        return [unknown(f"{rule}_hardship", fact)]
    if lowered is not None:
        return [found(rule, "too_young_but_hardship", least=least, lowered=lowered, age=age)]
    return [found(rule, "too_young", least=least, age=age)]


def residence_bars(pack: Pack, rule: str, residence: str | None, fact: str) -> list[Finding]:
    """Find whether someone's tie to the place is too weak for a rule."""
    wanted = pack.value(rule)
    if wanted == "none":
        return []
    if residence is None:
        return [unknown(rule, fact)]
    if RESIDENCES.index(residence) < RESIDENCES.index(wanted):
        return [found(rule, f"not_{wanted}")]
    return []


def age_on(born_on: date, day: date) -> int:
    """Return whole years of age on a day; one born on 29 February has a birthday on 1 March in short years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))

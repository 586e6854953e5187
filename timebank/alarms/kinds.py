"""Kinds of orders as data: who is asked in turn, with which clocks, and how an order can end."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

FILE = "kinds.toml"
WHO = ("responder", "contact", "organisation", "subdistrict", "committee", "emergency")
DEVICES = ("call", "meter")
UNKNOWN_OUTCOMES = ("not_ours", "test")
"""How an order ends whose household nobody knows."""
LONGEST_MIN = 7 * 24 * 60
MOST_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is asked, how long they have to answer and to handle; of responders how many, for which service."""

    who: str
    answer_min: int
    handle_min: int
    service: str = ""
    tries: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Saying what is wrong.
        """
        if self.who not in WHO:
            message = f"A step asks one of {', '.join(WHO)}, not {self.who!r}."
            raise ValueError(message)
        if not (1 <= self.answer_min <= LONGEST_MIN and 1 <= self.handle_min <= LONGEST_MIN):
            message = f"A clock of a step runs 1 to {LONGEST_MIN} minutes."
            raise ValueError(message)
        is_named = bool(self.service) and 1 <= self.tries <= MOST_TRIES
        if is_named != (self.who == "responder") or (self.who != "responder" and (self.service or self.tries)):
            message = f"Responders are asked for a service, 1 to {MOST_TRIES} of them in turn; others are not."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of order; one with findings is confirmed (what was found) before it is closed."""

    code: str
    zh: str
    en: str
    device: str
    steps: tuple[Step, ...]
    outcomes: tuple[str, ...]
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Saying what is wrong.
        """
        if self.device not in DEVICES or not self.steps or not self.outcomes:
            message = f"The kind {self.code} names one of {', '.join(DEVICES)}, who is asked, and how it can end."
            raise ValueError(message)
        if self.steps[-1].who == "responder":
            message = f"The last step of {self.code} is an office or 120: volunteers can run out."
            raise ValueError(message)

    def next_step(self, step: int) -> int | None:
        """Return the step after one, or nothing after the last."""
        return step + 1 if step + 1 < len(self.steps) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """All kinds by code, and how often an order of an unknown household is shown again."""

    unknown_min: int
    by_code: dict[str, Kind]

    def of(self, code: str, *, device: str | None = None) -> Kind:
        """Return a kind, of a sort of device when one is given.

        Raises
        ------
        WrongInput
            When there is none.
        """
        kind = self.by_code.get(code)
        if kind is None or device not in (None, kind.device):
            known = ", ".join(one.code for one in self.by_code.values() if device in (None, one.device))
            raise WrongInput(field="kind", value=code[:40], right=Phrase("right_one_of", known=known))
        return kind


def parse_kinds(text: str) -> Kinds:
    """Read kinds.

    Raises
    ------
    ValueError
        When the text is no TOML of kinds, or a kind cannot be.
    """
    try:
        read = tomllib.loads(text)
        by_code = {code: _kind(code, one) for code, one in read["kind"].items()}
        return Kinds(unknown_min=int(read["unknown_min"]), by_code=by_code)
    except (KeyError, TypeError) as fault:
        message = f"Kinds of orders lack something or have too much: {fault}."
        raise ValueError(message) from fault


def _kind(code: str, read: dict[str, Any]) -> Kind:
    parts = read | {"steps": tuple(Step(**one) for one in read["steps"])}
    return Kind(code=code, **parts | {name: tuple(read.get(name, ())) for name in ("outcomes", "findings")})


@lru_cache(maxsize=1)
def kinds() -> Kinds:
    """Return the kinds that are shipped, read once."""
    return parse_kinds((resources.files("timebank.alarms") / FILE).read_text(encoding="utf-8"))

"""Which pack holds on a day: the jurisdiction's, else that of the place it lies within, else the neutral one."""

from datetime import date
from functools import lru_cache
from pathlib import Path

from timebank.core.settings import jurisdiction as own_jurisdiction
from timebank.core.settings import rules_path
from timebank.rules.district import lay_over, read_settings
from timebank.rules.known import EVIDENCE
from timebank.rules.lines import PackRefused
from timebank.rules.parsing import (
    NEUTRAL,
    STATUSES,
    Pack,
    Rule,
    check_dates,
    parse_pack,
    read_shipped,
)

__all__ = [
    "EVIDENCE",
    "STATUSES",
    "Pack",
    "PackRefused",
    "Rule",
    "check_dates",
    "load_packs",
    "pack_in_force",
    "pack_named",
    "parse_pack",
]


def load_packs() -> tuple[Pack, ...]:
    """Return the packs that are shipped, with what the district of this process sets (``TIMEBANK_RULES``)."""
    return _load(rules_path())


@lru_cache(maxsize=64)
def _load(path: str) -> tuple[Pack, ...]:
    shipped = read_shipped()
    return lay_over(shipped, read_settings(Path(path))) if path else shipped


def pack_in_force(day: date, jurisdiction: str = "") -> Pack:
    """Return the pack of a jurisdiction on a day; of the district's own where none is named.

    Raises
    ------
    ValueError
        When not even the neutral one is in force.
    """
    return _in_force(day, jurisdiction or own_jurisdiction(), rules_path())


@lru_cache(maxsize=4096)
def _in_force(day: date, jurisdiction: str, path: str) -> Pack:
    packs, wanted = _load(path), jurisdiction
    for _ in packs:
        own = [pack for pack in packs if pack.jurisdiction == wanted]
        found = next((pack for pack in own if pack.is_in_force(day)), None)
        if found is not None:
            return found
        wanted = own[0].within if own and wanted != NEUTRAL else NEUTRAL
    message = f"No pack is in force on {day}, not even the neutral one, which begins in 2000."
    raise ValueError(message)


def pack_named(name: str, day: date | None = None) -> Pack:
    """Return a pack by its name, without what a district sets unless the name says so.

    Parameters
    ----------
    name
        Such as ``shanghai-2026``, or ``shanghai-2026+putuo-1`` with a district's setting.
    day
        Which part is meant, where settings part the pack; else the first.

    Raises
    ------
    KeyError
        When there is none.
    """
    named = [pack for pack in (*load_packs(), *_load("")) if pack.name == name]
    if not named:
        raise KeyError(name)
    return next((pack for pack in named if day is not None and pack.is_in_force(day)), named[0])

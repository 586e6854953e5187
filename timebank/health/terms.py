"""What the health of a bank is measured with: windows, cohorts, assumed shares and thresholds, read from data."""

import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

FILE = "terms.toml"
MOST_BYTES = 65_536
INDICATORS = ("redeemable_share", "cover", "saved_for_redeemed", "near_share", "concentration")
"""Indicators that a threshold can be set for."""
SIDES = ("below", "above")
BOUNDS = {
    "window_weeks": (1, 52),
    "horizon_days": (1, 366),
    "least_persons": (1, 100),
    "least_redemptions": (1, 1_000_000),
}
MOST_LISTED = 20
OLDEST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthShare:
    """The part of the coins that may be asked for that is asked for in 30 days: at least, expected, at most."""

    low: float
    central: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which value on an indicator is a notice and a warning, and how many weeks it lasts to be sustained."""

    indicator: str
    side: str
    notice: float
    warning: float
    weeks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What health is measured with; ``cohorts`` are the ages at which an age cohort begins."""

    window_weeks: int
    horizon_days: int
    least_persons: int
    least_redemptions: int
    cohorts: tuple[int, ...]
    years_ahead: tuple[int, ...]
    month_share: MonthShare
    warnings: tuple[Threshold, ...]

    @property
    def weeks_back(self) -> int:
        """Weeks before now for which indicators are wanted: so many as the slowest warning needs, less this one."""
        return max((one.weeks for one in self.warnings), default=1) - 1


def read_terms(path: Path | None = None) -> Terms:
    """Return the terms of a file, or those that are shipped.

    Raises
    ------
    WrongInput
        When the file cannot be read, or says what cannot be; with the key and what would be right.
    """
    if path is None:
        return parse_terms((resources.files("timebank.health") / FILE).read_text(encoding="utf-8"))
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as fault:
        raise WrongInput(field="terms", value=path.name, right=Phrase("right_file")) from fault
    if len(raw) > MOST_BYTES:
        raise WrongInput(field="terms", value=path.name, right=Phrase("right_at_most", most=MOST_BYTES))
    return parse_terms(raw.decode("utf-8", errors="replace"))


def parse_terms(text: str) -> Terms:
    """Read terms.

    Raises
    ------
    WrongInput
        For TOML that does not parse, an unknown or missing key, or an impossible value.
    """
    try:
        read = tomllib.loads(text)
    except ValueError as fault:
        raise WrongInput(field="terms", value=str(fault)[:80], right=Phrase("right_toml")) from fault
    _require_keys("terms", read, Terms)
    for name, (least, most) in BOUNDS.items():
        if type(read[name]) is not int or not least <= read[name] <= most:
            raise _wrong(name, read[name], Phrase("right_range", least=least, most=most))
    for name in ("cohorts", "years_ahead"):
        _require_rising(name, read[name])
    _require_keys("month_share", read["month_share"], MonthShare)
    share = MonthShare(**read["month_share"])
    if not (_is_number(share.low, share.central, share.high) and 0 <= share.low <= share.central <= share.high <= 1):
        raise _wrong("month_share", read["month_share"], Phrase("right_shares"))
    warnings = tuple(_threshold(one) for one in _listed("warnings", read["warnings"]))
    parts = read | {"month_share": share, "warnings": warnings}
    return Terms(**parts | {name: tuple(read[name]) for name in ("cohorts", "years_ahead")})


def _threshold(read: Any) -> Threshold:
    _require_keys("warnings", read, Threshold)
    one = Threshold(**read)
    if one.indicator not in INDICATORS:
        raise _wrong("warnings.indicator", one.indicator, Phrase("right_one_of", known=", ".join(INDICATORS)))
    if one.side not in SIDES:
        raise _wrong("warnings.side", one.side, Phrase("right_one_of", known=", ".join(SIDES)))
    if type(one.weeks) is not int or not 1 <= one.weeks <= BOUNDS["window_weeks"][1]:
        raise _wrong("warnings.weeks", one.weeks, Phrase("right_range", least=1, most=BOUNDS["window_weeks"][1]))
    worse = one.warning < one.notice if one.side == "below" else one.warning > one.notice
    if not _is_number(one.notice, one.warning) or not worse:
        raise _wrong("warnings.warning", one.warning, Phrase("right_worse", notice=one.notice))
    return one


def _is_number(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _listed(name: str, read: Any) -> list[Any]:
    if not isinstance(read, list) or len(read) > MOST_LISTED:
        raise _wrong(name, read, Phrase("right_listed", most=MOST_LISTED))
    return read


def _require_rising(name: str, read: Any) -> None:
    listed = _listed(name, read)
    whole = all(type(one) is int and 0 < one < OLDEST for one in listed)
    if not listed or not whole or any(late <= early for early, late in pairwise(listed)):
        raise _wrong(name, read, Phrase("right_rising", most=OLDEST))


def _require_keys(table: str, read: Any, shape: type) -> None:
    known = [one.name for one in fields(shape)]
    if not isinstance(read, dict) or set(read) != set(known):
        found = ", ".join(sorted(read)) if isinstance(read, dict) else read
        raise _wrong(table, found, Phrase("right_keys", known=", ".join(known)))


def _wrong(field: str, value: object, right: Phrase) -> WrongInput:
    return WrongInput(field=field, value=str(value)[:80], right=right)

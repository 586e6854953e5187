"""Limits of the life of an hour: how long an offer stands, and from where on a person looks.

They are data (``limits.toml``), assumed until a district says otherwise, and are handed to whoever decides.
"""

import tomllib
from dataclasses import dataclass, fields
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whole numbers, the unit last in each name; ``limits.toml`` says what each is for.

    Raises
    ------
    ValueError
        When one is no whole number from 1 to 100,000.
    """

    offer_open_min: int
    clock_slack_min: int
    past_midnight_min: int
    overlap_min: int
    speed_km_per_h: int
    speed_least_m: int
    pair_visits: int
    pair_share_percent: int
    robust_z_tenths: int
    pattern_days: int
    pattern_spread_min: int
    ring_min: int
    ring_people: int
    findings: int

    def __post_init__(self) -> None:
        """Check every number."""
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or not 1 <= value <= 100_000:
                message = (
                    f"The limit {field.name} cannot be {value!r}; a whole number from 1 to 100,000 would be right."
                )
                raise ValueError(message)


def read_limits(text: str) -> Limits:
    """Read limits from TOML.

    Raises
    ------
    ValueError
        When a limit is unknown, missing or impossible; the message names it.
    """
    read, known = tomllib.loads(text), {field.name for field in fields(Limits)}
    if set(read) != known:
        message = f"Unknown limits {sorted(set(read) - known)}, missing limits {sorted(known - set(read))}."
        raise ValueError(message)
    return Limits(**read)


STANDARD = read_limits((resources.files("timebank.visits") / "limits.toml").read_text(encoding="utf-8"))
"""The limits of a district that says nothing else."""

"""What trainings last, who may do what after which, and what a level takes: data (``terms.toml``), read and checked."""

import tomllib
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from importlib import resources

ROLES = ("cadre", "volunteer", "property", "adviser", "doctor")
MOST_MONTHS = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What an act takes: one of some roles, and every one of some trainings."""

    roles: tuple[str, ...]
    trainings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a level of an adviser takes: months in the role, and advice given within a year."""

    code: str
    months: int
    advices: int
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Months by training (0 never ends), the gate of each act, and the levels, the lowest first.

    Raises
    ------
    ValueError
        When a gate names an unknown role or training, or a level takes less than the one below it.
    """

    months_by_training: dict[str, int]
    gate_by_act: dict[str, Gate]
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        """Check that all parts know each other."""
        for training, months in self.months_by_training.items():
            if type(months) is not int or not 0 <= months <= MOST_MONTHS:
                message = f"The training {training!r} cannot last {months!r} months; 0 to {MOST_MONTHS} would be right."
                raise ValueError(message)
        for act, gate in self.gate_by_act.items():
            unknown = (set(gate.roles) - set(ROLES)) | (set(gate.trainings) - set(self.months_by_training))
            if unknown or not gate.roles:
                message = f"The act {act!r} names no role, or unknown roles or trainings: {sorted(unknown)}."
                raise ValueError(message)
        takes = [(level.months, level.advices) for level in self.levels]
        if takes != sorted(takes):
            message = f"A level takes less than the one below it: {[level.code for level in self.levels]}."
            raise ValueError(message)


def read_terms(text: str) -> Terms:
    """Read terms from TOML.

    Raises
    ------
    ValueError
        When they cannot be; the message names the part.
    """
    read = tomllib.loads(text)
    gates = {
        act: Gate(roles=tuple(gate["roles"]), trainings=tuple(gate["trainings"])) for act, gate in read["acts"].items()
    }
    return Terms(
        months_by_training=dict(read["trainings"]),
        gate_by_act=gates,
        levels=tuple(Level(**level) for level in read["levels"]),
    )


STANDARD = read_terms((resources.files("timebank.care") / "terms.toml").read_text(encoding="utf-8"))
"""The terms of a district that says nothing else."""


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

"""One question to the engine: tables of needs, volunteers and slots, who must or must never meet, and params.

Validated once, immutable, written to JSON and read back. The tables stand in :mod:`matching.tables`.
"""

import json
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import numpy as np

from matching.columns import Bits, Columns, Floats, Ints, Mask, cast
from matching.tables import (
    MOST_PENALTY,
    Absences,
    Budgets,
    FrequencyKind,
    Gender,
    MakeUp,
    Needs,
    Regulars,
    Seasons,
    ServedBy,
    Slots,
    Suspensions,
    Volunteers,
)

__all__ = [
    "Absences",
    "Bits",
    "Budgets",
    "EveryNDays",
    "Floats",
    "Frequency",
    "FrequencyKind",
    "Gender",
    "Ints",
    "MakeUp",
    "Mask",
    "Needs",
    "Once",
    "Params",
    "Problem",
    "Regulars",
    "Seasons",
    "ServedBy",
    "Slots",
    "Suspensions",
    "TimesPerMonth",
    "TimesPerWeek",
    "Volunteers",
    "frequency_columns",
]

TABLES: dict[str, type[Columns]] = {
    "needs": Needs,
    "volunteers": Volunteers,
    "slots": Slots,
    "absences": Absences,
    "seasons": Seasons,
    "suspensions": Suspensions,
    "budgets": Budgets,
    "regulars": Regulars,
}
MOST_DETOUR = 100.0
PAIR_LISTS = ("exclusions", "bookable", "standing", "preset")


@dataclass(frozen=True, slots=True)
class EveryNDays:
    """A visit on every ``days``-th day."""

    days: int


@dataclass(frozen=True, slots=True)
class TimesPerWeek:
    """So many visits in each week of the horizon, spread over it."""

    times: int


@dataclass(frozen=True, slots=True)
class TimesPerMonth:
    """So many visits in thirty days, spread over them."""

    times: int


@dataclass(frozen=True, slots=True)
class Once:
    """One visit within the need's days."""


Frequency = EveryNDays | TimesPerWeek | TimesPerMonth | Once


def frequency_columns(frequency: Frequency) -> tuple[FrequencyKind, int]:
    """Return kind and count of a frequency, as the columns of a need hold them."""
    match frequency:
        case EveryNDays(days):
            return FrequencyKind.EVERY_N_DAYS, days
        case TimesPerWeek(times):
            return FrequencyKind.TIMES_PER_WEEK, times
        case TimesPerMonth(times):
            return FrequencyKind.TIMES_PER_MONTH, times
        case Once():
            return FrequencyKind.ONCE, 1


def _no_pairs() -> Ints:
    return np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """What the engine may assume, how far it looks, and what it weighs against a metre.

    Weights are in metres of walking; docs/model.md has them in one table.
    """

    max_distance_m: float = 3000.0  # walking distance from volunteer to senior, detour included
    max_slot_distance_m: float = 8000.0  # distance from senior to a resource, detour included
    candidates_per_need: int = 30
    detour: float = 1.3  # walking metres per metre of straight line
    gap_min: int = 5  # minutes between two visits of one volunteer on one day
    pace_m_per_min: float = 0.0  # walking pace; 0: travel takes no minutes from a volunteer
    change_m: int = 0  # metres that keeping a standing pair is worth
    fairness_m: int = 0  # metres that each need more of one volunteer weighs: 0, 1, 2, ... times this
    waiting_m_per_day: int = 0  # metres that a day of waiting adds to the worth of a place
    seed: int = 0
    plane_lat_deg: float | None = None  # latitude at which the plane is true; none: the median of all places

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        numbers = (self.max_distance_m, self.max_slot_distance_m, self.candidates_per_need, self.detour)
        if not all(np.isfinite(numbers)) or min(numbers) <= 0 or self.gap_min < 0 or self.seed < 0:
            message = f"Distances, candidates and detour are above 0, gap and seed are not below 0: {self}."
            raise ValueError(message)
        if not all(isinstance(number, int) for number in (self.candidates_per_need, self.gap_min, self.seed)):
            message = f"Candidates, gap and seed are whole numbers: {self}."
            raise ValueError(message)
        if max(self.max_distance_m, self.max_slot_distance_m) > MOST_PENALTY or self.detour > MOST_DETOUR:
            message = f"Distances reach to {MOST_PENALTY} m and a detour to {MOST_DETOUR}, or costs overflow: {self}."
            raise ValueError(message)
        if self.plane_lat_deg is not None and not abs(self.plane_lat_deg) <= 85:
            message = f"A plane is true at a latitude between -85 and 85, not at {self.plane_lat_deg}."
            raise ValueError(message)
        weights = (self.pace_m_per_min, self.change_m, self.fairness_m, self.waiting_m_per_day)
        if not all(np.isfinite(weights)) or min(weights) < 0 or max(weights) > 1_000_000:
            message = f"Pace and weights lie between 0 and 1,000,000: {self}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One question to the engine: who serves whom, on which days.

    ``exclusions`` has shape (k, 2): senior id, volunteer id; these never meet. ``bookable`` has shape
    (k, 2): need id, resource id; who may use which resource. ``standing`` and ``preset`` have shape (k, 2): need
    id, volunteer id; the pairs of the plan before, and the pairs that must be.
    """

    starts_on: date  # first day of the horizon, Asia/Shanghai
    horizon_days: int
    needs: Needs
    volunteers: Volunteers
    slots: Slots
    exclusions: Ints = field(default_factory=_no_pairs)
    bookable: Ints = field(default_factory=_no_pairs)
    standing: Ints = field(default_factory=_no_pairs)
    preset: Ints = field(default_factory=_no_pairs)
    absences: Absences = field(default_factory=Absences.empty)
    seasons: Seasons = field(default_factory=Seasons.empty)
    suspensions: Suspensions = field(default_factory=Suspensions.empty)
    budgets: Budgets = field(default_factory=Budgets.empty)
    regulars: Regulars = field(default_factory=Regulars.empty)
    params: Params = field(default_factory=Params)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in PAIR_LISTS:
            given = np.array(getattr(self, name))
            if given.size and given.shape[1:] != (2,):
                message = f"{name} has two ids in a row, shape (k, 2), not {given.shape}."
                raise ValueError(message)
            columns = [cast("Problem", name, ids, np.int64) for ids in given.reshape(-1, 2).T]
            pairs = np.column_stack(columns)
            pairs.setflags(write=False)
            object.__setattr__(self, name, pairs)
        if not isinstance(self.horizon_days, int) or not 1 <= self.horizon_days <= 366:  # a year is the longest
            message = f"A horizon has 1 to 366 whole days, not {self.horizon_days}."
            raise ValueError(message)
        unknown = np.setdiff1d(self.slots.budget_ids, np.append(self.budgets.ids, 0))
        if len(unknown):
            message = f"Slots.budget_ids names budget {unknown[0]}, which Budgets does not hold; 0 is no budget."
            raise ValueError(message)

    def to_json(self) -> bytes:
        """Write the instance whole, so that it can be solved again elsewhere."""
        tables = {name: getattr(self, name).to_columns() for name in TABLES}
        pairs = {name: getattr(self, name).tolist() for name in PAIR_LISTS}
        params = {column.name: getattr(self.params, column.name) for column in fields(self.params)}
        head = {"starts_on": self.starts_on.isoformat(), "horizon_days": self.horizon_days, "params": params}
        return json.dumps(head | tables | pairs).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Problem":
        """Read what :meth:`to_json` wrote; what an older file does not have takes its default."""
        read: dict[str, Any] = json.loads(text)
        parts: dict[str, Any] = {name: table(**read[name]) for name, table in TABLES.items() if name in read}
        parts |= {name: np.array(read[name], dtype=np.int64) for name in PAIR_LISTS if name in read}
        return cls(
            starts_on=date.fromisoformat(read["starts_on"]),
            horizon_days=read["horizon_days"],
            params=Params(**read["params"]),
            **parts,
        )

"""Needs, volunteers and shared slots as columns: validated once, immutable, units in the names.

Every column of one table has the same length. Days are counted from the first day of the horizon,
minutes from midnight, windows are half-open, places are WGS-84 degrees. Bit sets are 64 wide, so a
problem has at most 64 skills and 64 languages.
"""

import json
from dataclasses import dataclass, field, fields
from datetime import date
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]


COLUMN_KINDS = ((Ints, np.int64), (Floats, np.float64), (Bits, np.uint64))
MOST_SKILLS = 64
MOST_PENALTY = 100_000_000
"""Largest penalty of one need, in metres: the flow's costs stay far below 1e9."""
MINUTES_A_DAY = 1440


class Gender(IntEnum):
    """Gender of a volunteer, or the wish of a senior; ``ANY`` is no wish, or not stated."""

    ANY = 0
    FEMALE = 1
    MALE = 2


class ServedBy(IntEnum):
    """Who meets a need: a volunteer who comes, or a slot of a shared resource."""

    VOLUNTEER = 0
    SLOT = 1


class FrequencyKind(IntEnum):
    """How often a need is served; the count of each is said in its comment."""

    EVERY_N_DAYS = 1  # count: days from one visit to the next
    TIMES_PER_WEEK = 2  # count: visits in each week of the horizon
    TIMES_PER_MONTH = 3  # count: visits in 30 days
    ONCE = 4  # count: 1


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


def _refuse(table: str, column: str, values: "NDArray[Any]", wrong: "NDArray[np.bool_]", right: str) -> None:
    """Raise for the first row of a column that cannot be, in words that name table, column, row and value."""
    if wrong.any():
        row = int(np.argmax(wrong))
        message = f"{table}.{column} cannot be {values[row]} in row {row}; {right}."
        raise ValueError(message)


class _Columns:
    """What the tables of a problem share: equal lengths, fixed types, read-only arrays."""

    __slots__ = ()

    def _settle(self) -> int:
        """Cast every column to its type, make it read-only, and return the number of rows."""
        lengths = {}
        for column in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            kind = next(kind for alias, kind in COLUMN_KINDS if alias == column.type)
            values = np.array(getattr(self, column.name), dtype=kind)
            if values.ndim != 1:
                message = f"{type(self).__name__}.{column.name} must be one column, not {values.ndim} dimensions."
                raise ValueError(message)
            values.setflags(write=False)
            object.__setattr__(self, column.name, values)
            lengths[column.name] = len(values)
        if len(set(lengths.values())) > 1:
            message = f"{type(self).__name__} needs columns of one length, not {lengths}."
            raise ValueError(message)
        return next(iter(lengths.values()))

    def _check_ids(self, ids: Ints) -> None:
        unique, counts = np.unique(ids, return_counts=True)
        if (counts > 1).any():
            message = f"{type(self).__name__}.ids holds {int(unique[np.argmax(counts > 1)])} twice; an id stands once."
            raise ValueError(message)

    def _check_places(self, lats_deg: Floats, lons_deg: Floats) -> None:
        name = type(self).__name__
        _refuse(name, "lats_deg", lats_deg, ~(np.abs(lats_deg) <= 85), "a latitude lies between -85 and 85")
        _refuse(name, "lons_deg", lons_deg, ~(np.abs(lons_deg) <= 180), "a longitude lies between -180 and 180")

    def _check_window(self, starts: Ints, ends: Ints, names: tuple[str, str]) -> None:
        name = type(self).__name__
        _refuse(
            name,
            names[0],
            starts,
            (starts < 0) | (starts >= MINUTES_A_DAY),
            "it is a minute of the day, 0 to 1439",
        )
        _refuse(
            name,
            names[1],
            ends,
            (ends <= starts) | (ends > MINUTES_A_DAY),
            "a window ends after it starts, by 1440",
        )

    @classmethod
    def empty(cls) -> Self:
        """Return the table without a row."""
        return cls(**{column.name: [] for column in fields(cls)})  # type: ignore[arg-type]  # every subclass is a dataclass

    def to_columns(self) -> dict[str, list[Any]]:
        """Return every column as a list, for JSON."""
        return {column.name: getattr(self, column.name).tolist() for column in fields(self)}  # type: ignore[arg-type]  # as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs(_Columns):
    """Columns of n needs; a need is one service for one senior at one frequency."""

    ids: Ints
    senior_ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    areas: Ints  # area the senior lives in, any number; shortage is counted by it
    skills: Ints  # number of the one skill it takes, 0..63
    served_by: Ints  # ServedBy
    languages: Bits  # bit set of languages that will do; 0 is any
    genders: Ints  # Gender wished
    weekdays: Ints  # bit set of days that will do, bit 0 is Monday
    window_starts_min: Ints  # a visit begins at or after this minute of the day
    window_ends_min: Ints  # a visit ends at or before this minute of the day
    durations_min: Ints  # length of one visit
    frequency_kinds: Ints  # FrequencyKind
    frequency_counts: Ints
    first_days: Ints  # first day it may be served, counted in the horizon
    last_days: Ints  # first day it may no longer be served (half-open)
    penalties: Ints  # cost of leaving one occurrence of it unmet, in metres

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Naming column, row and value, and what would be right.
        """
        self._settle()
        self._check_ids(self.ids)
        self._check_places(self.lats_deg, self.lons_deg)
        self._check_window(self.window_starts_min, self.window_ends_min, ("window_starts_min", "window_ends_min"))
        checks = (
            (
                "skills",
                self.skills,
                (self.skills < 0) | (self.skills >= MOST_SKILLS),
                "skills are numbered 0 to 63",
            ),
            ("served_by", self.served_by, ~np.isin(self.served_by, list(ServedBy)), "it is a ServedBy"),
            ("genders", self.genders, ~np.isin(self.genders, list(Gender)), "it is a Gender"),
            (
                "weekdays",
                self.weekdays,
                (self.weekdays < 1) | (self.weekdays > 127),
                "it is a set of 1 to 7 days",
            ),
            ("durations_min", self.durations_min, self.durations_min < 1, "a visit takes at least a minute"),
            (
                "frequency_kinds",
                self.frequency_kinds,
                ~np.isin(self.frequency_kinds, list(FrequencyKind)),
                "it is a FrequencyKind",
            ),
            ("frequency_counts", self.frequency_counts, self.frequency_counts < 1, "a count is at least 1"),
            ("last_days", self.last_days, self.last_days <= self.first_days, "the days end after they start"),
            (
                "penalties",
                self.penalties,
                (self.penalties < 1) | (self.penalties > MOST_PENALTY),
                f"a penalty lies between 1 and {MOST_PENALTY} metres",
            ),
        )
        for column, values, wrong, right in checks:
            _refuse("Needs", column, values, wrong, right)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteers(_Columns):
    """Columns of m volunteers."""

    ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    areas: Ints
    skills: Bits  # bit set of skills
    languages: Bits  # bit set of languages spoken
    genders: Ints  # Gender
    weekdays: Ints  # bit set of days available, bit 0 is Monday
    window_starts_min: Ints  # available from this minute of the day
    window_ends_min: Ints  # available until this minute of the day
    max_needs: Ints  # how many needs at once
    weekly_caps_min: Ints  # minutes of service in each week of the horizon

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self._settle()
        self._check_ids(self.ids)
        self._check_places(self.lats_deg, self.lons_deg)
        self._check_window(self.window_starts_min, self.window_ends_min, ("window_starts_min", "window_ends_min"))
        checks = (
            ("genders", self.genders, ~np.isin(self.genders, list(Gender)), "it is a Gender"),
            (
                "weekdays",
                self.weekdays,
                (self.weekdays < 0) | (self.weekdays > 127),
                "it is a set of up to 7 days",
            ),
            ("max_needs", self.max_needs, self.max_needs < 0, "it is 0 or more"),
            ("weekly_caps_min", self.weekly_caps_min, self.weekly_caps_min < 0, "it is 0 or more"),
        )
        for column, values, wrong, right in checks:
            _refuse("Volunteers", column, values, wrong, right)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots(_Columns):
    """Columns of s dated slots of shared resources: bath sessions, vehicle trips."""

    ids: Ints
    resource_ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    skills: Ints  # number of the skill it offers
    days: Ints  # day of the horizon
    starts_min: Ints
    ends_min: Ints
    places: Ints  # seniors it can take

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self._settle()
        self._check_ids(self.ids)
        self._check_places(self.lats_deg, self.lons_deg)
        self._check_window(self.starts_min, self.ends_min, ("starts_min", "ends_min"))
        _refuse("Slots", "skills", self.skills, (self.skills < 0) | (self.skills >= MOST_SKILLS), "0 to 63")
        _refuse("Slots", "days", self.days, self.days < 0, "a day is counted from 0")
        _refuse("Slots", "places", self.places, self.places < 0, "places are 0 or more")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """What the engine may assume and how far it looks."""

    max_distance_m: float = 3000.0  # walking distance from volunteer to senior, detour included
    max_slot_distance_m: float = 8000.0  # distance from senior to a resource, detour included
    candidates_per_need: int = 30
    detour: float = 1.3  # walking metres per metre of straight line
    gap_min: int = 5  # minutes between two visits of one volunteer on one day
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        numbers = (self.max_distance_m, self.max_slot_distance_m, self.candidates_per_need, self.detour)
        if not all(np.isfinite(numbers)) or min(numbers) <= 0 or self.gap_min < 0 or self.seed < 0:
            message = f"Distances, candidates and detour are above 0, gap and seed are not below 0: {self}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One question to the engine: who serves whom, on which days.

    ``exclusions`` has shape (k, 2): senior id, volunteer id; these never meet. ``bookable`` has shape
    (k, 2): need id, resource id; who may use which resource.
    """

    starts_on: date  # first day of the horizon, Asia/Shanghai
    horizon_days: int
    needs: Needs
    volunteers: Volunteers
    slots: Slots
    exclusions: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    bookable: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    params: Params = field(default_factory=Params)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("exclusions", "bookable"):
            pairs = np.array(getattr(self, name), dtype=np.int64).reshape(-1, 2)
            pairs.setflags(write=False)
            object.__setattr__(self, name, pairs)
        if not 1 <= self.horizon_days <= 366:  # a year is the longest
            message = f"A horizon has 1 to 366 days, not {self.horizon_days}."
            raise ValueError(message)

    def to_json(self) -> bytes:
        """Write the instance whole, so that it can be solved again elsewhere."""
        tables = {name: getattr(self, name).to_columns() for name in ("needs", "volunteers", "slots")}
        pairs = {"exclusions": self.exclusions.tolist(), "bookable": self.bookable.tolist()}
        params = {column.name: getattr(self.params, column.name) for column in fields(self.params)}
        head = {"starts_on": self.starts_on.isoformat(), "horizon_days": self.horizon_days, "params": params}
        return json.dumps(head | tables | pairs).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Problem":
        """Read what :meth:`to_json` wrote."""
        read = json.loads(text)
        return cls(
            starts_on=date.fromisoformat(read["starts_on"]),
            horizon_days=read["horizon_days"],
            needs=Needs(**read["needs"]),
            volunteers=Volunteers(**read["volunteers"]),
            slots=Slots(**read["slots"]),
            exclusions=np.array(read["exclusions"], dtype=np.int64),
            bookable=np.array(read["bookable"], dtype=np.int64),
            params=Params(**read["params"]),
        )

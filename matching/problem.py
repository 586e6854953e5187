"""Needs, volunteers and shared slots as columns: validated once, immutable, units in the names.

Every column of one table has the same length. Days are counted from the first day of the horizon,
minutes from midnight, windows are half-open, places are WGS-84 degrees. Bit sets are 64 wide, so a
problem has at most 64 skills and 64 languages.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
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
    penalties: Ints  # cost of leaving it unmet, in metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteers:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """What the engine may assume and how far it looks."""

    max_distance_m: float = 3000.0  # walking distance, detour included
    candidates_per_need: int = 30
    detour: float = 1.3  # walking metres per metre of straight line
    walk_m_per_min: float = 70.0
    gap_min: int = 5  # minutes between two visits of one volunteer
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One question to the engine: who serves whom, on which days."""

    starts_on: date  # first day of the horizon, Asia/Shanghai
    horizon_days: int
    needs: Needs
    volunteers: Volunteers
    slots: Slots
    exclusions: Ints  # shape (k, 2): senior id, volunteer id; these never meet
    bookable: Ints = field(
        default_factory=lambda: np.empty((0, 2), dtype=np.int64)
    )  # shape (k, 2): need id, resource id; who may use which resource
    params: Params = field(default_factory=Params)

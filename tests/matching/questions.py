"""Small questions to the engine, said row by row, and three named worlds.

Places are metres east and north of a corner in Zhenru, so that distances can be read off. Without more said a need
is half an hour once a week on any day, a volunteer can do everything, and a walk is as long as the straight line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, pi, radians
from typing import Any

from matching.problem import (
    Frequency,
    Gender,
    Needs,
    Params,
    Problem,
    ServedBy,
    Slots,
    TimesPerWeek,
    Volunteers,
    frequency_columns,
)

MONDAY = date(2026, 3, 2)
LAT_DEG, LON_DEG = 31.25, 121.40
RADIUS_M = 6_371_009
EVERY_DAY = 0b1111111
MON, TUE, WED, THU, FRI, SAT, SUN = (1 << day for day in range(7))
WEEKLY = TimesPerWeek(1)
MAX_DISTANCE_M, MAX_SLOT_DISTANCE_M = 1000, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One need; ``senior`` is the need's own number unless said."""

    id: int = 1
    senior: int = 0
    east_m: float = 0
    north_m: float = 0
    area: int = 1
    skill: int = 0
    served_by: ServedBy = ServedBy.VOLUNTEER
    languages: int = 0
    gender: Gender = Gender.ANY
    weekdays: int = EVERY_DAY
    window_min: tuple[int, int] = (480, 1080)
    duration_min: int = 30
    frequency: Frequency = WEEKLY
    days: tuple[int, int] = (0, 366)
    penalty: int = 20_000
    tier: int = 0
    traits: int = 0
    refuses: int = 0
    requires: int = 0
    helpers: int = 1
    least_gap_days: int = 0
    preferred: int = 0
    also_skills: int = 0
    wheelchairs: int = 0
    is_series: bool = False
    waiting_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteer:
    """One volunteer."""

    id: int = 11
    east_m: float = 0
    north_m: float = 0
    area: int = 1
    skills: int = 2**64 - 1
    languages: int = 0
    gender: Gender = Gender.FEMALE
    weekdays: int = EVERY_DAY
    window_min: tuple[int, int] = (480, 1080)
    max_needs: int = 3
    weekly_cap_min: int = 600
    traits: int = 0
    refuses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot of a shared resource."""

    id: int = 21
    resource: int = 31
    east_m: float = 0
    north_m: float = 0
    skill: int = 0
    day: int = 0
    hours_min: tuple[int, int] = (540, 600)
    places: int = 1
    wheelchairs: int = 0
    cost_cents: int = 0
    budget: int = 0


def bath(**parts: Any) -> Need:
    """Return a need that slots meet, with some parts changed."""
    return Need(**({"served_by": ServedBy.SLOT} | parts))


def question(
    *rows: Need | Volunteer | Slot,
    days: int = 7,
    exclusions: Sequence[tuple[int, int]] = (),
    bookable: Sequence[tuple[int, int]] | None = None,
    tables: dict[str, Any] | None = None,
    **params: Any,
) -> Problem:
    """Build a problem from rows; every need may use every resource unless ``bookable`` says otherwise.

    ``tables`` are further parts of a problem by name: preset and standing pairs, absences, seasons, budgets, ...
    """
    needs = [row for row in rows if isinstance(row, Need)]
    slots = [row for row in rows if isinstance(row, Slot)]
    everywhere = [(need.id, slot.resource) for need in needs for slot in slots]
    limits: dict[str, Any] = {"max_distance_m": MAX_DISTANCE_M, "max_slot_distance_m": MAX_SLOT_DISTANCE_M, "detour": 1}
    return Problem(
        starts_on=MONDAY,
        horizon_days=days,
        needs=_needs(needs),
        volunteers=_volunteers([row for row in rows if isinstance(row, Volunteer)]),
        slots=_slots(slots),
        exclusions=_pairs(exclusions),
        bookable=_pairs(everywhere if bookable is None else bookable),
        params=Params(**(limits | params)),
        **(tables or {}),
    )


def _pairs(pairs: Sequence[tuple[int, int]]) -> Any:
    return [list(pair) for pair in pairs]


def _needs(rows: Sequence[Need]) -> Needs:
    columns: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "senior_ids": [row.senior or row.id for row in rows],
        "lats_deg": [lat_deg(row) for row in rows],
        "lons_deg": [lon_deg(row) for row in rows],
        "areas": [row.area for row in rows],
        "skills": [row.skill for row in rows],
        "served_by": [row.served_by for row in rows],
        "languages": [row.languages for row in rows],
        "genders": [row.gender for row in rows],
        "weekdays": [row.weekdays for row in rows],
        "window_starts_min": [row.window_min[0] for row in rows],
        "window_ends_min": [row.window_min[1] for row in rows],
        "durations_min": [row.duration_min for row in rows],
        "frequency_kinds": [frequency_columns(row.frequency)[0] for row in rows],
        "frequency_counts": [frequency_columns(row.frequency)[1] for row in rows],
        "first_days": [row.days[0] for row in rows],
        "last_days": [row.days[1] for row in rows],
        "penalties": [row.penalty for row in rows],
        "tiers": [row.tier for row in rows],
        "traits": [row.traits for row in rows],
        "refuses": [row.refuses for row in rows],
        "requires": [row.requires for row in rows],
        "helpers": [row.helpers for row in rows],
        "least_gap_days": [row.least_gap_days for row in rows],
        "preferred_weekdays": [row.preferred for row in rows],
        "also_skills": [row.also_skills for row in rows],
        "wheelchairs": [row.wheelchairs for row in rows],
        "is_series": [int(row.is_series) for row in rows],
        "waiting_days": [row.waiting_days for row in rows],
    }
    return Needs(**columns)


def _volunteers(rows: Sequence[Volunteer]) -> Volunteers:
    columns: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "lats_deg": [lat_deg(row) for row in rows],
        "lons_deg": [lon_deg(row) for row in rows],
        "areas": [row.area for row in rows],
        "skills": [row.skills for row in rows],
        "languages": [row.languages for row in rows],
        "genders": [row.gender for row in rows],
        "weekdays": [row.weekdays for row in rows],
        "window_starts_min": [row.window_min[0] for row in rows],
        "window_ends_min": [row.window_min[1] for row in rows],
        "max_needs": [row.max_needs for row in rows],
        "weekly_caps_min": [row.weekly_cap_min for row in rows],
        "traits": [row.traits for row in rows],
        "refuses": [row.refuses for row in rows],
    }
    return Volunteers(**columns)


def _slots(rows: Sequence[Slot]) -> Slots:
    columns: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "resource_ids": [row.resource for row in rows],
        "lats_deg": [lat_deg(row) for row in rows],
        "lons_deg": [lon_deg(row) for row in rows],
        "skills": [row.skill for row in rows],
        "days": [row.day for row in rows],
        "starts_min": [row.hours_min[0] for row in rows],
        "ends_min": [row.hours_min[1] for row in rows],
        "places": [row.places for row in rows],
        "wheelchairs": [row.wheelchairs for row in rows],
        "costs_cents": [row.cost_cents for row in rows],
        "budget_ids": [row.budget for row in rows],
    }
    return Slots(**columns)


def lat_deg(row: Need | Volunteer | Slot) -> float:
    """Return the latitude of a row."""
    return LAT_DEG + row.north_m / (RADIUS_M * pi / 180)


def lon_deg(row: Need | Volunteer | Slot) -> float:
    """Return the longitude of a row."""
    return LON_DEG + row.east_m / (RADIUS_M * pi / 180 * cos(radians(LAT_DEG)))


def pair() -> Problem:
    """Two people: a senior at the corner and a volunteer 300 m away."""
    return question(Need(), Volunteer(east_m=300))


VILLAGE_OBJECTIVE = 810 + 350
"""By hand. Greetings: 2 has 11 at 100 m, 1 and 3 have 12 at 210, 500 m. Baths: 4 in 21 at 250 m, 5 in 22 at 100 m."""

VILLAGE_BY_HAND = 190 + 300 + 500
"""Greetings in the order of the list, each to the nearest who is free: 1 takes 11, so 2 has to go to 12."""


def village() -> Problem:
    """Three greetings and two baths along one street; the optimum is known by hand, and greedy misses it."""
    return question(
        Need(id=1, east_m=190),
        Need(id=2, east_m=100),
        Need(id=3, east_m=900),
        Volunteer(id=11, east_m=0, max_needs=1),
        Volunteer(id=12, east_m=400, max_needs=2),
        bath(id=4, east_m=0),
        bath(id=5, east_m=600),
        Slot(id=21, east_m=250, day=1),
        Slot(id=22, east_m=700, day=2),
    )


STORM_MET, STORM_UNMET = 5, 5
"""By hand. Two volunteers take two each and the bath has one place; three greetings and two baths stay unmet."""


def storm() -> Problem:
    """More needs than hands: seven greetings for four hands, three baths for one place."""
    return question(
        *(Need(id=number, east_m=50 * number) for number in range(1, 8)),
        *(bath(id=number, east_m=40 * number) for number in range(8, 11)),
        Volunteer(id=11, east_m=0, max_needs=2),
        Volunteer(id=12, east_m=200, max_needs=2),
        Slot(id=21, east_m=100, day=3),
    )

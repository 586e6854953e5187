"""Who can come now: the nearest able responders to a call, from an index that follows changes.

The index is columns with a row for each person. A question looks at all rows in a square round the call, and widens
the square until it has found enough, so there is no tree to rebuild when somebody moves, comes or goes: a change
costs microseconds, and a question about a millisecond at the size of a city.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching import travel
from matching.columns import Floats, Ints, Mask
from matching.tables import Gender, Volunteers

MINUTES_A_DAY = 1440
MOST_ANSWERS = 100
ASKED = (
    "ids",
    "skills",
    "languages",
    "genders",
    "weekdays",
    "window_starts_min",
    "window_ends_min",
    "traits",
    "refuses",
)
FIRST_LOOK_M, WIDER = 500.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is needed where and when; sets are bit sets as in a problem's tables."""

    lat_deg: float
    lon_deg: float
    skill: int
    weekday: int  # 0 is Monday
    minute: int  # of the day
    duration_min: int = 30
    gender: Gender = Gender.ANY
    languages: int = 0
    traits: int = 0  # what is met there
    refuses: int = 0
    requires: int = 0
    not_ids: Sequence[int] = ()  # who was asked already, or must not come
    max_distance_m: float = 5_000.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Saying what is wrong and what would be right.
        """
        if not (abs(self.lat_deg) <= 85 and abs(self.lon_deg) <= 180):
            message = "A call comes from a place on the map (WGS-84 degrees)."
            raise ValueError(message)
        if not (0 <= self.skill <= 63 and 0 <= self.weekday <= 6):
            message = f"Skills are numbered 0 to 63 and weekdays 0 to 6, not {self.skill} and {self.weekday}."
            raise ValueError(message)
        if not (0 <= self.minute < MINUTES_A_DAY and self.duration_min >= 1 and self.max_distance_m > 0):
            message = "A call has a minute of the day, takes at least a minute and looks farther than 0 m."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Somebody who could come, and how far it is on foot."""

    volunteer_id: int
    distance_m: int


class Responders:
    """An index of people who may be called; ask :meth:`nearest`, tell it every change."""

    def __init__(self, volunteers: Volunteers, *, detour: float = 1.3) -> None:
        if not detour > 0:
            message = f"A detour is above 0, not {detour}."
            raise ValueError(message)
        self._detour = detour
        self._table = {name: np.array(getattr(volunteers, name)) for name in ASKED}
        self._is_free: Mask = np.ones(len(volunteers), dtype=bool)
        self._origin_lat_deg = travel.origin_lat_deg(volunteers.lats_deg)
        self._plane_m = self._on_plane(volunteers.lats_deg, volunteers.lons_deg)
        self._row_by_id = {int(number): row for row, number in enumerate(volunteers.ids.tolist())}

    def __len__(self) -> int:
        return len(self._row_by_id)

    def set_free(self, volunteer_id: int, *, is_free: bool) -> None:
        """Say that somebody can come now, or is busy."""
        self._is_free[self._row(volunteer_id)] = is_free

    def move(self, volunteer_id: int, lat_deg: float, lon_deg: float) -> None:
        """Say where somebody is now."""
        if not (abs(lat_deg) <= 85 and abs(lon_deg) <= 180):
            message = "A person is at a place on the map (WGS-84 degrees)."
            raise ValueError(message)
        self._plane_m[self._row(volunteer_id)] = self._on_plane(np.array([lat_deg]), np.array([lon_deg]))[0]

    def join(self, newcomers: Volunteers) -> None:
        """Take people in; they are free.

        Raises
        ------
        ValueError
            When one is in the index already.
        """
        twice = [number for number in newcomers.ids.tolist() if number in self._row_by_id]
        if twice:
            message = f"Volunteer {twice[0]} is in the index already."
            raise ValueError(message)
        first = len(self._is_free)
        self._table = {name: np.append(values, getattr(newcomers, name)) for name, values in self._table.items()}
        placed = self._on_plane(newcomers.lats_deg, newcomers.lons_deg)
        self._plane_m = np.concatenate((self._plane_m, placed))
        self._is_free = np.append(self._is_free, np.ones(len(newcomers), dtype=bool))
        self._row_by_id |= {int(number): first + row for row, number in enumerate(newcomers.ids.tolist())}

    def leave(self, volunteer_id: int) -> None:
        """Let somebody go for good."""
        row = self._row(volunteer_id)
        self._is_free[row] = False
        self._table["skills"][row] = 0
        del self._row_by_id[volunteer_id]

    def nearest(self, call: Call, *, count: int = 5) -> tuple[Responder, ...]:
        """Return up to ``count`` (1 to 100) people who can come, nearest first, equal metres by number."""
        if not 1 <= count <= MOST_ANSWERS:
            message = f"Between 1 and {MOST_ANSWERS} people are asked for, not {count}."
            raise ValueError(message)
        reach_m = min(FIRST_LOOK_M, call.max_distance_m)
        rows, metres = self._within(call, reach_m)
        while len(rows) < count and reach_m < call.max_distance_m:
            reach_m = min(reach_m * WIDER, call.max_distance_m)
            rows, metres = self._within(call, reach_m)
        ids = self._table["ids"][rows]
        order = np.lexsort((ids, metres))[:count]
        return tuple(
            Responder(volunteer_id=int(number), distance_m=int(distance))
            for number, distance in zip(ids[order].tolist(), metres[order].tolist(), strict=True)
        )

    def _on_plane(self, lats_deg: Floats, lons_deg: Floats) -> Floats:
        return travel.to_plane_m(lats_deg, lons_deg, origin_lat_deg=self._origin_lat_deg)

    def _row(self, volunteer_id: int) -> int:
        if volunteer_id not in self._row_by_id:
            message = f"Volunteer {volunteer_id} is not in the index."
            raise ValueError(message)
        return self._row_by_id[volunteer_id]

    def _within(self, call: Call, reach_m: float) -> tuple[Ints, Ints]:
        """Rows of everyone who may answer within so many metres of walking, and the metres."""
        here = self._on_plane(np.array([call.lat_deg]), np.array([call.lon_deg]))
        radius_m = (reach_m + 1) / self._detour
        near = np.abs(self._plane_m - here) <= radius_m
        rows = np.flatnonzero(near[:, 0] & near[:, 1] & self._is_free)
        rows = rows[self._able(call, rows)]
        metres = travel.walking_m(self._plane_m[rows], np.repeat(here, len(rows), axis=0), detour=self._detour)
        inside = metres <= reach_m
        return rows[inside], metres[inside]

    def _able(self, call: Call, rows: Ints) -> Mask:
        """Who of some rows may answer, by every rule."""
        who = {name: values[rows] for name, values in self._table.items()}
        able: Mask = ((who["skills"] >> np.uint64(call.skill)) & np.uint64(1)).astype(bool)
        able &= (who["weekdays"] >> call.weekday & 1).astype(bool)
        able &= (who["window_starts_min"] <= call.minute) & (who["window_ends_min"] >= call.minute + call.duration_min)
        able &= (who["traits"] & np.uint64(call.refuses)) == 0
        able &= (who["refuses"] & np.uint64(call.traits)) == 0
        able &= (who["traits"] & np.uint64(call.requires)) == np.uint64(call.requires)
        if call.gender != Gender.ANY:
            able &= who["genders"] == call.gender
        if call.languages:
            able &= (who["languages"] & np.uint64(call.languages)) != 0
        return able & ~np.isin(who["ids"], np.array(list(call.not_ids), dtype=np.int64))

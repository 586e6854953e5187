"""Days on the road as columns: a person's stops and round, a vehicle's trips and calls.

Minutes are counted from midnight, windows are half-open, places are WGS-84 degrees, costs are metres.
"""

from dataclasses import dataclass

import numpy as np

from matching.columns import Columns, Floats, Ints, optional
from matching.plan import Status

MOST_STOPS = 120
"""Stops of one person on one day; more is no day's work."""
MOST_TRIPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A rest of a vehicle's crew: begins and ends within a window."""

    window_start_min: int
    window_end_min: int
    duration_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops(Columns):
    """Columns of n stops of one day: a visit's place, window (half-open), length, and what leaving it out costs."""

    ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    window_starts_min: Ints
    window_ends_min: Ints
    durations_min: Ints
    penalties: Ints = optional(1_000_000)  # metres

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Naming column, row and value, and what would be right.
        """
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_window("window_starts_min", "window_ends_min")
        self.check(
            ("durations_min", self.durations_min < 1, "a visit takes at least a minute"),
            ("penalties", (self.penalties < 1) | (self.penalties > 100_000_000), "1 to 100,000,000 metres"),
        )
        if len(self) > MOST_STOPS:
            message = f"A person's day has at most {MOST_STOPS} stops, not {len(self)}."
            raise ValueError(message)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Where and when a person's day begins and ends."""

    lat_deg: float
    lon_deg: float
    starts_min: int
    ends_min: int
    lunch: Break | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not (abs(self.lat_deg) <= 85 and abs(self.lon_deg) <= 180):
            message = f"A shift begins at a place on the map, not at {self.lat_deg}, {self.lon_deg}."
            raise ValueError(message)
        if not 0 <= self.starts_min < self.ends_min <= 1440:
            message = f"A shift ends after it starts within a day, not {self.starts_min} to {self.ends_min}."
            raise ValueError(message)
        lunch = self.lunch
        if lunch is not None and not 0 < lunch.duration_min <= lunch.window_end_min - lunch.window_start_min:
            message = f"A lunch of {lunch.duration_min} min does not fit its window of {lunch}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A person's day: stops in order with their starting minutes, what is left out, and what it costs.

    ``bound`` is a proven lower bound on the cost: the cost itself when the order is exact, else 0.
    ``is_out_of_time``: a limit in seconds cut the search short, so that another run may find another order.
    """

    stop_ids: Ints
    starts_min: Ints
    left_out: Ints
    walked_m: int
    back_at_min: int
    lunch_at_min: int | None
    objective: int
    bound: int
    status: Status
    method: str
    is_out_of_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicles(Columns):
    """Columns of v vehicles; a wheelchair place is no seat."""

    ids: Ints
    lats_deg: Floats  # where the day begins and ends
    lons_deg: Floats
    starts_min: Ints
    ends_min: Ints
    seats: Ints
    wheelchairs: Ints = optional()

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Naming column, row and value, and what would be right.
        """
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_window("starts_min", "ends_min")
        self.check(("seats", self.seats < 0, "it is 0 or more"), ("wheelchairs", self.wheelchairs < 0, "0 or more"))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips(Columns):
    """Columns of t trips; boarding begins within the pick-up window and ends in it, alighting in its own."""

    ids: Ints
    lats_deg: Floats  # where the senior is picked up
    lons_deg: Floats
    to_lats_deg: Floats
    to_lons_deg: Floats
    pickup_starts_min: Ints
    pickup_ends_min: Ints
    dropoff_starts_min: Ints
    dropoff_ends_min: Ints
    boarding_min: Ints = optional(5)
    alighting_min: Ints = optional(5)
    longest_rides_min: Ints = optional(60)  # from the end of boarding to the arrival
    seats: Ints = optional(1)
    wheelchairs: Ints = optional()
    penalties: Ints = optional(1_000_000)  # metres

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Vehicles`."""
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_places(self.to_lats_deg, self.to_lons_deg)
        self.check_window("pickup_starts_min", "pickup_ends_min")
        self.check_window("dropoff_starts_min", "dropoff_ends_min")
        self.check(
            ("boarding_min", self.boarding_min < 0, "it is 0 or more"),
            ("alighting_min", self.alighting_min < 0, "it is 0 or more"),
            ("longest_rides_min", self.longest_rides_min < 1, "it is at least a minute"),
            ("seats", (self.seats < 0) | (self.seats + self.wheelchairs < 1), "a trip takes a seat or a wheelchair"),
            ("wheelchairs", self.wheelchairs < 0, "it is 0 or more"),
            ("penalties", (self.penalties < 1) | (self.penalties > 100_000_000), "1 to 100,000,000 metres"),
        )
        if len(self) > MOST_TRIPS:
            message = f"A day has at most {MOST_TRIPS} trips, not {len(self)}."
            raise ValueError(message)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Columns of the stops of all vehicles, by vehicle in order: whom, boarding or alighting, from which minute."""

    vehicle_ids: Ints
    trip_ids: Ints
    is_pickup: Ints
    starts_min: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class VanDay:
    """A day of vehicles: calls, trips left out, metres, cost with penalties, and how it was found.

    ``is_out_of_time``: a limit in seconds cut a search short, so that another run may find other routes.
    """

    calls: Calls
    left_out: Ints
    driven_m: int
    objective: int
    method: str
    is_out_of_time: bool


def places_of_round(stops: Stops, shift: Shift) -> Floats:
    """Return the places of a round as rows of latitude and longitude: the stops in their order, then home."""
    return np.column_stack((np.append(stops.lats_deg, shift.lat_deg), np.append(stops.lons_deg, shift.lon_deg)))


def places_of_vans(vehicles: Vehicles, trips: Trips) -> Floats:
    """Return the places of a day of vehicles: boarding of trip k is row 2k, alighting 2k+1, then the garages."""
    lats = np.stack((trips.lats_deg, trips.to_lats_deg), axis=1).reshape(-1)
    lons = np.stack((trips.lons_deg, trips.to_lons_deg), axis=1).reshape(-1)
    return np.column_stack((np.append(lats, vehicles.lats_deg), np.append(lons, vehicles.lons_deg)))

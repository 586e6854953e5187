"""The day of a vehicle: rides with their windows handed to the engine, and its calls handed back."""

from collections.abc import Sequence
from typing import NamedTuple

from matching.days import Trips, Vehicles
from matching.roads import DRIVING_M_PER_MIN, StraightLine
from matching.vans import plan_vans
from matching.verify_routes import verify_vans
from timebank.planning.columns import floats, ints


class Van(NamedTuple):
    """A vehicle on a day: where it begins and ends, from when until when, seats, and places for wheelchairs."""

    number: int
    lat_deg: float
    lon_deg: float
    starts_min: int
    ends_min: int
    seats: int
    wheelchairs: int


class Ride(NamedTuple):
    """A way of one senior from a place to a place, with the windows of both ends (minutes, half-open)."""

    number: int
    lat_deg: float
    lon_deg: float
    to_lat_deg: float
    to_lon_deg: float
    pickup_min: tuple[int, int]
    dropoff_min: tuple[int, int]
    boarding_min: int
    alighting_min: int
    longest_ride_min: int
    wheelchairs: int


class Call(NamedTuple):
    """A stop of a vehicle: whose ride, boarding or alighting, from which minute."""

    van: int
    ride: int
    is_pickup: bool
    starts_min: int


class Driven(NamedTuple):
    """A day of vehicles: calls in their order, rides that do not fit, metres, and how it was found."""

    calls: list[Call]
    left_out: list[int]
    driven_m: int
    method: str


def drive(vans: Sequence[Van], rides: Sequence[Ride]) -> Driven:
    """Route a day, judged anew; a ride is left out only when no order of the day holds with it."""
    if not vans or not rides:
        return Driven([], [ride.number for ride in rides], 0, "nothing to do")
    vehicles, trips, roads = _vehicles(vans), _trips(rides), StraightLine(pace_m_per_min=DRIVING_M_PER_MIN)
    day = plan_vans(vehicles, trips, roads=roads)
    faults = verify_vans(vehicles, trips, day, roads)
    if faults:
        message = f"The judge rejected a day of vehicles: {'; '.join(faults[:3])}"
        raise RuntimeError(message)
    columns = (day.calls.vehicle_ids, day.calls.trip_ids, day.calls.is_pickup, day.calls.starts_min)
    calls = [
        Call(van, ride, bool(up), minute)
        for van, ride, up, minute in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return Driven(calls, day.left_out.tolist(), day.driven_m, day.method)


def _vehicles(vans: Sequence[Van]) -> Vehicles:
    return Vehicles(
        ids=ints(van.number for van in vans),
        lats_deg=floats(van.lat_deg for van in vans),
        lons_deg=floats(van.lon_deg for van in vans),
        starts_min=ints(van.starts_min for van in vans),
        ends_min=ints(van.ends_min for van in vans),
        seats=ints(van.seats for van in vans),
        wheelchairs=ints(van.wheelchairs for van in vans),
    )


def _trips(rides: Sequence[Ride]) -> Trips:
    return Trips(
        ids=ints(ride.number for ride in rides),
        lats_deg=floats(ride.lat_deg for ride in rides),
        lons_deg=floats(ride.lon_deg for ride in rides),
        to_lats_deg=floats(ride.to_lat_deg for ride in rides),
        to_lons_deg=floats(ride.to_lon_deg for ride in rides),
        pickup_starts_min=ints(ride.pickup_min[0] for ride in rides),
        pickup_ends_min=ints(ride.pickup_min[1] for ride in rides),
        dropoff_starts_min=ints(ride.dropoff_min[0] for ride in rides),
        dropoff_ends_min=ints(ride.dropoff_min[1] for ride in rides),
        boarding_min=ints(ride.boarding_min for ride in rides),
        alighting_min=ints(ride.alighting_min for ride in rides),
        longest_rides_min=ints(ride.longest_ride_min for ride in rides),
        seats=ints(1 - ride.wheelchairs for ride in rides),
        wheelchairs=ints(ride.wheelchairs for ride in rides),
    )

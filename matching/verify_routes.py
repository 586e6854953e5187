"""The judge of routes: times, windows, lunch, room, rides and metres of a day, counted anew.

It knows the roads, not the solver. Each rule is a function of its own name that yields faults in words.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from matching.columns import Ints
from matching.days import Round, Shift, Stops, Trips, VanDay, Vehicles, places_of_round, places_of_vans
from matching.roads import Legs, Roads


class Call(NamedTuple):
    """A stop of a vehicle as the judge reads it."""

    trip: int
    is_pickup: bool
    starts_min: int


def verify_round(stops: Stops, shift: Shift, planned: Round, roads: Roads) -> tuple[str, ...]:
    """Return every fault of a person's day, each with the name of its rule; none is right."""
    rules = (round_stops, round_times, lunch, round_cost)
    places = places_of_round(stops, shift)
    legs = roads.legs(places, places)
    return tuple(f"{rule.__name__}: {fault}" for rule in rules for fault in rule(stops, shift, planned, legs))


def _row(ids: Ints, wanted: int) -> int:
    return int(np.flatnonzero(ids == wanted)[0])


def _way(stops: Stops, planned: Round) -> list[int]:
    """Rows of the places of a round, from home to home."""
    return [len(stops), *(_row(stops.ids, stop) for stop in planned.stop_ids.tolist()), len(stops)]


def round_stops(stops: Stops, _shift: Shift, planned: Round, _legs: Legs) -> Iterator[str]:
    """Every stop is visited once or left out, never both."""
    named = [*planned.stop_ids.tolist(), *planned.left_out.tolist()]
    for stop in stops.ids.tolist():
        if named.count(stop) != 1:
            yield f"stop {stop} stands {named.count(stop)} times among the visited and the left out"
    for stop in sorted(set(named) - set(stops.ids.tolist())):
        yield f"stop {stop} is unknown"


def round_times(stops: Stops, shift: Shift, planned: Round, legs: Legs) -> Iterator[str]:
    """A visit lies in its window, after the one before and the way between; the day lies in the shift."""
    if set(planned.stop_ids.tolist()) - set(stops.ids.tolist()):
        return
    places = _way(stops, planned)
    minute = shift.starts_min
    for number, stop in enumerate(planned.stop_ids.tolist()):
        row, starts = _row(stops.ids, stop), int(planned.starts_min[number])
        if starts < minute + int(legs.minutes[places[number], places[number + 1]]):
            yield f"stop {stop} begins at minute {starts}, before one can be there"
        ends = starts + int(stops.durations_min[row])
        if starts < stops.window_starts_min[row] or ends > stops.window_ends_min[row]:
            yield f"stop {stop} lasts from minute {starts} to {ends}, outside its window"
        minute = ends
    back = minute + int(legs.minutes[places[-2], places[-1]])
    if planned.back_at_min < back or planned.back_at_min > shift.ends_min:
        yield f"the day ends at minute {planned.back_at_min}; {back} is the earliest, {shift.ends_min} the latest"


def lunch(stops: Stops, shift: Shift, planned: Round, legs: Legs) -> Iterator[str]:
    """Lunch lies in its window, not during a visit; the way it interrupts takes so much longer."""
    rest, at = shift.lunch, planned.lunch_at_min
    if (rest is None) != (at is None):
        yield "a lunch is missing" if rest is not None else "there is a lunch that nobody asked for"
    if rest is None or at is None or set(planned.stop_ids.tolist()) - set(stops.ids.tolist()):
        return
    until = at + rest.duration_min
    if at < rest.window_start_min or until > rest.window_end_min:
        yield f"lunch from minute {at} to {until} lies outside its window"
    places, left = _way(stops, planned), shift.starts_min
    arrivals = [*planned.starts_min.tolist(), planned.back_at_min]
    lengths = [int(stops.durations_min[_row(stops.ids, stop)]) for stop in planned.stop_ids.tolist()] + [0]
    for number, arrived in enumerate(arrivals):
        inside = left < until and at < arrived  # between two visits
        free = arrived - left - int(legs.minutes[places[number], places[number + 1]])
        if inside and (at < left or until > arrived or free < rest.duration_min):
            yield f"lunch from minute {at} to {until} leaves no time for the way or the visit beside it"
        if arrived < until and at < arrived + lengths[number]:
            yield f"lunch from minute {at} to {until} falls into a visit"
        left = arrived + lengths[number]


def round_cost(stops: Stops, _shift: Shift, planned: Round, legs: Legs) -> Iterator[str]:
    """Metres and cost are as said, and the bound is not above the cost."""
    if set(planned.stop_ids.tolist()) - set(stops.ids.tolist()):
        return
    places = _way(stops, planned)
    metres = sum(int(legs.metres[here, there]) for here, there in pairwise(places))
    cost = metres + int(stops.penalties[np.isin(stops.ids, planned.left_out)].sum())
    if metres != planned.walked_m or cost != planned.objective:
        yield f"{planned.walked_m} m and a cost of {planned.objective} are said, {metres} and {cost} counted"
    if planned.bound > cost:
        yield f"the bound {planned.bound} lies above the cost {cost}"


def verify_vans(vehicles: Vehicles, trips: Trips, planned: VanDay, roads: Roads) -> tuple[str, ...]:
    """Return every fault of a day of vehicles, each with the name of its rule; none is right."""
    rules = (trip_once, van_times, van_room, ride_time, van_cost)
    places = places_of_vans(vehicles, trips)
    legs = roads.legs(places, places)
    return tuple(f"{rule.__name__}: {fault}" for rule in rules for fault in rule(vehicles, trips, planned, legs))


def _by_vehicle(vehicles: Vehicles, trips: Trips, planned: VanDay) -> dict[int, list[Call]]:
    """Known calls of known vehicles, in the order that was said."""
    calls: dict[int, list[Call]] = {vehicle: [] for vehicle in vehicles.ids.tolist()}
    columns = (planned.calls.vehicle_ids, planned.calls.trip_ids, planned.calls.is_pickup, planned.calls.starts_min)
    for vehicle, trip, is_pickup, starts in zip(*(column.tolist() for column in columns), strict=True):
        if vehicle in calls and trip in trips.ids:
            calls[vehicle].append(Call(_row(trips.ids, trip), bool(is_pickup), starts))
    return calls


def _place(call: Call) -> int:
    """Row of the place of a call."""
    return 2 * call.trip + (not call.is_pickup)


def trip_once(vehicles: Vehicles, trips: Trips, planned: VanDay, _legs: Legs) -> Iterator[str]:
    """A trip is left out, or boarded once and then left once from the same vehicle."""
    for vehicle in np.setdiff1d(planned.calls.vehicle_ids, vehicles.ids):
        yield f"vehicle {vehicle} is unknown"
    for trip in np.setdiff1d(np.append(planned.calls.trip_ids, planned.left_out), trips.ids):
        yield f"trip {trip} is unknown"
    calls = _by_vehicle(vehicles, trips, planned)
    for row, trip in enumerate(trips.ids.tolist()):
        met = [(vehicle, call.is_pickup) for vehicle, mine in calls.items() for call in mine if call.trip == row]
        wanted = (
            []
            if trip in planned.left_out
            else [(met[0][0] if met else None, True), (met[0][0] if met else None, False)]
        )
        if met != wanted:
            yield f"trip {trip} is {'left out and ' if trip in planned.left_out else ''}called at {met}"


def van_times(vehicles: Vehicles, trips: Trips, planned: VanDay, legs: Legs) -> Iterator[str]:
    """Calls lie in their windows, after the way from the one before; the day lies in the vehicle's hours."""
    for vehicle, calls in _by_vehicle(vehicles, trips, planned).items():
        row = _row(vehicles.ids, vehicle)
        at = garage = 2 * len(trips) + row
        minute = int(vehicles.starts_min[row])
        for call in calls:
            there = _place(call)
            if call.starts_min < minute + int(legs.minutes[at, there]):
                yield f"vehicle {vehicle} cannot be at trip {trips.ids[call.trip]} by minute {call.starts_min}"
            lengths = trips.boarding_min if call.is_pickup else trips.alighting_min
            opens = trips.pickup_starts_min if call.is_pickup else trips.dropoff_starts_min
            closes = trips.pickup_ends_min if call.is_pickup else trips.dropoff_ends_min
            at, minute = there, call.starts_min + int(lengths[call.trip])
            if call.starts_min < opens[call.trip] or minute > closes[call.trip]:
                yield f"trip {trips.ids[call.trip]}: minute {call.starts_min} is outside its window"
        if calls and minute + int(legs.minutes[at, garage]) > vehicles.ends_min[row]:
            yield f"vehicle {vehicle} is back after minute {vehicles.ends_min[row]}"


def van_room(vehicles: Vehicles, trips: Trips, planned: VanDay, _legs: Legs) -> Iterator[str]:
    """No vehicle carries more seats or wheelchairs than it has."""
    for vehicle, calls in _by_vehicle(vehicles, trips, planned).items():
        row = _row(vehicles.ids, vehicle)
        signs = np.array([1 if call.is_pickup else -1 for call in calls], dtype=np.int64)
        mine = np.array([call.trip for call in calls], dtype=np.int64)
        for name, taken, room in (
            ("seats", trips.seats, vehicles.seats[row]),
            ("wheelchairs", trips.wheelchairs, vehicles.wheelchairs[row]),
        ):
            most = int(np.cumsum(signs * taken[mine]).max(initial=0))
            if most > room:
                yield f"vehicle {vehicle} carries {most} of {room} {name}"


def ride_time(vehicles: Vehicles, trips: Trips, planned: VanDay, _legs: Legs) -> Iterator[str]:
    """Nobody rides longer than said, from the end of boarding to the arrival."""
    for calls in _by_vehicle(vehicles, trips, planned).values():
        boarded = {call.trip: call.starts_min + int(trips.boarding_min[call.trip]) for call in calls if call.is_pickup}
        for call in calls:
            if not call.is_pickup and call.trip in boarded:
                ride = call.starts_min - boarded[call.trip]
                if ride > trips.longest_rides_min[call.trip]:
                    yield f"trip {trips.ids[call.trip]} rides {ride} of {trips.longest_rides_min[call.trip]} min"


def van_cost(vehicles: Vehicles, trips: Trips, planned: VanDay, legs: Legs) -> Iterator[str]:
    """Metres and cost are as said."""
    metres = 0
    for vehicle, calls in _by_vehicle(vehicles, trips, planned).items():
        garage = 2 * len(trips) + _row(vehicles.ids, vehicle)
        way = [garage, *(_place(call) for call in calls), garage] if calls else []
        metres += sum(int(legs.metres[here, there]) for here, there in pairwise(way))
    cost = metres + int(trips.penalties[np.isin(trips.ids, planned.left_out)].sum())
    if (metres, cost) != (planned.driven_m, planned.objective):
        yield f"{planned.driven_m} m and a cost of {planned.objective} are said, {metres} and {cost} counted"


ROUTE_RULES = (
    "round_stops",
    "round_times",
    "lunch",
    "round_cost",
    "trip_once",
    "van_times",
    "van_room",
    "ride_time",
    "van_cost",
)
"""Names of all rules of routes, in the judge's order."""

"""A person's day and a van's day by pyvroom and PyVRP, where they can express it, beside the engine.

Their orders are counted again here, in metres and penalties; what does not fit the day counts as left out.
"""

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from matching.days import Shift, Stops, Trips, Vehicles, places_of_round, places_of_vans
from matching.roads import DRIVING_M_PER_MIN, Legs, StraightLine
from matching.rounds import plan_round, walk
from matching.routing import Effort
from matching.vans import plan_vans
from matching.verify_routes import verify_vans

WALK, DRIVE = StraightLine(), StraightLine(pace_m_per_min=DRIVING_M_PER_MIN)
MOST_PRIORITY = 100
LONG_RIDE_MIN = 1_000
"""Neither peer knows a longest ride, so this day has none."""


class Route(NamedTuple):
    """What a peer answers for a day: metres with penalties, how many are served, of how many, and seconds."""

    cost_m: int
    served: int
    asked: int
    seconds: float


def stops_of(count: int, seed: int) -> tuple[Stops, Shift]:
    """Return visits within a kilometre of home and windows of one to six hours; no lunch, which PyVRP has not."""
    random = np.random.default_rng(seed)
    opens = random.integers(480, 900, count)
    stops = Stops(
        ids=np.arange(count),
        lats_deg=31.25 + random.uniform(-0.01, 0.01, count),
        lons_deg=121.4 + random.uniform(-0.01, 0.01, count),
        window_starts_min=opens,
        window_ends_min=opens + random.integers(60, 360, count),
        durations_min=random.integers(10, 30, count),
        penalties=np.full(count, 20_000),
    )
    return stops, Shift(lat_deg=31.25, lon_deg=121.4, starts_min=480, ends_min=1080)


def vans_of(count: int, vans: int, seed: int) -> tuple[Vehicles, Trips]:
    """Return trips across the district, every other in a wheelchair, and vans of one garage."""
    random = np.random.default_rng(seed)
    opens, chair = random.integers(480, 900, count), np.arange(count) % 2
    lats, lons = (middle + random.uniform(-0.03, 0.03, (2, count)) for middle in (31.25, 121.4))
    trips = Trips(
        ids=np.arange(count),
        lats_deg=lats[0],
        lons_deg=lons[0],
        to_lats_deg=lats[1],
        to_lons_deg=lons[1],
        pickup_starts_min=opens,
        pickup_ends_min=opens + 40,
        dropoff_starts_min=opens,
        dropoff_ends_min=opens + 150,
        longest_rides_min=np.full(count, LONG_RIDE_MIN),
        seats=1 - chair,
        wheelchairs=chair,
        penalties=np.full(count, 40_000),
    )
    fleet = Vehicles(
        ids=np.arange(1, vans + 1),
        lats_deg=np.full(vans, 31.25),
        lons_deg=np.full(vans, 121.4),
        starts_min=np.full(vans, 480),
        ends_min=np.full(vans, 1080),
        seats=np.full(vans, 2),
        wheelchairs=np.full(vans, 1),
    )
    return fleet, trips


def round_by_engine(stops: Stops, shift: Shift, limit_s: float) -> Route:
    """Plan a person's day by the engine."""
    began = perf_counter()
    planned = plan_round(stops, shift, roads=WALK, effort=Effort(time_limit_s=limit_s))
    return Route(planned.objective, len(planned.stop_ids), len(stops), perf_counter() - began)


def _walked(stops: Stops, shift: Shift, order: list[int], began: float) -> Route:
    """Count an order of stops as the engine's own are counted."""
    seconds = perf_counter() - began
    legs = _legs_of_round(stops, shift)
    timed = walk(order, stops, shift, legs)
    if timed is None:
        order, timed = [], walk([], stops, shift, legs)
    out = np.setdiff1d(np.arange(len(stops)), order)
    metres = timed[3] if timed is not None else 0
    return Route(metres + int(stops.penalties[out].sum()), len(order), len(stops), seconds)


def _legs_of_round(stops: Stops, shift: Shift) -> Legs:
    places = places_of_round(stops, shift)
    return WALK.legs(places, places)


def round_by_vroom(stops: Stops, shift: Shift, _limit_s: float) -> Route:
    """Plan a person's day by pyvroom: metres as costs, all stops of one priority."""
    import vroom  # noqa: PLC0415  # an extra, which only this peer needs

    began = perf_counter()
    legs, home = _legs_of_round(stops, shift), len(stops)
    asked = vroom.Input()
    asked.set_durations_matrix("car", legs.minutes.astype(np.uint32))
    asked.set_costs_matrix("car", legs.metres.astype(np.uint32))
    asked.add_vehicle(
        vroom.Vehicle(1, start=home, end=home, time_window=vroom.TimeWindow(shift.starts_min, shift.ends_min))
    )
    for stop in range(home):
        minutes = int(stops.durations_min[stop])
        window = vroom.TimeWindow(int(stops.window_starts_min[stop]), int(stops.window_ends_min[stop]) - minutes)
        asked.add_job(vroom.Job(stop, stop, default_service=minutes, priority=MOST_PRIORITY, time_windows=[window]))
    solved = asked.solve(exploration_level=5, nb_threads=2)
    order = [int(row.id) for row in solved.routes.itertuples() if row.type == "job"]
    return _walked(stops, shift, order, began)


def round_by_pyvrp(stops: Stops, shift: Shift, limit_s: float) -> Route:
    """Plan a person's day by PyVRP: optional clients whose prize is the penalty."""
    import pyvrp  # noqa: PLC0415  # an extra, which only this peer needs
    from pyvrp.stop import MaxRuntime  # noqa: PLC0415  # as above

    began = perf_counter()
    legs = _legs_of_round(stops, shift)
    model = pyvrp.Model()
    places = [model.add_location(int(row), 0) for row in range(len(stops) + 1)]
    depot = model.add_depot(places[-1])
    model.add_vehicle_type(1, start_depot=depot, end_depot=depot, tw_early=shift.starts_min, tw_late=shift.ends_min)
    for stop in range(len(stops)):
        minutes = int(stops.durations_min[stop])
        model.add_client(
            places[stop],
            service_duration=minutes,
            tw_early=int(stops.window_starts_min[stop]),
            tw_late=int(stops.window_ends_min[stop]) - minutes,
            prize=int(stops.penalties[stop]),
            required=False,
        )
    _add_ways(model, places, legs)
    solved = model.solve(MaxRuntime(limit_s), display=False, seed=1)
    order = [
        int(activity.idx) for route in solved.best.routes() for activity in route.schedule() if activity.is_client()
    ]
    return _walked(stops, shift, order, began)


def _add_ways(model: Any, places: list[Any], legs: Legs) -> None:
    for row, one in enumerate(places):
        for column, other in enumerate(places):
            if row != column:
                model.add_edge(
                    one, other, distance=int(legs.metres[row, column]), duration=int(legs.minutes[row, column])
                )


def vans_by_engine(vehicles: Vehicles, trips: Trips, limit_s: float) -> Route:
    """Plan a van's day by the engine, and let the judge look at it."""
    began = perf_counter()
    planned = plan_vans(vehicles, trips, roads=DRIVE, effort=Effort(time_limit_s=limit_s))
    seconds = perf_counter() - began
    faults = verify_vans(vehicles, trips, planned, DRIVE)
    if faults:
        message = f"The judge found {faults[0]}."
        raise RuntimeError(message)
    return Route(planned.objective, len(trips) - len(planned.left_out), len(trips), seconds)


def vans_by_vroom(vehicles: Vehicles, trips: Trips, _limit_s: float) -> Route:
    """Plan a van's day by pyvroom: shipments with seats and wheelchair places, metres as costs."""
    import vroom  # noqa: PLC0415  # an extra, which only this peer needs

    began = perf_counter()
    places = places_of_vans(vehicles, trips)
    legs, garages = DRIVE.legs(places, places), 2 * len(trips)
    asked = vroom.Input()
    asked.set_durations_matrix("car", legs.minutes.astype(np.uint32))
    asked.set_costs_matrix("car", legs.metres.astype(np.uint32))
    for van in range(len(vehicles)):
        window = vroom.TimeWindow(int(vehicles.starts_min[van]), int(vehicles.ends_min[van]))
        room = [int(vehicles.seats[van]), int(vehicles.wheelchairs[van])]
        asked.add_vehicle(
            vroom.Vehicle(van + 1, start=garages + van, end=garages + van, capacity=room, time_window=window)
        )
    for trip in range(len(trips)):
        asked.add_job(_shipment(vroom, trips, trip))
    solved = asked.solve(exploration_level=5, nb_threads=2)
    rows = [row for row in solved.routes.itertuples() if row.type in {"start", "pickup", "delivery", "end"}]
    served = {int(row.id) for row in rows if row.type == "pickup"}
    metres = sum(
        int(legs.metres[one.location_index, other.location_index])
        for one, other in pairwise(rows)
        if other.type != "start"
    )
    lost = int(trips.penalties.sum()) - sum(int(trips.penalties[trip]) for trip in served)
    return Route(metres + lost, len(served), len(trips), perf_counter() - began)


def _shipment(vroom: Any, trips: Trips, trip: int) -> Any:
    steps = []
    for name, minutes, opens, closes in (
        ("pickup", trips.boarding_min, trips.pickup_starts_min, trips.pickup_ends_min),
        ("delivery", trips.alighting_min, trips.dropoff_starts_min, trips.dropoff_ends_min),
    ):
        took = int(minutes[trip])
        window = vroom.TimeWindow(int(opens[trip]), int(closes[trip]) - took)
        place = 2 * trip + (name == "delivery")
        steps.append(vroom.ShipmentStep(trip, place, default_service=took, time_windows=[window]))
    amount = vroom.Amount([int(trips.seats[trip]), int(trips.wheelchairs[trip])])
    return vroom.Shipment(*steps, amount=amount, priority=MOST_PRIORITY)


def vans_by_pyvrp(vehicles: Vehicles, trips: Trips, limit_s: float) -> Route:
    """Plan a van's day by PyVRP: optional shipments whose prize is the penalty; its own metres are taken."""
    import pyvrp  # noqa: PLC0415  # an extra, which only this peer needs
    from pyvrp.stop import MaxRuntime  # noqa: PLC0415  # as above

    began = perf_counter()
    places = places_of_vans(vehicles, trips)[: 2 * len(trips) + 1]  # all vans have one garage
    legs = DRIVE.legs(places, places)
    model = pyvrp.Model()
    spots = [model.add_location(int(row), 0) for row in range(len(places))]
    depot = model.add_depot(spots[-1])
    model.add_vehicle_type(
        len(vehicles),
        capacity=[int(vehicles.seats[0]), int(vehicles.wheelchairs[0])],
        start_depot=depot,
        end_depot=depot,
        tw_early=int(vehicles.starts_min[0]),
        tw_late=int(vehicles.ends_min[0]),
    )
    for trip in range(len(trips)):
        board, alight = int(trips.boarding_min[trip]), int(trips.alighting_min[trip])
        model.add_shipment(
            spots[2 * trip],
            spots[2 * trip + 1],
            pickup_tw_early=int(trips.pickup_starts_min[trip]),
            pickup_tw_late=int(trips.pickup_ends_min[trip]) - board,
            pickup_service_duration=board,
            delivery_tw_early=int(trips.dropoff_starts_min[trip]),
            delivery_tw_late=int(trips.dropoff_ends_min[trip]) - alight,
            delivery_service_duration=alight,
            amount=[int(trips.seats[trip]), int(trips.wheelchairs[trip])],
            prize=int(trips.penalties[trip]),
            required=False,
        )
    _add_ways(model, spots, legs)
    best = model.solve(MaxRuntime(limit_s), display=False, seed=1).best
    routes = best.routes() if best.is_feasible() else []
    served = sum(route.num_shipments() for route in routes)
    metres = sum(route.distance() for route in routes)
    lost = int(trips.penalties[0]) * (len(trips) - served)  # all penalties are alike
    return Route(int(metres) + lost, served, len(trips), perf_counter() - began)


ROUND_PEERS: dict[str, Callable[[Stops, Shift, float], Route]] = {
    "engine": round_by_engine,
    "pyvroom": round_by_vroom,
    "pyvrp": round_by_pyvrp,
}
VAN_PEERS: dict[str, Callable[[Vehicles, Trips, float], Route]] = {
    "engine": vans_by_engine,
    "pyvroom": vans_by_vroom,
    "pyvrp": vans_by_pyvrp,
}

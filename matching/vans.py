"""The day of accessible vehicles: who is picked up when by which, within windows, room and longest ride.

Trips are lifts from a place to a place. A plain insertion is always at hand; the routing library's answer is
taken when it is better. A day that is too large for one model is cut into groups of near pick-ups, each with its
share of the vehicles.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from matching.columns import Ints
from matching.days import Calls, Trips, VanDay, Vehicles, places_of_vans
from matching.roads import DRIVING_M_PER_MIN, Legs, Roads, StraightLine
from matching.routing import Effort, RoutingModel, route

MOST_TRIPS_A_MODEL = 60


def plan_vans(
    vehicles: Vehicles,
    trips: Trips,
    *,
    roads: Roads | None = None,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> VanDay:
    """Route the vehicles at least metres; a trip is left out only where its penalty is the lesser evil."""
    roads = StraightLine(pace_m_per_min=DRIVING_M_PER_MIN) if roads is None else roads
    effort = effort or Effort()
    places = places_of_vans(vehicles, trips)
    legs = roads.legs(places, places)
    groups = _groups(vehicles, trips)
    orders: dict[int, list[int]] = {vehicle: [] for vehicle in range(len(vehicles))}
    methods, driven, late = set(), 0, False
    for number, (some_vehicles, some_trips) in enumerate(groups):
        day = _Day(vehicles, trips, some_vehicles, some_trips, legs)
        found, method = day.solve(effort)
        methods.add(method)
        late = late or day.is_out_of_time
        driven += sum(day.metres(vehicle, order) for vehicle, order in enumerate(found))
        for vehicle, order in enumerate(found):
            orders[int(some_vehicles[vehicle])] = [day.node_number(node) for node in order]
        if progress is not None:
            progress((number + 1) / len(groups))
    calls = _calls(vehicles, trips, orders, legs)
    left_out = np.setdiff1d(trips.ids, calls.trip_ids)
    penalty = int(trips.penalties[np.isin(trips.ids, left_out)].sum())
    method = ", ".join(sorted(methods)) or "nothing to do"
    return VanDay(
        calls=calls,
        left_out=left_out,
        driven_m=driven,
        objective=driven + penalty,
        method=method,
        is_out_of_time=late,
    )


def _groups(vehicles: Vehicles, trips: Trips) -> list[tuple[Ints, Ints]]:
    """Cut trips by the longer side of their pick-ups into halves until a group is small; share the vehicles out."""
    if not len(vehicles) or not len(trips):
        return []
    parts = [np.arange(len(trips))]
    while len(parts[0]) > MOST_TRIPS_A_MODEL and len(parts) * 2 <= len(vehicles):
        parts = [half for part in parts for half in _halves(trips, part)]
    free, groups = np.arange(len(vehicles)), []
    for number, part in enumerate(parts):
        share = len(free) // (len(parts) - number)
        middle = np.array([trips.lats_deg[part].mean(), trips.lons_deg[part].mean()])
        away = np.hypot(vehicles.lats_deg[free] - middle[0], vehicles.lons_deg[free] - middle[1])
        mine = np.sort(free[np.lexsort((free, away))[:share]])
        free = np.setdiff1d(free, mine)
        groups += [(mine, some) for some in [part]]
    return groups


def _halves(trips: Trips, part: Ints) -> tuple[Ints, Ints]:
    sides = (trips.lats_deg[part], trips.lons_deg[part])
    longer = sides[int(np.ptp(sides[1]) > np.ptp(sides[0]))]
    order = part[np.lexsort((part, longer))]
    return np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])


class _Day:
    """Some vehicles and some trips as nodes: boarding of trip k is node 2k, alighting 2k+1."""

    def __init__(self, vehicles: Vehicles, trips: Trips, some_vehicles: Ints, some_trips: Ints, legs: Legs) -> None:
        self.vehicles, self.trips = vehicles, trips
        self.mine, self.some = some_vehicles, some_trips
        nodes = np.stack((2 * some_trips, 2 * some_trips + 1), axis=1).reshape(-1)
        nodes = np.append(nodes, 2 * len(trips) + np.repeat(some_vehicles, 2))
        self.legs = Legs(metres=legs.metres[np.ix_(nodes, nodes)], minutes=legs.minutes[np.ix_(nodes, nodes)])
        self.durations = np.stack((trips.boarding_min[some_trips], trips.alighting_min[some_trips]), axis=1).reshape(-1)
        self.opens = np.stack((trips.pickup_starts_min[some_trips], trips.dropoff_starts_min[some_trips]), axis=1)
        self.closes = np.stack((trips.pickup_ends_min[some_trips], trips.dropoff_ends_min[some_trips]), axis=1)
        self.opens, self.closes = self.opens.reshape(-1), self.closes.reshape(-1)
        self.is_out_of_time = False

    def node_number(self, node: int) -> int:
        """Return the node in the numbering of all trips."""
        return 2 * int(self.some[node // 2]) + node % 2

    def metres(self, vehicle: int, order: list[int]) -> int:
        """Return the metres of a vehicle's order from garage to garage."""
        garage = 2 * len(self.some) + 2 * vehicle
        way = [garage, *order, garage + 1] if order else []
        return sum(int(self.legs.metres[here, there]) for here, there in pairwise(way))

    def times(self, vehicle: int, order: list[int]) -> list[int] | None:
        """Return the earliest starting minutes of an order, or nothing when a rule breaks."""
        row = int(self.mine[vehicle])
        if not self._has_room(row, order):
            return None
        garage = 2 * len(self.some) + 2 * vehicle
        least = [int(self.opens[node]) for node in order]
        ride = {node: order.index(node ^ 1) for node in order if not node & 1}
        while True:
            minute, at = int(self.vehicles.starts_min[row]), garage
            for place, node in enumerate(order):
                minute = max(least[place], minute + int(self.legs.minutes[at, node]))
                least[place] = minute
                minute, at = minute + int(self.durations[node]), node
                if minute > self.closes[node]:
                    return None
            if minute + int(self.legs.minutes[at, garage + 1]) > self.vehicles.ends_min[row]:
                return None
            late = [
                (
                    place,
                    least[ride[node]] - int(self.trips.longest_rides_min[self.some[node // 2]]) - self.durations[node],
                )
                for place, node in enumerate(order)
                if not node & 1
            ]
            late = [(place, int(minute)) for place, minute in late if minute > least[place]]
            if not late:
                return least
            for place, later in late:  # board later, so that the ride is short enough
                least[place] = later

    def _has_room(self, row: int, order: list[int]) -> bool:
        seats = wheelchairs = 0
        for node in order:
            sign = -1 if node & 1 else 1
            seats += sign * int(self.trips.seats[self.some[node // 2]])
            wheelchairs += sign * int(self.trips.wheelchairs[self.some[node // 2]])
            if seats > self.vehicles.seats[row] or wheelchairs > self.vehicles.wheelchairs[row]:
                return False
        return True

    def solve(self, effort: Effort) -> tuple[list[list[int]], str]:
        """Return orders of nodes for each vehicle: the library's where they hold and cost less, else insertion's."""
        plain = self._insert()
        better = self._by_routing(effort, plain)
        if better is not None and self._cost(better) < self._cost(plain):
            return better, "routing"
        return plain, "insertion"

    def _cost(self, orders: list[list[int]]) -> int:
        served = {node // 2 for order in orders for node in order}
        left = [int(self.trips.penalties[trip]) for k, trip in enumerate(self.some.tolist()) if k not in served]
        return sum(self.metres(vehicle, order) for vehicle, order in enumerate(orders)) + sum(left)

    def _insert(self) -> list[list[int]]:
        """Insert the dearest and earliest trips first, each where it adds the fewest metres."""
        orders: list[list[int]] = [[] for _ in self.mine]
        penalties, closing = self.trips.penalties[self.some], self.trips.pickup_ends_min[self.some]
        for k in np.lexsort((self.trips.ids[self.some], closing, -penalties)).tolist():
            tried = [
                (self.metres(vehicle, longer) - self.metres(vehicle, order), vehicle, longer)
                for vehicle, order in enumerate(orders)
                for longer in self._with_trip(order, k)
                if self.times(vehicle, longer) is not None
            ]
            if tried:
                added, vehicle, longer = min(tried, key=lambda found: found[:2])
                if added < penalties[k]:
                    orders[vehicle] = longer
        return orders

    def _with_trip(self, order: list[int], k: int) -> list[list[int]]:
        up, down = 2 * k, 2 * k + 1
        return [
            [*order[:first], up, *order[first:second], down, *order[second:]]
            for first in range(len(order) + 1)
            for second in range(first, len(order) + 1)
        ]

    def _by_routing(self, effort: Effort, plain: list[list[int]]) -> list[list[int]] | None:
        """Ask the library; an order that does not hold here is not taken."""
        if len(self.some) > MOST_TRIPS_A_MODEL:
            return None
        model = RoutingModel(
            metres=self.legs.metres,
            minutes=self.legs.minutes,
            window_starts_min=self.opens,
            window_ends_min=self.closes,
            durations_min=self.durations,
            penalties=np.repeat(self.trips.penalties[self.some], 2),
            shifts_min=[(int(self.vehicles.starts_min[v]), int(self.vehicles.ends_min[v])) for v in self.mine],
            breaks=[None] * len(self.mine),
            lifts=[
                (2 * k, 2 * k + 1, int(self.trips.longest_rides_min[trip])) for k, trip in enumerate(self.some.tolist())
            ],
            loads_by_name={
                name: np.stack((taken[self.some], -taken[self.some]), axis=1).reshape(-1)
                for name, taken in (("seats", self.trips.seats), ("wheelchairs", self.trips.wheelchairs))
            },
            rooms_by_name={
                name: room[self.mine]
                for name, room in (("seats", self.vehicles.seats), ("wheelchairs", self.vehicles.wheelchairs))
            },
        )
        found = route(model, effort, start=plain)
        if found is None:
            return None
        self.is_out_of_time = found.is_out_of_time
        holds = all(self.times(vehicle, order) is not None for vehicle, order in enumerate(found.orders))
        return found.orders if holds else None


def _calls(vehicles: Vehicles, trips: Trips, orders: dict[int, list[int]], legs: Legs) -> Calls:
    """Time every vehicle's order and put the calls into columns."""
    rows: list[tuple[int, int, int, int]] = []
    for vehicle, order in orders.items():
        some = np.array(sorted({node // 2 for node in order}), dtype=np.int64)
        day = _Day(vehicles, trips, np.array([vehicle]), some, legs)
        local = [2 * int(np.searchsorted(some, node // 2)) + node % 2 for node in order]
        starts = day.times(0, local)
        if starts is None:
            message = f"The order of vehicle {vehicles.ids[vehicle]} does not fit the day it was made for."
            raise RuntimeError(message)
        rows += [
            (int(vehicles.ids[vehicle]), int(trips.ids[node // 2]), 1 - node % 2, minute)
            for node, minute in zip(order, starts, strict=True)
        ]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Calls(vehicle_ids=columns[:, 0], trip_ids=columns[:, 1], is_pickup=columns[:, 2], starts_min=columns[:, 3])

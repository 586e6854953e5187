"""The routing library behind one model: nodes with windows, vehicles with shifts, breaks and capacities, lifts.

Effort is counted in solutions that the search accepts, so the same model and effort give the same routes. A
limit in seconds may stop the search earlier. Answers are orders of nodes; whoever asked times and checks them
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from matching.columns import Ints
from matching.days import Break

HORIZON_MIN = 1440
MOST_NODES = 300
"""Nodes of one model: the library is dense by design, and slow or hungry far beyond (facts of its users)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to search: accepted solutions, and seconds at most."""

    solutions: int = 100
    time_limit_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.solutions < 1 or not 0 < self.time_limit_s <= 86_400:
            message = f"An effort is at least one solution and above 0 s, at most a day: {self}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingModel:
    """Nodes 0 to n-1 are places to serve; places n to n+2v-1 are starts and ends of v vehicles.

    ``metres`` and ``minutes`` have shape (n + 2v, n + 2v). A lift is (pick-up node, drop-off node, most minutes
    from boarding to arrival). ``loads_by_name`` has a column of shape (n,) for each kind of room, and ``rooms`` the
    room of each vehicle of that kind.
    """

    metres: Ints
    minutes: Ints
    window_starts_min: Ints
    window_ends_min: Ints  # latest minute at which a service may end
    durations_min: Ints
    penalties: Ints
    shifts_min: Sequence[tuple[int, int]]
    breaks: Sequence[Break | None]
    lifts: Sequence[tuple[int, int, int]] = ()
    loads_by_name: dict[str, Ints] = field(default_factory=dict)
    rooms_by_name: dict[str, Ints] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Nodes in order for each vehicle, and whether the limit in seconds cut the search short."""

    orders: list[list[int]]
    is_out_of_time: bool


def route(model: RoutingModel, effort: Effort, *, start: list[list[int]] | None = None) -> Routes | None:
    """Search for cheap routes, from orders that hold when they are given; nothing when the library found none.

    Raises
    ------
    ValueError
        When the model is larger than the library can handle.
    """
    nodes, vehicles = len(model.durations_min), len(model.shifts_min)
    if nodes > MOST_NODES:
        message = f"One model holds at most {MOST_NODES} nodes, not {nodes}; split the day first."
        raise ValueError(message)
    starts = [nodes + 2 * vehicle for vehicle in range(vehicles)]
    manager = pywrapcp.RoutingIndexManager(nodes + 2 * vehicles, vehicles, starts, [start + 1 for start in starts])
    routing = pywrapcp.RoutingModel(manager)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(model.metres.tolist()))
    _time(model, manager, routing)
    for name, loads in model.loads_by_name.items():
        _load(name, loads, model.rooms_by_name[name], routing)
    lifted = _lifts(model, manager, routing)
    for node in range(nodes):
        if node not in lifted:
            routing.AddDisjunction([manager.NodeToIndex(node)], int(model.penalties[node]))
    began = perf_counter()
    routing.CloseModelWithParameters(_search(effort))
    begun = routing.ReadAssignmentFromRoutes(start, True) if start is not None else None
    solution = (
        routing.SolveFromAssignmentWithParameters(begun, _search(effort))
        if begun is not None
        else routing.SolveWithParameters(_search(effort))
    )
    if solution is None:
        return None
    orders = [_order(vehicle, manager, routing, solution) for vehicle in range(vehicles)]
    return Routes(orders=orders, is_out_of_time=perf_counter() - began >= effort.time_limit_s)


def _time(model: RoutingModel, manager: pywrapcp.RoutingIndexManager, routing: pywrapcp.RoutingModel) -> None:
    """Minutes: a node's service, then the way; windows, shifts and breaks."""
    durations = np.concatenate((model.durations_min, np.zeros(2 * len(model.shifts_min), dtype=np.int64)))
    transit = routing.RegisterTransitMatrix((model.minutes + durations[:, None]).tolist())
    routing.AddDimension(transit, HORIZON_MIN, HORIZON_MIN, False, "minutes")
    dimension = routing.GetDimensionOrDie("minutes")
    for node, duration in enumerate(model.durations_min.tolist()):
        latest = int(model.window_ends_min[node]) - duration
        index = manager.NodeToIndex(node)
        if latest < model.window_starts_min[node]:
            routing.solver().Add(routing.ActiveVar(index) == 0)
        else:
            dimension.CumulVar(index).SetRange(int(model.window_starts_min[node]), latest)
    visits = [int(durations[manager.IndexToNode(index)]) for index in range(routing.Size())]
    visits += [0] * len(model.shifts_min)
    for vehicle, (begins, ends) in enumerate(model.shifts_min):
        dimension.CumulVar(routing.Start(vehicle)).SetRange(begins, ends)
        dimension.CumulVar(routing.End(vehicle)).SetRange(begins, ends)
        rest = model.breaks[vehicle]
        if rest is not None:
            latest = rest.window_end_min - rest.duration_min
            interval = routing.solver().FixedDurationIntervalVar(
                rest.window_start_min, latest, rest.duration_min, False, f"break of {vehicle}"
            )
            dimension.SetBreakIntervalsOfVehicle([interval], vehicle, visits)


def _load(name: str, loads: Ints, rooms: Ints, routing: pywrapcp.RoutingModel) -> None:
    """A kind of room in the vehicles, such as seats: filled at a pick-up, emptied at a drop-off."""
    every = [*loads.tolist(), *([0] * (2 * len(rooms)))]
    taken = routing.RegisterUnaryTransitVector(every)
    routing.AddDimensionWithVehicleCapacity(taken, 0, rooms.tolist(), True, name)


def _lifts(model: RoutingModel, manager: pywrapcp.RoutingIndexManager, routing: pywrapcp.RoutingModel) -> set[int]:
    """Pick-up and drop-off by one vehicle, in that order, within the longest ride; both or neither."""
    dimension, solver, lifted = routing.GetDimensionOrDie("minutes"), routing.solver(), set()
    for picked, dropped, ride_min in model.lifts:
        pickup, dropoff = manager.NodeToIndex(picked), manager.NodeToIndex(dropped)
        routing.AddDisjunction([pickup], int(model.penalties[picked]))
        routing.AddDisjunction([dropoff], 0)
        routing.AddPickupAndDelivery(pickup, dropoff)
        solver.Add(routing.VehicleVar(pickup) == routing.VehicleVar(dropoff))
        boarded = dimension.CumulVar(pickup) + int(model.durations_min[picked])
        solver.Add(dimension.CumulVar(dropoff) >= dimension.CumulVar(pickup))
        solver.Add(dimension.CumulVar(dropoff) - boarded <= ride_min)
        lifted |= {picked, dropped}
    return lifted


def _search(effort: Effort) -> pywrapcp.DefaultRoutingSearchParameters:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.solution_limit = effort.solutions
    parameters.time_limit.FromMilliseconds(int(effort.time_limit_s * 1000))
    return parameters


def _order(
    vehicle: int, manager: pywrapcp.RoutingIndexManager, routing: pywrapcp.RoutingModel, solution: pywrapcp.Assignment
) -> list[int]:
    order, index = [], solution.Value(routing.NextVar(routing.Start(vehicle)))
    while not routing.IsEnd(index):
        order.append(manager.IndexToNode(index))
        index = solution.Value(routing.NextVar(index))
    return order

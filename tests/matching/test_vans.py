"""The day of vehicles: lifts within windows, room and longest ride; cheapest where it can be tried by hand."""

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.days import Trips, Vehicles
from matching.roads import DRIVING_M_PER_MIN, StraightLine
from matching.routing import Effort
from matching.vans import plan_vans
from matching.verify_routes import verify_vans

ROADS = StraightLine(pace_m_per_min=DRIVING_M_PER_MIN)
QUICK = Effort(solutions=15, time_limit_s=20)


def trips_of(count: int, seed: int) -> Trips:
    """Return trips within the district; every other one needs a wheelchair place."""
    random = np.random.default_rng(seed)
    opens, chair = random.integers(480, 700, count), np.arange(count) % 2
    return Trips(
        ids=np.arange(100, 100 + count),
        lats_deg=31.25 + random.uniform(-0.03, 0.03, count),
        lons_deg=121.4 + random.uniform(-0.03, 0.03, count),
        to_lats_deg=31.25 + random.uniform(-0.03, 0.03, count),
        to_lons_deg=121.4 + random.uniform(-0.03, 0.03, count),
        pickup_starts_min=opens,
        pickup_ends_min=opens + 40,
        dropoff_starts_min=opens,
        dropoff_ends_min=opens + 150,
        seats=1 - chair,
        wheelchairs=chair,
        penalties=random.integers(8_000, 40_000, count),
    )


def vehicles_of(count: int, *, seats: int = 2, wheelchairs: int = 1) -> Vehicles:
    """Return vehicles of one garage, out from eight to six."""
    return Vehicles(
        ids=np.arange(1, count + 1),
        lats_deg=np.full(count, 31.25),
        lons_deg=np.full(count, 121.4),
        starts_min=np.full(count, 480),
        ends_min=np.full(count, 1080),
        seats=np.full(count, seats),
        wheelchairs=np.full(count, wheelchairs),
    )


@settings(max_examples=20, deadline=None)
@given(trips=st.integers(0, 7), vehicles=st.integers(0, 2), seed=st.integers(0, 10_000))
def test_every_day_holds(trips: int, vehicles: int, seed: int) -> None:
    """Whatever is asked, the judge finds no fault, and nobody is forgotten."""
    fleet, asked = vehicles_of(vehicles), trips_of(trips, seed)

    planned = plan_vans(fleet, asked, effort=QUICK)

    assert verify_vans(fleet, asked, planned, ROADS) == ()
    assert len(planned.left_out) + len(np.unique(planned.calls.trip_ids)) == trips


def metres_by_hand(fleet: Vehicles, asked: Trips) -> int:
    """Drive two trips of one vehicle in every order that boards before it alights, or leave some out."""
    home = np.array([[fleet.lats_deg[0], fleet.lons_deg[0]]])
    ups = np.column_stack((asked.lats_deg, asked.lons_deg))
    downs = np.column_stack((asked.to_lats_deg, asked.to_lons_deg))
    places = np.concatenate((ups, downs, home))
    metres = ROADS.legs(places, places).metres
    orders = [
        order for order in permutations(range(4)) if order.index(0) < order.index(2) and order.index(1) < order.index(3)
    ]
    ways = [[4, *order, 4] for order in orders]
    return min(sum(int(metres[a, b]) for a, b in pairwise(way)) for way in ways)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_two_trips_are_driven_at_least_metres(seed: int) -> None:
    """With wide windows the best of all orders is found, sharing the vehicle where that is shorter."""
    wide = {"pickup_starts_min": [480, 480], "dropoff_starts_min": [480, 480], "longest_rides_min": [600, 600]}
    wide |= {"pickup_ends_min": [1080, 1080], "dropoff_ends_min": [1080, 1080], "penalties": [10**6, 10**6]}
    fleet, asked = vehicles_of(1), replace(trips_of(2, seed), **wide)  # type: ignore[arg-type]  # columns by name

    planned = plan_vans(fleet, asked, effort=QUICK)

    assert planned.driven_m == metres_by_hand(fleet, asked)


def test_wheelchair_takes_no_seat() -> None:
    """A vehicle without a wheelchair place carries nobody in a wheelchair, however many seats it has."""
    fleet, asked = vehicles_of(1, seats=8, wheelchairs=0), trips_of(4, 5)

    planned = plan_vans(fleet, asked, effort=QUICK)

    assert set(asked.ids[asked.wheelchairs == 1]) <= set(planned.left_out.tolist())
    assert verify_vans(fleet, asked, planned, ROADS) == ()


def test_ride_is_not_longer_than_said() -> None:
    """Who may ride ten minutes at most is not driven round the district first."""
    asked = replace(trips_of(6, 6), longest_rides_min=np.full(6, 30))

    planned = plan_vans(vehicles_of(2), asked, effort=QUICK)

    assert verify_vans(vehicles_of(2), asked, planned, ROADS) == ()


def test_large_day_is_cut_into_groups() -> None:
    """More trips than one model holds are shared out among the vehicles, and every rule still holds."""
    fleet, asked = vehicles_of(8), trips_of(64, 7)
    told: list[float] = []

    planned = plan_vans(fleet, asked, effort=Effort(solutions=1, time_limit_s=30), progress=told.append)

    assert verify_vans(fleet, asked, planned, ROADS) == ()
    assert told == [0.5, 1.0]


def test_same_effort_gives_same_day() -> None:
    """Effort is counted in solutions, so a day can be planned again."""
    fleet, asked = vehicles_of(2), trips_of(8, 8)

    first, again = (plan_vans(fleet, asked, effort=QUICK) for _ in range(2))

    assert first.calls.trip_ids.tolist() == again.calls.trip_ids.tolist()
    assert first.calls.starts_min.tolist() == again.calls.starts_min.tolist()
    assert not first.is_out_of_time


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"seats": [0], "wheelchairs": [0]}, "takes a seat or a wheelchair"),
        ({"to_lats_deg": [float("inf")]}, "cannot be inf in row 0"),
        ({"longest_rides_min": [0]}, "Trips.longest_rides_min cannot be 0 in row 0"),
    ],
)
def test_absurd_trip_is_refused(change: dict[str, list[float]], right: str) -> None:
    """What cannot be is named by column, row and value."""
    with pytest.raises(ValueError, match=right):
        replace(trips_of(1, 9), **change)  # type: ignore[arg-type]  # wrong on purpose

"""The judge of routes finds every kind of fault, each under the name of its rule."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matching.days import Round, Shift, Stops, Trips, VanDay, Vehicles
from matching.roads import StraightLine
from matching.rounds import plan_round
from matching.vans import plan_vans
from matching.verify_routes import ROUTE_RULES, verify_round, verify_vans
from tests.matching.test_rounds import shift_of, stops_of
from tests.matching.test_vans import QUICK, trips_of, vehicles_of

WALK, DRIVE = StraightLine(), StraightLine(pace_m_per_min=300.0)


@pytest.fixture
def day() -> tuple[Stops, Shift, Round]:
    """A good day of six stops with a lunch."""
    stops = replace(stops_of(6, 21), penalties=np.full(6, 1_000_000))
    return stops, shift_of(), plan_round(stops, shift_of())


@pytest.fixture
def vans() -> tuple[Vehicles, Trips, VanDay]:
    """A good day of two vehicles and six trips."""
    fleet, asked = vehicles_of(2), replace(trips_of(6, 22), penalties=np.full(6, 1_000_000))
    return fleet, asked, plan_vans(fleet, asked, effort=QUICK)


def with_(
    column: "np.ndarray[tuple[int], np.dtype[np.int64]]", row: int, value: int
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the column with one value changed."""
    changed = column.copy()
    changed[row] = value
    return changed


ROUND_FAULTS: dict[str, Callable[[Round], Round]] = {
    "round_stops: stop forgotten": lambda good: replace(
        good, stop_ids=good.stop_ids[:-1], starts_min=good.starts_min[:-1]
    ),
    "round_stops: stop twice": lambda good: replace(good, left_out=good.stop_ids[:1]),
    "round_stops: unknown stop": lambda good: replace(good, left_out=np.array([999])),
    "round_times: too early": lambda good: replace(good, starts_min=with_(good.starts_min, 0, 470)),
    "round_times: back too soon": lambda good: replace(good, back_at_min=good.back_at_min - 1),
    "round_times: back too late": lambda good: replace(good, back_at_min=1_100),
    "lunch: none": lambda good: replace(good, lunch_at_min=None),
    "lunch: in the evening": lambda good: replace(good, lunch_at_min=1_000),
    "round_cost: fewer metres": lambda good: replace(good, walked_m=good.walked_m - 1),
    "round_cost: bound too high": lambda good: replace(good, bound=good.objective + 1),
}


@pytest.mark.parametrize("fault", ROUND_FAULTS)
def test_fault_of_a_round_is_named(fault: str, day: tuple[Stops, Shift, Round]) -> None:
    """One thing is changed in a good day, and the judge says which rule it breaks."""
    stops, shift, good = day

    found = verify_round(stops, shift, ROUND_FAULTS[fault](good), WALK)

    assert verify_round(stops, shift, good, WALK) == ()
    assert any(words.startswith(fault.split(":", maxsplit=1)[0]) for words in found)


def test_lunch_during_a_visit_is_found(day: tuple[Stops, Shift, Round]) -> None:
    """Nobody eats while washing a senior's hair."""
    stops, shift, good = day
    row = int(np.flatnonzero(stops.ids == good.stop_ids[0])[0])
    wide = replace(shift, lunch=replace(shift.lunch, window_start_min=0, window_end_min=1440))  # type: ignore[type-var]  # it has one
    inside = replace(good, lunch_at_min=int(good.starts_min[0]) + int(stops.durations_min[row]) - 1)

    found = verify_round(stops, wide, inside, WALK)

    assert any(words.startswith("lunch") for words in found)


VAN_FAULTS: dict[str, Callable[[VanDay], VanDay]] = {
    "trip_once: never left": lambda good: _calls(good, slice(0, -1)),
    "trip_once: left out and driven": lambda good: replace(good, left_out=good.calls.trip_ids[:1]),
    "trip_once: unknown vehicle": lambda good: _column(good, "vehicle_ids", 9),
    "trip_once: unknown trip": lambda good: _column(good, "trip_ids", 999),
    "trip_once: boarded twice": lambda good: _column(good, "is_pickup", 0),
    "van_times: too early": lambda good: _column(good, "starts_min", 480),
    "van_cost: fewer metres": lambda good: replace(good, driven_m=good.driven_m - 1),
}


def _calls(good: VanDay, rows: slice) -> VanDay:
    columns = {name: getattr(good.calls, name)[rows] for name in ("vehicle_ids", "trip_ids", "is_pickup", "starts_min")}
    return replace(good, calls=replace(good.calls, **columns))


def _column(good: VanDay, name: str, value: int) -> VanDay:
    return replace(good, calls=replace(good.calls, **{name: with_(getattr(good.calls, name), 0, value)}))


@pytest.mark.parametrize("fault", VAN_FAULTS)
def test_fault_of_a_van_is_named(fault: str, vans: tuple[Vehicles, Trips, VanDay]) -> None:
    """One thing is changed in a good day of vehicles, and the judge says which rule it breaks."""
    fleet, asked, good = vans

    found = verify_vans(fleet, asked, VAN_FAULTS[fault](good), DRIVE)

    assert verify_vans(fleet, asked, good, DRIVE) == ()
    assert any(words.startswith(fault.split(":", maxsplit=1)[0]) for words in found)


def test_too_many_on_board_are_found(vans: tuple[Vehicles, Trips, VanDay]) -> None:
    """A day that held with its vehicles does not hold with smaller ones."""
    fleet, asked, good = vans
    small = replace(fleet, seats=np.zeros(2, dtype=np.int64))

    found = verify_vans(small, asked, good, DRIVE)

    assert any(words.startswith("van_room") and "of 0 seats" in words for words in found)


def test_long_ride_is_found(vans: tuple[Vehicles, Trips, VanDay]) -> None:
    """A day that held with an hour's ride does not hold with a minute's."""
    fleet, asked, good = vans
    hurried = replace(asked, longest_rides_min=np.ones(6, dtype=np.int64))

    found = verify_vans(fleet, hurried, good, DRIVE)

    assert any(words.startswith("ride_time") for words in found)


def test_rules_are_named_once() -> None:
    """Every rule of routes has a fault among these tests, so none goes untested."""
    tested = {name.split(":")[0] for name in (*ROUND_FAULTS, *VAN_FAULTS)} | {"van_room", "ride_time"}

    assert tested == set(ROUTE_RULES)

"""The day of a person: exact where it is small, never worse than insertion, judged by code that knows no solver."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.days import Break, Shift, Stops
from matching.plan import Status
from matching.roads import StraightLine
from matching.rounds import plan_round, walk
from matching.routing import Effort
from matching.verify_routes import verify_round

ROADS = StraightLine()
LUNCH = Break(window_start_min=660, window_end_min=780, duration_min=45)
QUICK = Effort(solutions=20, time_limit_s=20)


def stops_of(count: int, seed: int, *, width_min: int = 400) -> Stops:
    """Return stops within a kilometre, with windows that begin from eight to three."""
    random = np.random.default_rng(seed)
    opens = random.integers(480, 900, count)
    return Stops(
        ids=np.arange(10, 10 + count),
        lats_deg=31.25 + random.uniform(-0.01, 0.01, count),
        lons_deg=121.4 + random.uniform(-0.01, 0.01, count),
        window_starts_min=opens,
        window_ends_min=opens + random.integers(60, width_min, count),
        durations_min=random.integers(10, 60, count),
        penalties=random.integers(500, 20_000, count),
    )


def shift_of(*, lunch: Break | None = LUNCH) -> Shift:
    """Return a working day from eight to six."""
    return Shift(lat_deg=31.25, lon_deg=121.4, starts_min=480, ends_min=1080, lunch=lunch)


def cheapest_by_hand(stops: Stops, shift: Shift) -> int:
    """Try every order of every subset."""
    places = np.column_stack((np.append(stops.lats_deg, shift.lat_deg), np.append(stops.lons_deg, shift.lon_deg)))
    legs = ROADS.legs(places, places)
    rows = range(len(stops))
    every = [list(order) for size in range(len(stops) + 1) for order in permutations(rows, size)]
    timed = [(order, walk(order, stops, shift, legs)) for order in every]
    return min(
        found[3] + sum(int(stops.penalties[row]) for row in rows if row not in order)
        for order, found in timed
        if found is not None
    )


@settings(max_examples=25, deadline=None)
@given(count=st.integers(0, 5), seed=st.integers(0, 10_000), has_lunch=st.booleans())
def test_small_day_is_cheapest(count: int, seed: int, has_lunch: bool) -> None:  # noqa: FBT001  # hypothesis passes it by name
    """A proven order is no worse than any order that a person could try."""
    stops, shift = stops_of(count, seed), shift_of(lunch=LUNCH if has_lunch else None)

    planned = plan_round(stops, shift)

    assert planned.objective == planned.bound == cheapest_by_hand(stops, shift)
    assert planned.status == Status.OPTIMAL
    assert verify_round(stops, shift, planned, ROADS) == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_large_day_holds_and_repeats(seed: int) -> None:
    """Twelve stops go to the routing library; the same effort gives the same day, and the judge accepts it."""
    stops, shift = stops_of(12, seed), shift_of()

    planned, again = (plan_round(stops, shift, effort=QUICK) for _ in range(2))

    assert verify_round(stops, shift, planned, ROADS) == ()
    assert planned.stop_ids.tolist() == again.stop_ids.tolist()
    assert (planned.objective, planned.is_out_of_time) == (again.objective, False)


def test_lunch_is_kept_free() -> None:
    """Whoever walks all day eats between eleven and one, and no visit falls into it."""
    stops = replace(stops_of(3, 4), window_starts_min=np.full(3, 640), window_ends_min=np.full(3, 900))

    planned = plan_round(stops, shift_of())

    assert planned.lunch_at_min is not None
    assert 660 <= planned.lunch_at_min <= 735
    assert verify_round(stops, shift_of(), planned, ROADS) == ()


def test_stop_that_cannot_be_reached_is_left_out() -> None:
    """A visit longer than its window is said to be left out; the others are visited."""
    late = {"window_starts_min": [600, 600], "window_ends_min": [610, 900], "durations_min": [30, 30]}
    dear = {"penalties": [50_000, 50_000]}
    stops = replace(stops_of(2, 5), **{name: np.array(values) for name, values in (late | dear).items()})

    planned = plan_round(stops, shift_of())

    assert planned.left_out.tolist() == [10]
    assert planned.stop_ids.tolist() == [11]


def test_lunch_that_does_not_fit_is_refused() -> None:
    """A lunch outside the day that also fits no part of it cannot be planned, and the message says so."""
    lunch = Break(window_start_min=450, window_end_min=520, duration_min=50)

    with pytest.raises(ValueError, match="does not fit the shift"):
        plan_round(stops_of(1, 6), shift_of(lunch=lunch))


def test_day_of_nobody_is_empty() -> None:
    """No stop is a day at home."""
    planned = plan_round(Stops.empty(), shift_of(lunch=None))

    assert (len(planned.stop_ids), planned.walked_m, planned.objective) == (0, 0, 0)


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"lats_deg": [float("nan")]}, "Stops.lats_deg cannot be nan in row 0"),
        ({"durations_min": [-5]}, "Stops.durations_min cannot be -5 in row 0"),
        ({"window_ends_min": [10]}, "a window ends after it starts"),
    ],
)
def test_absurd_stop_is_refused(change: dict[str, list[float]], right: str) -> None:
    """What cannot be is named by table, column, row and value."""
    with pytest.raises(ValueError, match=right):
        replace(stops_of(1, 7), **change)  # type: ignore[arg-type]  # wrong on purpose


def test_too_many_stops_are_refused() -> None:
    """A day of more stops than a person can walk is a mistake of the caller."""
    with pytest.raises(ValueError, match="at most 120 stops"):
        stops_of(121, 8)

"""Metres on the plane are metres on the earth, within a district to a part in a thousand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import travel
from tests.matching.answers import haversine_m

SOUTH, NORTH, WEST, EAST = 31.20, 31.32, 121.30, 121.47
"""Bounds of Putuo with a margin."""

PLACES = st.tuples(st.floats(SOUTH, NORTH), st.floats(WEST, EAST))


def _plane_m(*places: tuple[float, float], middle_deg: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    lats, lons = np.array(places).T
    return travel.to_plane_m(lats, lons, origin_lat_deg=middle_deg)


@given(here=PLACES, there=PLACES)
def test_plane_agrees_with_the_sphere_in_a_district(here: tuple[float, float], there: tuple[float, float]) -> None:
    """Below one part in a thousand, and half a metre of rounding."""
    plane = _plane_m(here, there, middle_deg=(SOUTH + NORTH) / 2)

    walked = travel.walking_m(plane[:1], plane[1:], detour=1.0)

    truly = haversine_m(here, there)
    assert abs(walked[0] - truly) <= 0.5 + truly / 1000  # half a metre of rounding, a thousandth of curvature


@given(here=PLACES, there=PLACES, detour=st.floats(1, 3))
def test_metres_are_the_same_both_ways(here: tuple[float, float], there: tuple[float, float], detour: float) -> None:
    """The way home is as long as the way there."""
    plane = _plane_m(here, there, middle_deg=31.25)

    there_m = travel.walking_m(plane[:1], plane[1:], detour=detour)
    home_m = travel.walking_m(plane[1:], plane[:1], detour=detour)

    assert there_m == home_m >= 0


def test_detour_stretches_the_straight_line() -> None:
    """A kilometre as the crow flies is 1,300 m on foot."""
    plane = np.array([[0.0, 0.0], [600.0, 800.0]])

    assert travel.walking_m(plane[:1], plane[1:], detour=1.3).tolist() == [1300]


@pytest.mark.parametrize(
    ("columns", "middle_deg"),
    [([], 0.0), ([[]], 0.0), ([[31.0]], 31.0), ([[31.0, 32.0], [33.0]], 32.0), ([[31.0, 31.2, 0.0]], 31.0)],
    ids=["no column", "no place", "one", "three in two columns", "one far out"],
)
def test_plane_is_true_at_the_median_place(columns: list[list[float]], middle_deg: float) -> None:
    """Where most people live, whoever else is on the list."""
    assert travel.origin_lat_deg(*(np.array(column) for column in columns)) == middle_deg

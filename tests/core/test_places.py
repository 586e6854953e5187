"""Places are WGS-84 inside, whatever the map service that gave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.core.places import district_outline, is_in_district, to_gcj02, to_wgs84

METRE_DEG = 1 / 111_000


@given(st.floats(31.0, 31.5), st.floats(121.0, 122.0))
def test_gcj02_reverses_to_under_a_metre(lat_deg: float, lon_deg: float) -> None:
    """A home must not wander each time it is imported and exported."""
    shifted = to_gcj02(lat_deg, lon_deg)

    back = to_wgs84(shifted.lat_deg, shifted.lon_deg, "GCJ-02")

    assert back.lat_deg == pytest.approx(lat_deg, abs=METRE_DEG)
    assert back.lon_deg == pytest.approx(lon_deg, abs=METRE_DEG)


def test_gcj02_shifts_shanghai_by_hundreds_of_metres() -> None:
    """An unconverted place lands streets away, so the two systems must differ here."""
    shifted = to_gcj02(31.25, 121.40)

    shift_m = (abs(shifted.lat_deg - 31.25) + abs(shifted.lon_deg - 121.40)) / METRE_DEG

    assert 300 < shift_m < 900


def test_wgs84_stays_as_it_is() -> None:
    """A place that needs no conversion gets none."""
    assert to_wgs84(31.25, 121.4, "WGS-84") == (31.25, 121.4)


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "inside"),
    [(31.2510, 121.4000, True), (31.2780, 121.3500, True), (31.2304, 121.4737, False), (39.9, 116.4, False)],
    ids=["Zhenru", "Taopu", "People's Square", "Beijing"],
)
def test_district_knows_its_own(lat_deg: float, lon_deg: float, *, inside: bool) -> None:
    """Imports refuse places outside the outline, and only those."""
    assert is_in_district(lat_deg, lon_deg) is inside


def test_outline_is_a_ring_of_the_district() -> None:
    """The outline is the published one: about 160 points within Putuo's bounds."""
    outline = district_outline()

    assert len(outline) > 100
    assert all(31.2 < point.lat_deg < 31.32 and 121.3 < point.lon_deg < 121.47 for point in outline)

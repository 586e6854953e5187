"""Metres between places: straight line on a local plane, times a detour.

The plane is true at the median latitude of all places. Within a district it is off by less than one part in a
thousand; half a degree of latitude (55 km) away it is off by half a per cent. It does not reach across the
180th meridian. A road engine can take the place of this module behind the same functions.
"""

import numpy as np

from matching.problem import Floats, Ints

METRES_PER_DEGREE = 111_195.0
"""Metres of one degree of latitude on a sphere of radius 6,371,009 m (IUGG mean radius)."""


def to_plane_m(lats_deg: Floats, lons_deg: Floats, *, origin_lat_deg: float) -> Floats:
    """Put places on a plane; shape (n, 2), metres east and north of (0, 0) degrees.

    Source: equirectangular projection with true scale at ``origin_lat_deg``.
    """
    east = lons_deg * METRES_PER_DEGREE * np.cos(np.radians(origin_lat_deg))
    return np.column_stack((east, lats_deg * METRES_PER_DEGREE))


def walking_m(from_m: Floats, to_m: Floats, *, detour: float) -> Ints:
    """Return walking metres between equal rows of two planes, shape (n,), rounded to whole metres."""
    straight = np.hypot(from_m[:, 0] - to_m[:, 0], from_m[:, 1] - to_m[:, 1])
    return np.rint(straight * detour).astype(np.int64)


def origin_lat_deg(*columns: Floats) -> float:
    """Return the latitude at which the plane is true: the median of all places, 0 without any.

    The median, so that one place far out, as a wrong address can be, does not bend the metres of all others.
    """
    places = np.concatenate(columns) if columns else np.empty(0)
    return float(np.median(places)) if len(places) else 0.0

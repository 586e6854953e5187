"""Metres and minutes between many places: a straight line by default, a road engine behind the same protocol."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from matching import travel
from matching.columns import Floats, Ints

WALKING_M_PER_MIN = 70.0
"""Walking pace of an adult with time, about 4.2 km/h (assumed)."""
DRIVING_M_PER_MIN = 300.0
"""Pace of a van in a dense district by day, about 18 km/h (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Ways from n places to m places: metres and whole minutes (rounded up), shape (n, m) each."""

    metres: Ints
    minutes: Ints


class Roads(Protocol):
    """Anything that measures ways between places."""

    def legs(self, from_deg: Floats, to_deg: Floats) -> Legs:
        """Measure from every row of ``from_deg`` to every row of ``to_deg``, shape (n, 2) latitude, longitude."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightLine:
    """Straight line times a detour, at one pace."""

    detour: float = 1.3
    pace_m_per_min: float = WALKING_M_PER_MIN

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not (np.isfinite(self.detour) and np.isfinite(self.pace_m_per_min)):
            message = f"Detour and pace are numbers, not {self.detour} and {self.pace_m_per_min}."
            raise ValueError(message)
        if self.detour <= 0 or self.pace_m_per_min <= 0:
            message = f"Detour and pace are above 0, not {self.detour} and {self.pace_m_per_min}."
            raise ValueError(message)

    def legs(self, from_deg: Floats, to_deg: Floats) -> Legs:
        """Measure every way on a plane that is true at the middle of the two places; see :class:`Roads`."""
        middle = np.radians((from_deg[:, None, 0] + to_deg[None, :, 0]) / 2)
        north = (from_deg[:, None, 0] - to_deg[None, :, 0]) * travel.METRES_PER_DEGREE
        east = (from_deg[:, None, 1] - to_deg[None, :, 1]) * travel.METRES_PER_DEGREE * np.cos(middle)
        straight = np.hypot(north, east)
        metres = np.rint(straight * self.detour).astype(np.int64)
        return Legs(metres=metres, minutes=np.ceil(metres / self.pace_m_per_min).astype(np.int64))

"""Star levels by hours of service, from the rule pack in force: ``honour_hours_1`` to ``honour_hours_5``."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from timebank.rules.known import STARS
from timebank.rules.pack import Pack, pack_in_force

HOUR_MIN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A rung: stars from so many hours on, how it stands (``sourced``, ``assumed``, ``district``), and where."""

    stars: int
    hours: int
    status: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The levels of a pack, lowest first; ``name`` is the pack's."""

    name: str
    levels: tuple[Level, ...]

    def level_of(self, service_min: int) -> Level | None:
        """Return the highest level that so many minutes of service reach; nothing under the first."""
        reached = (level for level in reversed(self.levels) if service_min >= level.hours * HOUR_MIN)
        return next(reached, None)


@lru_cache(maxsize=256)
def ladder_of(pack: Pack) -> Ladder:
    """Return the levels that a pack says; that they rise is checked when a pack is read."""
    rungs = [(stars, pack.rules[f"honour_hours_{stars}"]) for stars in STARS]
    levels = tuple(
        Level(stars=stars, hours=rung.value, status=rung.status, source=rung.source) for stars, rung in rungs
    )
    return Ladder(name=pack.name, levels=levels)


def ladder_in_force(day: date, jurisdiction: str = "") -> Ladder:
    """Return the levels that hold on a day: of a jurisdiction or the place it lies within; of the district's own."""
    return ladder_of(pack_in_force(day, jurisdiction))

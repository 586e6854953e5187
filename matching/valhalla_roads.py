"""Ways along real streets, measured by Valhalla: the same protocol as the straight line, as an option.

Needs the extra ``roads`` of this package, and street tiles built once from an OpenStreetMap extract. Nothing leaves
the machine: the road engine runs inside this process.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, Literal

import numpy as np

from matching.columns import Floats, Ints
from matching.roads import Legs

Costing = Literal["pedestrian", "auto", "bicycle"]
CELLS_A_QUESTION = 2_000
MOST_PLACES_A_SIDE = 50
UNREACHABLE_M, UNREACHABLE_MIN = 1_000_000, 1_440
"""What a way that does not exist measures: farther than any limit, longer than any day."""
RADIUS_M = 500


class RoadEngineMissing(ImportError):
    """The road engine is not installed."""

    def __init__(self) -> None:
        super().__init__("The road engine is not installed: install this package with its extra, [roads].")


def build_tiles(extract: Path, folder: Path) -> Path:
    """Build street tiles from an OpenStreetMap extract (``.osm.pbf``); returns the settings file for :class:`Valhalla`.

    Raises
    ------
    ValueError
        When there is no such extract, or no tile could be built from it.
    RoadEngineMissing
        Without the extra ``roads``.
    """
    if not extract.is_file():
        message = f"There is no OpenStreetMap extract at {extract}."
        raise ValueError(message)
    valhalla = _library()
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "valhalla.json"
    tiles = folder / "tiles"
    tiles.mkdir(exist_ok=True)
    wanted = valhalla.get_config(tile_extract="", tile_dir=str(tiles), verbose=False)
    limits = wanted["service_limits"]
    for costing in ("pedestrian", "auto", "bicycle"):
        limits[costing]["max_matrix_location_pairs"] = max(CELLS_A_QUESTION, MOST_PLACES_A_SIDE**2)
    settings.write_text(json.dumps(wanted), encoding="utf-8")
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    built = subprocess.run(  # noqa: S603  # the program of the installed package, with paths of our own
        [str(program), "-c", str(settings.resolve()), str(extract.resolve())],
        cwd=folder,  # it leaves notes where it runs
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode or not any(tiles.rglob("*.gph")):
        message = f"No street tiles could be built from {extract}: {(built.stderr or built.stdout).strip()[-200:]}"
        raise ValueError(message)
    return settings


class Valhalla:
    """Roads measured along streets; see :class:`matching.roads.Roads`.

    The same question has the same answer; a leg asked among other places can differ by a metre or two.

    Parameters
    ----------
    settings
        What :func:`build_tiles` returned.
    costing
        On foot, by car or by bicycle.
    """

    def __init__(self, settings: Path, costing: Costing = "pedestrian") -> None:
        if not settings.is_file():
            message = f"There are no settings of street tiles at {settings}; build the tiles first."
            raise ValueError(message)
        self._actor: Any = _library().Actor(str(settings))
        self._costing = costing

    def legs(self, from_deg: Floats, to_deg: Floats) -> Legs:
        """Measure every way; what has no way measures 1,000,000 m and 1,440 min."""
        metres = np.full((len(from_deg), len(to_deg)), UNREACHABLE_M, dtype=np.int64)
        minutes = np.full_like(metres, UNREACHABLE_MIN)
        step = MOST_PLACES_A_SIDE
        for row in range(0, len(from_deg), step):
            for column in range(0, len(to_deg), step):
                block = np.s_[row : row + step, column : column + step]
                metres[block], minutes[block] = self._block(from_deg[row : row + step], to_deg[column : column + step])
        return Legs(metres=metres, minutes=minutes)

    def _block(self, from_deg: Floats, to_deg: Floats) -> tuple[Ints, Ints]:
        asked = {"sources": _places(from_deg), "targets": _places(to_deg), "costing": self._costing}
        metres = np.full((len(from_deg), len(to_deg)), UNREACHABLE_M, dtype=np.int64)
        minutes = np.full_like(metres, UNREACHABLE_MIN)
        try:
            answer = self._actor.matrix(asked)
        except RuntimeError:
            if len(from_deg) == len(to_deg) == 1:  # a place that no street is near
                return metres, minutes
            return self._halves(from_deg, to_deg)
        for way in (way for row in answer["sources_to_targets"] for way in row if way["distance"] is not None):
            cell = way["from_index"], way["to_index"]
            metres[cell], minutes[cell] = round(way["distance"] * 1000), -(-int(way["time"]) // 60)
        return metres, minutes

    def _halves(self, from_deg: Floats, to_deg: Floats) -> tuple[Ints, Ints]:
        """Ask again in two parts, to find the places that no street is near."""
        axis = int(len(to_deg) > len(from_deg))
        side = (from_deg, to_deg)[axis]
        middle = len(side) // 2
        parts = [
            self._block(side[:middle], to_deg) if axis == 0 else self._block(from_deg, side[:middle]),
            self._block(side[middle:], to_deg) if axis == 0 else self._block(from_deg, side[middle:]),
        ]
        metres, minutes = (np.concatenate(columns, axis=axis) for columns in zip(*parts, strict=True))
        return metres, minutes


def _places(places_deg: Floats) -> list[dict[str, float]]:
    return [{"lat": float(lat), "lon": float(lon), "search_cutoff": RADIUS_M} for lat, lon in places_deg]


def _library() -> Any:
    try:
        import valhalla  # noqa: PLC0415  # an option: the engine works without it
    except ImportError as fault:
        raise RoadEngineMissing from fault
    return valhalla

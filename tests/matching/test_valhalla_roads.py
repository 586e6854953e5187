"""The road engine measures along real streets behind the same protocol as the straight line."""

import sys
from pathlib import Path

import numpy as np
import pytest

from matching.days import Shift, Stops
from matching.plan import Status
from matching.roads import StraightLine
from matching.rounds import plan_round
from matching.valhalla_roads import UNREACHABLE_M, RoadEngineMissing, Valhalla, build_tiles
from matching.verify_routes import verify_round

EXTRACT = Path(__file__).parent / "data" / "helsinki_centre.osm.pbf"
STATION, CATHEDRAL = (60.1702, 24.9410), (60.1705, 24.9496)
AT_SEA = (60.10, 24.90)


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Valhalla:
    """Street tiles of the centre of Helsinki, built from the extract."""
    return Valhalla(build_tiles(EXTRACT, tmp_path_factory.mktemp("tiles")))


def test_streets_are_longer_than_the_straight_line(streets: Valhalla) -> None:
    """A way along streets is never shorter than the crow flies, and in a dense grid not twice as long."""
    places = np.array([STATION, CATHEDRAL])
    straight = StraightLine(detour=1.0).legs(places, places).metres

    legs = streets.legs(places, places)

    assert straight[0, 1] * 0.95 <= legs.metres[0, 1] <= straight[0, 1] * 2  # 5 %: a street's nearest point is nearer
    assert legs.metres[0, 0] == legs.minutes[0, 0] == 0
    assert 5 <= legs.minutes[0, 1] <= 20


def test_place_without_a_street_is_out_of_reach(streets: Valhalla) -> None:
    """A place in the sea has no way to it; the others are measured all the same."""
    places = np.array([STATION, AT_SEA, CATHEDRAL])

    legs = streets.legs(places, places)

    assert legs.metres[0, 1] == legs.metres[1, 2] == UNREACHABLE_M
    assert legs.metres[0, 2] < 2_000


def test_many_places_are_asked_in_blocks(streets: Valhalla) -> None:
    """More places than one question may have are measured in several, with the same answers to a few metres."""
    random = np.random.default_rng(1)
    places = np.array(STATION) + random.uniform(-0.002, 0.002, (60, 2))

    whole, some = streets.legs(places, places), streets.legs(places[50:], places[:3])

    assert whole.metres.shape == (60, 60)
    assert np.abs(whole.metres[50:, :3] - some.metres).max() <= 15
    assert (streets.legs(places, places).metres == whole.metres).all()


def test_round_is_planned_along_streets(streets: Valhalla) -> None:
    """The same planner and the same judge work with the road engine in place of the straight line."""
    random = np.random.default_rng(2)
    homes = np.array(STATION) + random.uniform(-0.002, 0.002, (4, 2))
    stops = Stops(
        ids=np.arange(1, 5),
        lats_deg=homes[:, 0],
        lons_deg=homes[:, 1],
        window_starts_min=np.full(4, 540),
        window_ends_min=np.full(4, 1020),
        durations_min=np.full(4, 30),
    )
    shift = Shift(lat_deg=CATHEDRAL[0], lon_deg=CATHEDRAL[1], starts_min=480, ends_min=1080)

    planned = plan_round(stops, shift, roads=streets)

    assert (planned.status, len(planned.stop_ids)) == (Status.OPTIMAL, 4)
    assert verify_round(stops, shift, planned, streets) == ()


def test_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever has not installed the option reads how to."""
    monkeypatch.setitem(sys.modules, "valhalla", None)

    with pytest.raises(RoadEngineMissing, match=r"\[roads\]"):
        build_tiles(EXTRACT, tmp_path)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    """No extract, no street in it, no tiles: each is said with its path."""
    empty = tmp_path / "empty.osm.pbf"
    empty.write_bytes(b"")

    with pytest.raises(ValueError, match="no OpenStreetMap extract at"):
        build_tiles(tmp_path / "none.osm.pbf", tmp_path)
    with pytest.raises(ValueError, match="No street tiles could be built from"):
        build_tiles(empty, tmp_path / "tiles")
    with pytest.raises(ValueError, match="build the tiles first"):
        Valhalla(tmp_path / "none.json")

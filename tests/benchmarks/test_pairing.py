"""The district with unlike minutes: files are read, made ones are as their kind says, figures are told by kind."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import pairing_files
from benchmarks.pairing import Solved, main
from benchmarks.report import Report
from matching.assign import LIGHT, assign
from matching.network import UNPAIRED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three seniors and one volunteer whose week has room for two of them."""
    np.savez(
        tmp_path / "slack09_tiny.npz",
        senior=np.array([0, 1, 2]),
        volunteer=np.array([0, 0, 0]),
        cost=np.array([100, 200, 300]),
        minutes=np.array([60, 60, 35]),
        cap_min=np.array([100]),
        cap_seniors=np.array([10]),
    )
    return tmp_path


def test_file_is_told_by_its_kind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seniors of three fit: the gap and whoever stays unpaired are counted against what is proven."""
    main(["--json", "--path", str(folder), "--fresh", "1", "--seniors", "20", "--volunteers", "5", "--seconds", "0.2"])

    report = Report.from_json(capsys.readouterr().out)

    assert report.figures["runs"] == 1 + len(pairing_files.KINDS)
    assert report.figures["slack09.runs"] == 2
    assert float(report.figures["slack09.most_unpaired"]) >= 1


def test_unpaired_and_gap_are_held_against_what_is_proven(folder: Path) -> None:
    """60 and 35 minutes fit, the other 60 do not: that one is unpaired is proven, and so is the cost."""
    network = pairing_files.read(folder / "slack09_tiny.npz")

    one = Solved(kind="slack09", answer=assign(network, effort=LIGHT), cpu_s=0.0, memory_mb=0.0)

    assert one.answer.chosen.tolist() == [0, UNPAIRED, 2]
    assert (one.answer.objective, one.gap_percent, one.beyond) == (100 + 300 + pairing_files.PENALTY, 0.0, 0)


@pytest.mark.parametrize("kind", pairing_files.KINDS)
def test_made_pairing_is_of_its_seed(kind: str) -> None:
    """A figure can be measured again only on the same pairing."""
    one, same, other = (pairing_files.made(kind, seed, seniors=60, volunteers=12) for seed in (3, 3, 4))

    assert (one.costs == same.costs).all()
    assert (one.capacities_min == same.capacities_min).all()
    assert (one.costs != other.costs).any()


@pytest.mark.parametrize(("kind", "share"), [("slack09", 1.08), ("slack30", 1.44), ("short10", 0.9), ("mixed09", 1.1)])
def test_made_pairing_is_as_tight_as_its_kind_says(kind: str, share: float) -> None:
    """Minutes that volunteers have for each that seniors take decide how hard a pairing is."""
    made = pairing_files.made(kind, 1)

    taken = np.zeros(made.left_count)
    taken[made.lefts] = made.weights_min

    assert made.capacities_min.sum() / taken.sum() == pytest.approx(share, abs=0.06)

"""Equal loads: instances are read as they are published, and an optimum that is not reached is shown."""

import gzip
import json
from pathlib import Path

import pytest

from benchmarks import flow_files
from benchmarks.flow import bare, lp_optimum, main
from benchmarks.report import Report
from matching.flow import cheapest

INSTANCE = {
    "demand": [2, 1],
    "capacity": [2, 1],
    "penalty": 100,
    "arcs": [[0, 0, 1], [0, 1, 0], [5, 20, 7]],
}
BEST = 5 + 20 + 7
"""One unit of the first makes way for the second, who knows no other right."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One packed instance, without its table of optima."""
    (tmp_path / "tiny.json.gz").write_bytes(gzip.compress(json.dumps(INSTANCE).encode()))
    return tmp_path


def asked(folder: Path, capsys: pytest.CaptureFixture[str], optimum: int) -> Report:
    """Measure a folder whose table says this optimum."""
    (folder / flow_files.OPTIMA).write_text(f"instance,optimum_mcf\ntiny,{optimum}\n")
    main(["--json", "--rounds", "1", "--path", str(folder)])
    return Report.from_json(capsys.readouterr().out)


def test_published_file_is_solved_at_its_optimum(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Units, rooms and penalties mean here what they mean to whoever published them."""
    report = asked(folder, capsys, BEST)

    assert (report.figures["tiny.cost"], report.targets[0].holds) == (BEST, True)


def test_missed_optimum_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table that says better than the engine reached must not pass."""
    report = asked(folder, capsys, BEST - 1)

    assert (report.targets[0].value, report.targets[0].holds) == (0, False)


@pytest.mark.parametrize("tightness", [0.7, 1.2], ids=["room for all", "short"])
def test_made_instance_has_one_optimum_for_all_solvers(tightness: float) -> None:
    """A linear program, a bare flow and the engine agree to the unit, so the optimum is one."""
    made = flow_files.made(lefts=60, rights=12, degree=5, tightness=tightness, seed=4)

    assert lp_optimum(made) == bare(made) == cheapest(made).cost

"""Generalized assignment: the standard format is read, made types are as published, figures are counted by class."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import gap_files
from benchmarks.gap import TABLE, main
from benchmarks.report import Report

TINY = """ 2 3
 4 2 9
 6 7 3
 5 5 5
 5 5 5
 10 5
"""
"""Two agents, three jobs: the first agent takes the first two, the second the last, at 4 + 2 + 3."""
BEST = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One published file beside what is none."""
    (tmp_path / "c00203").write_text(TINY)
    (tmp_path / "LICENSE").write_text("for everyone\n")
    return tmp_path


def measured(capsys: pytest.CaptureFixture[str], *options: str) -> Report:
    """Measure with some options."""
    main(["--json", *options])
    return Report.from_json(capsys.readouterr().out)


def test_published_file_is_held_against_its_best_known_value(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Costs, weights and capacities stand where the format says, and the class is that of the file."""
    (folder / TABLE).write_text(f"instance,best_known_value\nc00203,{BEST}\n")

    report = measured(capsys, "--path", str(folder))

    assert (report.figures["instances"], report.figures["c.mean_gap_percent"]) == (1, 0)
    assert [target.holds for target in report.targets] == [True] * 4


def test_bound_above_the_best_known_value_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever is better than the best that is known, or proves too much, has read another instance."""
    (folder / TABLE).write_text(f"instance,best_known_value\nc00203,{BEST - 1}\n")

    report = measured(capsys, "--path", str(folder))

    sound = {target.name: target.holds for target in report.targets}
    assert sound["feasible with a sound bound equal to"] is False


def test_gap_is_to_the_own_bound_where_no_best_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Larger files come without a table; their figures must not look better for that."""
    report = measured(capsys, "--path", str(folder), "--only", "c*")

    assert report.figures["c.mean_gap_percent"] == 0


def test_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a download is no instance."""
    file = tmp_path / "d00203"
    file.write_text(TINY[:-4])

    with pytest.raises(ValueError, match="has 15 numbers; 2 agents and 3 jobs take 16"):
        gap_files.read(file)


@pytest.mark.parametrize("kind", ["c", "d", "e"])
def test_large_instance_is_read_as_it_was_made(tmp_path: Path, kind: str) -> None:
    """The larger classes have the same format, and most of them thousands of lines."""
    made = gap_files.made(kind, 10, 400, seed=2)
    rows = (made.costs.reshape(400, 10).T, made.weights_min.reshape(400, 10).T, made.capacities_min)
    file = tmp_path / "large"
    file.write_text("10 400\n" + " ".join(str(number) for table in rows for number in table.ravel()))

    read = gap_files.read(file)

    assert (read.costs == made.costs).all()
    assert (read.weights_min == made.weights_min).all()
    assert (read.capacities_min == made.capacities_min).all()
    assert (read.rights == made.rights).all()


@pytest.mark.parametrize(("kind", "opposed"), [("c", False), ("d", True), ("e", True)])
def test_cost_and_weight_are_opposed_in_the_hard_types(kind: str, opposed: bool) -> None:  # noqa: FBT001  # a case
    """What makes D and E hard is that a cheap agent takes long; in C the two have nothing to do with each other."""
    made = gap_files.made(kind, 10, 400, seed=2)

    together = float(np.corrcoef(made.costs, made.weights_min)[0, 1])

    assert (together < -0.4) is opposed
    assert np.allclose(made.capacities_min, 0.08 * np.bincount(made.rights, made.weights_min), atol=1)


def test_class_from_four_hundred_jobs_on_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Larger instances have aims of their own."""
    report = measured(capsys, "--agents", "2", "--jobs", "400", "--seconds", "0.01")

    assert [report.figures[f"large_{kind}.instances"] for kind in "cde"] == [1, 1, 1]

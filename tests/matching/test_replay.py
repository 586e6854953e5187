"""A fault of the engine can be seen again from the instance alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matching import replay, solve
from matching.problem import Problem
from matching.replay import load_instance, main, save_instance
from matching.solve import PlanRejected
from tests.matching.instances import quarter
from tests.matching.questions import Need, Volunteer, pair, question, village

ROOT = Path(__file__).parents[2]


def test_instance_is_read_back_whole(tmp_path: Path) -> None:
    """What is solved again is what was asked, to the last digit of a place."""
    asked = quarter(needs=30, volunteers=6, seed=2)

    path = save_instance(asked, tmp_path / "new")

    assert load_instance(path).to_json() == asked.to_json()
    assert path.name.endswith(".instance.json.gz")


def test_same_instance_is_the_same_file(tmp_path: Path) -> None:
    """A fault that returns every night fills no disk; nothing unfinished is left beside it."""
    one, other = save_instance(village(), tmp_path), save_instance(village(), tmp_path)
    third = save_instance(pair(), tmp_path)

    assert one == other
    assert sorted(tmp_path.iterdir()) == sorted([one, third])


def test_instance_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Places are those of homes: nobody else on the machine reads them."""
    assert save_instance(village(), tmp_path).stat().st_mode & 0o077 == 0


def test_right_plan_has_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An instance whose fault is mended says so, and the exit code too."""
    assert main([str(save_instance(village(), tmp_path))]) == 0
    assert capsys.readouterr().out == "0 faults\n"


def test_fault_is_seen_again_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine is broken on purpose: it writes every visit an hour before its window."""
    honest = solve.assemble

    def broken(problem: Problem, *parts: Any) -> Any:
        plan = honest(problem, *parts)
        plan.visits.starts_min[:] = 420
        return plan

    monkeypatch.setattr(solve, "assemble", broken)
    with pytest.raises(PlanRejected) as rejected:
        solve.solve(question(Need(), Volunteer()))

    path = save_instance(rejected.value.problem, tmp_path)

    assert replay.replay(path) == rejected.value.faults
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith("window: need 1")


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b"])
def test_file_that_is_no_instance_is_told(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong path or a torn file is no fault of the engine."""
    path = tmp_path / "torn.instance.json.gz"
    path.write_bytes(content)

    assert main([str(path)]) == 2
    assert "no saved instance" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing")]) == 2


def test_command_runs_by_itself(tmp_path: Path) -> None:
    """An engineer who got the file needs nothing but the package."""
    path = save_instance(pair(), tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "matching.replay", str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "0 faults\n")

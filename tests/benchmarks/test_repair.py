"""The figures of a repair are told at any size, beside what should be reached."""

import pytest

from benchmarks.repair import QUICK, main
from benchmarks.report import Report

LOADS = ("equal", "unlike")


@pytest.fixture(scope="module")
def report() -> Report:
    """The benchmark at its tiny size."""
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr("builtins.print", written.append)
        main(["--json", *QUICK])
    return Report.from_json(written[0])


@pytest.mark.parametrize("loads", LOADS)
def test_repair_is_measured_beside_solving_anew(report: Report, loads: str) -> None:
    """Seconds, familiar faces and cost are told of equal and of unlike loads."""
    told = {target.name.rpartition(" at ")[0] for target in report.targets}

    assert {f"{loads}_repair_per_solve", f"{loads}_untouched_pairs_kept"} <= told
    assert float(report.figures[f"{loads}_lost_pairs"]) > 0
    assert float(report.figures[f"{loads}_changes"]) > 0


@pytest.mark.parametrize("loads", LOADS)
def test_repair_keeps_more_than_solving_anew(report: Report, loads: str) -> None:
    """What a repair is for: whoever solves anew sends strangers."""
    kept = {target.name: float(target.value) for target in report.targets}

    assert kept[f"{loads}_untouched_pairs_kept at least"] >= float(report.figures[f"{loads}_anew_kept"])


def test_substitutes_and_dispatch_are_timed_one_by_one(report: Report) -> None:
    """Whoever waits on the telephone waits for one answer, not for the index."""
    assert float(report.figures["substitutes_ms"]) > 0
    assert float(report.figures["dispatch_ms"]) > 0
    assert float(report.figures["city_visits"]) > float(report.figures["city_seniors"])

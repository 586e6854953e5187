"""Every benchmark runs at a tiny size and answers in the promised form; no time is asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.all import QUICK_BY_NAME, joined, measure
from benchmarks.report import Report, at_most

ROOT = Path(__file__).parents[2]
UNITS = ("_ms", "_s", "_mb", "_m", "_per_s")
STAGES = ("candidates", "pairing", "calendar", "verify")


@pytest.fixture(scope="module")
def quick() -> Report:
    """All benchmarks at their tiny size, each as the process that `make bench` starts."""
    command = [sys.executable, "-m", "benchmarks.all", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Report.from_json(done.stdout)


@pytest.mark.parametrize("name", QUICK_BY_NAME)
def test_every_benchmark_has_figures_and_targets(quick: Report, name: str) -> None:
    """A benchmark without a target says nothing about what should be reached."""
    figures = [figure for figure in quick.figures if figure.startswith(f"{name}.")]
    targets = [target for target in quick.targets if target.name.startswith(f"{name}.")]

    assert any(figure.endswith(UNITS) for figure in figures)
    assert all(target.name.endswith((" at most", " at least", " equal to")) for target in targets)
    assert targets


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_seconds_and_megabytes(quick: Report, stage: str) -> None:
    """A stage that got slower or larger is seen."""
    assert float(quick.figures[f"district.{stage}_s"]) > 0
    assert float(quick.figures[f"district.{stage}_mb"]) >= 0


def test_stores_are_measured_on_both_databases_beside_the_bare_driver(quick: Report) -> None:
    """Rows a second say little without what the driver alone reaches on the same disk."""
    stores = ("sqlite", "bare_sqlite", "postgres")

    measured = [float(quick.figures[f"district.store_visits_{store}_per_s"]) for store in stores]

    assert min(measured) > 0


def test_pairing_is_at_the_optimum_that_other_solvers_find(quick: Report) -> None:
    """The engine, a bare flow, one with more candidates, and HiGHS agree to the metre, with room or without."""
    equal = [target for target in quick.targets if target.name.endswith("equal to")]
    compared = [target for target in equal if target.name.startswith("district.")]

    assert [target.holds for target in compared] == [True] * 5
    assert all(target.value == target.limit for target in compared)


def test_city_is_the_same_plan_wherever_it_is_made(quick: Report) -> None:
    """What is compared are whole plans, equal loads and unlike ones, each judged before it is counted."""
    differ = [target.value for target in quick.targets if target.name.endswith("plans_that_differ equal to")]

    assert differ == [0, 0]
    assert quick.figures["city.equal_needs_met"] == 300


def test_calendar_dates_every_pair_without_a_fault(quick: Report) -> None:
    """Greetings and visits of unlike minutes: nothing undated, nothing that the judge objects to."""
    equal = [target for target in quick.targets if target.name.startswith("calendar.") and "equal" in target.name]

    assert [target.value for target in equal] == [0] * 4


def test_peers_answer_the_same_question(quick: Report) -> None:
    """Exact peers agree to the metre where loads are equal, and a hand is no better."""
    peers = ("engine", "highs_lp", "scipy_lsa", "scipy_milp")
    exact = {float(quick.figures[f"peers.equal_small.{peer}.cost_m"]) for peer in peers}

    assert len(exact) == 1
    assert float(quick.figures["peers.equal_small.by_hand.cost_m"]) >= exact.pop()


def test_demo_leaves_the_same_district_at_every_size(quick: Report) -> None:
    """What is measured is a whole demo: people, dated visits, credits and a page."""
    assert quick.figures["demo.seniors"] == 180
    assert float(quick.figures["demo.transfers"]) > 0
    assert float(quick.figures["demo.page_mb"]) > 0


def test_failing_benchmark_is_no_report() -> None:
    """What was not measured must not pass for measured."""
    assert measure("district", ("--seniors", "none")) is None


def test_joined_report_names_the_benchmark() -> None:
    """Two benchmarks may have a figure of one name."""
    one, other = (
        Report(figures={"whole_s": 1.0}, targets=[at_most("whole_s", 1.0, 2.0)]),
        Report(figures={"whole_s": 3.0}),
    )

    together = joined({"one": one, "other": other, "failed": None})

    assert together.figures == {"one.whole_s": 1.0, "other.whole_s": 3.0}
    assert [target.name for target in together.targets] == ["one.whole_s at most"]

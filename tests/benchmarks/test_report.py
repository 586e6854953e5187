"""Reports tell what was reached, also where it is not what was hoped for."""

import json
from collections.abc import Callable

import pytest

from benchmarks.report import Report, Target, at_least, at_most, equal, show, show_targets, tell

MISSED = at_most("whole_s", 130.0, 120.0)


@pytest.mark.parametrize(
    ("compare", "value", "holds"),
    [
        (at_most, 1.4, True),
        (at_most, 1.5, True),
        (at_most, 1.6, False),
        (at_least, 1.4, False),
        (at_least, 1.5, True),
        (at_least, 1.6, True),
        (equal, 1.4, False),
        (equal, 1.5, True),
    ],
)
def test_target_holds_on_its_own_side(compare: Callable[..., Target], value: float, *, holds: bool) -> None:
    """A target that is read the wrong way round hides what got worse."""
    assert compare("ratio", value, 1.5).holds is holds


def test_report_is_one_object_of_figures_and_targets() -> None:
    """Other programs read the JSON and rely on its form."""
    report = Report(figures={"whole_s": 130.0, "status": "OPTIMAL"}, targets=[MISSED])

    read = json.loads(report.to_json())

    assert read == {
        "figures": {"whole_s": 130.0, "status": "OPTIMAL"},
        "targets": [{"name": "whole_s at most", "value": 130.0, "limit": 120.0, "holds": False}],
    }
    assert Report.from_json(report.to_json()) == report


def test_target_that_does_not_hold_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the one that a reader must see, with its limit as it is."""
    show_targets({"district": Report(targets=[MISSED]), "demo": None})

    rows = [line for line in capsys.readouterr().out.splitlines() if "NO" in line]

    assert ["130" in rows[0], "120" in rows[0], "not measured" in rows[1]] == [True] * 3


def test_table_shows_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """The table says no less than the JSON."""
    show(Report(figures={"pairing_s": 0.1234, "by_hand_s": 4.0}, targets=[MISSED]), "district")

    written = capsys.readouterr().out

    assert all(name in written for name in ("pairing_s", "0.123", "by_hand_s", "whole_s at most"))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.01234, "0.0123"), (1.5, "1.5"), (117_764.3, "117,764"), (175_000, "175,000"), (0, "0"), ("OPTIMAL", "OPTIMAL")],
)
def test_figures_are_written_with_the_digits_that_count(value: float | str, written: str) -> None:
    """Digits that a second run changes are noise."""
    assert tell(value) == written

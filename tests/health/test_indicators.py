"""A warning comes at its threshold, says how long it has lasted, and is not raised by what is not known."""

from math import inf

import pytest

from timebank.health.indicators import concentration, judged, level_of, ratio
from timebank.health.terms import Threshold

BELOW = Threshold(indicator="cover", side="below", notice=1.5, warning=1.0, weeks=3)
ABOVE = Threshold(indicator="near_share", side="above", notice=0.6, warning=0.8, weeks=3)


@pytest.mark.parametrize(
    ("value", "threshold", "level"),
    [
        (1.5, BELOW, "quiet"),
        (1.49, BELOW, "notice"),
        (1.0, BELOW, "notice"),
        (0.99, BELOW, "warning"),
        (0.6, ABOVE, "quiet"),
        (0.61, ABOVE, "notice"),
        (0.81, ABOVE, "warning"),
        (inf, ABOVE, "warning"),
        (None, BELOW, "unknown"),
        (0, BELOW, "warning"),
    ],
)
def test_level_begins_past_its_threshold(value: float | None, threshold: Threshold, level: str) -> None:
    """The threshold itself still is quiet; nothing known is no reason to warn."""
    assert level_of(value, threshold) == level


@pytest.mark.parametrize(
    ("values", "level", "weeks", "is_sustained"),
    [
        ([0.9, 2.0, 2.0, 2.0], "warning", 1, False),
        ([1.2, 0.9, 1.2, 2.0], "notice", 3, True),
        ([0.9, 0.9, 1.2, 0.9], "warning", 2, False),
        ([0.9, 0.9, 0.9, 0.9], "warning", 4, True),
        ([2.0, 0.9, 0.9, 0.9], "quiet", 0, False),
        ([1.2, None, 1.2, 1.2], "notice", 1, False),
        ([None], "unknown", 0, False),
    ],
)
def test_weeks_are_counted_back_from_now(
    values: list[float | None], level: str, weeks: int, *, is_sustained: bool
) -> None:
    """A single bad week is news; three in a row are a state. A worse week counts for the milder level too."""
    found = judged(BELOW, values, formula="a / b")

    assert (found.level, found.weeks, found.is_sustained) == (level, weeks, is_sustained)


@pytest.mark.parametrize(("part", "whole", "found"), [(1, 4, 0.25), (0, 0, None), (3, 0, inf), (0, 5, 0)])
def test_part_of_nothing_is_without_end(part: int, whole: int, found: float | None) -> None:
    """Where much is saved and nothing redeemed the worst is said, and nothing of nothing is not judged."""
    assert ratio(part, whole) == found


def test_concentration_is_that_of_the_tenth_who_have_most() -> None:
    """Of twenty savers the two with most; of a few, the one; those without coins are no savers."""
    assert concentration(dict.fromkeys(range(18), 10) | {18: 100, 19: 220}) == pytest.approx(320 / 500)
    assert concentration({1: 30, 2: 10, 3: 0}) == pytest.approx(0.75)
    assert concentration({}) is None

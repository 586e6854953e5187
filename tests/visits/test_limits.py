"""Limits are data: every one is known, whole and possible."""

from importlib import resources

import pytest

from timebank.visits.limits import STANDARD, read_limits

TOML = (resources.files("timebank.visits") / "limits.toml").read_text(encoding="utf-8")


def test_limits_that_are_shipped_are_read() -> None:
    """A district that says nothing has these."""
    assert read_limits(TOML) == STANDARD


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("overlap_min = 1", "overlap_min = 0", "overlap_min cannot be 0"),
        ("overlap_min = 1", "overlap_min = true", "overlap_min cannot be True"),
        ("overlap_min = 1", "overlap_min = 1.5", "overlap_min cannot be 1.5"),
        ("overlap_min = 1", "overlap_s = 1", r"Unknown limits \['overlap_s'\], missing limits \['overlap_min'\]"),
    ],
)
def test_impossible_limit_is_refused_by_name(old: str, new: str, words: str) -> None:
    """A search with a limit that was mistyped would accuse everybody, or nobody."""
    with pytest.raises(ValueError, match=words):
        read_limits(TOML.replace(old, new))

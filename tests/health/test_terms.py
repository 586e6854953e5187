"""Windows, cohorts, assumptions and thresholds are data that a district sets; what cannot be is refused in words."""

from importlib import resources
from pathlib import Path

import pytest

from timebank.core.errors import WrongInput
from timebank.core.texts import say_refusal
from timebank.health.savers import cohorts
from timebank.health.terms import parse_terms, read_terms

SHIPPED = (resources.files("timebank.health") / "terms.toml").read_text(encoding="utf-8")


def test_shipped_terms_are_sound() -> None:
    """What is installed measures without any file of the district's own."""
    terms = read_terms()

    assert (terms.horizon_days, terms.least_persons, terms.weeks_back) == (30, 5, 3)
    assert cohorts(terms.cohorts) == ("0-49", "50-59", "60-64", "65-69", "70-79", "80+")


def test_district_sets_its_own(tmp_path: Path) -> None:
    """Another window and another threshold, and nothing else changes."""
    (tmp_path / "own.toml").write_text(SHIPPED.replace("horizon_days = 30", "horizon_days = 60"), encoding="utf-8")

    assert read_terms(tmp_path / "own.toml").horizon_days == 60


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("window_weeks = 8", "window_weeks = 0", "window_weeks cannot be '0'; 1 to 52"),
        ("window_weeks = 8", "window_weeks = true", "window_weeks cannot be 'True'"),
        ("window_weeks = 8", "", "just these keys would be right: window_weeks,"),
        ("window_weeks = 8", "window_weeks = = 8", "terms cannot be .*TOML would be right"),
        ("[50, 60, 65, 70, 80]", "[60, 50]", "cohorts cannot be .*rising"),
        ("[1, 2, 5, 10]", "[]", "years_ahead cannot be .*rising"),
        ("low = 0.05", "low = 0.2", "month_share cannot be .*none less than the one before"),
        ("high = 0.30", 'high = "much"', "month_share cannot be"),
        ('indicator = "cover"', 'indicator = "mood"', "warnings.indicator cannot be 'mood'; one of redeemable_share"),
        ('side = "below"', 'side = "left"', "warnings.side cannot be 'left'"),
        ("warning = 0.20", "warning = 0.60", "warnings.warning cannot be '0.6'; a value worse than the notice, 0.4"),
        ("weeks = 4", "weeks = 99", "warnings.weeks cannot be '99'"),
        ("weeks = 4", "weeks = 4\nhair = 1", "warnings cannot be .*just these keys"),
    ],
)
def test_what_cannot_be_is_refused(old: str, new: str, words: str) -> None:
    """Whoever sets a threshold wrong learns which, and what would be right."""
    with pytest.raises(WrongInput, match=words) as caught:
        parse_terms(SHIPPED.replace(old, new, 1))

    assert "would be right" not in say_refusal(caught.value, "zh")


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A mistyped path is no traceback."""
    with pytest.raises(WrongInput, match=r"nowhere\.toml"):
        read_terms(tmp_path / "nowhere.toml")

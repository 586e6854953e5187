"""Minutes are whole; coins and clock times are only ways to write them."""

import pytest

from timebank.core.minutes import format_clock, format_coins


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0"), (60, "1"), (90, "1.5"), (20, "0.33"), (6000, "100"), (-30, "-0.5"), (45, "0.75")]
)
def test_minutes_are_written_as_coins(minutes: int, text: str) -> None:
    """A member reads coins; no zero is lost and none is added."""
    assert format_coins(minutes) == text


@pytest.mark.parametrize(("minute", "text"), [(0, "00:00"), (545, "09:05"), (1439, "23:59"), (1440, "24:00")])
def test_minute_of_a_day_is_written_as_a_clock_shows_it(minute: int, text: str) -> None:
    """A window to the end of a day ends at 24:00, not at 00:00 of it."""
    assert format_clock(minute) == text

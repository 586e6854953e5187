"""Days and weeks are those of Shanghai; moments are aware UTC."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from timebank.core.clock import day_of, moment_at, monday_of, now


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 1, 23, 0, tzinfo=timezone(timedelta(hours=-5))), date(2026, 3, 2)),
    ],
)
def test_day_begins_at_midnight_in_shanghai(moment: datetime, day: date) -> None:
    """A visit at breakfast belongs to its own day, not to the day before in London."""
    assert day_of(moment) == day


def test_day_of_a_naive_moment_is_a_mistake() -> None:
    """The answer would depend on the machine that was asked."""
    with pytest.raises(ValueError, match="needs its time zone"):
        day_of(datetime(2026, 3, 2))  # noqa: DTZ001  # the fault under test


@pytest.mark.parametrize(
    ("minute", "moment"),
    [
        (0, datetime(2026, 3, 1, 16, 0, tzinfo=UTC)),
        (545, datetime(2026, 3, 2, 1, 5, tzinfo=UTC)),
        (1440, datetime(2026, 3, 2, 16, 0, tzinfo=UTC)),
    ],
)
def test_minute_of_a_day_is_a_moment(minute: int, moment: datetime) -> None:
    """A calendar in minutes and a clock in UTC meet at one place."""
    found = moment_at(date(2026, 3, 2), minute)

    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 8)])
def test_week_begins_on_monday(day: date) -> None:
    """A weekly visit on Sunday is of the week that ends then."""
    assert monday_of(day) == date(2026, 3, 2)


def test_now_is_aware_utc() -> None:
    """The edges of the program give moments that every rule can take."""
    assert now().tzinfo is UTC

"""Days and weeks of the district, Asia/Shanghai; moments are aware UTC.

Rules never ask for the time: callers pass it in. ``now`` is for the edges (command line, API).
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return this moment, aware UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Return the day in Shanghai that ``moment`` (aware) falls on.

    Raises
    ------
    ValueError
        When the moment has no time zone: it would be another day on another machine.
    """
    if moment.tzinfo is None:
        message = f"A moment needs its time zone: {moment.isoformat()} has none."
        raise ValueError(message)
    return moment.astimezone(SHANGHAI).date()


def moment_at(day: date, minute: int) -> datetime:
    """Return the moment ``minute`` minutes after midnight of ``day`` in Shanghai, aware UTC."""
    midnight = datetime.combine(day, time(), tzinfo=SHANGHAI)
    return midnight.astimezone(UTC) + timedelta(minutes=minute)


def monday_of(day: date) -> date:
    """Return the Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())

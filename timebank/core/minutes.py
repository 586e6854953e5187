"""Credits are whole minutes; hours and coins exist only in text shown to people."""

COIN_MIN = 60
"""Minutes of one time coin (时间币). Source: Shanghai, 1 hour = 1 coin."""


def format_coins(minutes: int) -> str:
    """Write minutes as coins with at most two decimals: 90 is ``1.5``, 20 is ``0.33``."""
    return f"{minutes / COIN_MIN:.2f}".rstrip("0").rstrip(".")


def format_clock(minute_of_day: int) -> str:
    """Write a minute of the day as ``HH:MM``."""
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"

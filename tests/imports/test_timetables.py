"""How often and when reads as those who keep the lists write it."""

from typing import Any

import pytest

from timebank.imports import timetables
from timebank.imports.faults import CellFault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每天", ("every_n_days", 1)),
        ("每日一次", ("every_n_days", 1)),
        ("daily", ("every_n_days", 1)),
        ("隔天一次", ("every_n_days", 2)),
        ("两天一次", ("every_n_days", 2)),
        ("每两天一次", ("every_n_days", 2)),
        ("十天一次", ("every_n_days", 10)),
        ("Every 3 days", ("every_n_days", 3)),
        ("每周", ("per_week", 1)),
        ("每周2次", ("per_week", 2)),
        ("每周２次", ("per_week", 2)),
        ("1 per week", ("per_week", 1)),
        ("每月一次", ("per_month", 1)),
        ("2 times a month", ("per_month", 2)),
        ("一次", ("once", 1)),
        ("once", ("once", 1)),
    ],
)
def test_frequencies_read(text: str, expected: tuple[str, int]) -> None:
    """How often is written in words by those who keep the lists."""
    assert timetables.frequency(text) == expected


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("一三五", 0b10101),
        ("周一、周三", 0b101),
        ("星期一,礼拜三", 0b101),
        ("周一至周五", 0b11111),
        ("一到五", 0b11111),
        ("周六至周一", 0b1100001),
        ("一至三；五", 0b10111),
        ("工作日", 0b11111),
        ("周末", 0b1100000),
        ("Mon;Wed", 0b101),
        ("Mon-Fri", 0b11111),
        ("每天", 127),
        ("daily", 127),
        ("日", 64),
        ("Sunday", 64),
    ],
)
def test_weekdays_read(text: str, bits: int) -> None:
    """Monday is the first bit everywhere."""
    assert timetables.weekdays(text) == bits


@pytest.mark.parametrize(
    ("text", "window"), [("8:30-17:00", (510, 1020)), ("08：30～17：00", (510, 1020)), ("0:00至24:00", (0, 1440))]
)
def test_hours_read(text: str, window: tuple[int, int]) -> None:
    """Hours are half-open, in minutes after midnight."""
    assert timetables.hours(text) == window


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (timetables.weekdays, "星期八", "weekdays"),
        (timetables.weekdays, "monkey", "weekdays"),
        (timetables.weekdays, "；", "weekdays"),
        (timetables.hours, "17:00-08:00", "hours"),
        (timetables.hours, "8:60-9:00", "hours"),
        (timetables.hours, "8:00-24:30", "hours"),
        (timetables.hours, "上午", "hours"),
        (timetables.frequency, "常常", "frequency"),
        (timetables.frequency, "0天一次", "frequency"),
        (timetables.frequency, "每周8次", "frequency"),
        (timetables.frequency, "每月99次", "frequency"),
    ],
)
def test_wrong_times_say_what_is_right(read: Any, text: str, code: str) -> None:
    """Each kind of fault has its own text."""
    with pytest.raises(CellFault) as fault:
        read(text)

    assert fault.value.code == code

"""Cells read what people write, and say what would be right."""

from datetime import date, datetime
from typing import Any

import pytest

from timebank.imports import cells
from timebank.imports.columns import as_text
from timebank.imports.faults import CellFault, mask


@pytest.mark.parametrize("text", ["2026-01-31", "2026/1/31", "2026年1月31日", "2026.1.31"])
def test_days_read_in_every_usual_form(text: str) -> None:
    """A date typed as text is a date."""
    assert cells.day(text) == date(2026, 1, 31)


@pytest.mark.parametrize("text", ["31.01.2026", "2026-02-30", "昨天", "46053", "1850-01-01", "9999-01-01"])
def test_other_texts_are_no_days(text: str) -> None:
    """A guess at a date would be somebody's wrong birthday."""
    with pytest.raises(CellFault) as fault:
        cells.day(text)

    assert fault.value.code == "day"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("两天一次", ("every_n_days", 2)),
        ("每两天一次", ("every_n_days", 2)),
        ("every 3 days", ("every_n_days", 3)),
        ("每周2次", ("per_week", 2)),
        ("1 per week", ("per_week", 1)),
        ("每月一次", ("per_month", 1)),
        ("2 times a month", ("per_month", 2)),
        ("一次", ("once", 1)),
        ("once", ("once", 1)),
    ],
)
def test_frequencies_read(text: str, expected: tuple[str, int]) -> None:
    """How often is written in words by those who keep the lists."""
    assert cells.frequency(text) == expected


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("一三五", 0b10101),
        ("周一、周三", 0b101),
        ("Mon;Wed", 0b101),
        ("每天", 127),
        ("daily", 127),
        ("日", 64),
        ("Sunday", 64),
    ],
)
def test_weekdays_read(text: str, bits: int) -> None:
    """Monday is the first bit everywhere."""
    assert cells.weekdays(text) == bits


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (cells.identity, "310107194501010029", "identity"),
        (cells.identity, "31010719450101002", "identity"),
        (cells.identity, "310107194513010024", "identity"),
        (cells.phone, "12345", "phone"),
        (cells.whole(1, 10), "11", "whole"),
        (cells.whole(1, 10), "1.5", "whole"),
        (cells.degrees, "31°15'", "degrees"),
        (cells.cents, "12.345", "yuan"),
        (cells.weekdays, "星期八", "weekdays"),
        (cells.hours, "17:00-08:00", "hours"),
        (cells.hours, "8:60-9:00", "hours"),
        (cells.frequency, "常常", "frequency"),
        (cells.ref, "a b", "ref"),
        (cells.text(3), "abcd", "long"),
        (cells.choice({"bath": 1}), "boot", "choice"),
        (cells.choice({"bath": 1}), "bth", "choice_near"),
    ],
)
def test_wrong_cells_say_what_is_right(read: Any, text: str, code: str) -> None:
    """Each kind of fault has its own text."""
    with pytest.raises(CellFault) as fault:
        read(text)

    assert fault.value.code == code


def test_right_cells_read() -> None:
    """The right forms come out as values."""
    assert cells.cents("1,234.5元") == 123_450
    assert cells.hours("8:30-17:00") == (510, 1020)
    assert cells.phone("+86 17000000001") == "17000000001"
    assert cells.several({"孤老": "childless", "独居": "alone"})("孤老、独居") == ("alone", "childless")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        (17000000001.0, "17000000001"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02"), "2026-01-02"),
    ],
)
def test_numbers_and_dates_become_text(raw: object, text: str) -> None:
    """A spreadsheet turns a telephone number into a float; it is one again."""
    assert as_text(raw) == text


@pytest.mark.parametrize(("raw", "code"), [("#REF!", "formula"), ("a\x07b", "control"), ("x" * 501, "long")])
def test_cells_that_hold_no_value_are_faults(raw: str, code: str) -> None:
    """A broken formula is no name."""
    with pytest.raises(CellFault) as fault:
        as_text(raw)

    assert fault.value.code == code


def test_personal_values_are_masked() -> None:
    """A list of faults is mailed around; it must not be a register."""
    assert mask("310107194501010028") == "31***"

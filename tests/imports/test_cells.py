"""Cells read what people write, and say what would be right."""

from datetime import date, datetime, time
from typing import Any

import pytest

from timebank.imports import cells
from timebank.imports.columns import as_text
from timebank.imports.faults import CellFault


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026/1/31",
        "2026年1月31日",
        "2026 年 1 月 31 日",
        "2026.1.31",
        "20260131",
        "２０２６年１月３１日",
        "２０２６－０１－３１",
        "2026-01-31 00:00:00",
        "2026-01-31T08:30:00.000",
        "2026/1/31 8:30",
    ],
)
def test_days_read_in_every_usual_form(text: str) -> None:
    """A date typed as text is a date."""
    assert cells.day(text) == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31.01.2026", "day"),
        ("1/31/2026", "day"),
        ("26-01-31", "day"),
        ("2026-02-30", "day"),
        ("2026-13-01", "day"),
        ("2026-01", "day"),
        ("昨天", "day"),
        ("1850-01-01", "day"),
        ("9999-01-01", "day"),
        ("٢٠٢٦-٠١-٣١", "day"),
        ("46053", "day_serial"),
        ("46053.5", "day_serial"),
    ],
)
def test_other_texts_are_no_days(text: str, code: str) -> None:
    """A guess at a date would be somebody's wrong birthday; a count of days is said to be one."""
    with pytest.raises(CellFault) as fault:
        cells.day(text)

    assert fault.value.code == code


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (cells.identity, "310107194501010029", "identity"),
        (cells.identity, "31010719450101002", "identity"),
        (cells.identity, "310107450101002", "identity"),
        (cells.identity, "310107194513010024", "identity"),
        (cells.identity, "3.10107194501010E+17", "lost"),
        (cells.identity, "3.1E+17", "lost"),
        (cells.phone, "1.7E+10", "lost"),
        (cells.ref, "1E+10", "lost"),
        (cells.phone, "12345", "phone"),
        (cells.phone, "1700000000", "phone"),
        (cells.phone, "17000000001;17000000002", "phone"),
        (cells.phone, "٠٢١٦٢٠٠٠٠٠٠", "phone"),
        (cells.whole(1, 10), "11", "whole"),
        (cells.whole(1, 10), "0", "whole"),
        (cells.whole(1, 10), "1.5", "whole"),
        (cells.whole(1, 10), "1_0", "whole"),
        (cells.degrees, "31°15'", "degrees"),
        (cells.degrees, "nan", "degrees"),
        (cells.degrees, "inf", "degrees"),
        (cells.degrees, "1e400", "degrees"),
        (cells.degrees, "181", "degrees"),
        (cells.degrees, "3_1.2", "degrees"),
        (cells.cents, "12.345", "yuan"),
        (cells.cents, "5万", "yuan"),
        (cells.cents, "-1", "yuan"),
        (cells.ref, "a b", "ref"),
        (cells.ref, "../a", "ref"),
        (cells.ref, "a" * 65, "ref"),
        (cells.text(3), "abcd", "long"),
        (cells.choice({"bath": 1}), "boot", "choice"),
        (cells.choice({"bath": 1}), "bth", "choice_near"),
        (cells.choice({}), "bath", "choice_none"),
    ],
)
def test_wrong_cells_say_what_is_right(read: Any, text: str, code: str) -> None:
    """Each kind of fault has its own text."""
    with pytest.raises(CellFault) as fault:
        read(text)

    assert fault.value.code == code


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (cells.cents, "1,234.5元", 123_450),
        (cells.cents, "￥１００", 10_000),
        (cells.cents, "0.05", 5),
        (cells.phone, "+86 170-0000-0001", "17000000001"),
        (cells.phone, "（021）6200 0000", "02162000000"),
        (cells.phone, "１７０００００００１１", "17000000011"),
        (cells.identity, " 11010519491231002x", "11010519491231002X"),
        (cells.identity, "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        (cells.ref, "Ｌ００１", "L001"),
        (cells.whole(1, 10), "１０", 10),
        (cells.degrees, "３１．２６", 31.26),
        (cells.text(9), "张\n 三", "张 三"),
        (cells.several({"孤老": "childless", "独居": "alone"}), "孤老、独居\n孤老", ("alone", "childless")),
        (cells.or_none(cells.phone), "无", None),
        (cells.or_none(cells.phone), "17000000001", "17000000001"),
        (cells.or_none(cells.several({"孤老": "childless"}), ()), "None", ()),
        (cells.choice(cells.GENDERS), "女 ", "female"),
        (cells.choice(cells.GENDERS), "Ｆ", "female"),
    ],
)
def test_right_cells_read(read: Any, text: str, value: object) -> None:
    """Full width, separators and small habits of those who type do not matter."""
    assert read(text) == value


def test_an_unknown_word_is_told_the_first_words_of_the_table() -> None:
    """A clerk is told Chinese names first, the same ones every time, and not a hundred of them."""
    known = {word: n for n in range(20) for word in (f"甘泉{n}", f"a{n}")}

    with pytest.raises(CellFault) as fault:
        cells.choice(known)("zzzz")

    assert fault.value.values["known"] == "甘泉0、甘泉1、甘泉2、甘泉3、甘泉4、甘泉5、甘泉6、甘泉7…"


def test_nearest_words_are_looked_for_a_bounded_number_of_times() -> None:
    """A file whose every row is wrong in another way is told so without a search for each."""
    read = cells.choice({"bath": 1})
    faults = []
    for n in range(cells.MOST_GUESSED + 1):
        with pytest.raises(CellFault) as fault:
            read(f"bath{n}")
        faults.append(fault.value.code)

    assert faults == ["choice_near"] * cells.MOST_GUESSED + ["choice"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        (17000000001.0, "17000000001"),
        (17000000001, "17000000001"),
        (1999.9999999999998, "2000"),
        (310107194501010000, "3.1010719450101e+17"),
        (3.1010719450101e17, "3.1010719450101e+17"),
        (float("nan"), "nan"),
        (True, "1"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02T08:30:00"), "2026-01-02 08:30:00"),
        (time(8, 30), "08:30:00"),
        ("\u202d17000000001\u202c", "17000000001"),
        ("\ufeff张\u200b三\u00a0", "张三"),
        ("　张三　", "张三"),
        ("Ａ座１０１室，左转", "A座101室，左转"),
        ('="00123"', "00123"),
        ("'00123", "00123"),
        ("a\nb", "a\nb"),
    ],
)
def test_what_a_spreadsheet_holds_becomes_text(raw: object, text: str) -> None:
    """A spreadsheet turns numbers into floats, a telephone wraps them in signs that nobody sees; they are one again."""
    assert as_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("#REF!", "formula"),
        ("#N/A", "formula"),
        ("#NAME?", "formula"),
        ("#?", "formula"),
        ('=HYPERLINK("http://x","y")', "formula"),
        ("'=1+1", "formula"),
        ("a\x07b", "control"),
        ("a\x1b[31mb", "control"),
        ("a\x9bb", "control"),
        ("a\ud800b", "control"),
        ("x" * 501, "long"),
        ("长" * 32_767, "long"),
    ],
)
def test_cells_that_hold_no_value_are_faults(raw: str, code: str) -> None:
    """A broken formula is no name, and a formula is none either."""
    with pytest.raises(CellFault) as fault:
        as_text(raw)

    assert fault.value.code == code

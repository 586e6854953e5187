"""A day's sheet: every fault by row and column, looked at first, written whole or not at all, and only once."""

from datetime import datetime
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlmodel import Session

from tests.programmes.conftest import Care
from timebank.imports.files import Source
from timebank.programmes.sheets import SheetRead, columns, record_sheet, template

HEAD = "老人编号,日期,结果,方式,时间,分钟,情况,备注"


def _read(session: Session, care: Care, content: bytes, now: datetime, *, is_dry_run: bool = False) -> SheetRead:
    source = Source("day.csv", content)
    programme = care.programme(session)
    return record_sheet(session, programme, source, actor=care.actor, now=now, is_dry_run=is_dry_run)


def _lines(care: Care, session: Session) -> list[str]:
    """Write a sheet of the greetings of the first day that has any: the first failed, others were met."""
    visits = care.visits(session)
    ref_by_need = {care.world.needs[f"{ref}-greeting"]: ref for ref in care.world.seniors}
    of_day = [one for one in visits if one.day == visits[0].day and ref_by_need[one.need_id] != "S4"]
    refs = [ref_by_need[one.need_id] for one in of_day]
    first, *rest = [f"{ref},{visits[0].day}" for ref in refs]
    return [HEAD, f"{first},未联系上,,,,,无人接听", *(f"{one},已问候,上门,09:30,12,不适,感冒" for one in rest)]


def _csv(lines: list[str]) -> bytes:
    return "\n".join(lines).encode("utf-8-sig")


def _workbook(lines: list[str]) -> bytes:
    book, content = Workbook(), BytesIO()
    page = book.active or book.create_sheet()
    for line in lines:
        page.append(line.split(","))
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("written", [_csv, _workbook], ids=["csv", "excel"])
def test_sheet_is_written_once(session: Session, paired: Care, written: object) -> None:
    """A dry run writes nothing; then it is written; handed in again, it changes nothing."""
    now = paired.later(days=2)
    lines = _lines(paired, session)
    content = written(lines)  # type: ignore[operator]  # one of the two writers

    tried = _read(session, paired, content, now, is_dry_run=True)
    planned = len(paired.visits(session, "missed"))
    done, again = (_read(session, paired, content, now) for _ in range(2))

    count = len(lines) - 1
    assert (tried.recorded, planned) == (count, 0)
    assert (done.recorded, done.unchanged, done.fault_count) == (count, 0, 0)
    assert (again.recorded, again.unchanged, again.fault_count) == (0, count, 0)
    assert len(paired.visits(session, "missed")) == 1
    assert [one.served_min for one in paired.visits(session, "confirmed")] == [12] * (count - 1)


@pytest.mark.parametrize(
    ("line", "row", "column", "code"),
    [
        ("S5,2026-03-02,已问候,,,,,", 2, "老人编号", "no_greeting"),
        ("S4,2026-03-02,已问候,,,,,", 2, "老人编号", "no_greeting"),
        (",2026-03-02,已问候,,,,,", 2, "老人编号", "empty"),
        ("S1,2.3.2026,已问候,,,,,", 2, "日期", "day"),
        ("S1,2026-03-09,已问候,,,,,", 2, "日期", "greeting_ahead"),
        ("S1,2026-03-02,也许,,,,,", 2, "结果", "choice"),
        ("S1,2026-03-02,已问候,写信,,,,", 2, "方式", "choice"),
        ("S1,2026-03-02,已问候,,半夜,,,", 2, "时间", "clock"),
        ("S1,2026-03-02,已问候,,,0,,", 2, "分钟", "whole"),
        ("S1,2026-03-02,已问候,,,,很好,", 2, "情况", "choice"),
    ],
)
def test_fault_names_row_and_column(
    session: Session, paired: Care, line: str, row: int, column: str, code: str
) -> None:
    """What is wrong stands where the clerk mends it, in both languages, and nothing of the sheet is written."""
    found = _read(session, paired, _csv([HEAD, line]), paired.later(days=2))

    (fault,) = found.faults
    assert (fault.row, fault.column, fault.code) == (row, column, code)
    assert fault.told("zh") != fault.told("en")
    assert paired.visits(session, "confirmed") == []


def test_sheet_with_one_fault_writes_nothing(session: Session, paired: Care) -> None:
    """Half a sheet is worse than none: nobody knows which half."""
    lines = [*_lines(paired, session), "S5,2026-03-02,已问候,,,,,"]

    found = _read(session, paired, _csv(lines), paired.later(days=2))

    assert (found.recorded, found.fault_count) == (0, 1)
    assert paired.visits(session, "missed") == []


def test_row_that_comes_twice_is_told(session: Session, paired: Care) -> None:
    """Two lines for one greeting: which of them is true only the clerk knows."""
    head, line, *_ = _lines(paired, session)

    found = _read(session, paired, _csv([head, line, line]), paired.later(days=2))

    assert [(fault.row, fault.code) for fault in found.faults] == [(3, "doubled_greeting")]


def test_what_was_written_otherwise_is_told(session: Session, paired: Care) -> None:
    """A second sheet that says another thing does not write over the first."""
    head, line, *_ = _lines(paired, session)
    _read(session, paired, _csv([head, line]), paired.later(days=2))
    met = line.replace("未联系上", "已问候")

    found = _read(session, paired, _csv([head, met]), paired.later(days=2))

    assert [(fault.row, fault.column, fault.code) for fault in found.faults] == [(2, "结果", "greeting_otherwise")]


def test_time_that_has_not_come_is_told(session: Session, paired: Care) -> None:
    """A greeting of this afternoon, written down at noon."""
    visit = paired.visits(session, ref="S1")[0]
    noon = paired.later(days=(visit.day - paired.noon.date()).days)
    line = f"S1,{visit.day},已问候,,15:00,10,,"

    found = _read(session, paired, _csv([HEAD, line]), noon)

    assert [(fault.column, fault.code) for fault in found.faults] == [("时间", "greeting_ahead")]


def test_template_is_read_as_it_is(session: Session, paired: Care) -> None:
    """An empty sheet has the very headers that are read, and its example is a greeting that could be."""
    found = _read(session, paired, template().encode(), paired.later(days=2))

    assert template().splitlines()[0].split(",") == [column.names[0] for column in columns()]
    assert [fault.code for fault in found.faults] == ["no_greeting"]

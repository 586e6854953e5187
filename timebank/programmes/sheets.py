"""A day's sheet of greetings, as CSV or Excel: faults by row and column, looked at first, written whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.imports import cells
from timebank.imports.columns import Column, read_cells
from timebank.imports.faults import CellFault, Fault, Faults
from timebank.imports.files import Source
from timebank.imports.kinds import Entry
from timebank.imports.rows import in_chunks
from timebank.imports.sheets import read_lines
from timebank.programmes.greetings import SENIOR, Greeting, is_as_written, outcome_of, programme_visits, write_contacts
from timebank.programmes.programmes import ENROLMENT, programme_number
from timebank.programmes.tables import CareProgramme
from timebank.visits.diary import Outcome, record_day
from timebank.visits.life import VISIT

CLOCK = re.compile(r"([01]?\d|2[0-3])[:：点]([0-5]\d)分?", re.ASCII)
MET = {"已问候": True, "met": True, "已联系": True, "是": True, "未联系上": False, "not met": False, "未接": False}
WAYS = {"电话": "phone", "phone": "phone", "上门": "door", "door": "door", "视频": "video", "video": "video"}
CONDITIONS = {
    "良好": "well",
    "well": "well",
    "不适": "unwell",
    "unwell": "unwell",
    "需要帮助": "needs_help",
    "needs help": "needs_help",
}
MOST_MINUTES = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRead:
    """What a sheet wrote, or would write: greetings that are new, those that stand, and its faults."""

    recorded: int = 0
    unchanged: int = 0
    fault_count: int = 0
    faults: tuple[Fault, ...] = field(default=())


def clock(cell: str) -> int:
    """Read a time of the day, such as 9:30, as its minute."""
    found = CLOCK.fullmatch(cells.narrow(cell).partition(" ")[0].removesuffix(":00") if cell.count(":") == 2 else cell)
    if not found:
        raise CellFault("clock")
    return int(found[1]) * 60 + int(found[2])


def columns() -> tuple[Column, ...]:
    """Return the columns of a sheet, the name for templates first."""
    rows: tuple[tuple[str, tuple[str, ...], Any, bool, Any, str], ...] = (
        ("senior", ("老人编号", "senior", "编号"), cells.ref, True, None, "S00001"),
        ("day", ("日期", "day", "date"), cells.day, True, None, "2026-03-02"),
        ("is_met", ("结果", "result", "是否联系上"), cells.choice(MET), True, None, "已问候"),
        ("way", ("方式", "way"), cells.choice(WAYS), False, "", "电话"),
        ("began_min", ("时间", "time", "开始时间"), clock, False, None, "09:30"),
        ("minutes", ("分钟", "minutes", "时长"), cells.whole(1, MOST_MINUTES), False, None, "10"),
        ("condition", ("情况", "condition", "老人情况"), cells.choice(CONDITIONS), False, "well", "良好"),
        ("note", ("备注", "note"), cells.text(400), False, "", ""),
    )
    return tuple(
        Column(
            key=key,
            names=names,
            read=read,
            is_required=is_required,
            is_personal=key == "note",
            default=default,
            example=example,
        )
        for key, names, read, is_required, default, example in rows
    )


def template() -> str:
    """Return an empty sheet with one example, as a spreadsheet reads it."""
    known = columns()
    return "\n".join((",".join(one.names[0] for one in known), ",".join(one.example for one in known), ""))


def record_sheet(
    session: Session,
    programme: CareProgramme,
    source: Source,
    *,
    actor: str,
    now: datetime,
    is_dry_run: bool = False,
) -> SheetRead:
    """Write down a sheet of a programme; with a fault, or as a dry run, nothing is written.

    The same sheet again changes nothing.

    Raises
    ------
    FileRefused
        When the file cannot be read at all.
    """
    faults, known = Faults(), columns()
    entries = []
    for line in read_lines(source, known, faults):
        values, filled = read_cells(known, line.cells, line.sheet, line.row, faults)
        entries.append(Entry(sheet=line.sheet, row=line.row, values=values, filled=filled))
    found = _find(session, programme, entries)
    _note_doubles(entries, faults)
    fresh, unchanged = _compare(entries, found, faults, now)
    if faults.count:
        return SheetRead(fault_count=faults.count, faults=faults.in_order())
    if not is_dry_run:
        _write(session, fresh, actor, now)
    return SheetRead(recorded=len(fresh), unchanged=unchanged)


Key = tuple[str, date]
"""The reference of a senior, and a day."""
Greeted = tuple[Row[Any], Greeting]


def _find(session: Session, programme: CareProgramme, entries: Sequence[Entry]) -> dict[Key, Row[Any]]:
    """Return the visits of the programme on the days of a sheet, of the seniors that it names."""
    named = [one for one in entries if one.has("senior", "day")]
    refs = sorted({one.values["senior"] for one in named})
    days = sorted({one.values["day"] for one in named})
    found: dict[Key, Row[Any]] = {}
    if not days:
        return found
    wanted = (
        programme_visits()
        .add_columns(SENIOR.c.external_ref.label("senior_ref"))
        .join(SENIOR, SENIOR.c.person_id == ENROLMENT.c.senior_id)
        .where(VISIT.c.day >= days[0], VISIT.c.day <= days[-1], VISIT.c.status != "cancelled")
    )
    number = programme_number(programme)
    for some in in_chunks(refs):
        for row in session.connection().execute(wanted.where(SENIOR.c.external_ref.in_(some))):
            if row.programme_id == number:
                found[row.senior_ref, row.day] = row
    return found


def _note_doubles(entries: Sequence[Entry], faults: Faults) -> None:
    first: dict[Key, int] = {}
    for entry in entries:
        if entry.has("senior", "day"):
            key = (entry.values["senior"], entry.values["day"])
            if key in first:
                entry.fault(faults, "老人编号", key[0], "doubled_greeting", row=first[key])
            first.setdefault(key, entry.row)


def _compare(
    entries: Sequence[Entry], found: dict[Key, Row[Any]], faults: Faults, now: datetime
) -> tuple[list[Greeted], int]:
    """Return the greetings that are new, and how many stand as the sheet says; what cannot be is noted."""
    fresh: list[Greeted] = []
    unchanged = 0
    for entry in entries:
        if not entry.has("senior", "day", "is_met", "way", "began_min", "minutes", "condition", "note"):
            continue
        visit = found.get((entry.values["senior"], entry.values["day"]))
        greeting = Greeting(**{key: value for key, value in entry.values.items() if key not in ("senior", "day")})
        if entry.values["day"] > day_of(now):
            entry.fault(faults, "日期", entry.values["day"], "greeting_ahead")
        elif visit is None:
            entry.fault(faults, "老人编号", entry.values["senior"], "no_greeting", day=entry.values["day"])
        elif visit.status == "planned":
            if _ends_ahead(outcome_of(visit, greeting), visit.day, now):
                entry.fault(faults, "时间", entry.values["began_min"], "greeting_ahead")
            fresh.append((visit, greeting))
        elif is_as_written(visit, greeting):
            unchanged += 1
        else:
            entry.fault(faults, "结果", "", "greeting_otherwise")
    return fresh, unchanged


def _ends_ahead(outcome: Outcome, day: date, now: datetime) -> bool:
    """Tell whether a greeting is said to have ended at a moment that has not come."""
    return outcome.status != "missed" and moment_at(day, outcome.began_min + outcome.served_min) > now


def _write(session: Session, fresh: Sequence[Greeted], actor: str, now: datetime) -> None:
    by_day: dict[date, list[Greeted]] = {}
    for one in fresh:
        by_day.setdefault(one[0].day, []).append(one)
    for day, greeted in sorted(by_day.items()):
        record_day(session, day, [outcome_of(*one) for one in greeted], actor=actor, now=now)
        write_contacts(session, greeted, actor=actor, now=now)

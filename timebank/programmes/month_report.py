"""What an organisation reports of a month: by programme and street, day by day; every total is the sum of its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.people.tables import Organisation
from timebank.programmes.feedback import FEEDBACK, SIDES, differs
from timebank.programmes.follow_ups import AREA, FOLLOW_UP
from timebank.programmes.greetings import CONTACT, HELD
from timebank.programmes.months import Month
from timebank.programmes.programmes import ENROLMENT, PROGRAMME
from timebank.visits.life import VISIT

WAYS = ("phone", "door", "video")
CALLED_OFF, OPEN = "cancelled", ("planned", "checked_in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Figures of a month, of a street in a programme or of all; each is a count of rows, minutes are a sum.

    ``due`` are visits that were not called off; ``held`` were given, by the way they were given; ``missed`` and
    ``unrecorded`` were not. ``unwell`` says where something had to be told.
    """

    enrolled: int = 0
    met: int = 0
    due: int = 0
    held: int = 0
    phone: int = 0
    door: int = 0
    video: int = 0
    missed: int = 0
    unrecorded: int = 0
    called_off: int = 0
    served_min: int = 0
    unwell: int = 0
    follow_ups: int = 0
    in_time: int = 0
    late: int = 0
    open: int = 0
    committee: int = 0

    def __add__(self, other: "Line") -> "Line":
        return Line(**{name: getattr(self, name) + getattr(other, name) for name in FIGURES})

    @property
    def rate(self) -> float | None:
        """Held of what was due; nothing where nothing was."""
        return self.held / self.due if self.due else None


Key = tuple[int, int]
"""The numbers of a programme and a sub-district."""
Days = tuple[date, date]
"""Days, half-open."""
FIGURES = tuple(one.name for one in fields(Line))
"""Names of the figures of a line, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A line of a sub-district in a programme."""

    programme: str
    programme_zh: str
    programme_en: str
    area: str
    area_zh: str
    area_en: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one party said in a month: how many, how many that it did not happen, and how content they were."""

    side: str
    said: int = 0
    not_happened: int = 0
    rated: int = 0
    satisfaction_sum: int = 0

    @property
    def satisfaction(self) -> float | None:
        """The mean of those who said it."""
        return self.satisfaction_sum / self.rated if self.rated else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """A month of an organisation: streets, days, what three parties said, and on how many visits they differ."""

    organisation: str
    name_zh: str
    name_en: str
    month: Month
    made_at: datetime
    streets: tuple[Street, ...]
    days: tuple[tuple[date, Line], ...]
    voices: tuple[Voice, ...]
    differences: int

    @property
    def total(self) -> Line:
        """The sum of the streets."""
        return total_of(street.line for street in self.streets)


def total_of(lines: Iterable[Line]) -> Line:
    """Add lines up."""
    return sum(lines, Line())


def month_report(session: Session, organisation_id: int, month: Month, *, now: datetime) -> MonthReport:
    """Count a month of an organisation's programmes from the rows, up to today; without any it is a report of zeros."""
    organisation = session.get_one(Organisation, organisation_id)
    days = (month.from_day, max(month.from_day, min(month.to_day, day_of(now) + timedelta(days=1))))
    lines, by_day = _visits(session, organisation_id, days)
    for key, changes in _beside(session, organisation_id, days, now).items():
        lines[key] = replace(lines.get(key, Line()), **changes)
    for key, line in lines.items():
        lines[key] = replace(line, phone=line.held - line.door - line.video)
    return MonthReport(
        organisation=organisation.code,
        name_zh=organisation.name_zh,
        name_en=organisation.name_en,
        month=month,
        made_at=now,
        streets=tuple(_streets(session, organisation_id, lines)),
        days=tuple((day, by_day.get(day, Line())) for day in _days(month)),
        voices=_voices(session, organisation_id, days),
        differences=_differences(session, organisation_id, days),
    )


def _days(month: Month) -> list[date]:
    return [month.from_day + timedelta(days=n) for n in range((month.to_day - month.from_day).days)]


def _of_month(wanted: Select[Any], organisation_id: int, days: Days) -> Select[Any]:
    """Keep to the visits of some days of an organisation's programmes.

    A sum is in no index: so every planner begins with the visits of the days, and not with all years of each need.
    """
    return (
        wanted.join(ENROLMENT, ENROLMENT.c.need_id == VISIT.c.need_id + 0)
        .join(PROGRAMME, PROGRAMME.c.id == ENROLMENT.c.programme_id)
        .where(PROGRAMME.c.organisation_id == organisation_id)
        .where(VISIT.c.day >= days[0], VISIT.c.day < days[1])
    )


def _visits(session: Session, organisation_id: int, days: Days) -> tuple[dict[Key, Line], dict[date, Line]]:
    """Count the visits by programme and street, and by day."""
    v, e = VISIT.c, ENROLMENT.c
    counted = select(e.programme_id, e.area_id, v.day, v.status, func.count(), func.sum(v.served_min)).select_from(
        VISIT
    )
    counted = _of_month(counted, organisation_id, days).group_by(e.programme_id, e.area_id, v.day, v.status)
    lines: dict[Key, Line] = {}
    by_day: dict[date, Line] = {}
    for programme, area, day, status, count, minutes in session.connection().execute(counted):
        line = _line(status, count, int(minutes or 0))
        lines[programme, area] = lines.get((programme, area), Line()) + line
        by_day[day] = by_day.get(day, Line()) + line
    return lines, by_day


def _line(status: str, count: int, minutes: int) -> Line:
    if status == CALLED_OFF:
        return Line(called_off=count)
    if status in HELD:
        return Line(due=count, held=count, served_min=minutes)
    return Line(due=count, unrecorded=count) if status in OPEN else Line(due=count, missed=count)


def _beside(session: Session, organisation_id: int, days: Days, now: datetime) -> dict[Key, dict[str, int]]:
    """Count what stands beside visits, by programme and street."""
    found: dict[Key, dict[str, int]] = {}
    for rows in (
        _enrolled(organisation_id, days),
        _met(organisation_id, days),
        _ways(organisation_id, days),
        _followed(organisation_id, days, now),
    ):
        for row in session.connection().execute(rows).mappings():
            values = {name: int(value or 0) for name, value in row.items() if name in FIGURES}
            found.setdefault((row["programme_id"], row["area_id"]), {}).update(values)
    return found


def _enrolled(organisation_id: int, days: Days) -> Select[Any]:
    e = ENROLMENT.c
    return (
        select(e.programme_id, e.area_id, func.count().label("enrolled"))
        .join(PROGRAMME, PROGRAMME.c.id == e.programme_id)
        .where(PROGRAMME.c.organisation_id == organisation_id, e.from_day < days[1], e.ended_at.is_(None))
        .where(PROGRAMME.c.from_day < days[1], PROGRAMME.c.to_day > days[0])
        .group_by(e.programme_id, e.area_id)
    )


def _met(organisation_id: int, days: Days) -> Select[Any]:
    e = ENROLMENT.c
    counted = select(e.programme_id, e.area_id, func.count(VISIT.c.need_id.distinct()).label("met")).select_from(VISIT)
    counted = _of_month(counted, organisation_id, days).where(VISIT.c.status.in_(HELD))
    return counted.group_by(e.programme_id, e.area_id)


def _ways(organisation_id: int, days: Days) -> Select[Any]:
    """Count held visits by way: as the contact beside them says, else as is usual in the programme."""
    e, way = ENROLMENT.c, func.coalesce(CONTACT.c.way, PROGRAMME.c.usual_way)
    ways = [_count(way == name, name) for name in WAYS[1:]]
    unwell = _count(CONTACT.c.condition.in_(("unwell", "needs_help")), "unwell")
    counted: Select[Any] = select(e.programme_id, e.area_id, *ways, unwell).select_from(
        VISIT.outerjoin(CONTACT, CONTACT.c.visit_id == VISIT.c.id)
    )
    counted = _of_month(counted, organisation_id, days).where(VISIT.c.status.in_(HELD))
    return counted.group_by(e.programme_id, e.area_id)


def _followed(organisation_id: int, days: Days, now: datetime) -> Select[Any]:
    f = FOLLOW_UP.c
    return (
        select(
            f.programme_id,
            f.area_id,
            func.count().label("follow_ups"),
            _count(f.closed_at <= f.due_at, "in_time"),
            _count(f.closed_at > f.due_at, "late"),
            _count(f.closed_at.is_(None), "open"),
            _count(f.level == "committee", "committee"),
        )
        .join(PROGRAMME, PROGRAMME.c.id == f.programme_id)
        .where(PROGRAMME.c.organisation_id == organisation_id, f.opened_at <= now)
        .where(f.day >= days[0], f.day < days[1])
        .group_by(f.programme_id, f.area_id)
    )


def _count(condition: ColumnElement[bool], name: str) -> Any:
    return func.sum(case((condition, 1), else_=0)).label(name)


def _streets(session: Session, organisation_id: int, lines: dict[Key, Line]) -> Iterable[Street]:
    """Yield a street for each line that holds anything, by programme and code."""
    p = PROGRAMME.c
    programmes = {
        row.id: row
        for row in session.connection().execute(select(PROGRAMME).where(p.organisation_id == organisation_id))
    }
    areas: dict[int, Row[Any]] = {
        row.id: row for row in session.connection().execute(select(AREA).where(AREA.c.level == "subdistrict"))
    }
    for programme, area in sorted(lines, key=lambda key: (programmes[key[0]].code, areas[key[1]].code)):
        contract, street = programmes[programme], areas[area]
        yield Street(
            programme=contract.code,
            programme_zh=contract.name_zh,
            programme_en=contract.name_en or contract.name_zh,
            area=street.code,
            area_zh=street.name_zh,
            area_en=street.name_en,
            line=lines[programme, area],
        )


def _voices(session: Session, organisation_id: int, days: Days) -> tuple[Voice, ...]:
    f = FEEDBACK.c
    counted: Select[Any] = select(
        f.side, func.count(), _count(f.happened == 0, "no"), func.count(f.satisfaction), func.sum(f.satisfaction)
    ).select_from(FEEDBACK.join(VISIT, VISIT.c.id == f.visit_id))
    rows = session.connection().execute(_of_month(counted, organisation_id, days).group_by(f.side))
    found = {row[0]: Voice(side=row[0], **_numbers(tuple(row))) for row in rows}
    return tuple(found.get(side, Voice(side=side)) for side in SIDES)


def _numbers(row: Sequence[Any]) -> dict[str, int]:
    return {
        "said": int(row[1]),
        "not_happened": int(row[2]),
        "rated": int(row[3]),
        "satisfaction_sum": int(row[4] or 0),
    }


def _differences(session: Session, organisation_id: int, days: Days) -> int:
    """Count the visits on which the parties differ."""
    unlike = select(VISIT.c.id).select_from(FEEDBACK.join(VISIT, VISIT.c.id == FEEDBACK.c.visit_id))
    unlike = _of_month(unlike, organisation_id, days).group_by(VISIT.c.id).having(differs())
    return int(session.connection().execute(select(func.count()).select_from(unlike.subquery())).scalar_one())

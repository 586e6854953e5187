"""Tables that people ask for, each with the columns that leave and whose rows they are; scoped and bounded in SQL.

People appear under their numbers in the registry, never by name.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select
from sqlmodel import Session

from timebank.bridge.consents import REFERRAL
from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.minutes import format_clock
from timebank.core.spreadsheets import Cell, Format, written_as
from timebank.core.texts import Phrase
from timebank.exchange.refusals import TooManyRows
from timebank.ledger.accounts import ACCOUNT
from timebank.needs.tables import Need, Service
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Organisation, Senior, SeniorCategory, Volunteer
from timebank.projects.projects import BOOKING, PROJECT, SLOT
from timebank.projects.tables import Resource
from timebank.visits.life import VISIT

NEED, SERVICE, AREA, RESOURCE = map(table_of, (Need, Service, Area, Resource))
ORGANISATION = table_of(Organisation)
SENIOR, CATEGORY, VOLUNTEER = map(table_of, (Senior, SeniorCategory, Volunteer))
MOST_ROWS = {"xlsx": 100_000, "csv": 300_000, "csv-gb18030": 300_000}
"""Most rows of one table: a month of the largest organisation fits in CSV."""


class Column(NamedTuple):
    """A column: its code, and its names above the cells."""

    code: str
    name_zh: str
    name_en: str


class Asked(NamedTuple):
    """Whose rows are asked for, of which month (its first day, and the first of the next), and how many at most."""

    organisation_id: int
    from_day: date
    to_day: date
    most: int


class Export(NamedTuple):
    """A table: its title, who may have it, its columns, and its rows."""

    title: str
    reader: str
    columns: tuple[Column, ...]
    rows: Callable[[Session, Asked], Iterator[Sequence[Cell]]]


def _read(session: Session, wanted: Any, asked: Asked) -> Iterator[Any]:
    """Yield rows, one more than there may be at most."""
    return iter(session.connection().execute(wanted.limit(asked.most + 1)))


def _seniors(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    last = asked.to_day
    own = areas_of(asked.organisation_id)
    living = (SENIOR.c.subdistrict_id.in_(own), SENIOR.c.status == "active")
    holds = (CATEGORY.c.from_day < last, or_(CATEGORY.c.to_day.is_(None), CATEGORY.c.to_day >= last))
    by_category = (
        select(AREA.c.code, AREA.c.name_zh, CATEGORY.c.category, func.count(SENIOR.c.person_id.distinct()))
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .join(CATEGORY, CATEGORY.c.senior_id == SENIOR.c.person_id)
        .where(*living, *holds)
        .group_by(AREA.c.code, AREA.c.name_zh, CATEGORY.c.category)
        .order_by(AREA.c.code, CATEGORY.c.category)
    )
    in_all = (
        select(AREA.c.code, AREA.c.name_zh, func.count())
        .join(SENIOR, SENIOR.c.subdistrict_id == AREA.c.id)
        .where(*living)
        .group_by(AREA.c.code, AREA.c.name_zh)
        .order_by(AREA.c.code)
    )
    for code, name, count in _read(session, in_all, asked):
        yield code, name, "all", count
    for row in _read(session, by_category, asked):
        yield tuple(row)


def _visits(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    v = VISIT.c
    wanted = (
        select(
            v.day,
            v.starts_min,
            SERVICE.c.code,
            SENIOR.c.external_ref,
            VOLUNTEER.c.external_ref.label("giver"),
            v.planned_min,
            v.served_min,
            v.status,
            v.evidence,
        )
        .join(NEED, NEED.c.id == v.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == v.volunteer_id)
        .where(NEED.c.organisation_id == asked.organisation_id, v.day >= asked.from_day, v.day < asked.to_day)
        .order_by(v.day, v.starts_min, v.id)
    )
    for day, starts_min, *more in _read(session, wanted, asked):
        yield day, format_clock(starts_min), *more


def _bookings(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    wanted = (
        select(
            SLOT.c.day,
            SLOT.c.starts_min,
            SLOT.c.ends_min,
            RESOURCE.c.code,
            SERVICE.c.code.label("service"),
            SENIOR.c.external_ref,
            BOOKING.c.status,
        )
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(SERVICE, SERVICE.c.id == RESOURCE.c.service_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.organisation_id == asked.organisation_id)
        .where(SLOT.c.day >= asked.from_day, SLOT.c.day < asked.to_day)
        .order_by(SLOT.c.day, SLOT.c.starts_min, BOOKING.c.id)
    )
    for day, starts_min, ends_min, *more in _read(session, wanted, asked):
        yield day, format_clock(starts_min), format_clock(ends_min), *more


def _balances(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    a = ACCOUNT.c
    member = (a.person_id == VOLUNTEER.c.person_id) & (a.kind == "member")
    balance = func.coalesce(func.sum(a.credits - a.debits), 0)
    wanted = (
        select(VOLUNTEER.c.external_ref, VOLUNTEER.c.status, balance, func.coalesce(func.sum(a.held), 0))
        .outerjoin(ACCOUNT, member)
        .where(VOLUNTEER.c.organisation_id == asked.organisation_id)
        .group_by(VOLUNTEER.c.person_id, VOLUNTEER.c.external_ref, VOLUNTEER.c.status)
        .order_by(VOLUNTEER.c.external_ref)
    )
    for ref, status, minutes, held in _read(session, wanted, asked):
        yield ref, status, int(minutes), int(held)


def _projects(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    p = PROJECT.c
    held = func.count(case((BOOKING.c.status.in_(("booked", "used")), 1)))
    used = func.count(case((BOOKING.c.status == "used", 1)))
    wanted = (
        select(p.id, p.title_zh, p.status, p.starts_on, p.ends_on, p.budget_cents, held, used)
        .outerjoin(RESOURCE, RESOURCE.c.project_id == p.id)
        .outerjoin(SLOT, SLOT.c.resource_id == RESOURCE.c.id)
        .outerjoin(BOOKING, BOOKING.c.slot_id == SLOT.c.id)
        .where(p.organisation_id == asked.organisation_id, p.starts_on < asked.to_day, p.ends_on > asked.from_day)
        .group_by(p.id, p.title_zh, p.status, p.starts_on, p.ends_on, p.budget_cents)
        .order_by(p.id)
    )
    for row in _read(session, wanted, asked):
        yield tuple(row)


def _referrals(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    r, me = REFERRAL.c, asked.organisation_id
    is_sender = r.organisation_id == me
    other = case((is_sender, r.receiver_id), else_=r.organisation_id)
    months = (r.sent_at >= moment_at(asked.from_day, 0), r.sent_at < moment_at(asked.to_day, 0))
    wanted = (
        select(
            r.id,
            case((is_sender, "sent"), else_="received"),
            ORGANISATION.c.code,
            SERVICE.c.code.label("service"),
            r.status,
            r.decline_reason,
            r.outcome,
            r.sent_at,
            r.answer_by,
            r.answered_at,
            r.ended_at,
        )
        .join(ORGANISATION, ORGANISATION.c.id == other)
        .outerjoin(SERVICE, SERVICE.c.id == r.service_id)
        .where(or_(is_sender, r.receiver_id == me), *months)
        .order_by(r.id)
    )
    for *head, sent, due, answered, ended in _read(session, wanted, asked):
        yield *head, *map(_day, (sent, due, answered, ended))


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else day_of(moment)


def _columns(*names: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*each) for each in names)


REF, STATUS = ("senior_ref", "老年人编号", "Senior"), ("status", "状态", "Status")
SERVICE_CODE, DAY, STARTS = ("service", "服务项目", "Service"), ("day", "日期", "Day"), ("starts", "开始", "Starts")
EXPORTS: dict[str, Export] = {
    "seniors": Export(
        "老年人统计",
        "the organisation, of its own sub-districts",
        _columns(
            ("area", "街镇代码", "Area"),
            ("area_name", "街镇", "Area name"),
            ("category", "类别", "Category"),
            ("seniors", "人数", "Seniors"),
        ),
        _seniors,
    ),
    "visits": Export(
        "服务记录",
        "the organisation whose needs they meet",
        _columns(
            DAY,
            STARTS,
            SERVICE_CODE,
            REF,
            ("volunteer_ref", "志愿者编号", "Volunteer"),
            ("planned_min", "计划分钟", "Planned minutes"),
            ("served_min", "服务分钟", "Served minutes"),
            STATUS,
            ("evidence", "凭证", "Evidence"),
        ),
        _visits,
    ),
    "bookings": Export(
        "预约",
        "the office whose projects give the places",
        _columns(
            DAY, STARTS, ("ends", "结束", "Ends"), ("resource", "资源编号", "Resource"), SERVICE_CODE, REF, STATUS
        ),
        _bookings,
    ),
    "balances": Export(
        "志愿者余额",
        "the organisation of the volunteers",
        _columns(
            ("volunteer_ref", "志愿者编号", "Volunteer"),
            STATUS,
            ("balance_min", "余额（分钟）", "Balance, minutes"),
            ("held_min", "冻结（分钟）", "Held, minutes"),
        ),
        _balances,
    ),
    "projects": Export(
        "公益项目",
        "the office whose projects they are",
        _columns(
            ("project", "项目号", "Project"),
            ("title", "名称", "Title"),
            STATUS,
            ("starts_on", "首日", "First day"),
            ("ends_on", "结束后首日", "First day after"),
            ("budget_cents", "预算（分）", "Budget, cents"),
            ("places_held", "已约名额", "Places booked or used"),
            ("places_used", "已用名额", "Places used"),
        ),
        _projects,
    ),
    "referrals": Export(
        "转介",
        "either of the two organisations; nothing of the senior is in it",
        _columns(
            ("referral", "转介号", "Referral"),
            ("side", "方向", "Side"),
            ("other", "对方组织", "Other organisation"),
            SERVICE_CODE,
            STATUS,
            ("decline_reason", "不接受的原因", "Reason of declining"),
            ("outcome", "结果", "Outcome"),
            ("sent_on", "发出", "Sent"),
            ("answer_by", "答复期限", "Answer by"),
            ("answered_on", "答复", "Answered"),
            ("ended_on", "结束", "Ended"),
        ),
        _referrals,
    ),
}
"""Every table that can be asked for, by its code."""


def month_of(text: str) -> tuple[date, date]:
    """Return the first day of a month such as 2026-03, and the first of the next.

    Raises
    ------
    WrongInput
        When it is none.
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise WrongInput(field="month", value=text[:20], right=Phrase("right_month")) from None
    return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)


def table_rows(session: Session, what: str, organisation_id: int, month: str, *, most: int) -> Iterator[Sequence[Cell]]:
    """Yield the header of a table, and an organisation's rows of a month.

    Raises
    ------
    WrongInput
        When there is no such table, or no such month.
    TooManyRows
        As soon as there are more than ``most``.
    """
    if what not in EXPORTS:
        raise WrongInput(field="table", value=what[:40], right=Phrase("right_one_of", known=", ".join(EXPORTS)))
    export = EXPORTS[what]
    asked = Asked(organisation_id, *month_of(month), most)
    yield [f"{column.name_zh} {column.name_en}" for column in export.columns]
    for number, row in enumerate(export.rows(session, asked)):
        if number >= most:
            raise TooManyRows(table=what, most=most)
        yield row


def write_export(session: Session, what: str, organisation_id: int, month: str, kind: Format) -> tuple[bytes, int]:
    """Return a table as a file of a format, and how many rows it has without its header.

    Raises
    ------
    WrongInput, TooManyRows
        As :func:`table_rows` does.
    """
    rows = list(table_rows(session, what, organisation_id, month, most=MOST_ROWS[kind]))
    return written_as(kind, EXPORTS[what].title, rows), len(rows) - 1

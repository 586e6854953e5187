"""Seniors who were not met: by the next noon somebody looks after them, two in a row are the committee's.

A follow-up is closed with an outcome and in no other way. What nobody has written down by the day after counts as not
met: silence is no answer.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Row, Select, String, bindparam, case, exists, func, literal, select, update
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.people.absences import record_absence
from timebank.people.tables import Area, Senior
from timebank.programmes.programmes import ENROLMENT, PROGRAMME
from timebank.programmes.steps import words_of
from timebank.programmes.tables import FollowUp
from timebank.visits.life import VISIT

FOLLOW_UP, SENIOR, AREA = map(table_of, (FollowUp, Senior, Area))
OUTCOMES = ("held", "well", "helped", "with_family", "in_hospital", "moved", "died", "other")
AWAY = ("with_family", "in_hospital")
"""Outcomes that can say until when a senior is away."""
NOON_MIN = 12 * 60
LOOK_BACK_DAYS = 14
UNRECORDED = ("planned", "checked_in")
MOST = 100
COLUMNS = ("programme_id", "visit_id", "senior_id", "area_id", "day", "cause", "level", "due_at", "opened_at")


class Closing(NamedTuple):
    """How a follow-up ended: its number, the outcome, and words."""

    number: int
    outcome: str
    note: str = ""


def open_follow_ups(session: Session, *, now: datetime, look_back_days: int = LOOK_BACK_DAYS) -> int:
    """Open a follow-up for everybody who was not met, set-based; returns how many are new. Again opens nothing.

    Missed visits count up to today, those of which nothing was written down up to yesterday. Each has until noon of the
    day after the visit; when the visit before was not met either, it is the committee's at once.
    """
    opened = 0
    for rows in _unmet(now, look_back_days):
        skip = insert_or_skip(session.connection(), FOLLOW_UP)
        fresh = skip.from_select([*COLUMNS, "outcome", "closed_by"], rows).on_conflict_do_nothing()
        opened += len(session.connection().execute(fresh.returning(FOLLOW_UP.c.id)).all())
    return opened


def has_unmet(session: Session, *, now: datetime) -> bool:
    """Tell whether somebody was not met and has no follow-up."""
    connection = session.connection()
    if connection.execute(select(PROGRAMME.c.id).limit(1)).first() is None:
        return False
    return any(connection.execute(rows.limit(1)).first() is not None for rows in _unmet(now, LOOK_BACK_DAYS))


def _unmet(now: datetime, look_back_days: int) -> Iterator[Select[Any]]:
    """Yield for each day the query of who was not met and has no follow-up, the earliest first."""
    today = day_of(now)
    for day in (today - timedelta(days=n) for n in range(look_back_days, -1, -1)):
        yield _unmet_on(day, ("missed",) if day == today else ("missed", *UNRECORDED), now)


def _unmet_on(day: date, states: tuple[str, ...], now: datetime) -> Select[Any]:
    v, e, p = VISIT.c, ENROLMENT.c, PROGRAMME.c
    before, last = VISIT.alias("before"), VISIT.alias("last")
    last_day = (
        select(func.max(last.c.day))
        .where(last.c.need_id == v.need_id, last.c.day < v.day, last.c.status != "cancelled")
        .correlate(VISIT)
        .scalar_subquery()
    )
    two_in_a_row = exists(
        select(before.c.id)
        .where(before.c.need_id == v.need_id, before.c.day == last_day)
        .where(before.c.status.in_(("missed", *UNRECORDED)))
        .correlate(VISIT)
    )
    known = select(FOLLOW_UP.c.visit_id).where(FOLLOW_UP.c.visit_id == v.id)
    at = FOLLOW_UP.c.due_at.type
    return (
        select(
            p.id,
            v.id,
            e.senior_id,
            e.area_id,
            v.day,
            case((v.status == "missed", "missed"), else_="silent"),
            case((two_in_a_row, "committee"), else_="organisation"),
            literal(moment_at(day + timedelta(days=1), NOON_MIN), at),
            literal(now, at),
            literal("", String),
            literal("", String),
        )
        .join(ENROLMENT, e.need_id == v.need_id)
        .join(PROGRAMME, p.id == e.programme_id)
        .where(v.day == day, v.status.in_(states), ~exists(known.correlate(VISIT)))
        .order_by(v.id)
    )


def list_follow_ups(
    session: Session,
    *,
    now: datetime,
    first: int,
    organisation_id: int | None = None,
    after: int = 0,
    level: str | None = None,
    is_overdue: bool = False,
    is_open: bool = True,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) follow-ups of an organisation's programmes, by number after one.

    Nobody is named. Overdue is what is open after its noon.
    """
    if not 1 <= first <= MOST:
        message = f"A page has 1 to {MOST} rows, not {first}."
        raise ValueError(message)
    f = FOLLOW_UP.c
    wanted = _told().where(f.id > after)
    if organisation_id is not None:
        wanted = wanted.where(PROGRAMME.c.organisation_id == organisation_id)
    if level is not None:
        wanted = wanted.where(f.level == level)
    if is_open or is_overdue:
        wanted = wanted.where(f.closed_at.is_(None))
    if is_overdue:
        wanted = wanted.where(f.due_at <= now)
    return list(session.connection().execute(wanted.order_by(f.id).limit(first)))


def _told() -> Select[Any]:
    f = FOLLOW_UP.c
    return (
        select(
            FOLLOW_UP,
            PROGRAMME.c.code.label("programme"),
            SENIOR.c.external_ref.label("senior_ref"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
        )
        .join(PROGRAMME, PROGRAMME.c.id == f.programme_id)
        .join(SENIOR, SENIOR.c.person_id == f.senior_id)
        .join(AREA, AREA.c.id == f.area_id)
    )


def follow_up_row(session: Session, number: int, *, organisation_id: int | None = None) -> Row[Any]:
    """Return one follow-up as lists show it.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    wanted = _told().where(FOLLOW_UP.c.id == number)
    if organisation_id is not None:
        wanted = wanted.where(PROGRAMME.c.organisation_id == organisation_id)
    row = session.connection().execute(wanted).first()
    if row is None:
        raise NotFound(kind="follow_up", key=str(number))
    return row


def close_follow_up(
    session: Session,
    closing: Closing,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
    away_until: date | None = None,
) -> Row[Any]:
    """Close a follow-up with its outcome; the same again changes nothing.

    With family or in hospital, ``away_until`` writes the senior's absence down as well, so that nobody goes in vain.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongInput
        When the outcome is none, or the senior is said to be away with another outcome.
    WrongState
        When it was closed otherwise.
    """
    if closing.outcome not in OUTCOMES:
        raise WrongInput(
            field="outcome", value=closing.outcome[:20], right=Phrase("right_one_of", known=", ".join(OUTCOMES))
        )
    if away_until is not None and closing.outcome not in AWAY:
        raise WrongInput(field="outcome", value=closing.outcome, right=Phrase("right_one_of", known=", ".join(AWAY)))
    words_of("note", closing.note, least=0)
    row = follow_up_row(session, closing.number, organisation_id=organisation_id)
    if row.closed_at is not None:
        if row.outcome != closing.outcome:
            raise WrongState(kind="follow_up", key=str(closing.number), state="closed", allowed="open")
        return row
    if close_many(session, [closing], actor=actor, now=now) == 0:
        raise WrongState(kind="follow_up", key=str(closing.number), state="closed", allowed="open")
    if away_until is not None:
        record_absence(session, row.senior_id, day_of(now), away_until, actor=actor, now=now)
    return follow_up_row(session, closing.number)


def close_many(session: Session, closings: Iterable[Closing], *, actor: str, now: datetime) -> int:
    """Close many open follow-ups, each with its outcome, set-based; one that is closed stays. Returns how many."""
    f = FOLLOW_UP.c
    rows = [{"number": one.number, "how": one.outcome, "words": one.note.strip() or None} for one in closings]
    if not rows:
        return 0
    open_ones = update(FOLLOW_UP).where(f.id == bindparam("number", type_=BigInteger), f.closed_at.is_(None))
    words = bindparam("words", type_=f.note.type)
    closed = open_ones.values(outcome=bindparam("how"), note=words, closed_by=actor, closed_at=now)
    return session.connection().execute(closed, rows).rowcount

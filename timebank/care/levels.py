"""Advice that was given, and the levels that advisers reach by it: thresholds are data, a level once reached stays."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.care.members import ROLE, member_of, role_on
from timebank.care.tables import Advice, CareLevel
from timebank.care.terms import STANDARD, Level, Terms, months_after
from timebank.care.trainings import allowed_on, may
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.tables import AdvicePoint

ADVICE = table_of(Advice)
LEVEL = table_of(CareLevel)
TOPICS = ("policy", "service", "aids", "health", "complaint", "other")
YEAR_DAYS = 365


class Standing(NamedTuple):
    """An adviser on a day: whole months in the role, and advice given in the 365 days before."""

    member_id: int
    months: int
    advices: int


def give_advice(
    session: Session, member_id: int, point_id: int, *, day: date, topic: str, actor: str, now: datetime, key: str
) -> Advice:
    """Write down that an adviser gave advice at a point; the key belongs to the actor, the same again is the same.

    Raises
    ------
    RoleMissing, TrainingMissing, TrainingExpired
        When they may not advise on that day.
    NotFound
        When there is no such member or point.
    WrongInput
        When the topic is none.
    KeyConflict
        When the actor used the key for other advice.
    """
    if topic not in TOPICS:
        raise WrongInput(field="topic", value=topic[:20], right=Phrase("right_one_of", known=", ".join(TOPICS)))
    member_of(session, member_id)
    if session.get(AdvicePoint, point_id) is None:
        raise NotFound(kind="advice_point", key=str(point_id))
    may(session, member_id, "advise", day)
    said: dict[str, Any] = {"member_id": member_id, "point_id": point_id, "day": day, "topic": topic}
    row = insert_or_skip(session.connection(), ADVICE).values(
        **said, recorded_by=actor, recorded_at=now, idempotency_key=key
    )
    session.connection().execute(row.on_conflict_do_nothing(index_elements=["recorded_by", "idempotency_key"]))
    stands = session.exec(pick(Advice).where(Advice.recorded_by == actor, Advice.idempotency_key == key)).one()
    if any(getattr(stands, name) != value for name, value in said.items()):
        raise KeyConflict(key=key)
    return stands


def standings(session: Session, day: date, *, terms: Terms = STANDARD) -> list[Standing]:
    """Return every adviser who may advise on a day, with what levels look at; three queries, whatever their number."""
    since = (
        select(ROLE.c.member_id, func.min(ROLE.c.from_day))
        .where(ROLE.c.role == "adviser", role_on(day), ROLE.c.member_id.in_(allowed_on("advise", day, terms=terms)))
        .group_by(ROLE.c.member_id)
        .order_by(ROLE.c.member_id)
    )
    given = (
        select(ADVICE.c.member_id, func.count())
        .where(ADVICE.c.day <= day, ADVICE.c.day > day - timedelta(days=YEAR_DAYS))
        .group_by(ADVICE.c.member_id)
    )
    connection = session.connection()
    advices = {int(member): int(count) for member, count in connection.execute(given)}
    rows = connection.execute(since).all()
    return [Standing(int(member), months_between(began, day), advices.get(member, 0)) for member, began in rows]


def reached(standing: Standing, *, terms: Terms = STANDARD) -> list[Level]:
    """Return the levels that an adviser has reached, the lowest first."""
    return [one for one in terms.levels if standing.months >= one.months and standing.advices >= one.advices]


def award_levels(session: Session, day: date, *, actor: str, now: datetime, terms: Terms = STANDARD) -> dict[str, int]:
    """Write down every level that was reached by a day and is not written down yet; returns how many of each."""
    stands = {tuple(row) for row in session.connection().execute(select(LEVEL.c.member_id, LEVEL.c.level))}
    rows = [
        {
            "member_id": one.member_id,
            "level": level.code,
            "awarded_on": day,
            "months": one.months,
            "advices": one.advices,
            "article": level.article,
            "recorded_by": actor,
            "recorded_at": now,
        }
        for one in standings(session, day, terms=terms)
        for level in reached(one, terms=terms)
        if (one.member_id, level.code) not in stands
    ]
    if rows:
        session.connection().execute(insert(LEVEL), rows)
    return {level.code: sum(row["level"] == level.code for row in rows) for level in terms.levels}


def count_levels(session: Session, day: date) -> dict[str, int]:
    """Return how many members who are advisers on a day have each level."""
    advisers = select(ROLE.c.member_id).where(ROLE.c.role == "adviser", role_on(day))
    counted = (
        select(LEVEL.c.level, func.count())
        .where(LEVEL.c.awarded_on <= day, LEVEL.c.member_id.in_(advisers))
        .group_by(LEVEL.c.level)
    )
    return {level: int(count) for level, count in session.connection().execute(counted)}


def months_between(began: date, day: date) -> int:
    """Return the whole months from one day to another; 0 when the second is not later."""
    months = (day.year - began.year) * 12 + day.month - began.month
    return max(0, months - (months_after(began, months) > day)) if months > 0 else 0

"""The registry's year: a survey round each month, categories that end and begin, deaths and moves away."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlmodel import Session

from timebank.care.contacts import CONTACT
from timebank.care.trainings import allowed_on
from timebank.coins.acts import Act
from timebank.core.clock import moment_at
from timebank.core.naming import number_of
from timebank.demo.year.care import office
from timebank.demo.year.chapter import Chapter, Year
from timebank.people.categories import CATEGORIES
from timebank.people.focus import AREA, CATEGORY, SENIOR, held_on
from timebank.registry.categories import close_category, open_category
from timebank.registry.lives import die, move_away
from timebank.registry.statistics import seniors_by_category
from timebank.registry.surveys import due_seniors, make_round, record_sheet, round_of
from timebank.registry.tables import SurveyRound

KEY = "registry"
DEATHS, MOVES, CHANGES = 180, 120, 900
"""A year's deaths, moves away, and seniors who leave a category while another enters it; assumed."""
SKIPPED, NOT_MET, BY_PHONE = 0.02, 0.01, 0.3
"""Of the seniors of a round, the part whom nobody gets to, who are not met, who are seen by telephone; assumed."""
EVERY_DAYS = 31
LEAST_CALM = 3


def prepare(_session: Session, _year: Year) -> None:
    """Have nothing to prepare: the district's categories stand."""


def play(session: Session, year: Year, day: date) -> None:
    """Begin the month's round, see a day's part of its seniors, and let lives change."""
    random, actor = year.random(KEY, day), office(session)
    number = _round(session, year, day, actor)
    _survey(session, random, number, day, actor)
    for n in range(year.quota(DEATHS, day)):
        who = _anyone(session, random)
        act = Act(
            book_id=year.book_id, key=f"{KEY} {day} {n}", actor=actor, now=moment_at(day, 20 * 60), note="死亡医学证明"
        )
        _leave(session, random, who, day, actor, act)
    for _ in range(year.quota(MOVES, day)):
        _leave(session, random, _anyone(session, random), day, actor, None)
    for _ in range(year.quota(CHANGES, day)):
        _change(session, random, day, actor)


def count(session: Session, year: Year) -> dict[str, int]:
    """Count seniors by category on the last day."""
    counts = seniors_by_category(session, year.ends_on - timedelta(days=1))
    return {f"seniors.{category}": seniors for category, seniors in counts.items()}


def _round(session: Session, year: Year, day: date, actor: str) -> int:
    """Return the round of a day's month, begun with the month or the year."""
    begins = max(day.replace(day=1), year.starts_on)
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    if day != begins:
        return number_of(session, SurveyRound, f"{day:%Y-%m}")
    district = session.connection().execute(select(AREA.c.id).where(AREA.c.level == "district")).scalar_one()
    row = make_round(
        session,
        f"{day:%Y-%m}",
        area_id=int(district),
        from_day=day,
        to_day=min(next_month, year.ends_on),
        every_days=dict.fromkeys(CATEGORIES, EVERY_DAYS),
        actor=actor,
        now=moment_at(day, 0),
    )
    return row.id or 0


def _survey(session: Session, random: np.random.Generator, number: int, day: date, actor: str) -> None:
    """See the seniors whose turn it is: each has a day of the round, by their number."""
    row, connection = round_of(session, number), session.connection()
    days, turn = (row.to_day - row.from_day).days, (day - row.from_day).days
    due = due_seniors(row, day, only=CATEGORY.c.senior_id % days == turn)
    seniors = list(connection.execute(select(due.c.senior_id).order_by(due.c.senior_id)).scalars())
    team = sorted(int(member) for member in connection.execute(allowed_on("survey", day)).scalars())
    contacts = _contacts(session, days, turn)
    draws = random.random((len(seniors), 3))
    lines = [
        {
            "senior_id": senior,
            "manner": "phone" if phone < BY_PHONE else "door",
            "outcome": "not_reached" if met < NOT_MET else "reached",
            "surveyor_id": _surveyor(contacts.get(senior), team, random),
        }
        for senior, (skipped, met, phone) in zip(seniors, draws.tolist(), strict=True)
        if skipped >= SKIPPED
    ]
    record_sheet(session, number, day, lines, actor=actor, now=moment_at(day, 20 * 60))


def _contacts(session: Session, days: int, turn: int) -> dict[int, int]:
    c = CONTACT.c
    own = select(c.senior_id, c.member_id).where(c.to_day.is_(None), c.senior_id % days == turn)
    return {int(senior): int(member) for senior, member in session.connection().execute(own)}


def _surveyor(contact: int | None, team: list[int], random: np.random.Generator) -> int | None:
    """Return the contact if they may survey, else somebody of the team who may."""
    if not team:
        return None
    near = int(np.searchsorted(team, contact or 0))
    if contact is not None and near < len(team) and team[near] == contact:
        return contact
    return team[int(random.integers(len(team)))]


def _anyone(session: Session, random: np.random.Generator) -> int:
    """Return an active senior, drawn by number: the first one from a random place on."""
    last = (
        session.connection().execute(select(SENIOR.c.person_id).order_by(SENIOR.c.person_id.desc()).limit(1)).scalar()
    )
    start = int(random.integers(int(last or 1)))
    active = select(SENIOR.c.person_id).where(SENIOR.c.status == "active").order_by(SENIOR.c.person_id).limit(1)
    found = session.connection().execute(active.where(SENIOR.c.person_id > start)).scalar()
    return int(found or session.connection().execute(active).scalar_one())


def _leave(session: Session, random: np.random.Generator, who: int, day: date, actor: str, act: Act | None) -> None:
    """Let somebody die (by an act) or move away; who applies next takes each category that is free."""
    held = select(CATEGORY.c.category).where(CATEGORY.c.senior_id == who, held_on(day)).order_by(CATEGORY.c.category)
    categories = list(session.connection().execute(held).scalars())
    if act is not None:
        die(session, act, who, died_on=day)
    else:
        move_away(session, who, moved_on=day, reason="迁往外地", actor=actor, now=moment_at(day, 20 * 60))
    for category in categories:
        _enter(session, random, category, day, actor)


def _change(session: Session, random: np.random.Generator, day: date, actor: str) -> None:
    """Let somebody leave a category, and another enter it."""
    who = _anyone(session, random)
    held = select(CATEGORY.c.category).where(
        CATEGORY.c.senior_id == who, CATEGORY.c.to_day.is_(None), CATEGORY.c.from_day < day
    )
    categories = list(session.connection().execute(held.order_by(CATEGORY.c.category)).scalars())
    if categories:
        category = str(categories[int(random.integers(len(categories)))])
        close_category(session, who, category, to_day=day, actor=actor)
        _enter(session, random, category, day, actor)


def _enter(session: Session, random: np.random.Generator, category: str, day: date, actor: str) -> None:
    """Put a senior who was never in a category into it, on application."""
    said: dict[str, Any] = {"from_day": day, "proof": "本人申请", "source": "application", "actor": actor}
    for _ in range(100):
        who = _anyone(session, random)
        had = select(CATEGORY.c.senior_id).where(CATEGORY.c.senior_id == who, CATEGORY.c.category == category)
        if session.connection().execute(had).first() is None:
            open_category(session, who, category, **said)
            return


CHAPTER = Chapter(key=KEY, prepare=prepare, play=play, count=count)

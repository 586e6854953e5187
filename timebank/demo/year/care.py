"""The care team's year: members, points and contacts at its beginning; then trainings, advice, some who go."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import Session

from timebank.care.contacts import assign_missing, release_member
from timebank.care.levels import TOPICS, award_levels, count_levels, give_advice
from timebank.care.members import MEMBER, ROLE, Newcomer, count_by_role, end_role, role_on
from timebank.care.points import POINT, set_hours
from timebank.care.rosters import Line, enrol_roster, train_many
from timebank.care.trainings import TRAINING, allowed_on
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.demo.names import name
from timebank.demo.published import published
from timebank.demo.year.chapter import Chapter, Year
from timebank.people.focus import AREA
from timebank.people.tables import Organisation

KEY = "care"
ADVICES, LEAVERS = 2_000, 60
"""A year's pieces of advice, and members who go and are followed by others; assumed."""
SHARES = {"cadre": 0.36, "volunteer": 0.36, "property": 0.18, "doctor": 0.10}
"""Roles of those who are no advisers; assumed."""
GOLD_MONTHS, MOST_MONTHS = 72, 54
GOLD_ADVICES = 12
YEAR_DAYS = 365
WORKDAYS = 0b0011111
MORNING, AFTERNOON = (540, 690), (810, 990)
RENEWED = 0.97
LAPSED_DAYS = 30
"""After so many days who let a training lapse has it renewed."""
KINDS = ("survey", "adviser")


def prepare(session: Session, year: Year) -> None:
    """Build the team of the district, open its points, and give every focus senior a contact."""
    force, day = published()["care_force"], year.starts_on
    random, now, actor = year.random(KEY, day - timedelta(days=1)), moment_at(day, 0), office(session)
    advisers = max(1, year.sized(force["advisers"]))
    gold = year.sized(force["gold_advisers"])
    others = max(1, year.sized(force["team_members"]) - advisers)
    committees = list(session.connection().execute(_committees()).scalars())
    roles = ["adviser"] * advisers + [_role(n / others) for n in range(others)]
    lines = [
        _line(random, year, f"C{n + 1:04d}", role, committees[n % len(committees)], is_gold=n < gold)
        for n, role in enumerate(roles)
    ]
    numbers = enrol_roster(session, lines, actor=actor, now=now)
    points = list(session.connection().execute(select(POINT.c.id).order_by(POINT.c.id)).scalars())
    hours: dict[str, Any] = {"weekdays": WORKDAYS, "from_day": day, "actor": actor, "now": now}
    for point in points:
        for opens_min, closes_min in (MORNING, AFTERNOON):
            set_hours(session, point, opens_min=opens_min, closes_min=closes_min, **hours)
    for n, member in enumerate(numbers[:gold]):
        for month in range(GOLD_ADVICES):
            given_on = day - timedelta(days=1 + 28 * month)
            _advise(session, random, member, points, given_on, actor, f"{KEY} gold {n} {month}")
    award_levels(session, day, actor=actor, now=now)
    assign_missing(session, day, actor=actor, now=now)


def play(session: Session, year: Year, day: date) -> None:
    """Renew trainings, give advice, let somebody go and another come; twice a month see who has no contact."""
    random, now, actor = year.random(KEY, day), moment_at(day, 20 * 60), office(session)
    for kind in KINDS:
        people = _to_renew(session, random, kind, day)
        if people:
            train_many(session, kind, people, trained_on=day, actor=actor, now=now)
    points = list(session.connection().execute(select(POINT.c.id).order_by(POINT.c.id)).scalars())
    advisers = list(session.connection().execute(_ordered(allowed_on("advise", day))).scalars())
    for n in range(year.quota(ADVICES, day) if points and advisers else 0):
        member = int(random.choice(advisers))
        _advise(session, random, member, points, day, actor, f"{KEY} {day} {n}")
    for n in range(year.quota(LEAVERS, day)):
        _replace(session, year, random, day, f"R{day:%y%m%d}{n}")
    if day.day in (1, 15):
        assign_missing(session, day, actor=actor, now=now)
        award_levels(session, day, actor=actor, now=now)


def count(session: Session, year: Year) -> dict[str, int]:
    """Count members, points, advisers and the gold ones of the last day."""
    day = year.ends_on - timedelta(days=1)
    by_role = count_by_role(session, day)
    points = session.connection().execute(select(func.count()).select_from(POINT)).scalar_one()
    return {
        "care_force.team_members": by_role[""],
        "care_force.advice_points": int(points),
        "care_force.advisers": by_role.get("adviser", 0),
        "care_force.gold_advisers": count_levels(session, day).get("gold", 0),
    }


def office(session: Session) -> str:
    """Return who acts for the district: its charity office."""
    wanted = select(table_of(Organisation).c.id).where(table_of(Organisation).c.kind == "charity_office")
    return f"organisation:{session.connection().execute(wanted.order_by('id')).scalar()}"


def _committees() -> Any:
    return select(AREA.c.id).where(AREA.c.level == "committee").order_by(AREA.c.id)


def _ordered(people: Any) -> Any:
    some = people.subquery()
    return select(some.c[0]).order_by(some.c[0])


def _role(share: float) -> str:
    passed = 0.0
    for role, part in SHARES.items():
        passed += part
        if share < passed:
            return role
    return "doctor"


def _line(random: np.random.Generator, year: Year, ref: str, role: str, area: int, *, is_gold: bool = False) -> Line:
    """Draw a member: trainings of the two years before, so that some end on every day of the year."""
    female = bool(random.random() < 0.7)
    months = GOLD_MONTHS if is_gold else int(random.integers(1, MOST_MONTHS))
    last = year.starts_on - timedelta(days=int(random.integers(1, YEAR_DAYS)))
    kinds = KINDS if role == "adviser" else KINDS[:1]
    return Line(
        ref=ref,
        person=Newcomer(
            name=name(random, female=female),
            gender="female" if female else "male",
            born_on=date(int(random.integers(1960, 2000)), int(random.integers(1, 13)), int(random.integers(1, 29))),
        ),
        role=role,
        area_id=area,
        from_day=year.starts_on - timedelta(days=30 * months + 31),
        trainings=tuple((kind, day) for kind in kinds for day in (last - timedelta(days=YEAR_DAYS), last)),
    )


def _advise(
    session: Session, random: np.random.Generator, member: int, points: list[int], day: date, actor: str, key: str
) -> None:
    topic = TOPICS[int(random.integers(len(TOPICS)))]
    point, now = int(random.choice(points)), moment_at(day, 20 * 60)
    give_advice(session, member, point, day=day, topic=topic, actor=actor, now=now, key=key)


def _to_renew(session: Session, random: np.random.Generator, kind: str, day: date) -> list[int]:
    """Return who renews on a day: most of those whose training ends tomorrow, and who let it lapse a month ago."""
    t = TRAINING.c
    ends = (day + timedelta(days=1), day - timedelta(days=LAPSED_DAYS))
    last = (
        select(t.person_id, func.max(t.valid_until).label("ends"))
        .where(t.kind == kind, t.withdrawn_at.is_(None), t.person_id.in_(_in_role(day)))
        .group_by(t.person_id)
        .having(func.max(t.valid_until).in_(ends))
        .order_by(t.person_id)
    )
    rows = session.connection().execute(last).all()
    stays = random.random(len(rows)) < RENEWED
    return [int(row.person_id) for row, renewed in zip(rows, stays.tolist(), strict=True) if renewed or row.ends < day]


def _in_role(day: date) -> Any:
    return select(ROLE.c.member_id).where(role_on(day))


def _replace(session: Session, year: Year, random: np.random.Generator, day: date, ref: str) -> None:
    """Let a member who is no adviser go, and somebody new take the place with a training of the day."""
    held = select(ROLE.c.id, ROLE.c.member_id, ROLE.c.role, ROLE.c.area_id).where(
        role_on(day), ROLE.c.role != "adviser"
    )
    rows = session.connection().execute(held.order_by(ROLE.c.id)).all()
    taken = session.connection().execute(select(MEMBER.c.person_id).where(MEMBER.c.external_ref == ref)).first()
    if not rows or taken is not None:
        return
    gone, now, actor = rows[int(random.integers(len(rows)))], moment_at(day, 20 * 60), office(session)
    end_role(session, gone.id, to_day=day, actor=actor)
    release_member(session, gone.member_id, to_day=day, actor=actor)
    drawn = _line(random, year, ref, gone.role, gone.area_id)
    line = Line(
        ref=ref, person=drawn.person, role=gone.role, area_id=gone.area_id, from_day=day, trainings=(("survey", day),)
    )
    enrol_roster(session, [line], actor=actor, now=now)


CHAPTER = Chapter(key=KEY, prepare=prepare, play=play, count=count)

"""Visits of the small district, as a plan in force would have made them."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.needs.asking import listed
from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.visits import life
from timebank.visits.tables import Visit

MakeVisit = Callable[..., int]
EVENTS = "SELECT kind, actor, note FROM visit_event WHERE visit_id = :visit ORDER BY id"
ROW = "SELECT * FROM visit WHERE id = :visit"


@pytest.fixture
def plan(engine: Engine, world: World, noon: datetime) -> int:
    """A plan in force, for visits to belong to."""
    with transaction(engine) as session:
        return plan_by_hand(session, "visits", MONDAY, noon)


@pytest.fixture
def make_visit(engine: Engine, world: World, plan: int) -> MakeVisit:
    """Plan a visit, by reference: the greeting of S1 by V1 on Monday at 9:00 for ten minutes, or as said."""

    def make(
        need: str = "S1-greeting",
        volunteer: str = "V1",
        *,
        day: date = MONDAY,
        starts_min: int = 540,
        planned_min: int = 10,
    ) -> int:
        with transaction(engine) as session:
            visit = Visit(
                plan_id=plan,
                need_id=world.needs[need],
                volunteer_id=world.volunteers[volunteer],
                day=day,
                starts_min=starts_min,
                planned_min=planned_min,
            )
            session.add(visit)
            session.flush()
            return visit.id or 0

    return make


@pytest.fixture
def visit(make_visit: MakeVisit) -> int:
    """The greeting of S1 by V1 on Monday at 9:00."""
    return make_visit()


@pytest.fixture
def request_number(engine: Engine, world: World) -> int:
    """A greeting of S1 on Tuesday or Wednesday, in the list."""
    with transaction(engine) as session:
        return listed(session, world)


def begin(session: Session, visit: int, *, evidence: str = "app", at_min: int = 540) -> Visit:
    """Check in on its day as its own volunteer."""
    day = life.visit_of(session, visit).day
    mine = life.visit_of(session, visit).volunteer_id
    at = moment_at(day, at_min)
    return life.check_in(session, visit, volunteer_id=mine, at=at, evidence=evidence, now=at)


def end(session: Session, visit: int, *, at_min: int = 550) -> Visit:
    """Check out on its day as its own volunteer."""
    row = life.visit_of(session, visit)
    at = moment_at(row.day, at_min)
    return life.check_out(session, visit, volunteer_id=row.volunteer_id, at=at, now=at)


def hold(session: Session, visit: int, *, served_min: int = 10, evidence: str = "app", by: str = "senior") -> Visit:
    """Live a visit until it is confirmed."""
    begin(session, visit, evidence=evidence)
    end(session, visit, at_min=540 + served_min)
    return life.confirm(session, visit, confirmed_by=by)


def events(session: Session, visit: int) -> list[tuple[str, str, str]]:
    """Kind, actor and note of every event of a visit, in order."""
    return [tuple(row) for row in session.connection().execute(text(EVENTS), {"visit": visit})]


def row_of(session: Session, visit: int) -> tuple[object, ...]:
    """Every column of a visit as it stands in the database."""
    return tuple(session.connection().execute(text(ROW), {"visit": visit}).one())


def senior_of(session: Session, visit: int) -> int:
    """Return who is served by a visit."""
    return session.get_one(Need, life.visit_of(session, visit).need_id).senior_id

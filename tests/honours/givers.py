"""Volunteers with credited visits: lived, confirmed and credited as everywhere else."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.honours.certificates import Application
from timebank.visits.credit import credit_visit
from timebank.visits.life import visit_of
from timebank.visits.tables import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """V1 of the small district, and the transfers of three visits: 60 and 45 minutes for EAST, 30 for WEST."""

    world: World
    person: int
    plan: int
    transfers: tuple[int, ...]


def make_plan(session: Session, now: datetime) -> int:
    """Store a plan for visits to belong to."""
    return plan_by_hand(session, "honours", MONDAY, now)


def add_visit(
    session: Session, world: World, plan: int, need: str, *, day: date, served_min: int, volunteer: str = "V1"
) -> int:
    """Store a confirmed visit at nine o'clock, planned as long as it was served; it has no credit yet."""
    visit = Visit(
        plan_id=plan,
        need_id=world.needs[need],
        volunteer_id=world.volunteers[volunteer],
        day=day,
        starts_min=540,
        planned_min=served_min,
        served_min=served_min,
        status="confirmed",
        evidence="app",
        checked_in_at=moment_at(day, 540),
        checked_out_at=moment_at(day, 540 + served_min),
        confirmed_by="senior",
    )
    session.add(visit)
    session.flush()
    return visit.id or 0


def visit_and_credit(
    session: Session,
    world: World,
    plan: int,
    need: str,
    *,
    day: date,
    served_min: int,
    now: datetime,
    volunteer: str = "V1",
) -> int:
    """Store a confirmed visit and credit it by its pack; returns the transfer."""
    visit = add_visit(session, world, plan, need, day=day, served_min=served_min, volunteer=volunteer)
    credit_visit(session, world.book, visit, now=now)
    return visit_of(session, visit).transfer_id or 0


def application(world: World, **changes: object) -> Application:
    """Return what V1 asks of EAST; every part can be said anew."""
    parts: dict[str, object] = {
        "organisation_id": world.organisations["EAST"],
        "person_id": world.volunteers["V1"],
        "idempotency_key": "first",
        "in_charge": "王主任",
        "handler": "陈经办",
        "contact": "021-52000000",
    }
    return Application(**(parts | changes))  # type: ignore[arg-type]  # parts of an application, by name


def make_giver(session: Session, world: World, now: datetime) -> Giver:
    """Let V1 serve in the last week of February; one more visit, of 90 minutes, has no credit."""
    plan = make_plan(session, now)
    earned = [
        visit_and_credit(session, world, plan, need, day=date(2026, 2, day), served_min=minutes, now=now)
        for need, day, minutes in (("S1-greeting", 23, 60), ("S2-greeting", 24, 45), ("S5-greeting", 25, 30))
    ]
    add_visit(session, world, plan, "S3-greeting", day=date(2026, 2, 26), served_min=90)
    return Giver(world=world, person=world.volunteers["V1"], plan=plan, transfers=tuple(earned))

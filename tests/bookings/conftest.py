"""A town in which places are asked for: a bath with one place a day, two vans, a stair climber, and a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlmodel import Session

from tests.worlds import GANQUAN, MONDAY, World
from timebank.bookings.requests import Asked, Destination, ask_place
from timebank.bookings.rules import set_terms, standard_terms
from timebank.bookings.steps import BOOKING, SENIOR, SLOT, request_number
from timebank.bookings.tables import PlaceRequest
from timebank.core.database import transaction
from timebank.needs.tables import Service
from timebank.people.tables import SeniorCategory
from timebank.projects.fitting import Fitting, fit_resource, resource_of
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    start_project,
)

WEEKDAYS = 0b0011111
HOSPITAL = Destination(name="中心医院", lat_deg=31.2600, lon_deg=121.4200)
THURSDAY = MONDAY + timedelta(days=3)
"""The first day that can be asked for on a Monday, three days ahead."""
STREETS = {"EAST": "310107004", "WEST": "310107007"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The desk of EAST, and who comes to it."""

    engine: Engine
    world: World
    now: datetime
    keys: list[int] = field(default_factory=list)

    def service(self, session: Session, code: str = "bath") -> Service:
        """Return a service."""
        return session.get_one(Service, self.world.services[code])

    def asked(self, senior: str, service: str = "bath", day: date = THURSDAY, days: int = 1, **changes: Any) -> Asked:
        """Return what a senior asks for by telephone; a trip goes to the hospital."""
        parts: dict[str, Any] = {
            "organisation_id": self.world.organisations["CF1"],
            "senior_id": self.world.seniors[senior],
            "service_id": self.world.services[service],
            "source": "phone",
            "recorded_by": "organisation:1",
            "asker_relation": "child",
            "from_day": day,
            "to_day": day + timedelta(days=days),
            "destination": HOSPITAL if service == "trip" else None,
        }
        return Asked(**(parts | changes))

    def ask(self, session: Session, senior: str, service: str = "bath", key: str = "", **changes: Any) -> PlaceRequest:
        """Ask for a place; every call has a key of its own unless one is given."""
        self.keys.append(1)
        when = changes.pop("now", self.now)
        is_another = changes.pop("is_another", False)
        asked = self.asked(senior, service, **changes)
        return ask_place(session, asked, idempotency_key=key or f"{len(self.keys)}", now=when, is_another=is_another)

    def number(self, session: Session, senior: str, service: str = "bath", **changes: Any) -> int:
        """Ask for a place and return the number of the request."""
        return request_number(self.ask(session, senior, service, **changes))

    def act(self, do: Callable[[Session], Any]) -> Any:
        """Do something in a transaction of its own."""
        with transaction(self.engine) as session:
            return do(session)

    def places(self, session: Session, request: int) -> list[tuple[str, date, int, str]]:
        """Return resource, day, minute and state of every place of a request."""
        rows = session.connection().execute(
            text(
                "SELECT r.code, s.day, s.starts_min, b.status FROM booking b JOIN slot s ON s.id = b.slot_id "
                "JOIN resource r ON r.id = s.resource_id JOIN place_need p ON p.need_id = b.need_id "
                "WHERE p.request_id = :request ORDER BY s.day, r.code"
            ),
            {"request": request},
        )
        return [(row[0], date.fromisoformat(str(row[1])), int(row[2]), row[3]) for row in rows]

    def fill(self, session: Session, resource: str, *days: date, places: int = 0) -> None:
        """Leave so many places of a resource's slots on some days; none takes the slots away for good."""
        number = resource_of(session, resource)
        mine = (SLOT.c.resource_id == number) & SLOT.c.day.in_(days)
        session.connection().execute(update(SLOT).where(mine).values(places=places, wheelchairs=0))

    def home(self, session: Session, senior: str, north_m: int) -> None:
        """Let a senior live so many metres north of the bath."""
        lat = GANQUAN[0] + north_m / 111_195
        mine = SENIOR.c.person_id == self.world.seniors[senior]
        session.connection().execute(update(SENIOR).where(mine).values(lat_deg=lat, lon_deg=GANQUAN[1]))


def booked_in(session: Session, *, slot_id: int) -> int:
    """Count who has a place of a slot that stands."""
    stands = (BOOKING.c.slot_id == slot_id) & (BOOKING.c.status != "cancelled")
    return int(session.connection().execute(select(func.count()).where(stands)).scalar_one())


def _resource(code: str, service: str, *, places: int, hours: tuple[int, int]) -> ResourceDraft:
    return ResourceDraft(
        code=code,
        name_zh=f"{code}资源",
        service=service,
        subdistrict="310107004",
        lat_deg=GANQUAN[0],
        lon_deg=GANQUAN[1],
        slots=(SlotPattern(weekdays=WEEKDAYS, starts_min=hours[0], ends_min=hours[1], places=places),),
    )


def _project(session: Session, world: World, now: datetime) -> None:
    """Run a project with a bath (one place a day), two vans (two places, one for a wheelchair) and one climber."""
    draft = ProjectDraft(
        title_zh="出行与助浴",
        title_en="Trips and baths",
        budget_cents=10_000_000,
        starts_on=MONDAY,
        ends_on=date(2026, 9, 1),
        categories=("severe_functional_impairment",),
        min_age=70,
        resources=(
            _resource("BUS", "bath", places=1, hours=(540, 660)),
            _resource("VAN-A", "trip", places=2, hours=(480, 720)),
            _resource("VAN-B", "trip", places=2, hours=(780, 1020)),
            _resource("CLIMB", "stair_climb", places=1, hours=(480, 720)),
        ),
    )
    office = world.organisations["CF1"]
    number = project_number(create_project(session, office, draft, idempotency_key="town", now=now))
    start_project(session, office, number)
    for code, fitting in (
        ("VAN-A", Fitting(kind="vehicle", seats=2, wheelchairs=1, place_cost_cents=8000)),
        ("VAN-B", Fitting(kind="vehicle", seats=2, wheelchairs=1, place_cost_cents=8000)),
        ("CLIMB", Fitting(kind="device", wheelchairs=1, place_cost_cents=2000)),
        ("BUS", Fitting(kind="place", wheelchairs=1, place_cost_cents=5000)),
    ):
        fit_resource(session, resource_of(session, code), fitting, actor="office", now=now)


def open_desk(engine: Engine, world: World, noon: datetime) -> Desk:
    """Open the desk; S1 to S8 are impaired, the small bath of the world is closed, and baths go at once."""
    with transaction(engine) as session:
        climb = Service(
            code="stair_climb", name_zh="爬楼机", name_en="Stair climber", served_by="slot", minutes=60, priority=2
        )
        session.add(climb)
        session.flush()
        session.connection().execute(text("UPDATE project SET status = 'closed'"))
        held = set(session.connection().execute(text("SELECT senior_id FROM senior_category")).scalars())
        for number in sorted(set(world.seniors.values()) - held):
            category = "severe_functional_impairment"
            session.add(SeniorCategory(senior_id=number, category=category, from_day=date(2026, 1, 1)))
        session.connection().execute(text("UPDATE senior_category SET from_day = '2026-01-01'"))
        session.flush()
        _project(session, world, noon)
        at_once = replace(standard_terms()["bath"], decides="at_once")
        first = MONDAY - timedelta(days=30)
        set_terms(session, world.services["bath"], at_once, from_day=first, actor="office", now=noon)
    services = world.services | {"stair_climb": climb.id or 0}
    return Desk(engine=engine, world=replace(world, services=services), now=noon)


@pytest.fixture
def desk(engine: Engine, world: World, noon: datetime) -> Desk:
    """The desk on Monday noon."""
    return open_desk(engine, world, noon)

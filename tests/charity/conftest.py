"""A charity office with a project that runs (baths) and one that is only drafted, in the small district."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlmodel import Session, select

from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World, bath_project
from timebank.charity.budget import By, Promise, commit, plan_line
from timebank.charity.life import Asked, take_step
from timebank.charity.means import Brought, receive
from timebank.core.columns import table_of
from timebank.projects.projects import BOOKING, ResourceDraft, SlotPattern, create_project, project_number
from timebank.projects.tables import Commitment, Contribution, Project, Resource, Slot

RICE = Brought(
    donor_kind="company",
    donor="沪光粮油",
    kind="goods",
    what="大米",
    unit="袋",
    quantity=10,
    value_cents=50_000,
    received_on=MONDAY,
)
DRAWN_ON = MONDAY + timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The office CF1, its running project and its draft, and the moment of everything."""

    world: World
    number: int
    running: int
    draft: int
    noon: datetime

    def by(self, key: str, actor: str = "CF1 王", day: date = MONDAY) -> By:
        """Say who acts, under which key."""
        return By(actor, self.noon, day, key)

    def step(self, session: Session, to: str, *, actor: str = "王", note: str = "", project: int = 0) -> Project:
        """Take the draft, or another project, a step on."""
        return take_step(session, self.number, project or self.draft, Asked(to, actor, self.noon, note))

    def line(self, session: Session, planned_cents: int = 60_000, code: str = "staff") -> None:
        """Plan a line of the running project."""
        plan_line(session, self.number, self.running, code=code, name_zh="人员", planned_cents=planned_cents)

    def promise(self, session: Session, amount_cents: int, key: str = "p", **more: str) -> Commitment:
        """Commit some of the line of the running project."""
        promise = Promise(line="staff", what="护理员", party="甘泉服务社", amount_cents=amount_cents)
        return commit(session, self.number, self.running, promise, self.by(key, **more))  # type: ignore[arg-type]  # parts of By, by name

    def rice(self, session: Session, key: str = "rice") -> Contribution:
        """Receive ten bags of rice for the running project."""
        return receive(session, self.number, self.running, RICE, self.by(key))


@pytest.fixture
def office(session: Session, world: World, noon: datetime) -> Office:
    """The office with both projects; the draft has a bath of its own."""
    number = world.organisations["CF1"]
    bath = ResourceDraft(
        code="BATH-2",
        name_zh="真如助浴点",
        service="bath",
        subdistrict="310107007",
        lat_deg=31.2510,
        lon_deg=121.4000,
        slots=(SlotPattern(weekdays=0b0000010, starts_min=540, ends_min=600, places=1),),
    )
    draft = create_project(
        session, number, bath_project(title_zh="真如助浴", resources=(bath,)), idempotency_key="draft", now=noon
    )
    return Office(world=world, number=number, running=world.project, draft=project_number(draft), noon=noon)


def price(session: Session, project: int, cents: int) -> None:
    """Let a place of a project cost something."""
    table = table_of(Resource)
    session.connection().execute(update(table).where(table.c.project_id == project).values(place_cost_cents=cents))


def slots_of(session: Session, project: int) -> list[Slot]:
    """Return the slots of a project, by day."""
    own = select(Slot).join(Resource, Resource.id == Slot.resource_id).where(Resource.project_id == project)  # type: ignore[arg-type]  # SQLModel columns compare to SQL
    return list(session.exec(own.order_by(Slot.day)))  # type: ignore[arg-type]  # as above


def book(session: Session, slot: Slot, need: int, status: str = "booked") -> None:
    """Write a booking past all rules of ours but the database's."""
    session.connection().execute(insert(BOOKING), {"slot_id": slot.id, "need_id": need, "status": status})


@pytest.fixture
def plan(session: Session, noon: datetime) -> int:
    """A plan for visits to belong to."""
    return plan_by_hand(session, "charity", MONDAY, noon)

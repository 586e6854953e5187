"""The small district with devices in homes, and volunteers who can come at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.conftest import NOON
from tests.worlds import World
from timebank.alarms.devices import register_device
from timebank.alarms.orders import ASK, EVENT, ORDER
from timebank.alarms.sources import open_source, source_of
from timebank.core.database import transaction
from timebank.core.signatures import sign
from timebank.people.tables import VolunteerSkill

DAYTIME = NOON


@dataclass(frozen=True, slots=True)
class Alarmed:
    """What stands: the small district; C1 to C3 are call devices, M1 a meter; CENTRE sends for EAST."""

    engine: Engine
    world: World
    secret: str
    source_id: int
    devices: dict[str, int] = field(default_factory=dict)

    def do(self, act: Callable[..., Any], *values: Any, after_min: int = 0, **named: Any) -> Any:
        """Do one step in a transaction of its own, so many minutes after noon."""
        with transaction(self.engine) as session:
            return act(session, *values, now=DAYTIME + timedelta(minutes=after_min), **named)

    def signed(self, message_id: str, body: bytes, *, now: datetime = DAYTIME) -> dict[str, str]:
        """Return the headers of a message of the centre."""
        return sign([self.secret], message_id, body, now=now)


def put_up(session: Session, world: World) -> dict[str, int]:
    """Register the devices, and let V1 and V2 go to doors too."""
    for ref in ("V1", "V2"):
        session.add(VolunteerSkill(volunteer_id=world.volunteers[ref], service_id=world.services["door_visit"]))
    session.flush()
    homes = {"C1": ("call", "S1"), "C2": ("call", "S2"), "C3": ("call", "S5"), "M1": ("meter", "S1")}
    return {
        code: register_device(session, kind, code, world.seniors[ref], now=DAYTIME).id or 0
        for code, (kind, ref) in homes.items()
    }


@pytest.fixture
def alarmed(engine: Engine, world: World) -> Alarmed:
    """Devices in the homes of S1, S2 and S5."""
    with transaction(engine) as session:
        devices = put_up(session, world)
        secret = open_source(session, "centre", world.organisations["EAST"], actor="organisation:1", now=DAYTIME)
        source = source_of(session, "centre").id or 0
    return Alarmed(engine, world, secret, source, devices)


def steps_of(engine: Engine, order_id: int) -> list[tuple[str, int, int, str]]:
    """Return what happened to an order: step, whom it asks then (step and turn), and who acted."""
    wanted = select(EVENT.c.kind, EVENT.c.step, EVENT.c.turn, EVENT.c.actor).where(EVENT.c.order_id == order_id)
    with transaction(engine, read_only=True) as session:
        return [tuple(row) for row in session.connection().execute(wanted.order_by(EVENT.c.n))]


def rows_in(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of orders, their steps and whom they ask, as a session sees them."""
    return {
        table.name: [tuple(row) for row in session.connection().execute(select(table).order_by(*table.primary_key))]
        for table in (ORDER, EVENT, ASK)
    }


def rows_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of orders, their steps and whom they ask."""
    with transaction(engine, read_only=True) as session:
        return rows_in(session)


def asked_of(engine: Engine, order_id: int) -> list[tuple[int, int, int, str]]:
    """Return whom an order can ask: step, turn, volunteer, and how they stand to it."""
    wanted = select(ASK.c.step, ASK.c.turn, ASK.c.volunteer_id, ASK.c.state).where(ASK.c.order_id == order_id)
    with transaction(engine, read_only=True) as session:
        return [tuple(row) for row in session.connection().execute(wanted.order_by(ASK.c.step, ASK.c.turn))]

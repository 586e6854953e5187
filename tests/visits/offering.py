"""Offers of a greeting of S1 on Tuesday or Wednesday."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tests.needs.asking import DESK, NOW, TUESDAY
from tests.worlds import World
from timebank.visits.offers import Proposal, accept_offer, propose
from timebank.visits.tables import Visit

STATES = "SELECT state FROM offer WHERE request_id = :number ORDER BY round, rank"


def offered_to(world: World, *who: str, starts_min: int = 540) -> list[Proposal]:
    """Propose volunteers by reference, all for one hour of Tuesday."""
    return [Proposal(world.volunteers[one], TUESDAY, starts_min) for one in who]


def offer(session: Session, world: World, number: int, *who: str, **settings: Any) -> list[int]:
    """Offer a request to volunteers by reference, in turn; returns the numbers of the offers."""
    return [o.id or 0 for o in propose(session, number, offered_to(world, *who), actor=DESK, now=NOW, **settings)]


def states_of(session: Session, number: int) -> list[str]:
    """Return the state of every offer of a request, in the order of being asked."""
    return list(session.connection().execute(text(STATES), {"number": number}).scalars())


def take(world: World, plan: int, who: str, number: int, **later: float) -> Callable[[Session], Visit]:
    """Return the act of accepting an offer, some time after it was made."""
    mine, now = world.volunteers[who], NOW + timedelta(**later)
    return lambda session: accept_offer(session, number, volunteer_id=mine, plan_id=plan, now=now)

"""What programmes do by the clock: pairs go on, visits of people away are called off, follow-ups are opened."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.core.database import transaction
from timebank.core.retries import in_transaction
from timebank.programmes.away import call_off_away, has_away
from timebank.programmes.follow_ups import has_unmet, open_follow_ups
from timebank.programmes.partnerships import has_over, resume_due

CLOCK = "clock"
"""Who acts when nobody does."""


class Swept(NamedTuple):
    """What a sweep did."""

    opened: int
    resumed: int
    away: int


def sweep(session: Session, *, now: datetime) -> Swept:
    """Do what is due at a moment; again does nothing more."""
    resumed = resume_due(session, actor=CLOCK, now=now)
    away = call_off_away(session, day_of(now), actor=CLOCK, note="", now=now)
    return Swept(opened=open_follow_ups(session, now=now), resumed=resumed, away=away)


def sweep_bank(engine: Engine, *, now: datetime) -> Swept | None:
    """Sweep in a transaction of its own when something is due, as the worker does; looking takes no lock."""
    with transaction(engine, read_only=True) as session:
        is_due = has_over(session, now=now) or has_away(session, day_of(now)) or has_unmet(session, now=now)
    return in_transaction(engine, lambda session: sweep(session, now=now)) if is_due else None

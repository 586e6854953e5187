"""Clocks: what was not answered or handled in time goes on to the next, and what nobody knows is shown again."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import Session

from timebank.alarms.asking import CLOCK, add_step, ask_next, clock, go_on, settle_ask
from timebank.alarms.kinds import kinds
from timebank.alarms.orders import ORDER, order_of
from timebank.core.database import transaction

MOST_A_TICK = 200
"""Most orders that one transaction moves."""


def tick(session: Session, *, now: datetime, most: int = MOST_A_TICK) -> int:
    """Move orders whose clock has run out, the longest overdue first; returns how many. Doing it again is harmless.

    A clock that starts anew counts from now: after a night without a worker each order moves one step, not ten.
    """
    o = ORDER.c
    due = select(o.id).where(o.due_at <= now).order_by(o.due_at, o.id).limit(most).with_for_update(skip_locked=True)
    numbers = list(session.connection().execute(due).scalars())
    for number in numbers:
        _move(session, number, now)
    return len(numbers)


def _move(session: Session, number: int, now: datetime) -> None:
    order = order_of(session, number)
    kind = kinds().of(order.kind)
    if order.state == "unknown":
        due_at = clock(kinds().unknown_min, now)
        add_step(session, order, "reminded", actor=CLOCK, now=now, due_at=due_at)
    elif order.state == "asked":
        if order.turn:
            settle_ask(session, order, "no_answer", now=now)
        if kind.next_step(order.step) is not None:
            add_step(session, order, "no_answer", actor=CLOCK, now=now)
        ask_next(session, order, kind, actor=CLOCK, now=now)
    else:
        add_step(session, order, "overdue", actor=CLOCK, now=now)
        go_on(session, order, kind, actor=CLOCK, now=now)


def keep_alarms(engine: Engine, *, now: datetime) -> int:
    """Do what is due, a bounded part of it in one transaction; looking for it takes no lock. Returns how many moved."""
    with transaction(engine, read_only=True) as session:
        first = session.connection().execute(select(ORDER.c.id).where(ORDER.c.due_at <= now).limit(1)).scalar()
    if first is None:
        return 0
    with transaction(engine) as session:
        return tick(session, now=now)

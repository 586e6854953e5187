"""Whom an order asks next: the nearest able volunteers in turn, then offices, at last 120."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session

from timebank.alarms.kinds import Kind, Step
from timebank.alarms.orders import ASK, EVENT, ORDER, household_of
from timebank.alarms.tables import AlarmOrder
from timebank.core.errors import NotFound
from timebank.planning.responders import responders_to

CLOCK = "clock"
"""Who acts when nobody did in time."""


def add_step(
    session: Session,
    order: AlarmOrder,
    event: str,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
    **changes: Any,
) -> None:
    """Change an order and write the step down: both or neither; the number of the step keeps two from being one."""
    for name, value in (changes | {"n": order.n + 1}).items():
        setattr(order, name, value)
    session.flush()
    session.connection().execute(insert(EVENT).values(**event_row(order, event, actor=actor, now=now, note=note)))


def event_row(order: AlarmOrder, event: str, *, actor: str, now: datetime, note: str | None = None) -> dict[str, Any]:
    """Return the row of a step that an order has just taken."""
    return {
        "order_id": order.id,
        "n": order.n,
        "kind": event,
        "step": order.step,
        "turn": order.turn,
        "actor": actor,
        "note": note or None,
        "happened_at": now,
    }


def clock(minutes: int, now: datetime) -> datetime:
    """Return when a clock runs out that starts now."""
    return now + timedelta(minutes=minutes)


def begin(session: Session, order: AlarmOrder, kind: Kind, step: int, *, now: datetime) -> int:
    """Choose whom a step asks; returns the turn: 1 for the first of the volunteers, 0 where an office is asked.

    -1 where no volunteer can come, or the household is not in the registry any more.
    """
    asked = kind.steps[step]
    if asked.who != "responder":
        return 0
    found = _responders(session, order, asked, now)
    rows = [
        {
            "order_id": order.id,
            "step": step,
            "turn": turn,
            "volunteer_id": one,
            "distance_m": metres,
            "state": "asked" if turn == 1 else "waiting",
            "asked_at": now if turn == 1 else None,
        }
        for turn, (one, metres) in enumerate(found, 1)
    ]
    if not rows:
        return -1
    session.connection().execute(insert(ASK), rows)
    return 1


def _responders(session: Session, order: AlarmOrder, step: Step, now: datetime) -> list[tuple[int, int]]:
    """Return who can come now, nearest first: nobody who was asked before, or is with another household."""
    senior = household_of(session, order)
    if senior is None:
        return []
    connection = session.connection()
    asked = connection.execute(select(ASK.c.volunteer_id).where(ASK.c.order_id == order.id)).scalars()
    engaged = select(ASK.c.volunteer_id).join(ORDER, ORDER.c.id == ASK.c.order_id)
    engaged = engaged.where(ORDER.c.due_at.is_not(None), ASK.c.state.in_(("asked", "accepted")))
    busy = {*asked, *connection.execute(engaged).scalars()}
    try:
        found = responders_to(session, senior, step.service, at=now, count=step.tries, not_ids=tuple(sorted(busy)))
    except NotFound:
        return []  # the senior has left the registry, or the district does not give this service
    return [(one.volunteer_id, one.distance_m) for one in found]


def first_asked(session: Session, order: AlarmOrder, kind: Kind, *, now: datetime) -> dict[str, Any]:
    """Return the changes by which an order asks whoever comes first in its chain."""
    return _asking(session, order, kind, 0, now)


def _asking(session: Session, order: AlarmOrder, kind: Kind, step: int, now: datetime) -> dict[str, Any]:
    """Return the changes by which an order asks a step, or the first one after it that has somebody to ask."""
    turn = begin(session, order, kind, step, now=now)
    while turn < 0:
        step += 1  # the last step is an office, so this ends
        turn = begin(session, order, kind, step, now=now)
    due_at = clock(kind.steps[step].answer_min, now)
    return {"state": "asked", "step": step, "turn": turn, "due_at": due_at, "finding": ""}


def settle_ask(session: Session, order: AlarmOrder, state: str, *, now: datetime) -> None:
    """Write down how the volunteer answered whose turn it is; nothing where an office is asked."""
    if order.turn:
        here = (ASK.c.order_id == order.id, ASK.c.step == order.step, ASK.c.turn == order.turn)
        mine = (*here, ASK.c.state.in_(("asked", "accepted")))
        session.connection().execute(update(ASK).where(*mine).values(state=state, answered_at=now))


def pass_over(session: Session, order: AlarmOrder) -> None:
    """Let go of those who were not asked yet: the order has gone on without them."""
    waiting = (ASK.c.order_id == order.id, ASK.c.state == "waiting")
    session.connection().execute(update(ASK).where(*waiting).values(state="passed"))


def ask_next(session: Session, order: AlarmOrder, kind: Kind, *, actor: str, now: datetime) -> None:
    """Ask the next volunteer of the step, or go on to the next step."""
    a = ASK.c
    after = select(a.turn).where(a.order_id == order.id, a.step == order.step, a.turn > order.turn)
    turn = session.connection().execute(after.order_by(a.turn).limit(1)).scalar() if order.turn else None
    if turn is None:
        go_on(session, order, kind, actor=actor, now=now)
        return
    here = (a.order_id == order.id, a.step == order.step, a.turn == turn)
    session.connection().execute(update(ASK).where(*here).values(state="asked", asked_at=now))
    due_at = clock(kind.steps[order.step].answer_min, now)
    add_step(session, order, "asked", actor=actor, now=now, state="asked", turn=turn, due_at=due_at, finding="")


def go_on(
    session: Session, order: AlarmOrder, kind: Kind, *, actor: str, now: datetime, note: str | None = None
) -> None:
    """Go on to the next step; after the last one it is asked again, for nothing is ever dropped."""
    step = kind.next_step(order.step)
    settle_ask(session, order, "no_answer", now=now)
    pass_over(session, order)
    if step is None:
        due_at = clock(kind.steps[order.step].answer_min, now)
        add_step(session, order, "reminded", actor=actor, now=now, note=note, state="asked", due_at=due_at, finding="")
        return
    changes = _asking(session, order, kind, step, now)
    add_step(session, order, "escalated", actor=actor, now=now, note=note, **changes)

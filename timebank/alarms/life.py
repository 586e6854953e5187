"""The life of an order: received, asked, accepted, confirmed, closed with an outcome; every step is written down.

Each function is one step in the caller's transaction: it takes the order's row first, so of two who act at once the
second finds what the first did. The same by the same person again changes nothing.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session

from timebank.alarms.asking import (
    add_step,
    ask_next,
    clock,
    event_row,
    first_asked,
    go_on,
    pass_over,
    settle_ask,
)
from timebank.alarms.devices import device_at, register_device
from timebank.alarms.kinds import UNKNOWN_OUTCOMES, Kind, kinds
from timebank.alarms.orders import ASK, EVENT, ORDER, order_of
from timebank.alarms.tables import AlarmOrder
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase

LONGEST_NOTE, LONGEST_CODE = 1000, 40
UNKNOWN = "unknown"


def receive(
    session: Session,
    *,
    key: str,
    kind: str,
    code: str,
    actor: str,
    now: datetime,
    source_id: int | None = None,
    device_id: int | None = None,
) -> AlarmOrder:
    """Make an order of what a device says, and ask whoever comes first; the same key is the same order.

    A device that nobody knows becomes an order too, for a person to settle: it is never dropped. ``device_id`` says
    which device it is where the caller knows, whoever has its code now.

    Raises
    ------
    WrongInput
        When there is no such kind of order, or the code is empty or too long.
    NotFound
        When the device is unknown and no source is named that would answer for it.
    """
    known = kinds().of(kind)
    if not 1 <= len(code) <= LONGEST_CODE:
        right = Phrase("right_length", least=1, most=LONGEST_CODE)
        raise WrongInput(field="device", value=code[:LONGEST_CODE], right=right)
    connection = session.connection()
    if device_id is None:
        device = device_at(session, known.device, code)
        device_id = None if device is None else device.id
    if device_id is None and source_id is None:
        raise NotFound(kind="alarm_device", key=code)
    row: dict[str, Any] = {"key": key, "kind": kind, "source_id": source_id, "device_id": device_id, "n": 1}
    row |= {"heard": "" if device_id is not None else code, "state": UNKNOWN, "step": 0, "turn": 0}
    row |= {"received_at": now, "due_at": clock(kinds().unknown_min, now), "finding": "", "outcome": ""}
    if device_id is not None:
        row |= {"state": "asked"}  # whom is decided below, in the same transaction
    made = insert_or_skip(connection, ORDER).values(**row).on_conflict_do_nothing(index_elements=["key"])
    number = connection.execute(made.returning(ORDER.c.id)).scalar()
    if number is None:
        stands = connection.execute(select(ORDER.c.id).where(ORDER.c.key == key)).scalar_one()
        return order_of(session, stands)
    order = order_of(session, number)
    if device_id is not None:
        changes = first_asked(session, order, known, now=now)
        for name, value in changes.items():
            setattr(order, name, value)
        session.flush()
    connection.execute(insert(EVENT).values(**event_row(order, "received", actor=actor, now=now)))
    return order


def settle(
    session: Session, order_id: int, senior_id: int, *, actor: str, now: datetime, organisation_id: int | None = None
) -> AlarmOrder:
    """Say whose device an unknown one is: it is registered there, and the order goes its way from now on.

    Raises
    ------
    NotFound
        When there is no such order or senior among the organisation's.
    WrongState
        When the household is known already.
    """
    order = order_of(session, order_id, organisation_id=organisation_id, lock=True)
    _require(order, UNKNOWN)
    kind = kinds().of(order.kind)
    device = register_device(session, kind.device, order.heard, senior_id, now=now, organisation_id=organisation_id)
    order.device_id, order.heard, order.state = device.id, "", "asked"
    session.flush()
    changes = first_asked(session, order, kind, now=now)
    add_step(session, order, "settled", actor=actor, now=now, **changes)
    return order


def accept(
    session: Session,
    order_id: int,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> AlarmOrder:
    """Take an order on: the volunteer whose turn it is, or an office for whoever is asked; a new clock starts.

    Raises
    ------
    NotFound
        When there is none, or it never asked this volunteer.
    WrongState
        When it is somebody else's turn, or it was taken on or closed already.
    """
    order, kind = _taken(session, order_id, organisation_id, volunteer_id)
    if order.state == "accepted" and _last_actor(session, order) == actor:
        return order
    _require_turn(session, order, volunteer_id)
    settle_ask(session, order, "accepted", now=now)
    pass_over(session, order)
    due_at = clock(kind.steps[order.step].handle_min, now)
    add_step(session, order, "accepted", actor=actor, now=now, state="accepted", due_at=due_at)
    return order


def decline(
    session: Session,
    order_id: int,
    *,
    actor: str,
    now: datetime,
    note: str = "",
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> AlarmOrder:
    """Say that whoever is asked cannot: the next is asked at once. Who took an order on can give it back too.

    Raises
    ------
    NotFound
        When there is none, or it never asked this volunteer.
    WrongState
        When it is somebody else's turn, or it is closed.
    WrongInput
        When the note is too long.
    """
    _check_note(note)
    order, kind = _taken(session, order_id, organisation_id, volunteer_id)
    if volunteer_id is not None and _answer_of(session, order, volunteer_id) == "declined":
        return order
    _require_turn(session, order, volunteer_id, also=("accepted",))
    settle_ask(session, order, "declined", now=now)
    add_step(session, order, "declined", actor=actor, now=now, note=note)
    ask_next(session, order, kind, actor=actor, now=now)
    return order


def escalate(
    session: Session, order_id: int, *, actor: str, now: datetime, note: str = "", organisation_id: int | None = None
) -> AlarmOrder:
    """Go on to the next step by hand, whatever the clock says.

    Raises
    ------
    NotFound
        When there is none among the organisation's.
    WrongState
        When its household is unknown, or it is closed.
    WrongInput
        When the note is too long.
    """
    _check_note(note)
    order = order_of(session, order_id, organisation_id=organisation_id, lock=True)
    _require(order, "asked", "accepted", "confirmed")
    go_on(session, order, kinds().of(order.kind), actor=actor, now=now, note=note)
    return order


def confirm(
    session: Session,
    order_id: int,
    finding: str,
    *,
    actor: str,
    now: datetime,
    note: str = "",
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> AlarmOrder:
    """Say what was found, by telephone or at the door; the same finding again changes nothing.

    Raises
    ------
    NotFound
        When there is none, or it is not this volunteer's.
    WrongState
        When nobody has taken it on, or it is closed.
    WrongInput
        When the finding is none of this kind of order, or the note is too long.
    """
    _check_note(note)
    order, kind = _taken(session, order_id, organisation_id, volunteer_id)
    if finding not in kind.findings:
        known = ", ".join(kind.findings) or "-"
        raise WrongInput(field="finding", value=finding[:40], right=Phrase("right_one_of", known=known))
    if order.state == "confirmed" and order.finding == finding:
        return order
    _require(order, "accepted", "confirmed")
    add_step(session, order, "confirmed", actor=actor, now=now, note=note, state="confirmed", finding=finding)
    return order


def close(
    session: Session,
    order_id: int,
    outcome: str,
    *,
    actor: str,
    now: datetime,
    note: str = "",
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> AlarmOrder:
    """Close an order with its outcome; where something is to be found it was confirmed before. Never changed after.

    Raises
    ------
    NotFound
        When there is none, or it is not this volunteer's.
    WrongState
        When nobody has taken it on or nothing is confirmed, or it is closed with another outcome.
    WrongInput
        When the outcome is none of this kind of order, or the note is too long.
    """
    _check_note(note)
    order, kind = _taken(session, order_id, organisation_id, volunteer_id)
    outcomes = kind.outcomes if order.device_id is not None else UNKNOWN_OUTCOMES
    if outcome not in outcomes:
        raise WrongInput(field="outcome", value=outcome[:40], right=Phrase("right_one_of", known=", ".join(outcomes)))
    if order.state == "closed" and order.outcome == outcome:
        return order
    if order.device_id is None:
        _require(order, UNKNOWN)
    else:
        _require(order, "confirmed" if kind.findings else "accepted")
    add_step(
        session, order, "closed", actor=actor, now=now, note=note,
        state="closed", outcome=outcome, closed_at=now, due_at=None,
    )  # fmt: skip
    return order


def _taken(
    session: Session, order_id: int, organisation_id: int | None, volunteer_id: int | None
) -> tuple[AlarmOrder, Kind]:
    """Lock an order; for a volunteer, one that asked them."""
    order = order_of(session, order_id, organisation_id=organisation_id, lock=True)
    if volunteer_id is not None and _answer_of(session, order, volunteer_id) in ("", "waiting", "passed"):
        raise NotFound(kind="alarm_order", key=str(order_id))
    if volunteer_id is not None and order.state in ("accepted", "confirmed"):
        _require_turn(session, order, volunteer_id, also=("accepted", "confirmed"))
    return order, kinds().of(order.kind)


def _answer_of(session: Session, order: AlarmOrder, volunteer_id: int) -> str:
    """Return how a volunteer stands to an order, by the last step that knew them; nothing when none did."""
    mine = select(ASK.c.state).where(ASK.c.order_id == order.id, ASK.c.volunteer_id == volunteer_id)
    return session.connection().execute(mine.order_by(ASK.c.step.desc()).limit(1)).scalar() or ""


def _last_actor(session: Session, order: AlarmOrder) -> str:
    last = select(EVENT.c.actor).where(EVENT.c.order_id == order.id, EVENT.c.n == order.n)
    return str(session.connection().execute(last).scalar_one())


def _require_turn(session: Session, order: AlarmOrder, volunteer_id: int | None, also: tuple[str, ...] = ()) -> None:
    """Refuse what is not asked now, and a volunteer whose turn it is not."""
    _require(order, "asked", *also)
    if volunteer_id is None:
        return
    here = select(ASK.c.volunteer_id).where(
        ASK.c.order_id == order.id, ASK.c.step == order.step, ASK.c.turn == order.turn
    )
    if session.connection().execute(here).scalar() != volunteer_id:
        state, allowed = Phrase("state_others_turn"), Phrase("allowed_your_turn")
        raise WrongState(kind="alarm_order", key=str(order.id), state=state, allowed=allowed)


def _require(order: AlarmOrder, *states: str) -> None:
    if order.state not in states:
        allowed = Phrase(f"allowed_alarm_{states[0]}")
        state = Phrase(f"alarm_order_{order.state}")
        raise WrongState(kind="alarm_order", key=str(order.id), state=state, allowed=allowed)


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        right = Phrase("right_length", least=0, most=LONGEST_NOTE)
        raise WrongInput(field="note", value=f"{note[:20]}...", right=right)

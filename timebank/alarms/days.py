"""A day of thousands of calls at once: the same rows as one by one, written by few statements."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from timebank.alarms.asking import clock
from timebank.alarms.kinds import Kind, kinds
from timebank.alarms.life import receive
from timebank.alarms.orders import DEVICE, EVENT, ORDER
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

KEYS_A_QUERY = 5000


class Heard(NamedTuple):
    """What a device said at a moment; ``key`` is what it came from."""

    key: str
    kind: str
    code: str
    at: datetime


class Handled(NamedTuple):
    """How an order went that an office took on: when, what was found where something is, and how and when it ended."""

    order_id: int
    accepted_at: datetime
    closed_at: datetime
    outcome: str
    finding: str = ""


def take_calls(session: Session, calls: Sequence[Heard], *, actor: str, source_id: int | None = None) -> dict[str, int]:
    """Make an order of each call, as :func:`timebank.alarms.life.receive` does; returns the numbers by key.

    Those that ask an office first are written together. Those that ask volunteers first, and those of devices that
    nobody knows, are taken one by one, in their order: each looks at who is free when it comes.

    Raises
    ------
    WrongInput
        When a call has no kind of order; nothing is written then.
    NotFound
        When a device is unknown and no source is named.
    """
    known = {code: kinds().of(code) for code in {call.kind for call in calls}}
    devices = _devices(session, calls, known)
    plain: list[Heard] = []
    single: list[Heard] = []
    for call in calls:
        kind = known[call.kind]
        is_plain = kind.steps[0].who != "responder" and (kind.device, call.code) in devices
        (plain if is_plain else single).append(call)
    numbers = _write(session, plain, known, devices, actor, source_id)
    for call in single:
        order = receive(
            session, key=call.key, kind=call.kind, code=call.code, actor=actor, now=call.at, source_id=source_id
        )
        numbers[call.key] = order.id or 0
    return numbers


def _devices(session: Session, calls: Sequence[Heard], known: dict[str, Kind]) -> dict[tuple[str, str], int]:
    """Return the numbers of the devices that speak, by kind and code."""
    wanted = sorted({(known[call.kind].device, call.code) for call in calls})
    found: dict[tuple[str, str], int] = {}
    for kind in sorted({kind for kind, _ in wanted}):
        codes = [code for each, code in wanted if each == kind]
        for some in _parts(codes):
            held = select(DEVICE.c.code, DEVICE.c.id).where(DEVICE.c.kind == kind, DEVICE.c.to_at.is_(None))
            rows = session.connection().execute(held.where(DEVICE.c.code.in_(some)))
            found |= {(kind, code): number for code, number in rows}
    return found


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + KEYS_A_QUERY] for start in range(0, len(values), KEYS_A_QUERY))


def _numbers(session: Session, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _parts(sorted(keys)):
        rows = session.connection().execute(select(ORDER.c.key, ORDER.c.id).where(ORDER.c.key.in_(some)))
        found |= {row.key: row.id for row in rows}
    return found


def _write(
    session: Session,
    calls: Sequence[Heard],
    known: dict[str, Kind],
    devices: dict[tuple[str, str], int],
    actor: str,
    source_id: int | None,
) -> dict[str, int]:
    """Write the orders of offices that do not stand yet, and their first steps; returns the numbers of all by key."""
    stands = _numbers(session, [call.key for call in calls])
    fresh = {call.key: call for call in calls if call.key not in stands}
    if not fresh:
        return stands
    common = {"source_id": source_id, "heard": "", "state": "asked", "step": 0, "turn": 0, "n": 1}
    common |= {"finding": "", "outcome": ""}
    rows = [
        common
        | {
            "key": call.key,
            "kind": call.kind,
            "device_id": devices[known[call.kind].device, call.code],
            "received_at": call.at,
            "due_at": clock(known[call.kind].steps[0].answer_min, call.at),
        }
        for call in fresh.values()
    ]
    connection = session.connection()
    connection.execute(insert(ORDER), rows)
    numbers = _numbers(session, list(fresh))
    step = {"n": 1, "kind": "received", "step": 0, "turn": 0, "actor": actor}
    events: list[dict[str, Any]] = [
        step | {"order_id": numbers[key], "happened_at": call.at} for key, call in fresh.items()
    ]
    connection.execute(insert(EVENT), sorted(events, key=lambda row: row["order_id"]))
    return stands | numbers


def record_handled(session: Session, handled: Sequence[Handled], *, actor: str) -> int:
    """Write a sheet of orders that offices took on and closed; returns how many changed.

    Each becomes what accepting, confirming and closing one by one make of it. What is closed already, or taken on by
    others, is left as it is; so a sheet that is handed in again changes nothing.

    Raises
    ------
    WrongInput
        When a line cannot be: an outcome or a finding that is none of its kind, or an end before its beginning.
    """
    by_id = {one.order_id: one for one in handled}
    o = ORDER.c
    wanted: list[Any] = []
    for some in _parts(sorted(by_id)):
        free = select(o.id, o.kind, o.step, o.n, o.received_at).where(o.id.in_(some), o.state == "asked", o.turn == 0)
        wanted += session.connection().execute(free.order_by(o.id).with_for_update())
    changes, events = [], []
    for row in wanted:
        one, kind = by_id[row.id], kinds().of(row.kind)
        _check(one, kind, row.received_at)
        steps = ("accepted", "confirmed", "closed") if kind.findings else ("accepted", "closed")
        changes.append(
            {"number": row.id, "new_n": row.n + len(steps), "new_finding": one.finding, "new_outcome": one.outcome}
            | {"new_closed_at": one.closed_at}
        )
        events += [
            {"order_id": row.id, "n": row.n + n, "kind": step, "step": row.step, "turn": 0, "actor": actor}
            | {"happened_at": one.accepted_at if step == "accepted" else one.closed_at}
            for n, step in enumerate(steps, 1)
        ]
    if changes:
        names = ("n", "finding", "outcome", "closed_at")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        ended = update(ORDER).where(o.id == bindparam("number")).values(state="closed", due_at=None, **values)
        session.connection().execute(ended, changes)
        session.connection().execute(insert(EVENT), events)
        session.expire_all()
    return len(changes)


def _check(one: Handled, kind: Kind, received_at: datetime) -> None:
    if one.outcome not in kind.outcomes:
        right = Phrase("right_one_of", known=", ".join(kind.outcomes))
        raise WrongInput(field="outcome", value=one.outcome[:40], right=right)
    if one.finding not in (kind.findings or ("",)):
        right = Phrase("right_one_of", known=", ".join(kind.findings) or "-")
        raise WrongInput(field="finding", value=one.finding[:40], right=right)
    if not received_at <= one.accepted_at <= one.closed_at:
        right = Phrase("right_after", moment=received_at.isoformat())
        raise WrongInput(field="accepted_at", value=one.accepted_at.isoformat(), right=right)

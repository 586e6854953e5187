"""An order's whole life in processes that are killed with -9: one for every statement of it."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlmodel import Session

from tests.conftest import NOON
from tests.watched import watch
from timebank.alarms.clocks import tick
from timebank.alarms.inbox import take_message
from timebank.alarms.life import accept, close, decline, settle
from timebank.alarms.orders import EVENT, ORDER, accounts
from timebank.alarms.sources import MESSAGE
from timebank.core.database import database, transaction
from timebank.core.signatures import sign

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["timebank.cli", "tests.alarms.killing"])
PATIENCE_S = 120
CENTRE = "organisation:1"
MOST_STATEMENTS = 400
WHOLE = [1, 2, 4, 6, 7, 9, 10, 11]
"""How many steps an order has between two transactions of this life."""


def life(engine: Engine, key: str, secret: str, people: dict[str, int]) -> None:
    """Go on with an order from wherever it stands until it is closed; each part is one transaction."""
    body = json.dumps({"type": "call.received", "data": {"kind": "rescue", "device": f"NEW-{key}"}}).encode()
    order, stands = _standing(engine, key)

    def take(session: Session) -> None:
        nonlocal order
        take_message(session, "centre", sign([secret], key, body, now=NOON), body, now=NOON)
        order = session.connection().execute(select(ORDER.c.id).where(ORDER.c.key == f"centre:{key}")).scalar_one()

    parts: list[tuple[int, Callable[[Session], object]]] = [
        (0, take),
        (1, lambda session: settle(session, order, people["S1"], actor=CENTRE, now=NOON)),
        (2, lambda session: tick(session, now=NOON + timedelta(minutes=3))),
        (4, lambda session: decline(session, order, actor="p", now=NOON, volunteer_id=people["V2"])),
        (6, lambda session: accept(session, order, actor="p", now=NOON, volunteer_id=people["V5"])),
        (7, lambda session: tick(session, now=NOON + timedelta(hours=1))),
        (9, lambda session: accept(session, order, actor=CENTRE, now=NOON)),
        (10, lambda session: close(session, order, "helped", actor=CENTRE, now=NOON)),
    ]
    for count, act in parts:
        if count >= stands:
            with transaction(engine) as session:
                act(session)


def _standing(engine: Engine, key: str) -> tuple[int, int]:
    """Return the number of an order and how many steps it has."""
    with transaction(engine, read_only=True) as session:
        wanted = select(ORDER.c.id, func.count()).join(EVENT, EVENT.c.order_id == ORDER.c.id)
        row = session.connection().execute(wanted.where(ORDER.c.key == f"centre:{key}").group_by(ORDER.c.id)).first()
        return (row[0], row[1]) if row else (0, 0)


def kill_everywhere(url: str, secret: str, people: dict[str, int], told: Path) -> int | None:
    """Live a life for every statement of it, killed just before that statement, looked at, and lived to its end.

    What was found after each kill is written to ``told``, a line for each.
    """
    process = PROCESSES.Process(target=_drive, args=(os.environ["TIMEBANK_KEYS"], url, secret, people, told))
    process.start()
    process.join(PATIENCE_S)
    return process.exitcode


def _drive(keys: str, url: str, secret: str, people: dict[str, int], told: Path) -> None:
    os.environ["TIMEBANK_KEYS"] = keys
    with database(url) as engine:
        life(engine, "undisturbed", secret, people)  # what the library has to learn once is not learnt in every process
        for count in range(1, MOST_STATEMENTS):
            key = f"k{count}"
            engine.dispose()  # a child has no connection of its parent's
            ended = _forked(engine, key, secret, people, count)
            left = _found(engine, key)
            life(engine, key, secret, people)
            with told.open("a") as file:
                file.write(json.dumps({"ended": ended, "left": left, "after": _found(engine, key)}) + "\n")
            if ended == 0:
                break


def _forked(engine: Engine, key: str, secret: str, people: dict[str, int], count: int) -> int:
    """Live in a process of its own until a statement is to be sent for which it is killed; returns what ended it."""
    seen = 0

    def kill(_sql: str) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            watch(engine, kill)
            life(engine, key, secret, people)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def _found(engine: Engine, key: str) -> dict[str, object]:
    with transaction(engine, read_only=True) as session:
        connection = session.connection()
        order = connection.execute(select(ORDER).where(ORDER.c.key == f"centre:{key}")).first()
        steps = select(EVENT.c.kind).where(EVENT.c.order_id == (order.id if order else 0)).order_by(EVENT.c.n)
        messages = select(func.count()).select_from(MESSAGE).where(MESSAGE.c.message_id == key)
        return {
            "orders": int(order is not None),
            "messages": connection.execute(messages).scalar_one(),
            "n": order.n if order else 0,
            "state": order.state if order else "",
            "steps": list(connection.execute(steps).scalars()),
            "is_balanced": accounts(session).is_balanced,
        }

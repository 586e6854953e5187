"""Again, when others were in the way: a transaction that lost against its neighbours is done once more.

Deadlocks, serialization failures, lock time-outs and a busy SQLite are told as ``StoreBusy``, and nothing has changed
then. Whoever owns the transaction does it again after a pause of chance, which grows; what it refuses is told as it is.
"""

from collections.abc import Callable
from random import SystemRandom
from threading import BoundedSemaphore
from time import sleep
from typing import TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlmodel import Session

from timebank.core.database import BUSY_TIMEOUT_MS, transaction
from timebank.core.errors import StoreBusy, StoreDiffers, StoreUnavailable
from timebank.core.texts import Phrase

TRIES = 6
FIRST_PAUSE_S = 0.02
"""The longest first pause; each next one can be twice as long."""
WRITERS_AT_ONCE = {"sqlite": 1, "postgresql": 8}
"""How many transactions of one process write at once: more would only wait in the database, each with a connection."""

Result = TypeVar("Result")
_chance = SystemRandom()
_turns: "WeakKeyDictionary[Engine, BoundedSemaphore]" = WeakKeyDictionary()


def retried(
    work: Callable[[], Result],
    *,
    tries: int = TRIES,
    after: type[StoreUnavailable] = StoreBusy,
    pause: Callable[[float], None] = sleep,
) -> Result:
    """Do something, and again ``after`` such a failure of the store, at most ``tries`` times.

    Raises
    ------
    StoreBusy
        When they were in the way every time. Nothing has changed.
    """
    for number in range(tries - 1):
        try:
            return work()
        except StoreDiffers:  # it will not change by itself
            raise
        except after:
            pause(_chance.uniform(0, FIRST_PAUSE_S * 2**number))
    return work()


def in_transaction(
    engine: Engine, work: Callable[[Session], Result], *, pause: Callable[[float], None] = sleep
) -> Result:
    """Do something in a transaction of its own, and again from its beginning while others are in the way.

    ``work`` can be done more than once, so whatever it does beside the session must bear that. It opens no other
    writing transaction: it has a turn, of which there are few.

    Raises
    ------
    StoreBusy
        When others were in the way every time. Nothing has changed.
    """
    turns = _turns.setdefault(engine, BoundedSemaphore(WRITERS_AT_ONCE[engine.dialect.name]))

    def once() -> Result:
        if not turns.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise StoreBusy(Phrase("store_locked"))
        try:
            with transaction(engine) as session:
                return work(session)
        finally:
            turns.release()

    return retried(once, pause=pause)

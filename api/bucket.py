"""Points that callers have: taken before an operation runs, and given back as far as it did not use them.

The bucket stands in the database, so that any number of workers share it, and is written in a transaction of its own
that is over before the operation begins. On SQLite, where writers are alone, nobody who reads waits for it: while
another writes, a worker goes by what it saw last and settles when the database is free.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from math import ceil
from threading import Lock
from typing import Any

from sqlalchemy import Engine, text

from timebank.core.database import told_in_words
from timebank.core.store_faults import as_told
from timebank.people.buckets import BACK, LOOK, TAKE, THOUSANDTHS, Bucket
from timebank.people.tokens import Holder

PATIENCE_S = 0.05
"""How long a call waits for another writer of an SQLite file: longer than any other bucket is being written."""
AGAIN_S = 0.25
"""After how long an SQLite file is tried again on which somebody writes for longer."""
MOST_SEEN = 10_000
Say = Callable[[str, Mapping[str, Any]], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an operation was counted as, and what is left; ``is_granted`` is false when there was too little."""

    requested: int
    actual: int
    available: int
    bucket: Bucket
    is_granted: bool = True

    def shown(self) -> dict[str, int]:
        """Return it as it stands in the extensions of an answer."""
        return {
            "requested": self.requested,
            "actual": self.actual,
            "available": self.available,
            "maximum": self.bucket.most,
            "restoreRate": self.bucket.rate_per_s,
        }

    def headers(self) -> dict[str, str]:
        """Return it as headers; whoever was refused is told when there will be enough."""
        told = {
            "ratelimit-limit": str(self.bucket.most),
            "ratelimit-remaining": str(self.available),
            "ratelimit-reset": str(self._seconds_until(self.bucket.most)),
        }
        return told if self.is_granted else told | {"retry-after": str(max(1, self._seconds_until(self.requested)))}

    def _seconds_until(self, wanted: int) -> int:
        return max(0, ceil((wanted - self.available) / self.bucket.rate_per_s))


@dataclass(slots=True)
class _Seen:
    """What was left to a holder when the database was asked last, and what was taken since without it."""

    left_milli: int
    at_ms: int
    owed_milli: int = 0

    def left(self, now_ms: int, bucket: Bucket) -> int:
        """Return what is left now, as far as is known here."""
        full = self.left_milli + max(0, now_ms - self.at_ms) * bucket.rate_per_s
        return min(bucket.most * THOUSANDTHS, full) - self.owed_milli


def holder_key(holder: Holder) -> str:
    """Return whose bucket it is: all tokens of an organisation, or of a person, share one."""
    if holder.organisation_id is not None:
        return f"organisation {holder.organisation_id}"
    return f"person {holder.person_id}" if holder.person_id is not None else holder.name


@dataclass(slots=True)
class Buckets:
    """The buckets of a database; ``seconds`` is the clock by which they fill, which is nobody's but the machine's."""

    engine: Engine
    bucket: Bucket
    seconds: Callable[[], float] = time.time
    _say: Say = field(init=False)
    _turn: AbstractContextManager[Any] = field(init=False)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose how the database is spoken to: on SQLite by one connection, in turn."""
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._say = _Sqlite(self.engine, self.seconds).say if is_sqlite else self._say_to_server
        self._turn = Lock() if is_sqlite else nullcontext()

    def take(self, holder: Holder, cost: int) -> State:
        """Take what an operation can cost at most.

        Raises
        ------
        StoreUnavailable
            When the database does not answer.
        """
        key, now_ms = holder_key(holder), int(self.seconds() * 1000)
        with self._turn, told_in_words():
            left, is_granted = self._taken(key, cost * THOUSANDTHS, now_ms)
        return State(
            requested=cost,
            actual=cost if is_granted else 0,
            available=left // THOUSANDTHS,
            bucket=self.bucket,
            is_granted=is_granted,
        )

    def settled(self, holder: Holder, taken: State, used: int) -> State:
        """Give back what an operation did not use.

        Raises
        ------
        StoreUnavailable
            When the database does not answer.
        """
        back = taken.requested - min(used, taken.requested)
        if not back:
            return taken
        key = holder_key(holder)
        available = min(self.bucket.most, taken.available + back)
        with self._turn, told_in_words():
            try:
                left = self._say(BACK, self._back(key, back * THOUSANDTHS))
            except _Locked:
                self._seen_of(key).owed_milli -= back * THOUSANDTHS
            else:
                available = left // THOUSANDTHS if left is not None else available
        return replace(taken, actual=taken.requested - back, available=available)

    def _taken(self, key: str, cost_milli: int, now_ms: int) -> tuple[int, bool]:
        """Return what is left, and whether there was enough."""
        most = self.bucket.most * THOUSANDTHS
        asked = {"holder": key, "most": most, "cost": cost_milli, "rate": self.bucket.rate_per_s, "now": now_ms}
        seen = self._seen.get(key)
        try:
            if seen is not None and seen.owed_milli:
                self._say(BACK, self._back(key, -seen.owed_milli))
                seen.owed_milli = 0
            left = self._say(TAKE, asked)
            is_granted = left is not None
            if left is None:
                left = self._say(LOOK, asked) or 0
        except _Locked:
            return self._taken_unseen(key, cost_milli, now_ms)
        seen = self._seen_of(key)
        seen.left_milli, seen.at_ms = left, now_ms
        return left, is_granted

    def _taken_unseen(self, key: str, cost_milli: int, now_ms: int) -> tuple[int, bool]:
        """Decide while another writes, by what was seen of the bucket last; it is settled with the next call."""
        seen = self._seen_of(key)
        left = seen.left(now_ms, self.bucket)
        if left < cost_milli:
            return max(0, left), False
        seen.owed_milli += cost_milli
        return left - cost_milli, True

    def _seen_of(self, key: str) -> _Seen:
        if key not in self._seen:
            if len(self._seen) >= MOST_SEEN:
                self._seen.pop(next(iter(self._seen)), None)
            self._seen[key] = _Seen(self.bucket.most * THOUSANDTHS, int(self.seconds() * 1000))
        return self._seen[key]

    def _back(self, key: str, milli: int) -> dict[str, Any]:
        return {"holder": key, "most": self.bucket.most * THOUSANDTHS, "back": milli}

    def _say_to_server(self, statement: str, values: Mapping[str, Any]) -> int | None:
        """Say a statement to PostgreSQL, as a transaction of its own."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            found: int | None = connection.execute(text(statement), values).scalar()
        return found


class _Locked(Exception):
    """Another writes to the SQLite file."""


class _Sqlite:
    """A connection of its own to an SQLite file, which does not wait for other writers.

    What is lost with the power here are points that come back within the minute, so nothing waits for the disk either.
    """

    def __init__(self, engine: Engine, seconds: Callable[[], float]) -> None:
        self._path, self._seconds = engine.url.database or "", seconds
        self._connection: sqlite3.Connection | None = None
        self._busy_until_s = 0.0

    def say(self, statement: str, values: Mapping[str, Any]) -> int | None:
        """Say a statement, as a transaction of its own.

        Raises
        ------
        _Locked
            When another writes.
        """
        if self._seconds() < self._busy_until_s:
            raise _Locked
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
                )
                self._connection.execute("PRAGMA synchronous=NORMAL")
            with closing(self._connection.execute(statement, values)) as cursor:
                row = cursor.fetchone()
        except sqlite3.Error as fault:
            if "locked" in str(fault):
                self._busy_until_s = self._seconds() + AGAIN_S
                raise _Locked from fault
            raise as_told(fault, sqlite3.Error) from fault
        return None if row is None else int(row[0])

"""One thread that writes for many: what comes while it commits is written together in the next commit.

A commit that survives a power cut waits for the disk. Whoever commits each posting alone waits alone; the writer waits
once for all who came meanwhile. Every posting is whole or not at all by itself: one that is refused leaves those beside
it as they are. Nobody is answered before the commit, so what was answered is stored.

On SQLite this is the one writer that the database has anyway. On PostgreSQL it is a lane for an account that many post
to at once: they stand in line here, and not each with a connection in front of one row.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import groupby
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from timebank.core.database import told_in_words
from timebank.core.errors import Refusal, StoreBusy, StoreDiffers, StoreUnavailable
from timebank.core.retries import retried
from timebank.core.store_faults import as_told
from timebank.core.texts import Phrase
from timebank.ledger.books import Books, driven
from timebank.ledger.posting import require_post
from timebank.ledger.terms import Posted, Posting

MOST_WAITING = 4096
MOST_A_COMMIT = 512
PATIENCE_S = 20.0
"""How long who asks waits for room in a full line."""

TRIES = 3

Answer = TypeVar("Answer")
Answered = tuple[Any, Exception | None]
"""What someone is told: an answer, or why there is none."""


class Asked(NamedTuple):
    """What is to be done in the books, and whom to tell; a mere posting is known, for many of them go in one call."""

    act: Callable[[Books], Any]
    told: "Future[Any]"
    posting: tuple[Posting, datetime] | None = None


class Writer:
    """Writes what many threads ask, in the order they ask it; close it, or use it in a ``with`` block.

    Parameters
    ----------
    engine
        The database; one connection of it stays with the writer.
    most_waiting
        How many can stand in line; the next waits for room, at most ``patience_s`` seconds.
    most_a_commit
        How many are written in one transaction.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        most_waiting: int = MOST_WAITING,
        most_a_commit: int = MOST_A_COMMIT,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._engine, self._most_waiting, self._most_a_commit = engine, most_waiting, most_a_commit
        self._patience_s = patience_s
        self._line: deque[Asked] = deque()
        self._is_closed = self._is_writing = False
        self._lock = Lock()
        self._work, self._room = Condition(self._lock), Condition(self._lock)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._connection: Connection | None = None
        self._driver: Any = None
        self._books: Books | None = None
        self._thread = Thread(target=self._run, name="ledger writer", daemon=True)
        self._thread.start()

    def post(self, posting: Posting, *, now: datetime) -> "Future[Posted]":
        """Post, or replay what the same key posted before; the future is told after the commit."""
        return self._enter(_asked(posting, now))

    def write(self, posting: Posting, *, now: datetime) -> Posted:
        """Post, and wait for the answer; when nobody else is writing, this thread writes, and hands nothing over."""
        require_post(posting)
        with self._lock:
            is_alone = not (self._is_writing or self._line or self._is_closed)
            self._is_writing = self._is_writing or is_alone
        if not is_alone:
            return self.post(posting, now=now).result()
        try:
            return self._write_alone(posting, now)
        finally:
            self._make_way()

    def ask(self, act: Callable[[Books], Answer]) -> "Future[Answer]":
        """Do something in the books, whole or not at all: a hold and its reversal, or several postings together.

        What is done has keys: when the answer to a commit is lost, it is done again, and finds itself.
        """
        return self._enter(Asked(partial(_together, act), Future()))

    def flush(self) -> None:
        """Wait until all that was asked before is stored, or refused."""
        self._enter(Asked(_nothing, Future())).result()

    def close(self) -> None:
        """Write what was asked, then stop; asking more is refused."""
        with self._lock:
            self._is_closed = True
            self._work.notify_all()
            self._room.notify_all()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, asked: "Asked") -> "Future[Any]":
        with self._lock:
            is_in_time = self._room.wait_for(
                lambda: self._is_closed or len(self._line) < self._most_waiting, self._patience_s
            )
            if self._is_closed:
                message = "The writer is closed; it takes nothing more."
                raise ValueError(message)
            if not is_in_time:
                raise StoreBusy(Phrase("store_locked"))
            self._line.append(asked)
            self._work.notify()
        return asked.told

    def _run(self) -> None:
        try:
            while (group := self._take()) is not None:
                self._settle([one for one in group if one.told.set_running_or_notify_cancel()])
                self._make_way()
        finally:  # whatever ended it: nobody waits for a writer that is no more
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._is_closed, self._is_writing = True, False
            left, self._line = self._line, deque()
            self._room.notify_all()
        self._leave()
        for one in left:
            one.told.set_exception(StoreUnavailable(Phrase("store_silent")))

    def _take(self) -> list[Asked] | None:
        """Wait for work, and take all that can be written at once; nothing when there is no more to come."""
        with self._lock:
            self._work.wait_for(lambda: not self._is_writing and (self._line or self._is_closed))
            group = [self._line.popleft() for _ in range(min(len(self._line), self._most_a_commit))]
            self._is_writing = bool(group)
            self._room.notify_all()
        return group or None

    def _write_alone(self, posting: Posting, now: datetime) -> Posted:
        """Write one posting in this thread; when anything but a refusal comes of it, it is written as any group is."""
        try:
            books = self._begin(is_single=True)
            try:
                posted = books.put(posting, now=now)
            except Refusal:
                self._driver.rollback()
                raise
            self._commit()
        except SQLAlchemyError:
            self._leave()
        except Refusal:
            raise
        except BaseException:
            self._leave()
            raise
        else:
            return posted
        asked = _asked(posting, now)
        self._settle([asked])
        told: Future[Posted] = asked.told
        return told.result()

    def _make_way(self) -> None:
        """Let the next write."""
        with self._lock:
            self._is_writing = False
            self._work.notify()

    def _settle(self, group: list[Asked]) -> None:
        """Write a group and tell everyone; when one of them breaks something, each is written alone."""
        try:
            answers = retried(partial(self._write, group), tries=TRIES, after=StoreUnavailable)
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is told to whom it belongs, and the writer lives
            is_of_all = isinstance(fault, StoreUnavailable) and not isinstance(fault, StoreDiffers)
            if len(group) > 1 and not is_of_all:
                for one in group:
                    self._settle([one])
                return
            answers = [(None, fault)] * len(group)
        for one, (answer, no) in zip(group, answers, strict=True):
            if no is None:
                one.told.set_result(answer)
            else:
                one.told.set_exception(no)

    def _write(self, group: list[Asked]) -> list[Answered]:
        """Write a group in one transaction; returns what each is told once it is committed."""
        committing = False
        try:
            with told_in_words(lambda: committing):
                books = self._begin(is_single=len(group) == 1 and group[0].posting is not None)
                answers = _answers(group, books)
                committing = True
                self._commit()
        except BaseException:
            self._leave()
            raise
        return answers

    def _begin(self, *, is_single: bool) -> Books:
        """Begin a transaction on the connection that stays with the writer; PostgreSQL needs none for one call."""
        if self._books is None:
            self._connection = self._engine.connect()
            self._driver = self._connection.connection.driver_connection
            self._books = driven(self._connection.connection)
            if self._is_sqlite:  # an earlier reader may have left it so
                self._driver.execute("PRAGMA query_only=OFF")
        try:
            if not self._is_sqlite:  # its driver begins by itself
                if self._driver.autocommit is not is_single:
                    self._driver.autocommit = is_single
            else:
                self._driver.execute("BEGIN IMMEDIATE")
        except (sqlite3.Error, psycopg.Error) as fault:
            raise as_told(fault, Exception) from fault
        return self._books

    def _commit(self) -> None:
        try:
            self._driver.commit()
        except (sqlite3.Error, psycopg.Error) as fault:
            raise as_told(fault, Exception) from fault

    def _leave(self) -> None:
        """Give the connection away: after a failure nobody knows its state."""
        connection, self._connection, self._books = self._connection, None, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.invalidate()
            connection.close()


def _asked(posting: Posting, now: datetime) -> Asked:
    """Take a posting, or refuse it when it is of a kind that has a function of its own."""
    require_post(posting)
    return Asked(lambda books: books.put(posting, now=now), Future(), (posting, now))


def _answers(group: list[Asked], books: Books) -> list[Answered]:
    """Do what is asked in its order; postings that follow each other are put together."""
    answers: list[Answered] = []
    for is_posting, run in groupby(group, lambda one: one.posting is not None):
        some = list(run)
        if is_posting and len(some) > 1:
            put = books.put_each([one.posting for one in some if one.posting is not None])
            answers += [(None, one) if isinstance(one, Refusal) else (one, None) for one in put]
        else:
            answers += [_answered(one.act, books) for one in some]
    return answers


def _answered(act: Callable[[Books], Any], books: Books) -> Answered:
    """Return what an act answers, or how it is refused."""
    try:
        return act(books), None
    except Refusal as refusal:
        return None, refusal


def _nothing(_: Books) -> None:
    """Do nothing: who waits for it has waited for all before."""


def _together(act: Callable[[Books], Answer], books: Books) -> Answer:
    with books.together():
        return act(books)

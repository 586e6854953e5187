"""Processes that act on a book and get SIGKILL just before a statement of their choice, or live to spend it dry."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing.connection import Connection as Pipe

from sqlalchemy import Engine

from tests.ledger.conftest import Pair
from tests.watched import watch
from timebank.core.database import database, transaction
from timebank.core.errors import BalanceTooLow
from timebank.core.retries import in_transaction
from timebank.ledger.batch import post_batch
from timebank.ledger.holds import capture, reverse
from timebank.ledger.posting import post
from timebank.ledger.writer import Writer

PATIENCE_S = 60
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.ledger.dying"])
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """One attempt: its keys begin with ``key``; what is captured and what is taken back stands already."""

    key: str
    pair: Pair
    held: int
    given: int
    now: datetime

    @property
    def keys(self) -> list[str]:
        """Return the keys of all that an act posts."""
        return [f"{self.key}.{number}" for number in range(3)]


def earn_once(engine: Engine, asked: Round, told: Told) -> None:
    """Post one transfer."""
    with transaction(engine) as session:
        post(session, asked.pair.earn(asked.keys[0]), now=asked.now)
    told(asked.keys[0])


def earn_thrice(engine: Engine, asked: Round, told: Told) -> None:
    """Post a batch."""
    with transaction(engine) as session:
        post_batch(session, [asked.pair.earn(key) for key in asked.keys], now=asked.now)
    for key in asked.keys:
        told(key)


def keep_a_promise(engine: Engine, asked: Round, told: Told) -> None:
    """Capture a hold."""
    with transaction(engine) as session:
        capture(session, asked.pair.book, asked.held, idem_key=asked.keys[0], now=asked.now)
    told(asked.keys[0])


def take_back(engine: Engine, asked: Round, told: Told) -> None:
    """Reverse a gift."""
    with transaction(engine) as session:
        reverse(session, asked.pair.book, asked.given, idem_key=asked.keys[0], reason="mistake", now=asked.now)
    told(asked.keys[0])


def earn_by_the_writer(engine: Engine, asked: Round, told: Told) -> None:
    """Have three postings written for three askers, perhaps in one commit."""
    with Writer(engine) as writer:
        answers = [(key, writer.post(asked.pair.earn(key), now=asked.now)) for key in asked.keys]
        for key, answer in answers:
            answer.result()
            told(key)


ACTS = (earn_once, earn_thrice, keep_a_promise, take_back, earn_by_the_writer)
Act = Callable[[Engine, Round, Told], None]


def die_at(url: str, act: Act, asked: Round, statement: int) -> tuple[int | None, set[str]]:
    """Act in a process that dies just before its ``statement``-th; returns the exit code, and what was acknowledged."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_act, args=(url, act, asked, statement, theirs))
    process.start()
    theirs.close()
    told = set()
    try:
        while True:
            told.add(ours.recv())
    except EOFError:  # it ended
        process.join(PATIENCE_S)
    return process.exitcode, told


def spend_dry(url: str, asked: Round, number: int) -> int:
    """Spend a minute of Anna's again and again until she has none; returns how many were spent here."""
    spent = 0
    with database(url) as engine:
        while True:
            posting = asked.pair.spend(f"{number}:{spent}", 1)
            try:
                in_transaction(engine, partial(post, posting=posting, now=asked.now))
            except BalanceTooLow:
                return spent
            spent += 1


def _act(url: str, act: Act, asked: Round, statement: int, pipe: Pipe) -> None:
    with database(url) as engine:
        watch(engine, _Countdown(statement).step)
        act(engine, asked, pipe.send)


class _Countdown:
    """Kills this process just before a statement, counted over all connections; commits are statements too."""

    def __init__(self, statement: int) -> None:
        self.left = statement

    def step(self, _statement: str) -> None:
        """Count one; the last one is not reached."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

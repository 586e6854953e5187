"""A book with many members to post among, and the bare statements that the library is held against."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from json.encoder import encode_basestring as quoted
from random import Random
from time import perf_counter

from sqlalchemy import Engine

from timebank.core.database import SQLITE_SETTINGS, transaction
from timebank.core.schema import upgrade
from timebank.ledger.accounts import ISSUANCE, account_id, book_id, ensure_book, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.sqlite_books import ENTRIES, GATE, MOVE
from timebank.ledger.stamps import as_sqlite_keeps
from timebank.ledger.terms import CANONICAL, Posting, in_utc, transfer_row

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PLENTY_MIN = 1_000_000
BUSY_S = 60.0
DECISION = {
    "allowed": True,
    "pack": "shanghai-2026",
    "reasons": [{"article": "5", "key": "earn_by_minutes"}, {"article": "6", "key": "within_cap"}],
    "inputs": {"day": "2026-03-01", "giver_age": 66, "planned_min": 30, "served_min": 30, "evidence": "qr"},
}
"""About what the rules say of a greeting; the decisions of a day are one object, as the credit of visits has them."""


@dataclass
class Town:
    """Members with plenty of minutes; every posting that is made gets a key of its own."""

    engine: Engine
    book: int
    issuing: int
    members: list[int]
    numbers: "count[int]" = field(default_factory=count)
    chance: Random = field(default_factory=lambda: Random(1))  # noqa: S311  # chance of a measurement, not of a secret

    def spread(self, number: int) -> list[Posting]:
        """Make gifts between members drawn by chance."""
        return [self._posting(*self.chance.sample(self.members, 2)) for _ in range(number)]

    def hot(self, number: int) -> list[Posting]:
        """Make gifts of all members to one and the same."""
        return [self._posting(self.chance.choice(self.members[1:]), self.members[0]) for _ in range(number)]

    def earned(self, number: int) -> list[Posting]:
        """Make credits as visits earn them: all from the issuing account."""
        return [self._posting(self.issuing, self.chance.choice(self.members)) for _ in range(number)]

    def _posting(self, giver: int, taker: int) -> Posting:
        return Posting(
            book_id=self.book,
            idem_key=f"visit:{next(self.numbers)}",
            debit_id=giver,
            credit_id=taker,
            amount_min=30,
            reason="earn",
            effective_at=NOW,
            decision=DECISION,
        )


def make_town(engine: Engine, members: int) -> Town:
    """Open a book in an empty database, and give every member plenty."""
    upgrade(engine)
    with transaction(engine) as session:
        book = book_id(ensure_book(session, "putuo", "普陀", NOW))
        rows = [{"code": f"member:{number}", "kind": "member"} for number in range(members)]
        accounts = list(open_accounts(session, book, rows).values())
        town = Town(engine, book, account_id(session, book, ISSUANCE), accounts)
        gifts = [
            Posting(
                book_id=book,
                idem_key=f"plenty:{account}",
                debit_id=town.issuing,
                credit_id=account,
                amount_min=PLENTY_MIN,
                reason="grant",
                effective_at=NOW,
            )
            for account in accounts
        ]
        post_batch(session, gifts, now=NOW)
    return town


Ready = tuple[Sequence[object], Posting]
"""The values of a transfer's row in the order of its statement, and its posting."""


def ready(postings: Iterable[Posting]) -> list[Ready]:
    """Make rows beforehand, hashes included: the bare loop does nothing but run statements."""
    made: list[Ready] = []
    for posting in postings:
        row = transfer_row(posting, NOW) | {"decision": json.dumps(posting.decision)}
        moments = {name: as_sqlite_keeps(in_utc(row[name])) for name in ("effective_at", "created_at")}
        made.append((tuple((row | moments).values()), posting))
    return made


def bare_sqlite(engine: Engine) -> sqlite3.Connection:
    """Open the file of an engine through the driver alone, with the project's own settings."""
    path = engine.url.database or ""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
    for setting in SQLITE_SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return connection


def run_bare(connection: sqlite3.Connection, rows: Iterable[Ready]) -> None:
    """Run the statements of each posting, one by one, in the transaction that is open."""
    run, moment = connection.execute, as_sqlite_keeps(in_utc(NOW))
    for row, posting in rows:
        number = run(GATE, row).lastrowid
        amount, lines = posting.amount_min, list[object]()
        for account, credit, debit in sorted(((posting.debit_id, 0, amount), (posting.credit_id, amount, 0))):
            after = run(MOVE, (credit, debit, 0, moment, moment, account, posting.book_id)).fetchall()
            credits_after, debits_after, version, moved_at = after[0]
            balance = credits_after - debits_after
            lines += (account, version, number, credit - debit, balance, credits_after, moved_at)
        run(ENTRIES, lines)


def run_bare_each(connection: sqlite3.Connection, rows: Iterable[Ready]) -> None:
    """Run each posting in a transaction of its own."""
    for row in rows:
        connection.execute("BEGIN IMMEDIATE")
        run_bare(connection, [row])
        connection.execute("COMMIT")


def run_bare_together(connection: sqlite3.Connection, rows: Iterable[Ready]) -> None:
    """Run all postings in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    run_bare(connection, rows)
    connection.execute("COMMIT")


def leaves_of(postings: Iterable[Posting]) -> list[bytes]:
    """Make what tamper evidence adds to a posting, and nothing else: the leaf, where the key's hash is made anyway."""
    made, moment, canonical, end = [], f'"{in_utc(NOW)}"', CANONICAL.encode(DECISION), f',"{in_utc(NOW)}"]'
    for one in postings:
        head = f'[{one.book_id},"post","earn",{one.debit_id},{one.credit_id},{one.amount_min},null,null,null,'
        made.append(sha256(f"\0{head}{moment},{canonical},{quoted(one.idem_key)}{end}".encode()).digest())
    return made


def waits_of(work: Callable[[Posting], object], postings: Iterable[Posting]) -> list[float]:
    """Do something with each posting, and return the seconds that each took."""
    waits = []
    for posting in postings:
        began = perf_counter()
        work(posting)
        waits.append(perf_counter() - began)
    return waits


def by_threads(shares: Sequence[Callable[[], list[float]]]) -> tuple[float, list[float]]:
    """Do each share in a thread of its own, at once; returns the seconds of all, and all waits."""
    began = perf_counter()
    with ThreadPoolExecutor(len(shares)) as pool:
        waits = [wait for done in [pool.submit(share) for share in shares] for wait in done.result()]
    return perf_counter() - began, waits


def p99(waits: Sequence[float]) -> float:
    """Return the wait that one in a hundred is longer than."""
    return sorted(waits)[len(waits) * 99 // 100]

"""A book on one database, and the few lines of memory that it must agree with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from timebank.core.database import transaction
from timebank.core.errors import Refusal, StoreBusy
from timebank.core.retries import in_transaction
from timebank.ledger.accounts import ISSUANCE, account_id, book_id, ensure_book, open_accounts
from timebank.ledger.books import Books, books_of
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.terms import Posting
from timebank.ledger.writer import Writer

NOON = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
FLOORS = {ISSUANCE: None, "anna": 0, "bo": 0, "club": -100}
CEILINGS = {"bo": 300}
ROWS: list[dict[str, Any]] = [
    {"code": "anna", "kind": "member"},
    {"code": "bo", "kind": "member", "ceiling_min": CEILINGS["bo"]},
    {"code": "club", "kind": "organisation", "floor_min": FLOORS["club"]},
]
PATHS = ("driver", "plain", "writer")
TROUBLES = ("none", "none", "busy before", "busy after", "reply lost")
TOLD = ("available_min", "amount_min", "ceiling_min")
"""What refusals say in minutes; numbers of rows are each database's own."""
TRANSFERS = """
    SELECT CASE WHEN t.kind = 'expire' THEN t.kind ELSE t.idem_key END, t.kind, t.reason, t.amount_min, t.created_at,
        h.idem_key, r.idem_key, CASE WHEN t.hold_id IS NULL AND t.reverses_id IS NULL THEN t.leaf END
    FROM transfer t LEFT JOIN transfer h ON h.id = t.hold_id LEFT JOIN transfer r ON r.id = t.reverses_id
    WHERE t.book_id = :book ORDER BY t.id"""
LEAF = 7
"""Where the hash stands in such a row; it is of the database's own numbers too."""
ENTRIES = """
    SELECT a.code, e.seq, e.amount_min, e.balance_after_min, e.credits_after_min, e.created_at
    FROM entry e JOIN account a ON a.id = e.account_id WHERE a.book_id = :book ORDER BY a.id, e.seq"""

Pay = tuple[str, str, int]
"""From whom, to whom, how many minutes."""


@dataclass
class Told:
    """What the model remembers of a transfer: who, how much, until when; and whether it is open or can be undone."""

    pay: Pay
    until: datetime | None = None
    is_over: bool = False


@dataclass
class Model:
    """Balances and what is held, by code of account."""

    balances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLOORS, 0))
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLOORS, 0))

    def move(self, *asked: Pay, freed: int = 0) -> bool:
        """Move all in turn, or nothing; ``freed`` minutes of the first payer were held for this."""
        before = dict(self.balances), dict(self.held)
        if freed:
            self.held[asked[0][0]] -= freed
        for debit, credit, amount in asked:
            self.balances[debit] -= amount
            self.balances[credit] += amount
            if not self._fits(debit) or self.balances[credit] > CEILINGS.get(credit, self.balances[credit]):
                self.balances, self.held = before
                return False
        return True

    def hold(self, code: str, amount: int) -> bool:
        """Set minutes aside if they are there."""
        self.held[code] += amount
        if not self._fits(code):
            self.held[code] -= amount
            return False
        return True

    def _fits(self, code: str) -> bool:
        floor = FLOORS[code]
        return floor is None or self.balances[code] - self.held[code] >= floor


class Side:
    """The book on one of the databases."""

    def __init__(self, engine: Engine, code: str) -> None:
        self.engine, self.writer = engine, Writer(engine)
        self.numbers: dict[str, int] = {}
        with transaction(engine) as session:
            self.book = book_id(ensure_book(session, code, "普陀", NOON))
            self.accounts = open_accounts(session, self.book, ROWS) | {
                ISSUANCE: account_id(session, self.book, ISSUANCE)
            }

    def posting(self, key: str, pay: Pay, **changes: Any) -> Posting:
        """Make the posting of a payment."""
        parts: dict[str, Any] = {
            "book_id": self.book,
            "idem_key": key,
            "debit_id": self.accounts[pay[0]],
            "credit_id": self.accounts[pay[1]],
            "amount_min": pay[2],
            "reason": "earn",
            "effective_at": NOON,
            "decision": {"allowed": True, "reasons": ["一", "二"]},
        }
        return Posting(**(parts | changes))

    def do(self, act: "Act", path: str, trouble: str) -> Any:
        """Do something in the books and tell what came of it; a refusal is told by name and minutes."""
        if trouble == "reply lost":
            self.do(act, path, "none")
        faults = [StoreBusy("Others were here.")] * trouble.startswith("busy")

        def tried(books: Books) -> Any:
            if faults and trouble == "busy before":
                raise faults.pop()
            result = act(self, books)
            if faults:
                raise faults.pop()
            return result

        def in_session(session: Session) -> Any:
            books = PlainBooks(session) if path == "plain" else books_of(session)
            with books.together():
                return tried(books)

        try:
            return self.writer.ask(tried).result() if path == "writer" else in_transaction(self.engine, in_session)
        except Refusal as refusal:
            return said(refusal)

    def told(self, *, with_leaves: bool) -> list[list[tuple[Any, ...]]]:
        """Return all that the book says which both databases must say alike."""
        with transaction(self.engine, read_only=True) as session:
            rows = [session.connection().execute(text(sql), {"book": self.book}) for sql in (TRANSFERS, ENTRIES)]
            said = [[tuple(_alike(value) for value in row) for row in part] for part in rows]
        return said if with_leaves else [[row[:LEAF] for row in part] for part in said]


Act = Callable[[Side, Books], Any]


def said(refusal: Refusal) -> tuple[Any, ...]:
    """Tell a refusal as its name and its minutes."""
    return (refusal.code, *(getattr(refusal, name, None) for name in TOLD))


def _alike(value: Any) -> Any:
    """Return a moment as its text: one database gives text, the other a moment."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def is_refused(outcome: Any) -> bool:
    """Whether an outcome is a refusal that was told."""
    return isinstance(outcome, tuple)

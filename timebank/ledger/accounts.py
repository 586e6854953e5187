"""Accounts of a book: opened once, read at any time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.reading import read, read_moment, stored_moment
from timebank.ledger.tables import Account, Book, Entry

ACCOUNT = table_of(Account)
BOOK = table_of(Book)
ENTRY = table_of(Entry)
ISSUANCE = "issuance"
POOL = "pool"
CODES_A_QUERY = 5000
MOST_LINES = 100
"""Most lines of a page of a statement."""
NO_SEQ = (1 << 63) - 1
"""After every entry."""
LINES = """
    SELECT e.account_id, e.seq, e.transfer_id, e.amount_min, e.balance_after_min, e.credits_after_min, e.created_at,
        t.kind, t.reason
    FROM entry e JOIN transfer t ON t.id = e.transfer_id WHERE e.account_id = ? """
PAGE_BACK = LINES + "AND e.seq < ? ORDER BY e.seq DESC LIMIT ?"
PAGE_ON = LINES + "AND e.seq > ? ORDER BY e.seq LIMIT ?"
LAST_UNTIL = """
    SELECT balance_after_min FROM entry WHERE account_id = ? AND created_at <= ?
    ORDER BY created_at DESC, seq DESC LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account in minutes: all credits and debits so far, and what is held."""

    credits_min: int
    debits_min: int
    held_min: int

    @property
    def balance_min(self) -> int:
        """Credits less debits."""
        return self.credits_min - self.debits_min

    @property
    def available_min(self) -> int:
        """What can be spent: the balance less what is held."""
        return self.balance_min - self.held_min


class Line(NamedTuple):
    """A line of a statement: an entry, and the kind and the reason of its transfer."""

    account_id: int
    seq: int
    transfer_id: int
    amount_min: int
    balance_after_min: int
    credits_after_min: int
    created_at: datetime
    kind: str
    reason: str


def ensure_book(session: Session, code: str, name_zh: str, now: datetime) -> Book:
    """Return the book of a district, opened with its issuing account and its pool when it is new."""
    connection = session.connection()
    gate = insert_or_skip(connection, BOOK).values(code=code, name_zh=name_zh, created_at=now)
    connection.execute(gate.on_conflict_do_nothing(index_elements=["code"]))
    book = session.exec(pick(Book).where(Book.code == code)).one()
    rows: list[dict[str, Any]] = [
        {"code": ISSUANCE, "kind": "issuance", "floor_min": None},
        {"code": POOL, "kind": "pool", "floor_min": 0},
    ]
    open_accounts(session, book_id(book), rows)
    return book


def member_code(person_id: int) -> str:
    """Return the code of a person's own account."""
    return f"member:{person_id}"


def book_id(book: Book) -> int:
    """Return the number of a stored book."""
    if book.id is None:
        message = "The book is not stored yet."
        raise ValueError(message)
    return book.id


def open_accounts(session: Session, book: int, rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Open the accounts that are missing; return every asked account's id by code.

    A row has ``code`` and ``kind``, and may have ``person_id``, ``organisation_id``, ``floor_min`` (0 unless
    given; empty for the issuing account alone), ``ceiling_min``.

    Raises
    ------
    WrongState
        When an account of that code stands for another kind, person or organisation.
    """
    asked = [{"floor_min": 0, "person_id": None, "organisation_id": None, "ceiling_min": None} | row for row in rows]
    connection = session.connection()
    a, found = ACCOUNT.c, {}
    for start in range(0, len(asked), CODES_A_QUERY):
        some = {str(row["code"]): row for row in asked[start : start + CODES_A_QUERY]}
        opening = insert_or_skip(connection, ACCOUNT).on_conflict_do_nothing(index_elements=["book_id", "code"])
        connection.execute(opening, [{"book_id": book, **_ZERO, **row} for row in some.values()])
        holders = select(a.code, a.id, a.kind, a.person_id, a.organisation_id)
        for standing in connection.execute(holders.where(a.book_id == book, a.code.in_(some))):
            row = some[standing.code]
            if standing[2:] != (row["kind"], row["person_id"], row["organisation_id"]):
                state, allowed = Phrase("state_other_holder"), Phrase("allowed_same_holder")
                raise WrongState(kind="account", key=standing.code, state=state, allowed=allowed)
            found[str(standing.code)] = int(standing.id)
    return found


_ZERO = {"credits": 0, "debits": 0, "held": 0, "version": 0, "status": "open"}


def account_id(session: Session, book: int, code: str) -> int:
    """Return the id of an account by its code.

    Raises
    ------
    NotFound
        When the book has no such account.
    """
    found = session.connection().execute(select(ACCOUNT.c.id).where(ACCOUNT.c.book_id == book, ACCOUNT.c.code == code))
    number = found.scalar()
    if number is None:
        raise NotFound(kind="account", key=code)
    return int(number)


def account_of_person(session: Session, person_id: int) -> Account:
    """Return the member account of a person: of several, in as many books, the oldest that is not closed.

    Raises
    ------
    NotFound
        When the person has none.
    """
    own = pick(Account).where(Account.person_id == person_id, Account.kind == "member")
    account = session.exec(own.order_by(ACCOUNT.c.status == "closed", ACCOUNT.c.id)).first()
    if account is None:
        raise NotFound(kind="account", key=Phrase("key_of_person", person=person_id))
    return account


def balance_of(session: Session, account: int) -> Balance:
    """Return the balance of an account now.

    Raises
    ------
    NotFound
        When there is no such account.
    """
    columns = (ACCOUNT.c.credits, ACCOUNT.c.debits, ACCOUNT.c.held)
    row = session.connection().execute(select(*columns).where(ACCOUNT.c.id == account)).first()
    if row is None:
        raise NotFound(kind="account", key=str(account))
    return Balance(credits_min=row[0], debits_min=row[1], held_min=row[2])


def balance_at(session: Session, account: int, moment: datetime) -> int:
    """Return the balance in minutes that an account had at a moment; entries at the moment itself count.

    Raises
    ------
    NotFound
        When there is no such account.
    """
    found = read(session, LAST_UNTIL, account, stored_moment(session.connection(), moment))
    if not found:
        balance_of(session, account)  # an account that does not exist had no balance either
        return 0
    return int(found[0][0])


def statement(
    session: Session, account: int, *, first: int, before_seq: int | None = None, after_seq: int | None = None
) -> list[Line]:
    """Return up to ``first`` (1 to 100) entries, newest first, with why each was made.

    A page goes back from ``before_seq`` or from the newest entry; with ``after_seq`` it comes on from there, so that
    it ends with the entry right after. Neither entry is in the page. An entry keeps its number for ever, so pages
    follow each other whatever is posted in between.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds, or both numbers are given.
    """
    if not 1 <= first <= MOST_LINES:
        message = f"A page has 1 to {MOST_LINES} lines, not {first}."
        raise ValueError(message)
    if before_seq is not None and after_seq is not None:
        message = f"A page goes back from {before_seq} or comes on from {after_seq}, not both."
        raise ValueError(message)
    if after_seq is not None:
        return _lines(read(session, PAGE_ON, account, after_seq, first))[::-1]
    return _lines(read(session, PAGE_BACK, account, NO_SEQ if before_seq is None else before_seq, first))


def _lines(rows: list[tuple[Any, ...]]) -> list[Line]:
    return [Line._make((*row[:6], read_moment(row[6]), *row[7:])) for row in rows]


def issued_min(session: Session, book: int) -> int:
    """Return the minutes that the book's issuing account has given out so far."""
    given = select(func.coalesce(ACCOUNT.c.debits, 0)).where(ACCOUNT.c.book_id == book, ACCOUNT.c.code == ISSUANCE)
    return int(session.connection().execute(given).scalar() or 0)

"""A book with two members, on both databases."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from timebank.core.database import transaction
from timebank.ledger.accounts import ISSUANCE, account_id, book_id, ensure_book, open_accounts
from timebank.ledger.holds import hold
from timebank.ledger.posting import Posting, post
from timebank.ledger.seals import seal_transfers

GUARDED = ("transfer", "entry", "seal", "account", "account_state", "notice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two members of a book, and the account that issues; and the transfers of their past, if they have one."""

    book: int
    issuing: int
    anna: int
    bo: int
    earned: int = 0
    given: int = 0
    held: int = 0

    def earn(self, key: str, amount_min: int = 60, **changes: Any) -> Posting:
        """Make a posting from the issuing account to Anna at noon; every part can be said anew."""
        parts: dict[str, Any] = {
            "book_id": self.book,
            "idem_key": key,
            "debit_id": self.issuing,
            "credit_id": self.anna,
            "amount_min": amount_min,
            "reason": "earn",
            "effective_at": datetime.fromisoformat("2026-03-02T12:00:00+08:00"),
        }
        return Posting(**(parts | changes))

    def spend(self, key: str, amount_min: int = 10, **changes: Any) -> Posting:
        """Make a posting from Anna to Bo at noon; every part can be said anew."""
        parts: dict[str, Any] = {"debit_id": self.anna, "credit_id": self.bo, "reason": "gift"}
        return self.earn(key, amount_min, **(parts | changes))


def make_pair(session: Session, now: datetime, *, code: str = "putuo") -> Pair:
    """Open the book of Anna and Bo, both with nothing yet; Bo stores at most 1,000 minutes."""
    book = book_id(ensure_book(session, code, "普陀", now))
    rows: list[dict[str, object]] = [
        {"code": "anna", "kind": "member"},
        {"code": "bo", "kind": "member", "ceiling_min": 1000},
    ]
    accounts = open_accounts(session, book, rows)
    return Pair(book=book, issuing=account_id(session, book, ISSUANCE), anna=accounts["anna"], bo=accounts["bo"])


def make_past(session: Session, pair: Pair, now: datetime) -> Pair:
    """Anna earns 60 and 5, gives Bo 20, and has 10 held for him until tomorrow; sealed.

    In a database where nothing was before, these are the transfers 1 to 4.
    """
    earned = post(session, pair.earn("a", 60), now=now).transfer_id
    post(session, pair.earn("b", 5), now=now)
    given = post(session, pair.spend("c", 20), now=now).transfer_id
    held = hold(session, pair.spend("d", 10, kind="hold", expires_at=now + timedelta(days=1)), now=now).transfer_id
    seal_transfers(session, pair.book, now=now)
    return replace(pair, earned=earned, given=given, held=held)


@pytest.fixture
def session(shared_session: Session) -> Session:
    """One transaction on a database that a file of tests shares; taken back at the end."""
    return shared_session


@pytest.fixture
def pair(request: pytest.FixtureRequest, noon: datetime) -> Pair:
    """The world `pair`: Anna and Bo, both with nothing yet; in the test's own session when it has one."""
    if "session" in request.fixturenames:
        return make_pair(request.getfixturevalue("session"), noon)
    with transaction(request.getfixturevalue("engine")) as opened:
        return make_pair(opened, noon)


@pytest.fixture
def books(request: pytest.FixtureRequest, pair: Pair, noon: datetime) -> Pair:
    """The pair with a sealed past; in the test's own session when it has one."""
    if "session" in request.fixturenames:
        return make_past(request.getfixturevalue("session"), pair, noon)
    with transaction(request.getfixturevalue("engine")) as opened:
        return make_past(opened, pair, noon)


@pytest.fixture(scope="module")
def shared_books(shared_engine: Engine, noon: datetime) -> Pair:
    """The same for a whole file of tests, all of which are refused or taken back: transfers 1 to 4."""
    with transaction(shared_engine) as opened:
        return make_past(opened, make_pair(opened, noon), noon)


def tamper(session: Session, *statements: str) -> None:
    """Take triggers and foreign keys down and run statements by hand, as whoever has the database in hand can."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        down = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in GUARDED]
        down.append("SET LOCAL session_replication_role = replica")
    else:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        down = [f"DROP TRIGGER {name}" for name in names]
        down.append("PRAGMA defer_foreign_keys = ON")
    for statement in (*down, *statements):
        connection.execute(text(statement))

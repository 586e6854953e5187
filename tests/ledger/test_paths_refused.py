"""What one path refuses the other refuses in the same words, and neither leaves anything behind."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.ledger.conftest import Pair
from tests.ledger.test_paths import WITHOUT_NUMBERS, rows_of
from timebank.core.errors import Refusal
from timebank.ledger.batch import post_batch
from timebank.ledger.books import Books, books_of
from timebank.ledger.holds import capture, hold, reverse, void
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.posting import Posting, post

Act = Callable[[Books, Pair], object]
NOON = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
LATER, TOO_LATE = NOON + timedelta(hours=1), NOON + timedelta(days=2)
POOL, NOBODY = 2, 99
"""The pool is frozen in these tests; nobody is an account that no book has."""


def posted(make: Callable[[Pair], Posting]) -> Act:
    """Post one."""
    return lambda books, pair: post(books, make(pair), now=NOON)


def held(amount_min: int, until: datetime = LATER, **changes: Any) -> Act:
    """Set minutes of Anna aside."""
    parts = {"kind": "hold", "expires_at": until} | changes
    return lambda books, pair: hold(books, pair.spend("n", amount_min, **parts), now=NOON)


def captured(key: str = "n", at: datetime = NOON, of: str = "held") -> Act:
    """Capture the hold of the past, or what is none."""
    return lambda books, pair: capture(books, pair.book, getattr(pair, of), idem_key=key, now=at)


def freed(key: str = "n", of: str = "held", book: int = 0) -> Act:
    """Void the hold of the past, or what is none."""
    return lambda books, pair: void(books, pair.book + book, getattr(pair, of), idem_key=key, now=NOON)


def undone(of: str, key: str = "n") -> Act:
    """Reverse a transfer of the past."""
    return lambda books, pair: reverse(books, pair.book, getattr(pair, of), idem_key=key, reason="mistake", now=NOON)


def many(*make: Callable[[Pair], Posting]) -> Act:
    """Post a batch."""
    return lambda books, pair: post_batch(books, [one(pair) for one in make], now=NOON)


def then(*acts: Act) -> Act:
    """Do one after the other."""
    return lambda books, pair: [act(books, pair) for act in acts]


REFUSED: dict[str, Act] = {
    "key stands for more": posted(lambda pair: pair.earn("a", 61)),
    "key stands for another decision": posted(lambda pair: pair.earn("a", decision={"x": 1})),
    "giver is nobody": posted(lambda pair: pair.spend("n", debit_id=NOBODY)),
    "taker is nobody": posted(lambda pair: pair.spend("n", credit_id=NOBODY)),
    "both are nobody": posted(lambda pair: pair.spend("n", debit_id=NOBODY, credit_id=98)),
    "giver is frozen": posted(lambda pair: pair.spend("n", debit_id=POOL, credit_id=pair.issuing)),
    "taker is frozen": posted(lambda pair: pair.spend("n", credit_id=POOL)),
    "giver has too little": posted(lambda pair: pair.spend("n", 36)),
    "taker has no room": posted(lambda pair: pair.earn("n", 981, credit_id=pair.bo)),
    "hold that ends at once": held(1, NOON),
    "hold of too much that ends at once": held(99, NOON),
    "hold of nobody": held(1, NOON, debit_id=NOBODY),
    "hold of a frozen account": held(1, debit_id=POOL),
    "hold of too much": held(36),
    "capture of a gift": captured(of="given"),
    "capture when it is too late": captured(at=TOO_LATE),
    "late capture under a key that stands": captured("a", TOO_LATE),
    "capture under a key that stands": captured("a"),
    "capture after capture": then(captured(), captured("m")),
    "capture without room": then(posted(lambda pair: pair.earn("x", 975, credit_id=pair.bo)), captured()),
    "void of a gift": freed(of="given"),
    "void in another book": freed(book=1),
    "void after capture": then(captured(), freed("m")),
    "reversal of a hold": undone("held"),
    "reversal of what is spent": undone("earned"),
    "reversal again": then(undone("given"), undone("given", "m")),
    "batch: a key that stands before a stranger": many(
        lambda pair: pair.spend("n", credit_id=NOBODY), lambda pair: pair.earn("a", 61)
    ),
    "batch: the first key of two that stand": many(
        lambda pair: pair.earn("n"), lambda pair: pair.earn("b", 61), lambda pair: pair.earn("a", 61)
    ),
    "batch: a stranger before too much": many(
        lambda pair: pair.spend("n", 99), lambda pair: pair.spend("m", debit_id=98, credit_id=NOBODY)
    ),
    "batch: a frozen account before too much": many(
        lambda pair: pair.spend("n", 99), lambda pair: pair.spend("m", credit_id=POOL)
    ),
    "batch: too much at its end": many(
        lambda pair: pair.spend("n", 30), lambda pair: pair.spend("m", 9), lambda pair: pair.spend("o", 8)
    ),
    "batch: too much on its way": many(lambda pair: pair.spend("n", 40), lambda pair: pair.earn("m", 40)),
    "batch: no room on its way": many(
        lambda pair: pair.earn("n", 979, credit_id=pair.bo),
        lambda pair: pair.earn("a", 60),
        lambda pair: pair.spend("m", 2),
    ),
}


def refused(
    session: Session, open_books: Callable[[Session], Books], pair: Pair, act: Act
) -> tuple[type[Refusal], dict[str, Any], Any]:
    """Return what an act is refused with, and the rows after it; all is taken back."""
    attempt = session.begin_nested()
    session.connection()  # it is here that the savepoint is made
    books = open_books(session)
    with pytest.raises(Refusal) as caught:
        act(books, pair)
    rows = rows_of(session, *WITHOUT_NUMBERS)
    attempt.rollback()
    return caught.type, vars(caught.value), rows


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_paths_refuse_alike(session: Session, books: Pair, act: Act) -> None:
    """Whoever is refused learns the same account and the same numbers, and what came before stays."""
    session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE code = 'pool'"))

    fast = refused(session, books_of, books, act)
    plain = refused(session, PlainBooks, books, act)

    assert fast == plain

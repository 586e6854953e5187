"""A batch gives exactly the rows of single postings."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, WrongInput
from timebank.ledger.accounts import balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AccountClosed

ENTRIES = (
    "SELECT account_id, seq, e.amount_min, balance_after_min, credits_after_min, e.created_at, t.idem_key "
    "FROM entry e JOIN transfer t ON t.id = e.transfer_id ORDER BY 1, 2"
)
TRANSFERS = "SELECT idem_key, debit_id, credit_id, amount_min, request_hash, leaf, created_at FROM transfer ORDER BY id"
ACCOUNTS = "SELECT id, credits, debits, held, version, moved_at FROM account ORDER BY id"


@pytest.fixture
def postings(pair: Pair) -> list[Posting]:
    """Anna earns three times and gives Bo a part between."""
    return [pair.earn("1", 60), pair.spend("2", 30), pair.earn("3", 45), pair.spend("4", 75), pair.earn("5", 10)]


def rows_of(session: Session) -> list[list[tuple[object, ...]]]:
    """Return every row of the books, without the numbers that the database gives."""
    return [[tuple(row) for row in session.connection().execute(text(sql))] for sql in (ENTRIES, TRANSFERS, ACCOUNTS)]


def test_batch_equals_singles(session: Session, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """The fast way must leave the same rows, moments and hashes as the plain one."""
    post(session, pair.earn("0", 5), now=noon + timedelta(hours=1))  # by a server whose clock is ahead
    attempt = session.begin_nested()
    for posting in postings:
        post(session, posting, now=noon)
    singly = rows_of(session)
    attempt.rollback()

    post_batch(session, postings, now=noon)

    assert rows_of(session) == singly
    assert reconcile(session, pair.book) == []


def test_batch_twice_changes_nothing(session: Session, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """A run that was killed after its commit is run again without harm."""
    first = post_batch(session, postings, now=noon)
    again = post_batch(session, postings, now=noon)

    assert (first.posted, again.posted, again.replayed) == (5, 0, 5)
    assert first.transfer_by_key == again.transfer_by_key
    assert balance_of(session, pair.anna).balance_min == 10


def test_batch_takes_up_where_it_was(session: Session, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """Half of the keys stand already, some of them posted singly; the other half is posted."""
    post(session, postings[0], now=noon)
    post_batch(session, postings[:2], now=noon)

    rest = post_batch(session, postings, now=noon)

    assert (rest.posted, rest.replayed) == (3, 2)
    assert reconcile(session, pair.book) == []


def test_batch_is_all_or_nothing(session: Session, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """One overdraft inside refuses the whole batch, though the end would balance; no key is burnt."""
    early = pair.spend("0", 1)

    with pytest.raises(BalanceTooLow):
        post_batch(session, [early, *postings], now=noon)

    assert balance_of(session, pair.anna).credits_min == 0
    assert post_batch(session, postings, now=noon).posted == 5


def test_batch_names_a_conflicting_key(session: Session, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """The caller must learn which of thousands is wrong."""
    post(session, pair.earn("3", 1), now=noon)

    with pytest.raises(KeyConflict) as caught:
        post_batch(session, postings, now=noon)

    assert caught.value.key == "3"


def test_empty_batch_is_nothing(session: Session, pair: Pair, noon: datetime) -> None:
    """A day without a confirmed visit is a day like others."""
    assert post_batch(session, [], now=noon) == (0, 0, {})


def test_key_twice_in_a_batch_is_one(session: Session, pair: Pair, noon: datetime) -> None:
    """A list with a doubled line credits once, and tells so."""
    posted = post_batch(session, [pair.earn("a"), pair.earn("b"), pair.earn("a")], now=noon)

    assert (posted.posted, posted.replayed, set(posted.transfer_by_key)) == (2, 1, {"a", "b"})
    assert balance_of(session, pair.anna).balance_min == 120


def test_key_twice_with_other_content_conflicts(session: Session, pair: Pair, noon: datetime) -> None:
    """Neither of the two may be taken for the other."""
    with pytest.raises(KeyConflict):
        post_batch(session, [pair.earn("a", 60), pair.earn("a", 61)], now=noon)

    assert balance_of(session, pair.anna).balance_min == 0


def test_batch_keeps_what_is_held(session: Session, books: Pair, noon: datetime) -> None:
    """The floor counts holds in a batch too: 35 of 45 are free."""
    with pytest.raises(BalanceTooLow) as caught:
        post_batch(session, [books.spend("x", 30), books.spend("y", 6)], now=noon)

    assert (caught.value.account_id, caught.value.available_min, caught.value.amount_min) == (books.anna, 5, 6)
    assert post_batch(session, [books.spend("x", 30), books.spend("y", 5)], now=noon).posted == 2
    assert reconcile(session, books.book) == []


def test_batch_keeps_the_ceiling(session: Session, books: Pair, noon: datetime) -> None:
    """Bo stores 1,000 minutes and not one more."""
    with pytest.raises(BalanceTooHigh) as caught:
        post_batch(session, [books.earn("x", 981, credit_id=books.bo)], now=noon)

    assert caught.value.ceiling_min == 1000
    assert post_batch(session, [books.earn("x", 980, credit_id=books.bo)], now=noon).posted == 1


@pytest.mark.parametrize("account", [3, 9999])
def test_batch_names_the_account_that_takes_nothing(session: Session, pair: Pair, noon: datetime, account: int) -> None:
    """Frozen or unknown: nothing of the batch is posted, and the caller learns which account it was."""
    session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE code = 'anna'"))
    fine = pair.earn("a", credit_id=pair.bo)

    with pytest.raises(AccountClosed) as caught:
        post_batch(session, [fine, pair.earn("b", credit_id=account)], now=noon)

    assert caught.value.account_id == account
    assert balance_of(session, pair.bo).balance_min == 0


@pytest.mark.parametrize("change", [{"kind": "hold"}, {"book_id": 2}])
def test_batch_is_of_one_book_and_kind(session: Session, pair: Pair, noon: datetime, change: dict[str, Any]) -> None:
    """What needs more than two entries has a way of its own."""
    with pytest.raises(WrongInput, match="one book"):
        post_batch(session, [pair.earn("a"), pair.earn("b", **change)], now=noon)

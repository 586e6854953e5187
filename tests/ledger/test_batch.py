"""A batch gives exactly the rows of single postings."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, KeyConflict
from timebank.ledger.accounts import balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile

Earn = Callable[..., Posting]
ENTRIES = "SELECT account_id, seq, amount_min, balance_after_min, credits_after_min FROM entry ORDER BY 1, 2"
TRANSFERS = "SELECT idem_key, debit_id, credit_id, amount_min, request_hash, leaf FROM transfer ORDER BY idem_key"


@pytest.fixture
def postings(pair: Pair, earn: Earn) -> list[Posting]:
    """Anna earns three times and gives Bo a part between."""
    return [
        earn("1", 60),
        earn("2", 30, debit_id=pair.anna, credit_id=pair.bo),
        earn("3", 45),
        earn("4", 75, debit_id=pair.anna, credit_id=pair.bo),
        earn("5", 10),
    ]


def test_batch_equals_singles(engine: Engine, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """The fast way must leave the same rows and the same hashes as the plain one."""
    with transaction(engine) as session:
        nested = session.begin_nested()
        for posting in postings:
            post(session, posting, now=noon)
        singly = [[tuple(row) for row in session.connection().execute(text(sql))] for sql in (ENTRIES, TRANSFERS)]
        nested.rollback()
        post_batch(session, postings, now=noon)
        batched = [[tuple(row) for row in session.connection().execute(text(sql))] for sql in (ENTRIES, TRANSFERS)]

        assert batched == singly
        assert reconcile(session, pair.book) == []


def test_batch_twice_changes_nothing(engine: Engine, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """A run that was killed after its commit is run again without harm."""
    with transaction(engine) as session:
        first = post_batch(session, postings, now=noon)
        again = post_batch(session, postings, now=noon)

        assert (first.posted, again.posted, again.replayed) == (5, 0, 5)
        assert first.transfer_by_key == again.transfer_by_key
        assert balance_of(session, pair.anna).balance_min == 10


def test_batch_takes_up_where_it_was(engine: Engine, pair: Pair, postings: list[Posting], noon: datetime) -> None:
    """Half of the keys stand already; the other half is posted."""
    with transaction(engine) as session:
        post_batch(session, postings[:2], now=noon)
        rest = post_batch(session, postings, now=noon)

        assert (rest.posted, rest.replayed) == (3, 2)
        assert reconcile(session, pair.book) == []


def test_batch_is_all_or_nothing(
    engine: Engine, pair: Pair, postings: list[Posting], earn: Earn, noon: datetime
) -> None:
    """One overdraft inside refuses the whole batch, though the end would balance."""
    early = earn("0", 1, debit_id=pair.anna, credit_id=pair.bo)

    with transaction(engine) as session:
        with pytest.raises(BalanceTooLow):
            post_batch(session, [early, *postings], now=noon)

        assert balance_of(session, pair.anna).balance_min == 0


def test_batch_names_a_conflicting_key(engine: Engine, postings: list[Posting], earn: Earn, noon: datetime) -> None:
    """The caller must learn which of thousands is wrong."""
    with transaction(engine) as session:
        post(session, earn("3", 1), now=noon)

        with pytest.raises(KeyConflict) as caught:
            post_batch(session, postings, now=noon)

    assert caught.value.key == "3"

"""Two who wait for each other: the database ends one of them, and it is done again without anyone noticing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.retries import in_transaction
from timebank.ledger.accounts import balance_of, open_accounts
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile

SOON = "SET LOCAL deadlock_timeout = '5ms'"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_deadlock_is_done_again(engine: Engine, books: Pair, noon: datetime) -> None:
    """Each has one account and wants the other's; that is told to nobody, least of all as too few minutes."""
    with transaction(engine) as session:
        new = open_accounts(session, books.book, [{"code": name, "kind": "member"} for name in ("cai", "dan")])
    one, two = books.earn("one", 1), books.earn("two", 1, debit_id=books.bo, credit_id=new["cai"])
    three = books.spend("three", 1, credit_id=new["dan"])
    meeting, attempts = Barrier(2), list[str]()

    def give(first: Posting, second: Posting) -> bool:
        def work(session: Session) -> bool:
            attempts.append(first.idem_key)
            session.connection().execute(text(SOON))
            post(session, first, now=noon)
            if len(attempts) <= 2:  # who comes again finds nobody to meet
                meeting.wait(10)
            return post(session, second, now=noon).is_replay

        return in_transaction(engine, work)

    with ThreadPoolExecutor(2) as pool:
        told = pool.submit(give, two, three), pool.submit(give, one, books.spend("four", 1))
        replayed = [one.result() for one in told]

    assert replayed == [False, False]
    assert len(attempts) == 3
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, books.bo).balance_min == 20
        assert reconcile(session, books.book) == []

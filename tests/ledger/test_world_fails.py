"""A disk that is full and a database that others hold lose nothing, and are told in words that help."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from tests.by_hand import full_for
from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import StoreBusy, StoreUnavailable
from timebank.core.retries import in_transaction
from timebank.core.texts import say
from timebank.ledger.accounts import Balance, balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.books import Books
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.writer import Writer

SPARE_PAGES = 4
MANY = 400
Act = Callable[[Engine, Pair, datetime], object]


def one_by_one(engine: Engine, books: Pair, now: datetime) -> object:
    """Post many in one transaction, one by one."""
    with transaction(engine) as session:
        return [post(session, books.earn(f"full {number}"), now=now) for number in range(MANY)]


def as_a_batch(engine: Engine, books: Pair, now: datetime) -> object:
    """Post many at once."""
    with transaction(engine) as session:
        return post_batch(session, [books.earn(f"full {number}") for number in range(MANY)], now=now)


def by_the_writer(engine: Engine, books: Pair, now: datetime) -> object:
    """Have many written together."""

    def many(asked: Books) -> object:
        return post_batch(asked, [books.earn(f"full {number}") for number in range(MANY)], now=now)

    with Writer(engine) as writer:
        return writer.ask(many).result()


def anna(engine: Engine, books: Pair) -> Balance:
    """Return what Anna has, in books that hold."""
    with transaction(engine, read_only=True) as session:
        assert reconcile(session, books.book) == []
        return balance_of(session, books.anna)


@contextmanager
def full_disk(engine: Engine) -> Iterator[None]:
    """Let the database refuse to grow; PostgreSQL cannot be told so, and is made to say what it would say."""
    if engine.dialect.name == "postgresql":
        with full_for(engine, "entry"):
            yield
        return
    engine.dispose()

    def limit(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + SPARE_PAGES}")

    event.listen(engine, "connect", limit)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


@pytest.mark.parametrize("act", [one_by_one, as_a_batch, by_the_writer], ids=lambda act: act.__name__)
def test_a_full_disk_loses_nothing_and_is_named(engine: Engine, books: Pair, noon: datetime, act: Act) -> None:
    """What did not fit is not there in part; when there is room, the same is done and stands once."""
    before = anna(engine, books)

    with full_disk(engine), pytest.raises(StoreUnavailable) as told:
        act(engine, books, noon)
    after_it = anna(engine, books)
    act(engine, books, noon)

    assert str(told.value) == say("store_full", "en")
    assert after_it == before
    assert anna(engine, books).balance_min == before.balance_min + 60 * MANY


def never_wait(engine: Engine) -> None:
    """Let every connection that is opened from now on wait for others a moment only."""
    patience = {"sqlite": "PRAGMA busy_timeout = 0", "postgresql": "SET lock_timeout = '5ms'"}[engine.dialect.name]
    engine.dispose()

    def opened(connection: Any, _record: object) -> None:
        connection.execute(patience)
        connection.commit()

    event.listen(engine, "connect", opened)


def test_locked_accounts_are_told_as_busy_and_never_as_too_few_minutes(
    engine: Engine, books: Pair, noon: datetime
) -> None:
    """Another program holds the accounts for long: nothing is posted, and the same again is posted once it lets go."""
    pauses: list[float] = []

    def earn(session: Session) -> bool:
        return post(session, books.earn("busy"), now=noon).is_replay

    never_wait(engine)
    with engine.connect() as other:
        other.execute(text(f"UPDATE account SET held = held WHERE id = {books.anna}"))
        with pytest.raises(StoreBusy) as told:
            in_transaction(engine, earn, pause=pauses.append)
        other.rollback()

    assert str(told.value) == say("store_locked", "en")
    assert len(pauses) == 5
    assert anna(engine, books).balance_min == 45
    assert in_transaction(engine, earn) is False
    assert anna(engine, books).balance_min == 105

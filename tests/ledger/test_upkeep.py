"""What is due in the books is done from time to time: holds end, crossings are noticed, transfers are sealed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.core.jobs import work
from timebank.ledger.accounts import balance_of
from timebank.ledger.holds import hold
from timebank.ledger.levels import set_level
from timebank.ledger.posting import post
from timebank.ledger.seals import sealed_count
from timebank.ledger.upkeep import SEAL_EVERY, Kept, keep_books, sweep

DAY = timedelta(days=1)


def hold_many(session: Session, books: Pair, now: datetime) -> list[int]:
    """Hold three times: the second is due first, and two are due at the same moment."""
    return [
        hold(session, books.spend(key, 1, kind="hold", expires_at=now + timedelta(hours=hours)), now=now).transfer_id
        for key, hours in (("x", 2), ("y", 1), ("z", 2))
    ]


def test_holds_end_in_order_and_within_bounds(engine: Engine, books: Pair, noon: datetime) -> None:
    """Two workers and two databases end the same holds in the same order: by moment, then by number."""
    with transaction(engine) as session:
        first, second, third = hold_many(session, books, noon)

    swept = [sweep(engine, books.book, now=noon + 2 * DAY, most=2) for _ in range(3)]

    with transaction(engine, read_only=True) as session:
        wanted = text("SELECT hold_id FROM transfer WHERE kind = 'expire' ORDER BY id")
        ended = session.connection().execute(wanted).scalars().all()
        assert balance_of(session, books.anna).held_min == 0
    assert swept == [2, 2, 0]
    assert ended == [second, first, third, books.held]


def test_due_is_done_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """Holds, notices and seals in one look; the next has nothing to do."""
    with transaction(engine) as session:
        set_level(session, books.book, kind="member", low_min=None, high_min=100, now=noon)
        post(session, books.earn("much", 100), now=noon)

    first = keep_books(engine, now=noon + DAY)
    again = keep_books(engine, now=noon + DAY)

    assert first == {books.book: Kept(expired=1, notices=1, sealed=2)}
    assert again == {}
    with transaction(engine, read_only=True) as session:
        assert sealed_count(session, books.book) == 6


def test_seal_waits_for_company(engine: Engine, books: Pair, noon: datetime) -> None:
    """A seal for every posting would be a chain of single links."""
    with transaction(engine) as session:
        post(session, books.earn("one"), now=noon)

    early = keep_books(engine, now=noon + SEAL_EVERY / 2)
    later = keep_books(engine, now=noon + SEAL_EVERY)

    assert early == {}
    assert later == {books.book: Kept(expired=0, notices=0, sealed=1)}


def test_worker_keeps_the_books_between_jobs(
    engine: Engine, books: Pair, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to think of it: whoever runs a worker has holds that end."""
    parents = iter([1, 1, 2])
    monkeypatch.setattr("os.getppid", lambda: next(parents))

    work(engine, {}, pause_s=0, parent=1, keep=lambda: keep_books(engine, now=noon + DAY))

    with transaction(engine, read_only=True) as session:
        assert balance_of(session, books.anna).held_min == 0


def test_fault_of_the_upkeep_does_not_end_the_worker(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Jobs are still done when something besides them goes wrong, and someone can read of it."""
    parents = iter([1, 2])
    monkeypatch.setattr("os.getppid", lambda: next(parents))

    def fail() -> None:
        message = "王老人 is not to be in a log"
        raise ArithmeticError(message)

    work(engine, {}, pause_s=0, parent=1, keep=fail)

    assert "upkeep failed: ArithmeticError at" in caplog.text
    assert "王老人" not in caplog.text


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_worker_does_not_queue_behind_a_long_writer(engine: Engine, books: Pair, noon: datetime) -> None:
    """Whoever waits to seal holds up every writer that comes after; it tries again later instead."""
    with transaction(engine) as session:
        post(session, books.earn("first"), now=noon)
    with transaction(engine) as writer:
        post(writer, books.earn("slow"), now=noon)
        with pytest.raises(StoreUnavailable):
            keep_books(engine, now=noon + SEAL_EVERY)

    assert keep_books(engine, now=noon + SEAL_EVERY)[books.book].sealed == 2

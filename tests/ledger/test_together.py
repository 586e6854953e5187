"""Two who act at once, and a process that is killed, neither lose nor double a minute."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from tests.ledger.conftest import Pair
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, KeyConflict
from timebank.ledger.accounts import balance_of, book_id, ensure_book, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AlreadyResolved, AlreadyReversed
from timebank.ledger.seals import seal_transfers

DYING = """
import sys
from tests.ledger.conftest import make_pair
from timebank.core.clock import now
from timebank.core.database import open_database, transaction
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import post

with transaction(open_database(sys.argv[1])) as session:
    pair = make_pair(session, now())
    post(session, pair.earn("a", 60), now=now())
    post_batch(session, [pair.spend(str(n), 1) for n in range(20)], now=now())
    print("posted", flush=True)
    sys.stdin.read()
"""


def test_same_key_at_once_posts_once(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Two retries of one request meet at the gate; the later one replays."""
    first, second = at_once(
        engine,
        lambda session: post(session, pair.earn("a"), now=noon),
        lambda session: post(session, pair.earn("a"), now=noon),
    )

    assert second == (first.transfer_id, True)


def test_same_key_with_other_content_at_once_conflicts(engine: Engine, pair: Pair, noon: datetime) -> None:
    """The later one must not be told that its own content was posted."""
    _, second = at_once(
        engine,
        lambda session: post(session, pair.earn("a", 60), now=noon),
        lambda session: post(session, pair.earn("a", 61), now=noon),
    )

    assert isinstance(second, KeyConflict)


def test_batches_with_common_keys_at_once_post_each_once(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Two runs that credit the same visits: what one has posted the other replays, and posts the rest."""
    first, second = at_once(
        engine,
        lambda session: post_batch(session, [pair.earn("a"), pair.earn("b")], now=noon),
        lambda session: post_batch(session, [pair.earn("b"), pair.earn("c")], now=noon),
    )

    assert (first.posted, second.posted, second.replayed) == (2, 1, 1)
    assert second.transfer_by_key["b"] == first.transfer_by_key["b"]
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 180
        assert reconcile(session, pair.book) == []


def test_last_minutes_are_spent_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """Both see 35 minutes; only one can spend 30 of them."""
    _, second = at_once(
        engine,
        lambda session: post(session, books.spend("x", 30), now=noon),
        lambda session: post_batch(session, [books.spend("y", 30)], now=noon),
    )

    assert isinstance(second, BalanceTooLow)
    assert (second.available_min, second.amount_min) == (5, 30)


def test_crowd_never_passes_the_floor(engine: Engine, books: Pair, noon: datetime) -> None:
    """Eight threads spend 35 minutes in tens: three succeed, whoever they are."""

    def spend(number: int) -> bool:
        try:
            with transaction(engine) as session:
                post(session, books.spend(f"s{number}", 10), now=noon)
        except BalanceTooLow:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        succeeded = sum(pool.map(spend, range(16)))

    with transaction(engine, read_only=True) as session:
        assert succeeded == 3
        assert balance_of(session, books.anna).available_min == 5
        assert reconcile(session, books.book) == []


def test_gifts_that_cross_do_not_lock_each_other_out(engine: Engine, books: Pair, noon: datetime) -> None:
    """Anna gives Bo while Bo gives Anna; accounts are taken in one order, so neither waits for the other for ever."""
    back = {"debit_id": books.bo, "credit_id": books.anna}

    def give(number: int) -> bool:
        with transaction(engine) as session:
            return post(session, books.spend(f"x{number}", 1, **(back if number % 2 else {})), now=noon).is_replay

    with ThreadPoolExecutor(4) as pool:
        replayed = list(pool.map(give, range(40)))

    with transaction(engine, read_only=True) as session:
        assert replayed == [False] * 40
        assert balance_of(session, books.anna).balance_min == 45
        assert reconcile(session, books.book) == []


def test_capture_and_void_at_once_end_a_hold_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """The minutes go one way."""
    _, second = at_once(
        engine,
        lambda session: capture(session, books.book, 4, idem_key="yes", now=noon),
        lambda session: void(session, books.book, 4, idem_key="no", now=noon),
    )

    assert isinstance(second, AlreadyResolved)
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, books.bo).balance_min == 30
        assert reconcile(session, books.book) == []


def test_sweeps_at_once_free_a_hold_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """Two workers sweep; each counts what it has freed itself."""
    late = noon + timedelta(days=1)

    freed, again = at_once(
        engine,
        lambda session: expire_due(session, books.book, now=late),
        lambda session: expire_due(session, books.book, now=late),
    )

    assert (freed, again) == (1, 0)


def test_sweep_passes_over_what_another_ends(engine: Engine, books: Pair, noon: datetime) -> None:
    """A hold that is voided in the same moment must not stop the sweep of all the others."""
    late = noon + timedelta(days=1)
    with transaction(engine) as session:
        hold(session, books.spend("second", 5, kind="hold", expires_at=late), now=noon)

    _, freed = at_once(
        engine,
        lambda session: void(session, books.book, books.held, idem_key="v", now=late),
        lambda session: expire_due(session, books.book, now=late),
    )

    assert freed == 1
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, books.anna).available_min == 45
        assert reconcile(session, books.book) == []


def test_reversals_at_once_happen_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """Two who correct the same mistake take it back once."""
    _, second = at_once(
        engine,
        lambda session: reverse(session, books.book, 3, idem_key="r1", reason="mistake", now=noon),
        lambda session: reverse(session, books.book, 3, idem_key="r2", reason="mistake", now=noon),
    )

    assert isinstance(second, AlreadyReversed)


def test_sealers_at_once_seal_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """The chain has no fork and no gap, and a posting that is not committed yet is not passed over."""
    with transaction(engine) as session:
        post(session, books.earn("e"), now=noon)

    first, second = at_once(
        engine,
        lambda session: seal_transfers(session, books.book, now=noon).n,  # type: ignore[union-attr]  # there is one
        lambda session: seal_transfers(session, books.book, now=noon),
    )

    assert (first, second) == (2, None)


def test_seal_waits_for_who_posts(engine: Engine, books: Pair, noon: datetime) -> None:
    """A number is given before its row is committed; a seal that ran past it would leave it out for ever."""
    _, sealed = at_once(
        engine,
        lambda session: post(session, books.earn("e"), now=noon),
        lambda session: seal_transfers(session, books.book, now=noon).transfers,  # type: ignore[union-attr]  # there is one
    )

    assert sealed == 1


def test_book_is_opened_once(engine: Engine, noon: datetime) -> None:
    """Two processes that start on an empty database work on one book."""

    def opened(session: Session) -> int:
        return book_id(ensure_book(session, "new", "新", noon))

    first, second = at_once(engine, opened, opened)

    assert first == second


def test_account_is_opened_once(engine: Engine, pair: Pair) -> None:
    """Two runs that credit a new member for the first time open one account."""

    def opened(session: Session) -> dict[str, int]:
        return open_accounts(session, pair.book, [{"code": "new", "kind": "member"}])

    first, second = at_once(engine, opened, opened)

    assert first == second


def test_killed_process_leaves_nothing(engine: Engine, database_url: str, noon: datetime) -> None:
    """A posting is there with all that belongs to it, or not at all; its keys are free again."""
    running = [sys.executable, "-c", DYING, database_url]
    with subprocess.Popen(running, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "posted\n"
        dying.kill()

    with transaction(engine) as session:
        book = book_id(ensure_book(session, "putuo", "普陀", noon))
        accounts = open_accounts(session, book, [{"code": "anna", "kind": "member"}])
        assert balance_of(session, accounts["anna"]).credits_min == 0
        assert seal_transfers(session, book, now=noon) is None
        assert reconcile(session, book) == []

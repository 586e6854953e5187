"""One thread writes for many: everyone is answered after the commit, and nobody's refusal is a neighbour's trouble."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.conftest import fresh_database
from tests.ledger.conftest import Pair, make_pair
from tests.ledger.test_paths import all_rows
from timebank.core.database import database, transaction
from timebank.core.errors import BalanceTooLow, KeyConflict, StoreBusy, WrongInput
from timebank.ledger.accounts import balance_of
from timebank.ledger.books import Books
from timebank.ledger.holds import capture, hold
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.writer import Writer

COUNT = "SELECT count(*) FROM transfer WHERE idem_key = :key"
DYING = """
import sys
from tests.ledger.conftest import Pair
from timebank.core.clock import now
from timebank.core.database import open_database
from timebank.ledger.writer import Writer

pair = Pair(book=1, issuing=1, anna=3, bo=4)
writer = Writer(open_database(sys.argv[1]))
for number in range(20):
    writer.post(pair.earn(str(number), 1), now=now()).result()
print("stored", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def twin(request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A second fresh database of the same kind."""
    kind = "sqlite" if engine.dialect.name == "sqlite" else "postgres"
    with fresh_database(request, kind, tmp_path_factory.mktemp("twin")) as url, database(url) as opened:
        yield opened


def stored(engine: Engine, key: str) -> int:
    """Return how many transfers with a key are committed, as anyone else sees them."""
    with transaction(engine, read_only=True) as session:
        return int(session.connection().execute(text(COUNT), {"key": key}).scalar_one())


def stopped(writer: Writer) -> Event:
    """Stop the writer in the middle of a commit of its own; it goes on when the event is set."""
    is_there, go_on = Event(), Event()

    def stop(_: Books) -> None:
        is_there.set()
        go_on.wait()

    writer.ask(stop)
    is_there.wait()
    return go_on


def in_one_commit(writer: Writer, ask: Callable[[], Any]) -> Any:
    """Ask while the writer is busy, so that all that is asked is written together; returns what asking returned."""
    go_on = stopped(writer)
    asked = ask()
    go_on.set()
    return asked


def test_answer_comes_after_the_commit(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Who is told that minutes are stored can have the power cut in the same moment."""
    seen: list[int] = []
    with Writer(engine) as writer:
        told = in_one_commit(writer, lambda: writer.post(pair.earn("a"), now=noon))
        told.add_done_callback(lambda _: seen.append(stored(engine, "a")))

    assert told.result().is_replay is False
    assert seen == [1]


def test_writer_leaves_the_rows_of_the_reference(engine: Engine, twin: Engine, pair: Pair, noon: datetime) -> None:
    """Speed is no reason for another book: rows, numbers, moments and hashes are those of plain statements."""
    postings = [pair.earn("1", 60), pair.spend("2", 30), pair.spend("2", 30), pair.earn("3", 5), pair.spend("4", 7)]
    ask = pair.spend("5", 10, kind="hold", expires_at=noon + timedelta(hours=1))
    with transaction(twin) as session:
        make_pair(session, noon)
        plain = PlainBooks(session)
        for posting in postings:
            post(plain, posting, now=noon)
        held = hold(plain, ask, now=noon)
        capture(plain, pair.book, held.transfer_id, idem_key="6", now=noon)
        rows = all_rows(session)

    with Writer(engine) as writer:
        in_one_commit(writer, lambda: [writer.post(posting, now=noon) for posting in postings])
        number = writer.ask(lambda books: hold(books, ask, now=noon)).result().transfer_id
        writer.ask(lambda books: capture(books, pair.book, number, idem_key="6", now=noon))

    with transaction(engine, read_only=True) as session:
        assert all_rows(session) == rows


def test_who_writes_alone_waits_for_nobody(engine: Engine, pair: Pair, noon: datetime) -> None:
    """One who posts now and then needs no other thread; what is answered is stored, what is refused is told."""
    with Writer(engine) as writer:
        first = writer.write(pair.earn("a", 60), now=noon)
        again = writer.write(pair.earn("a", 60), now=noon)
        with pytest.raises(BalanceTooLow):
            writer.write(pair.spend("b", 61), now=noon)

        assert (first.is_replay, again) == (False, (first.transfer_id, True))
        assert (stored(engine, "a"), stored(engine, "b")) == (1, 0)


def test_who_writes_beside_others_stands_in_line(engine: Engine, pair: Pair, noon: datetime) -> None:
    """A writer who is busy is not disturbed; who comes then is written with the next commit."""
    with Writer(engine) as writer, ThreadPoolExecutor(4) as pool:
        told = in_one_commit(
            writer,
            lambda: [pool.submit(writer.write, pair.earn(key, 10), now=noon) for key in ("a", "b", "c", "d")],
        )
        numbers = {one.result().transfer_id for one in told}

    assert len(numbers) == 4
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 40


@pytest.mark.parametrize("way", ["post", "write"])
def test_writer_takes_postings_alone(engine: Engine, pair: Pair, noon: datetime, way: str) -> None:
    """What holds or ends a hold has a function of its own, which asks more before it is done."""
    ask = pair.spend("x", kind="hold", expires_at=noon)
    with Writer(engine) as writer, pytest.raises(WrongInput):
        getattr(writer, way)(ask, now=noon)


def test_refusal_leaves_its_neighbours(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Those who were written in the same commit do not learn of another's mistake."""
    with Writer(engine) as writer:
        earned, too_much, twice, spent = in_one_commit(
            writer,
            lambda: [
                writer.post(pair.earn("a", 60), now=noon),
                writer.post(pair.spend("b", 61), now=noon),
                writer.post(pair.earn("a", 61), now=noon),
                writer.post(pair.spend("c", 20), now=noon),
            ],
        )

    assert not earned.result().is_replay
    assert not spent.result().is_replay
    assert isinstance(too_much.exception(), BalanceTooLow)
    assert isinstance(twice.exception(), KeyConflict)
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 40
        assert reconcile(session, pair.book) == []


@pytest.mark.parametrize("statement", ["SELECT nothing FROM nowhere", "INSERT INTO seal (book_id) VALUES (1)"])
def test_fault_leaves_its_neighbours(engine: Engine, pair: Pair, noon: datetime, statement: str) -> None:
    """A slip in what one asks takes the transaction with it; the others are written all the same."""

    def slip(books: Any) -> None:
        books._connection.execute(statement)  # noqa: SLF001  # no door of the books lets such a thing through

    with Writer(engine) as writer:
        before, broken, after = in_one_commit(
            writer,
            lambda: [
                writer.post(pair.earn("a", 60), now=noon),
                writer.ask(slip),
                writer.post(pair.spend("b", 20), now=noon),
            ],
        )

    assert broken.exception() is not None
    assert (before.result().is_replay, after.result().is_replay) == (False, False)
    assert (stored(engine, "a"), stored(engine, "b")) == (1, 1)


def test_several_happen_together_or_not_at_all(engine: Engine, pair: Pair, noon: datetime) -> None:
    """A gift that is split between two accounts is not half given."""

    def both(books: Books) -> None:
        post(books, pair.earn("a", 60), now=noon)
        post(books, pair.spend("b", 61), now=noon)

    with Writer(engine) as writer:
        told = writer.ask(both)

    assert isinstance(told.exception(), BalanceTooLow)
    assert stored(engine, "a") == 0


def test_many_threads_share_a_hot_account(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Everyone gives to one account at once: nobody waits for a lock in the database, and every minute arrives."""
    with Writer(engine) as writer, ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: writer.post(pair.earn(f"k{number}", 1), now=noon), range(200)))
        numbers = {one.result().transfer_id for one in told}

    assert len(numbers) == 200
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 200
        assert reconcile(session, pair.book) == []


def test_line_is_bounded(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Memory is not the place for a day's postings when the disk stands still; who comes too many learns so."""
    with Writer(engine, most_waiting=1, patience_s=0) as writer:
        go_on = stopped(writer)
        first = writer.post(pair.earn("a"), now=noon)
        with pytest.raises(StoreBusy):
            writer.post(pair.earn("b"), now=noon)
        go_on.set()

    assert first.result().is_replay is False
    assert stored(engine, "b") == 0


def test_flush_waits_for_what_was_asked(engine: Engine, pair: Pair, noon: datetime) -> None:
    """A report that follows many postings counts them all."""
    with Writer(engine) as writer:
        in_one_commit(writer, lambda: writer.post(pair.earn("a"), now=noon))
        writer.flush()

        assert stored(engine, "a") == 1


def test_closed_writer_takes_nothing(engine: Engine, pair: Pair, noon: datetime) -> None:
    """What came before is written; what comes after is told so, and not forgotten in a line that nobody reads."""
    writer = Writer(engine)
    told = in_one_commit(writer, lambda: writer.post(pair.earn("a"), now=noon))
    writer.close()

    with pytest.raises(ValueError, match="closed"):
        writer.post(pair.earn("b"), now=noon)

    assert told.result().is_replay is False
    assert stored(engine, "b") == 0


def test_cancelled_asker_changes_nothing(engine: Engine, pair: Pair, noon: datetime) -> None:
    """Who takes the wish back in time finds nothing posted."""
    with Writer(engine) as writer:
        told = in_one_commit(writer, lambda: [writer.post(pair.earn("a"), now=noon)][0])
        second = in_one_commit(writer, lambda: cancelled(writer.post(pair.earn("b"), now=noon)))

    assert told.result().is_replay is False
    assert (second, stored(engine, "b")) == (True, 0)


def cancelled(told: Any) -> bool:
    """Take a wish back."""
    return bool(told.cancel())


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("way", ["post", "write"])
def test_lost_connection_is_made_again(engine: Engine, pair: Pair, noon: datetime, way: str) -> None:
    """A server that was restarted costs a moment, not the writer."""
    with Writer(engine) as writer:
        backend = writer.ask(lambda books: books._connection.info.backend_pid).result()  # type: ignore[attr-defined]  # noqa: SLF001  # to know whom to end
        with transaction(engine) as session:
            session.connection().execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        getattr(writer, way)(pair.earn("a"), now=noon)

    assert stored(engine, "a") == 1


def test_what_was_answered_survives_a_kill(engine: Engine, database_url: str, pair: Pair) -> None:
    """A process that is killed in any moment has lost nothing of which it told."""
    running = [sys.executable, "-c", DYING, database_url]
    with subprocess.Popen(running, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "stored\n"
        dying.kill()

    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 20
        assert reconcile(session, pair.book) == []

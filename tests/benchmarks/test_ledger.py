"""What the ledger is held against does the same work: the bare loop, the leaves, and the peer's design."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import psycopg
import pytest
from sqlalchemy import text

from benchmarks.ledger_peer import Peer
from benchmarks.ledger_sqlite import post_each, post_together
from benchmarks.ledger_town import (
    NOW,
    Ready,
    Town,
    bare_sqlite,
    leaves_of,
    make_town,
    p99,
    ready,
    run_bare_each,
    run_bare_together,
)
from timebank.core.database import database, transaction
from timebank.ledger.reconcile import reconcile
from timebank.ledger.terms import Posting, leaf_hash

MEMBERS, POSTS = 5, 12
TABLES = ("account", "transfer", "entry")


def rows_of(town: Town) -> list[list[tuple[object, ...]]]:
    """Return every row of the books of a town."""
    with transaction(town.engine, read_only=True) as session:
        run = session.connection().execute
        return [[tuple(row) for row in run(text(f"SELECT * FROM {table} ORDER BY 1, 2"))] for table in TABLES]


@pytest.fixture
def twins(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    """Two equal towns."""
    paths = [shutil.copy(sqlite_template, tmp_path / f"{name}.sqlite") for name in ("one", "two")]
    with database(f"sqlite:///{paths[0]}") as one, database(f"sqlite:///{paths[1]}") as two:
        yield make_town(one, MEMBERS), make_town(two, MEMBERS)


@pytest.mark.parametrize(("run", "post"), [(run_bare_each, post_each), (run_bare_together, post_together)])
def test_bare_loop_leaves_the_same_rows(
    twins: tuple[Town, Town],
    run: Callable[[Connection, Iterable[Ready]], None],
    post: Callable[[Town, list[Posting]], object],
) -> None:
    """A baseline that did less than the library would make the library look slow, and one that did more fast."""
    library, other = twins
    post(library, library.spread(POSTS))
    with closing(bare_sqlite(other.engine)) as bare:
        run(bare, ready(other.spread(POSTS)))

    assert rows_of(library) == rows_of(other)
    with transaction(other.engine, read_only=True) as session:
        assert reconcile(session, other.book) == []


def test_leaves_are_those_of_the_postings(twins: tuple[Town, Town]) -> None:
    """What tamper evidence costs is the making of these very leaves."""
    postings = twins[0].earned(3)

    assert leaves_of(postings) == [leaf_hash(posting, NOW) for posting in postings]


def test_peer_moves_minutes_from_one_account_to_another(postgres_url: str) -> None:
    """A peer that lost minutes would be no ledger to be held against."""
    with psycopg.connect(postgres_url.format("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE peer_of_the_ledger")
    with psycopg.connect(postgres_url.format("peer_of_the_ledger")) as connection:
        peer = Peer(connection, MEMBERS)
        for _ in range(POSTS):
            peer.post(connection)

        found = connection.execute(
            "SELECT (SELECT sum(balance) FROM peer_account), (SELECT sum(version) FROM peer_account),"
            " (SELECT count(*) FROM peer_entry), (SELECT count(*) FROM peer_entry e JOIN peer_account a"
            " ON a.id = e.account_id AND a.version = e.account_version AND a.balance = e.account_current_balance)"
        ).fetchone()

    assert found is not None
    assert (found[0], found[1], found[2], found[3] > 0) == (0, 2 * POSTS, 2 * POSTS, True)


def test_p99_is_the_wait_of_one_in_a_hundred() -> None:
    """The worst of all is chance, the middle is no promise."""
    assert p99([float(number) for number in range(1, 201)]) == 199.0

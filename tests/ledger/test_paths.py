"""Whoever posts, whatever the path: the same rows, hashes, replays and refusals as the plain reference."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.conftest import fresh_database
from tests.ledger.conftest import make_pair
from tests.ledger.model import Walk
from timebank.core.database import database, transaction
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.reconcile import reconcile

SEED, STEPS = 2, 150
TABLES = ("account", "transfer", "entry", "hold_open", "seal")
WITHOUT_NUMBERS = (
    """SELECT CASE WHEN t.kind = 'expire' THEN t.kind ELSE t.idem_key END, t.kind, t.reason, t.amount_min, t.debit_id,
        t.credit_id, t.expires_at IS NULL, h.idem_key, r.idem_key,
        CASE WHEN t.hold_id IS NULL AND t.reverses_id IS NULL THEN t.leaf END
    FROM transfer t LEFT JOIN transfer h ON h.id = t.hold_id LEFT JOIN transfer r ON r.id = t.reverses_id
    ORDER BY t.id""",
    """SELECT account_id, seq, e.amount_min, balance_after_min, credits_after_min, t.amount_min
    FROM entry e JOIN transfer t ON t.id = e.transfer_id ORDER BY 1, 2""",
    "SELECT code, credits, debits, held, version FROM account ORDER BY id",
    "SELECT t.idem_key FROM hold_open o JOIN transfer t ON t.id = o.hold_id ORDER BY t.id",
)


def rows_of(session: Session, *statements: str) -> list[list[tuple[Any, ...]]]:
    """Return what statements select; bytes are told as bytes by both databases."""
    connection = session.connection()
    return [[tuple(row) for row in connection.execute(text(statement))] for statement in statements]


def all_rows(session: Session) -> list[list[tuple[Any, ...]]]:
    """Return every column of every row of the books, JSON as it is written."""
    wanted = [f"SELECT * FROM {table} ORDER BY 1, 2" for table in TABLES]
    return rows_of(session, *wanted, "SELECT CAST(decision AS text) FROM transfer ORDER BY id")


@pytest.fixture(params=["sqlite", "postgres"])
def other_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A second fresh database, of either kind."""
    folder: Path = tmp_path_factory.mktemp("other")
    with fresh_database(request, request.param, folder) as url, database(url) as opened:
        yield opened


def walked(engine: Engine, now: datetime, *, is_plain: bool) -> tuple[list[Any], list[Any]]:
    """Walk over fresh books by one of the paths; returns all their rows, and the same without numbers."""
    with transaction(engine) as session:
        pair = make_pair(session, now)
        walk = Walk(session, pair, now, SEED, PlainBooks(session) if is_plain else None)
        for _ in range(STEPS):
            walk.step()
            walk.agree()
        met = session.connection().execute(text("SELECT DISTINCT kind FROM transfer")).scalars()
        assert set(met) == {"post", "hold", "capture", "void", "expire", "reverse"}
        assert reconcile(session, pair.book) == []
        return all_rows(session), rows_of(session, *WITHOUT_NUMBERS)


def test_paths_leave_equal_books(engine: Engine, other_engine: Engine, noon: datetime) -> None:
    """What the fast path saves must be time alone: every column of every table is the reference's, on both databases.

    A number that PostgreSQL gave to a posting that was refused is not given again, so between the two databases what
    hangs on numbers is left out.
    """
    fast, fast_without_numbers = walked(engine, noon, is_plain=False)
    plain, plain_without_numbers = walked(other_engine, noon, is_plain=True)

    assert fast_without_numbers == plain_without_numbers
    assert (fast == plain) == (engine.dialect.name == other_engine.dialect.name)

"""What the books need from time to time, done by the worker a little at a time: holds end, notices, seals."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, exists, func, select, text
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import transaction, wait_turn
from timebank.ledger.holds import MOST_A_SWEEP, expire_due
from timebank.ledger.levels import has_waiting, look
from timebank.ledger.seals import SEAL, seal_transfers
from timebank.ledger.tables import Book, HoldOpen
from timebank.ledger.terms import TRANSFER

BOOK = table_of(Book)
HOLD_OPEN = table_of(HoldOpen)
SEAL_EVERY = timedelta(minutes=10)
"""How long what was posted waits for its seal, when a worker runs."""
SEAL_PATIENCE_MS = 200
"""How long a worker that wants to seal waits for who is writing, before it tries again a few seconds later."""


class Kept(NamedTuple):
    """What one look after a book did: holds that expired, notices that were made, transfers that were sealed."""

    expired: int
    notices: int
    sealed: int


def keep_books(engine: Engine, *, now: datetime, most: int = MOST_A_SWEEP) -> dict[int, Kept]:
    """Do what is due in every book, a bounded part of it; returns what was done in those where something was.

    Looking for what is due takes no lock, so a worker that looks every few seconds is in nobody's way.
    """
    with transaction(engine, read_only=True) as session:
        books = list(session.connection().execute(select(BOOK.c.id).order_by(BOOK.c.id)).scalars())
        due = [(book, *_due(session, book, now)) for book in books]
    done = {}
    for book, has_holds, has_entries, is_unsealed in due:
        if not (has_holds or has_entries or is_unsealed):
            continue
        expired = sweep(engine, book, now=now, most=most) if has_holds else 0
        with transaction(engine) as session:
            notices = look(session, book, now=now).notices
        done[book] = Kept(expired, notices, _seal(engine, book, now) if is_unsealed else 0)
    return done


def _seal(engine: Engine, book: int, now: datetime) -> int:
    """Seal a book, unless someone is writing for longer than a moment: others would wait behind us for them."""
    with transaction(engine) as session:
        if engine.dialect.name == "postgresql":
            session.connection().execute(text(f"SET LOCAL lock_timeout = {SEAL_PATIENCE_MS}"))
        seal = seal_transfers(session, book, now=now)
    return seal.transfers if seal else 0


def sweep(engine: Engine, book_id: int, *, now: datetime, most: int = MOST_A_SWEEP) -> int:
    """End up to ``most`` holds of a book whose moment has passed, in the order (moment, number), in one transaction."""
    with transaction(engine) as session:
        wait_turn(session, "ledger sweep")
        return expire_due(session, book_id, now=now, most=most)


def _due(session: Session, book: int, now: datetime) -> tuple[bool, bool, bool]:
    """Tell whether holds are due, entries wait to be looked at, and transfers wait for a seal for long enough."""
    connection, t = session.connection(), TRANSFER.c
    of_book = (t.id == HOLD_OPEN.c.hold_id, t.book_id == book, HOLD_OPEN.c.expires_at <= now)
    holds = connection.execute(select(exists().where(*of_book))).scalar_one()
    newest = select(func.max(SEAL.c.to_id), func.max(SEAL.c.sealed_at)).where(SEAL.c.book_id == book)
    to_id, sealed_at = connection.execute(newest).one()
    unsealed = exists().where(t.book_id == book, t.id > (to_id or 0))
    is_time = sealed_at is None or sealed_at + SEAL_EVERY <= now
    waits = is_time and connection.execute(select(unsealed)).scalar_one()
    return bool(holds), has_waiting(session, book), bool(waits)

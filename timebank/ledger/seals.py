"""Seals: runs of transfers under one Merkle root (RFC 6962), each seal chained to the one before."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.ledger.posting import TRANSFER
from timebank.ledger.tables import Seal

SEAL: Table = Seal.__table__  # type: ignore[attr-defined]  # SQLModel adds it
NO_SEAL = bytes(32)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, shape (32,) bytes. Source: RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + merkle_root(leaves[:half]) + merkle_root(leaves[half:])).digest()


def seal_transfers(session: Session, book_id: int, *, now: datetime) -> Seal | None:
    """Seal every transfer since the last seal; nothing when there is none.

    On PostgreSQL the transfers are locked against writers and other sealers until the end, because numbers are given
    before they are committed.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE transfer IN SHARE ROW EXCLUSIVE MODE"))
    last = connection.execute(
        select(SEAL.c.n, SEAL.c.to_id, SEAL.c.digest)
        .where(SEAL.c.book_id == book_id)
        .order_by(SEAL.c.n.desc())
        .limit(1)
    ).first()
    n, after, previous = (last.n, last.to_id, bytes(last.digest)) if last else (0, 0, NO_SEAL)
    rows = _leaves(connection, book_id, after, None)
    if not rows:
        return None
    root = merkle_root([leaf for _, leaf in rows])
    from_id, to_id = rows[0][0], rows[-1][0]
    values = {
        "book_id": book_id,
        "n": n + 1,
        "from_id": from_id,
        "to_id": to_id,
        "transfers": len(rows),
        "root": root,
        "previous": previous,
        "digest": seal_digest(book_id, n + 1, from_id, to_id, len(rows), root, previous, now),
        "sealed_at": now,
    }
    connection.execute(insert(SEAL), values)
    return session.exec(pick(Seal).where(Seal.book_id == book_id, Seal.n == n + 1)).one()


def seal_digest(
    book_id: int, n: int, from_id: int, to_id: int, count: int, root: bytes, previous: bytes, sealed_at: datetime
) -> bytes:
    """Return the SHA-256 that chains a seal to the one before, shape (32,) bytes."""
    moment = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    head = f"{book_id}|{n}|{from_id}|{to_id}|{count}|{moment}|".encode()
    return hashlib.sha256(head + root + previous).digest()


def _leaves(connection: Connection, book_id: int, after: int, to_id: int | None) -> list[tuple[int, bytes]]:
    wanted = select(TRANSFER.c.id, TRANSFER.c.leaf).where(TRANSFER.c.book_id == book_id, TRANSFER.c.id > after)
    if to_id is not None:
        wanted = wanted.where(TRANSFER.c.id <= to_id)
    return [(number, bytes(leaf)) for number, leaf in connection.execute(wanted.order_by(TRANSFER.c.id))]


def first_broken_seal(session: Session, book_id: int) -> int | None:
    """Recompute every seal from its transfers; return the number of the first that does not fit, or nothing."""
    connection, previous, after = session.connection(), NO_SEAL, 0
    for seal in connection.execute(select(SEAL).where(SEAL.c.book_id == book_id).order_by(SEAL.c.n)):
        rows = _leaves(connection, book_id, after, seal.to_id)
        fits = bool(rows) and len(rows) == seal.transfers and bytes(seal.previous) == previous
        if not fits or merkle_root([leaf for _, leaf in rows]) != bytes(seal.root):
            return int(seal.n)
        digest = seal_digest(
            book_id, seal.n, seal.from_id, seal.to_id, seal.transfers, bytes(seal.root), previous, seal.sealed_at
        )
        if digest != bytes(seal.digest):
            return int(seal.n)
        previous, after = digest, seal.to_id
    return None


def first_unlike_seal(session: Session, book_id: int, published: Mapping[int, bytes]) -> int | None:
    """Compare seals with digests that were kept outside; return the number of the first that is not so, or nothing.

    This finds who took the newest seals away, or computed them anew over other transfers.
    """
    stored = session.connection().execute(select(SEAL.c.n, SEAL.c.digest).where(SEAL.c.book_id == book_id))
    digest_by_n = {number: bytes(digest) for number, digest in stored}
    return next((n for n in sorted(published) if digest_by_n.get(n) != published[n]), None)


def sealed_count(session: Session, book_id: int) -> int:
    """Return how many transfers of a book are under a seal."""
    total = select(func.coalesce(func.sum(SEAL.c.transfers), 0)).where(SEAL.c.book_id == book_id)
    return int(session.connection().execute(total).scalar_one())

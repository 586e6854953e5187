"""Seals: runs of transfers under one Merkle root (RFC 6962), each seal chained to the one before.

What stands in the tree is a transfer's number and its leaf, so that neither can be changed, nor their order.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.ledger.findings import Finding, shown
from timebank.ledger.merkle import leaf_of, merkle_root
from timebank.ledger.tables import Seal
from timebank.ledger.terms import TRANSFER

SEAL = table_of(Seal)
NO_SEAL = bytes(32)
MOST_A_SEAL = 65_536
"""Most transfers of one seal; what is more is sealed by the next one, so that proofs stay short and memory small."""
NUMBER_BYTES = 8


def seal_leaf(transfer_id: int, leaf: bytes) -> bytes:
    """Return the leaf of a seal's tree: of the number in 8 bytes, the greatest first, and the transfer's own leaf."""
    return leaf_of(transfer_id.to_bytes(NUMBER_BYTES, "big", signed=True) + leaf)


def seal_transfers(session: Session, book_id: int, *, now: datetime) -> Seal | None:
    """Seal every transfer since the last seal; returns the newest seal, or nothing when there was nothing to seal.

    On PostgreSQL the transfers are locked against writers and other sealers until the end, because numbers are given
    before they are committed: without it a lower number could come after the seal.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE transfer IN SHARE ROW EXCLUSIVE MODE"))
    newest = connection.execute(
        select(SEAL.c.n, SEAL.c.to_id, SEAL.c.digest)
        .where(SEAL.c.book_id == book_id)
        .order_by(SEAL.c.n.desc())
        .limit(1)
    ).first()
    n, after, previous = (newest.n, newest.to_id, bytes(newest.digest)) if newest else (0, 0, NO_SEAL)
    made: dict[str, Any] | None = None
    while rows := _unsealed(connection, book_id, after):
        n += 1
        made = _seal(book_id, n, rows, previous, now)
        connection.execute(insert(SEAL), made)
        after, previous = made["to_id"], made["digest"]
    return Seal(**made) if made else None


def _unsealed(connection: Connection, book_id: int, after: int) -> list[tuple[int, bytes]]:
    t = TRANSFER.c
    wanted = select(t.id, t.leaf).where(t.book_id == book_id, t.id > after).order_by(t.id).limit(MOST_A_SEAL)
    return [(number, bytes(leaf)) for number, leaf in connection.execute(wanted)]


def _seal(book_id: int, n: int, rows: list[tuple[int, bytes]], previous: bytes, now: datetime) -> dict[str, Any]:
    """Make the seal over some transfers, chained to the one before."""
    seal = {
        "book_id": book_id,
        "n": n,
        "from_id": rows[0][0],
        "to_id": rows[-1][0],
        "transfers": len(rows),
        "root": merkle_root([seal_leaf(*row) for row in rows]),
        "previous": previous,
        "sealed_at": now,
    }
    return seal | {"digest": seal_digest(**seal)}  # type: ignore[arg-type]  # by the names of its columns


def seal_digest(
    book_id: int, n: int, from_id: int, to_id: int, transfers: int, root: bytes, previous: bytes, sealed_at: datetime
) -> bytes:
    """Return the SHA-256 that chains a seal to the one before, shape (32,) bytes."""
    moment = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    head = f"{book_id}|{n}|{from_id}|{to_id}|{transfers}|{moment}|".encode()
    return hashlib.sha256(head + root + previous).digest()


def seals_of(connection: Connection, book_id: int) -> Iterator[Row[Any]]:
    """Yield the seals of a book by number."""
    yield from connection.execute(select(SEAL).where(SEAL.c.book_id == book_id).order_by(SEAL.c.n))


class SealCheck:
    """Follows the transfers of a book as they pass, by number, and says which seal first is not what they give."""

    def __init__(self, connection: Connection, book_id: int) -> None:
        self.waiting = list(seals_of(connection, book_id))[::-1]
        self.finding: Finding | None = None
        self.number, self.previous, self.after = 0, NO_SEAL, 0
        self.run: list[tuple[int, bytes]] = []
        self.to_id = self.waiting[-1].to_id if self.waiting else 0

    def add(self, transfer_id: int, leaf: bytes) -> None:
        """Take the next transfer."""
        if transfer_id > self.to_id:
            self._close(transfer_id)
        if self.waiting:
            self.run.append((transfer_id, leaf))

    def end(self) -> Finding | None:
        """Say what is wrong with the first seal that is not right, or nothing."""
        self._close(None)
        return self.finding

    def _close(self, upcoming: int | None) -> None:
        """Compare every seal that the transfers before ``upcoming`` end; all that are left when there is none."""
        while self.waiting and (upcoming is None or self.waiting[-1].to_id < upcoming):
            seal, run = self.waiting.pop(), self.run
            self.run = []
            self.to_id = self.waiting[-1].to_id if self.waiting else 0
            self.number += 1
            self.finding = self.finding or self._compare(seal, run)
            self.previous = bytes(seal.digest)
            if self.finding:
                self.waiting = []  # the first says where to look; what follows it cannot be right

    def _compare(self, seal: Row[Any], run: list[tuple[int, bytes]]) -> Finding | None:
        right = {
            "n": self.number,
            "previous": self.previous,
            "from_id": run[0][0] if run else None,
            "to_id": run[-1][0] if run else None,
            "transfers": len(run),
            "root": merkle_root([seal_leaf(*row) for row in run]),
        }
        named = {name: getattr(seal, name) for name in right}
        said = {name: bytes(value) if isinstance(right[name], bytes) else value for name, value in named.items()}
        whole = {"book_id": seal.book_id, **said, "sealed_at": seal.sealed_at}
        right["digest"], said["digest"] = seal_digest(**whole), bytes(seal.digest)
        wrong = next((name for name in right if said[name] != right[name]), None)
        if wrong is None:
            return None
        return Finding("R7", "seal", str(seal.n), wrong, shown(said[wrong]), shown(right[wrong]))


def unlike_seal(connection: Connection, book_id: int, published: Mapping[int, bytes]) -> Finding | None:
    """Compare seals with digests that were kept outside, by number; names the first that is not the same.

    This finds who took the newest seals away, or computed them anew over other transfers.
    """
    stored = connection.execute(select(SEAL.c.n, SEAL.c.digest).where(SEAL.c.book_id == book_id))
    digest_by_n = {number: bytes(digest) for number, digest in stored}
    unlike = next((n for n in sorted(published) if digest_by_n.get(n) != published[n]), None)
    if unlike is None:
        return None
    return Finding("R7", "seal", str(unlike), "digest", shown(digest_by_n.get(unlike)), shown(published[unlike]))


def sealed_count(session: Session, book_id: int) -> int:
    """Return how many transfers of a book are under a seal."""
    total = select(func.coalesce(func.sum(SEAL.c.transfers), 0)).where(SEAL.c.book_id == book_id)
    return int(session.connection().execute(total).scalar_one())

"""A member's statement that proves itself: entries, what was hashed of their transfers, and the way to the seals.

It is one JSON file that is checked without any database (:mod:`timebank.ledger.proving`). It holds the whole rows of
the member's own transfers, decisions too, so it is for the member's hands; it names nobody but by account number.
"""

import base64
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import Session

from timebank.core.errors import NotFound
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.checkpoints import SealSaid
from timebank.ledger.leaves import Leaf, leaves
from timebank.ledger.merkle import Tree
from timebank.ledger.seals import seal_leaf, seals_of
from timebank.ledger.terms import TRANSFER

FORMAT = "timebank-statement-1"
MOST_LINES = 10_000
"""Most entries of a statement; older ones are summed up in its opening."""
OF_ENTRIES = "AND id IN (SELECT transfer_id FROM entry WHERE account_id = :account AND seq > :after)"
OF_HOLDS = "AND debit_id = :account AND id IN (SELECT hold_id FROM hold_open)"


def statement_file(session: Session, account: int, *, now: datetime, most: int = MOST_LINES) -> dict[str, Any]:
    """Write the statement of an account with its newest entries, every proof there is, and all seals of its book.

    Raises
    ------
    NotFound
        When there is no such account.
    """
    connection = session.connection()
    stands = connection.execute(select(ACCOUNT).where(ACCOUNT.c.id == account)).first()
    if stands is None:
        raise NotFound(kind="account", key=str(account))
    after = max(0, stands.version - most)
    seals = [SealSaid.of(row) for row in seals_of(connection, stands.book_id)]
    lines = connection.execute(
        select(ENTRY).where(ENTRY.c.account_id == account, ENTRY.c.seq > after).order_by(ENTRY.c.seq)
    ).all()
    rows = {
        row.transfer_id: row for row in leaves(connection, stands.book_id, OF_ENTRIES, account=account, after=after)
    }
    held = list(leaves(connection, stands.book_id, OF_HOLDS, account=account))
    proof_by_id = _proofs(connection, seals, sorted([*rows, *(row.transfer_id for row in held)]))
    opening = lines[0] if lines else None
    entries = [
        {
            "seq": line.seq,
            "amount_min": line.amount_min,
            "balance_after_min": line.balance_after_min,
            "credits_after_min": line.credits_after_min,
            "created_at": line.created_at.isoformat(),
            **_shown(rows[line.transfer_id], proof_by_id),
        }
        for line in lines
    ]
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "book_id": stands.book_id,
        "account_id": account,
        "opening": {
            "seq": after,
            "balance_min": opening.balance_after_min - opening.amount_min if opening else 0,
            "credits_min": opening.credits_after_min - max(0, opening.amount_min) if opening else 0,
        },
        "balance_min": stands.credits - stands.debits,
        "held_min": stands.held,
        "entries": entries,
        "holds": [_shown(row, proof_by_id) for row in held],
        "seals": [seal_shown(seal) for seal in seals],
    }


def _shown(row: Leaf, proof_by_id: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "transfer_id": row.transfer_id,
        "row": row.preimage.decode(errors="replace"),
        "proof": proof_by_id.get(row.transfer_id),
    }


def seal_shown(seal: SealSaid) -> dict[str, Any]:
    """Write a seal as JSON can hold it."""
    return {
        "n": seal.n,
        "from_id": seal.from_id,
        "to_id": seal.to_id,
        "transfers": seal.transfers,
        "root": encoded(seal.root),
        "previous": encoded(seal.previous),
        "digest": encoded(seal.digest),
        "sealed_at": seal.sealed_at.isoformat(),
    }


def encoded(raw: bytes) -> str:
    """Write bytes in base64."""
    return base64.b64encode(raw).decode()


def _proofs(connection: Connection, seals: list[SealSaid], wanted: list[int]) -> dict[int, dict[str, Any]]:
    """Return the seal, the place in its tree and the audit path of each transfer that is sealed, by its number."""
    found: dict[int, dict[str, Any]] = {}
    ends = [seal.to_id for seal in seals]
    ids_by_seal: dict[int, list[int]] = {}
    for number in wanted:
        place = bisect_left(ends, number)
        if place < len(seals):
            ids_by_seal.setdefault(place, []).append(number)
    for place, numbers in ids_by_seal.items():
        after = ends[place - 1] if place else 0
        found |= _proofs_of(connection, seals[place], after, numbers)
    return found


def _proofs_of(connection: Connection, seal: SealSaid, after: int, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    t = TRANSFER.c
    inside = select(t.id, t.leaf).where(t.book_id == seal.book_id, t.id > after, t.id <= seal.to_id).order_by(t.id)
    rows = connection.execute(inside).all()
    tree = Tree([seal_leaf(row.id, bytes(row.leaf)) for row in rows])
    index_by_id = {row.id: index for index, row in enumerate(rows)}
    return {
        number: {
            "seal": seal.n,
            "index": index_by_id[number],
            "path": [encoded(one) for one in tree.path(index_by_id[number])],
        }
        for number in numbers
    }

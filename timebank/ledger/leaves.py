"""Every transfer of a book as it lies in the database, in the order of its number, with what its hashes must be.

The rows are read without any conversion, as numbers and bytes, and the text that is hashed is written anew from them.
So a changed byte of any column is seen, also one that a conversion would pass over, and one that is no letter any
more. Equal decisions are written once.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from timebank.ledger.terms import ASKED_FOR_A_MOMENT, CANONICAL

ROWS_A_FETCH = 5000
MOST_KNOWN = 20_000
"""Most decisions that are kept in memory; equal ones are many, and come near each other."""
TEXTS = {"sqlite": "CAST({} AS BLOB)", "postgresql": "convert_to({}::text, 'UTF8')"}
MOMENTS = {
    "sqlite": "CAST(CASE WHEN substr({0}, 11, 1) = ' ' THEN replace({0}, ' ', 'T') ELSE {0} || '?' END AS BLOB)",
    "postgresql": "convert_to(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), 'UTF8')",
}
NUMBERS = ("id", "book_id", "debit_id", "credit_id", "amount_min", "hold_id", "reverses_id")
MOMENT_IS_ASKED = frozenset(kind.encode() for kind in ASKED_FOR_A_MOMENT)


class Leaf(NamedTuple):
    """A transfer: its number, the hashes that stand in its row, those that its other columns give, and what was hashed.

    ``preimage`` is the canonical row: the right leaf is the SHA-256 of 0x00 and it.
    """

    transfer_id: int
    leaf: bytes
    right_leaf: bytes
    request_hash: bytes
    right_request_hash: bytes
    preimage: bytes


def selected(dialect: str) -> str:
    """Return the columns of a transfer as they are read here, in the words of a database."""
    words = [TEXTS[dialect].format(name) for name in ("kind", "reason", "idem_key", "decision")]
    moments = [MOMENTS[dialect].format(name) for name in ("expires_at", "effective_at", "created_at")]
    return ", ".join((*NUMBERS, *words, *moments, "request_hash", "leaf"))


def leaves(connection: Connection, book_id: int, where: str = "", **values: object) -> Iterator[Leaf]:
    """Yield the transfers of a book by number; ``where`` are more conditions. They pass, so memory stays small."""
    columns = selected(connection.dialect.name)
    wanted = text(f"SELECT {columns} FROM transfer WHERE book_id = :book {where} ORDER BY id")
    streamed = {"yield_per": ROWS_A_FETCH}  # of this statement alone: the session may write afterwards
    written = Written({}, {})
    with connection.execute(wanted, {"book": book_id, **values}, execution_options=streamed) as rows:
        for part in rows.partitions():
            for row in part:
                try:
                    yield _leaf(tuple(row), written)
                except (TypeError, ValueError, AttributeError):  # a value of a kind that its column never has
                    yield Leaf(int(row[0]), _bytes(row[15]), b"", _bytes(row[14]), b"", b"")


class Written(NamedTuple):
    """What was written before and comes again: decisions in canonical form, and how rows begin."""

    decisions: dict[bytes, bytes]
    heads: dict[tuple[int, bytes, bytes], bytes]


def _leaf(row: tuple[Any, ...], written: Written) -> Leaf:
    """Write what was hashed from the columns of a row, and hash it."""
    number, book, debit, credit, amount, hold, reverses, kind, reason, key, decision, expires, *moments = row
    effective, created, request_hash, leaf = moments
    head = written.heads.get((book, kind, reason)) or _head(book, kind, reason, written.heads)
    asked = b"%b%d,%d,%d,%b,%b,%b" % (
        head,
        debit,
        credit,
        amount,
        b"null" if hold is None else b"%d" % hold,
        b"null" if reverses is None else b"%d" % reverses,
        b"null," if expires is None else b'"%b+00:00",' % expires,
    )
    said = written.decisions.get(decision) or _decision(decision, written.decisions)
    whole = b'%b"%b+00:00",%b' % (asked, effective, said)
    preimage = b'%b,%b,"%b+00:00"]' % (whole, _quoted(key), created)
    requested = whole if kind in MOMENT_IS_ASKED else b"%bnull,%b" % (asked, said)
    return Leaf(
        number,
        _bytes(leaf),
        sha256(b"\0" + preimage).digest(),
        _bytes(request_hash),
        sha256(requested + b"]").digest(),
        preimage,
    )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else bytes(str(value), "utf-8")


def _head(book: int, kind: bytes, reason: bytes, heads: dict[tuple[int, bytes, bytes], bytes]) -> bytes:
    """Write how rows of a book, a kind and a reason begin."""
    if len(heads) >= MOST_KNOWN:
        heads.clear()
    heads[book, kind, reason] = head = b"[%d,%b,%b," % (book, _quoted(kind), _quoted(reason))
    return head


def _quoted(words: bytes) -> bytes:
    """Write a text as JSON does; a byte that is no letter becomes one that no text of ours has."""
    return quoted(words.decode(errors="replace")).encode()


def _decision(stored: bytes, decisions: dict[bytes, bytes]) -> bytes:
    """Return a stored decision in canonical form, or as it is when it is not spelled as we spell one."""
    try:
        spelled = stored.decode()
        value: Any = json.loads(spelled)
    except ValueError:
        return stored
    if spelled not in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        return stored
    if len(decisions) >= MOST_KNOWN:
        decisions.clear()
    decisions[stored] = said = CANONICAL.encode(value).encode()
    return said

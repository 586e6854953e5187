"""Checkpoints: what a published note says of a book's seals, written from the books and read back without them.

A note tells the seals that came since the note before, so that a file of notes holds the whole chain, and the root
over all of them, so that two notes can be compared without what lies between. It tells the states of accounts too:
how many had been written down, and the root over them, for they are under no seal.
"""

import base64
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.merkle import Tree, leaf_of
from timebank.ledger.notes import Note, VerifierKey, read_notes, read_verifier_key
from timebank.ledger.seals import NO_SEAL, seal_digest
from timebank.ledger.tables import AccountState
from timebank.ledger.terms import CANONICAL

STATE = table_of(AccountState)
HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSaid:
    """A seal as it stands outside the database: in a note, or in a member's statement."""

    book_id: int
    n: int
    from_id: int
    to_id: int
    transfers: int
    root: bytes
    previous: bytes
    sealed_at: datetime
    digest: bytes

    @classmethod
    def of(cls, row: Row[Any]) -> "SealSaid":
        """Take a row of the seals."""
        named: dict[str, Any] = {one.name: getattr(row, one.name) for one in fields(cls)}
        return cls(**named | {name: bytes(named[name]) for name in ("root", "previous", "digest")})

    @property
    def fits(self) -> bool:
        """Whether its digest is that of its other parts."""
        parts = (self.book_id, self.n, self.from_id, self.to_id, self.transfers, self.root, self.previous)
        return seal_digest(*parts, self.sealed_at) == self.digest

    def line(self) -> str:
        """Write it as a line of a note."""
        moment = self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
        hashes = " ".join(base64.b64encode(one).decode() for one in (self.root, self.previous, self.digest))
        return f"seal {self.n} {self.from_id} {self.to_id} {self.transfers} {hashes} {moment}"

    @classmethod
    def from_line(cls, line: str, book_id: int) -> "SealSaid":
        """Read a line of a note; a ``ValueError`` when it is none."""
        word, n, from_id, to_id, transfers, root, previous, digest, moment = line.split(" ")
        if word != "seal":
            raise ValueError(word)
        return cls(
            book_id=book_id,
            n=int(n),
            from_id=int(from_id),
            to_id=int(to_id),
            transfers=int(transfers),
            root=hash_of(root),
            previous=hash_of(previous),
            digest=hash_of(digest),
            sealed_at=_moment(moment),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a note says: the log, how many seals, the root over them, the newest seals, and the states of accounts.

    ``line`` is where it stands in its file; ``is_signed`` whether its signature is that of the key it names.
    """

    log: str
    size: int
    root: bytes
    key: VerifierKey
    book_id: int
    states: int
    states_to_id: int
    states_root: bytes
    seals: tuple[SealSaid, ...]
    line: int = 0
    is_signed: bool = True

    def lines(self) -> list[str]:
        """Write the lines of its note."""
        return [
            self.log,
            str(self.size),
            base64.b64encode(self.root).decode(),
            f"key {self.key}",
            f"book {self.book_id}",
            f"accounts {self.states} {self.states_to_id} {base64.b64encode(self.states_root).decode()}",
            *(seal.line() for seal in self.seals),
        ]


def hash_of(encoded: str) -> bytes:
    """Read a hash in base64; a ``ValueError`` when it is none."""
    raw = base64.b64decode(encoded, validate=True)
    if len(raw) != HASH_BYTES:
        message = f"A hash has {HASH_BYTES} bytes, not {len(raw)}."
        raise ValueError(message)
    return raw


def _moment(words: str) -> datetime:
    moment = datetime.fromisoformat(words)
    if moment.tzinfo is None:
        message = f"A moment needs its time zone: {words} has none."
        raise ValueError(message)
    return moment


def log_tree(digests: Iterable[bytes]) -> Tree:
    """Return the tree over the digests of seals, in their order."""
    return Tree([leaf_of(digest) for digest in digests])


class States(NamedTuple):
    """The states of a book's accounts that are written down: their numbers, and the tree over them."""

    numbers: list[int]
    tree: Tree

    def until(self, number: int) -> tuple[int, bytes]:
        """Return how many there are up to a number, and the root over them."""
        count = bisect_right(self.numbers, number)
        return count, self.tree.root_of_first(count)


def states_of(connection: Connection, book_id: int) -> States:
    """Return the states of the accounts of a book."""
    rows = connection.execute(select(STATE).where(STATE.c.book_id == book_id).order_by(STATE.c.id)).all()
    said = ([value.isoformat() if isinstance(value, datetime) else value for value in row] for row in rows)
    return States([row.id for row in rows], Tree([leaf_of(CANONICAL.encode(one).encode()) for one in said]))


def read_checkpoints(text: str, *, file: str) -> list[Checkpoint]:
    """Read a file of notes.

    Raises
    ------
    WrongInput
        With the line at which a note begins that cannot be read.
    """
    return [_checkpoint(note, file) for note in read_notes(text, file=file)]


def _checkpoint(note: Note, file: str) -> Checkpoint:
    try:
        log, size, root, key_line, book_line, accounts, *seals = note.lines
        key = read_verifier_key(_after(key_line, "key"))
        states, to_id, over_states = _after(accounts, "accounts").split(" ")
        book_id = int(_after(book_line, "book"))
        return Checkpoint(
            log=log,
            size=int(size),
            root=hash_of(root),
            key=key,
            book_id=book_id,
            states=int(states),
            states_to_id=int(to_id),
            states_root=hash_of(over_states),
            seals=tuple(SealSaid.from_line(line, book_id) for line in seals),
            line=note.line,
            is_signed=key.name == log and note.is_signed_by(key),
        )
    except (ValueError, WrongInput) as fault:
        right = Phrase("right_seal_note", line=note.line)
        raise WrongInput(field="published", value=file, right=right) from fault


def _after(line: str, word: str) -> str:
    """Return what follows the first word of a line, which must be that one."""
    first, _, rest = line.partition(" ")
    if first != word:
        raise ValueError(line)
    return rest


def first_fault(checkpoints: Sequence[Checkpoint], key: VerifierKey | None = None) -> Checkpoint | None:
    """Return the first note of a log that is not signed, by ``key`` when one is given, or does not follow the others.

    Each seal must be chained to the one before, and the root must be that over all seals so far.
    """
    tree, size, previous = log_tree(seal.digest for one in checkpoints for seal in one.seals), 0, NO_SEAL
    for one in checkpoints:
        for seal in one.seals:
            size += 1
            if not seal.fits or seal.previous != previous or seal.n != size:
                return one
            previous = seal.digest
        is_whole = one.size == size and one.root == tree.root_of_first(size)
        if not one.is_signed or not is_whole or (key is not None and str(key) != str(one.key)):
            return one
    return None

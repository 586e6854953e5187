"""Keys that sign published seals: the first is made when it is needed, and a new one takes the place of the old."""

import base64
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, select

from timebank.core.database import wait_turn
from timebank.core.key_pairs import new_pair, private_half
from timebank.ledger.merkle import leaf_of
from timebank.ledger.notes import VerifierKey
from timebank.ledger.tables import SealKey

LOG = "timebank/"
"""How the name of a log begins; the code of its book follows."""
ID_LETTERS = 10


class Signer(NamedTuple):
    """The key that signs now, both halves."""

    public_key: bytes
    private_key: Ed25519PrivateKey

    def verifier(self, book: str) -> VerifierKey:
        """Return its public half for the log of a book."""
        return VerifierKey(name=log_name(book), public_key=self.public_key)


def log_name(book: str) -> str:
    """Return the name of the log of a book, by its code; a name has no spaces and no plus signs."""
    return LOG + quote(book, safe="")


def current_signer(session: Session, *, now: datetime, new: bool = False) -> Signer:
    """Return the key that signs; makes the first one, and with ``new`` another one, whose elder loses its private half.

    What an old key signed stays good: its public half stands in the notes.
    """
    wait_turn(session, "seal keys")
    key = session.exec(select(SealKey).where(SealKey.status == "current")).first()
    if key is not None and new:
        key.status, key.retired_at, key.private_key = "retired", now, None
        session.flush()
    if key is None or key.private_key is None:
        key = _make_key(now)
        session.add(key)
        session.flush()
    return Signer(bytes(key.public_key), private_half(key.private_key or ""))


def _make_key(now: datetime) -> SealKey:
    public, private = new_pair()
    key_id = base64.b32encode(leaf_of(public)).decode()[:ID_LETTERS]
    return SealKey(key_id=key_id, public_key=public, private_key=private, made_at=now)

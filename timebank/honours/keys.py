"""Keys that sign certificates: made, rotated, and their public halves published with their dates for ever."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select as select_columns
from sqlmodel import Session, select

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.key_pairs import new_pair, private_half
from timebank.core.texts import Phrase
from timebank.honours.refusals import NotPublished
from timebank.honours.tables import SigningKey

KEY = table_of(SigningKey)
FORMAT = "timebank-certificate-keys-1"
KEY_BYTES = 32
ID_LETTERS = 10
"""Letters of a key's number, 50 bits: keys are few, and a number alone opens nothing."""
MOST_FILE = 20_000_000
"""Most characters of a published file that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """The published half of a key and the days it signed on, both ends inclusive; ``to_day`` empty is until now."""

    key_id: str
    public_key: bytes
    from_day: date
    to_day: date | None

    def signed_on(self, day: date) -> bool:
        """Tell whether the key was in use on a day."""
        return self.from_day <= day and (self.to_day is None or day <= self.to_day)


def key_number(public_key: bytes) -> str:
    """Return the number of a key, made from its public half."""
    return base64.b32encode(hashlib.sha256(public_key).digest()).decode()[:ID_LETTERS]


def current_key(session: Session, *, now: datetime) -> SigningKey:
    """Return the key that signs; makes the first one. Two who come first at once get the same."""
    wait_turn(session, "certificate keys")
    found = session.exec(select(SigningKey).where(SigningKey.status == "current")).first()
    return found or _make_key(session, now)


def rotate_keys(session: Session, *, now: datetime) -> SigningKey:
    """Retire the current key and make a new one.

    What the old one signed stays good, its public half stays published; its private half is gone for ever.
    """
    wait_turn(session, "certificate keys")
    for key in session.exec(select(SigningKey).where(SigningKey.status == "current")):
        key.status, key.retired_at, key.private_key = "retired", now, None
    session.flush()
    return _make_key(session, now)


def _make_key(session: Session, now: datetime) -> SigningKey:
    public, private = new_pair()
    key = SigningKey(key_id=key_number(public), public_key=public, private_key=private, made_at=now)
    session.add(key)
    session.flush()
    return key


def signer_of(key: SigningKey) -> Ed25519PrivateKey:
    """Return the private half of the current key.

    Raises
    ------
    ValueError
        For a retired key, which has none.
    """
    if key.private_key is None:
        message = f"The key {key.key_id} is retired; it signs nothing more."
        raise ValueError(message)
    return private_half(key.private_key)


def published_keys(session: Session) -> tuple[PublicKey, ...]:
    """Return the public half of every key there ever was, oldest first."""
    k = KEY.c  # never the private half: nobody who checks needs it
    wanted = select_columns(k.key_id, k.public_key, k.made_at, k.retired_at).order_by(k.made_at, k.key_id)
    return tuple(
        PublicKey(
            key_id=row.key_id,
            public_key=bytes(row.public_key),
            from_day=day_of(row.made_at),
            to_day=day_of(row.retired_at) if row.retired_at else None,
        )
        for row in session.connection().execute(wanted)
    )


def write_keys(keys: Iterable[PublicKey], *, now: datetime) -> str:
    """Write the file of public keys that anyone may have."""
    said = [
        {
            "key_id": key.key_id,
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(key.public_key).decode(),
            "from_day": key.from_day.isoformat(),
            "to_day": key.to_day.isoformat() if key.to_day else None,
        }
        for key in keys
    ]
    return json.dumps({"format": FORMAT, "made_at": now.isoformat(), "keys": said}, indent=1) + "\n"


def read_keys(text: str, *, file: str) -> tuple[PublicKey, ...]:
    """Read a file of public keys.

    Raises
    ------
    NotPublished
        When it is no such file, or a key in it is not the one that its number says.
    """
    said = read_published(text, file=file, form=FORMAT)
    try:
        keys = tuple(_public_key(one) for one in said["keys"])
    except (KeyError, TypeError, ValueError) as fault:
        raise NotPublished(file=file, right=Phrase("right_key_file")) from fault
    wrong = next((key.key_id for key in keys if key_number(key.public_key) != key.key_id), None)
    if wrong is not None:
        raise NotPublished(file=file, right=Phrase("right_key_number", key_id=wrong))
    return keys


def _public_key(said: dict[str, Any]) -> PublicKey:
    public = base64.b64decode(said["public_key"], validate=True)
    if said["algorithm"] != "Ed25519" or len(public) != KEY_BYTES:
        message = "It is no key of Ed25519."
        raise ValueError(message)
    to_day = said["to_day"]
    return PublicKey(
        key_id=said["key_id"],
        public_key=public,
        from_day=date.fromisoformat(said["from_day"]),
        to_day=None if to_day is None else date.fromisoformat(to_day),
    )


def read_published(text: str, *, file: str, form: str) -> dict[str, Any]:
    """Read a published file of one format as JSON.

    Raises
    ------
    NotPublished
        When it is too large, no JSON, or of another format.
    """
    if len(text) > MOST_FILE:
        raise NotPublished(file=file, right=Phrase("right_at_most", most=MOST_FILE))
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise NotPublished(file=file, right=Phrase("right_is_json")) from fault
    if not isinstance(said, dict) or said.get("format") != form:
        raise NotPublished(file=file, right=Phrase("right_format", form=form))
    return said

"""Ed25519 keys as every room keeps them: the public half as bytes, the private one as a text to be encrypted."""

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class KeyPair(NamedTuple):
    """Both halves of a new key."""

    public_key: bytes
    private_key: str


def new_pair() -> KeyPair:
    """Make a key."""
    private = Ed25519PrivateKey.generate()
    return KeyPair(private.public_key().public_bytes_raw(), base64.b64encode(private.private_bytes_raw()).decode())


def private_half(text: str) -> Ed25519PrivateKey:
    """Return the private half that :func:`new_pair` wrote."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))

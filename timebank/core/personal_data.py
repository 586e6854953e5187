"""Personal data at rest: fields encrypted with AES-256-GCM, equality found by a keyed hash.

A stored field is ``key number (1 byte) | nonce (12) | ciphertext and tag``; the name of the field is
authenticated with it. Keys come from ``TIMEBANK_KEYS`` (``1:base64,2:base64``; the highest number encrypts,
all open) or from a file that is made, readable by its owner alone, when there is none. A key is rotated by adding
one with a higher number; the lowest stays, because look-ups use HMAC-SHA256 with a key derived from it.
"""

import base64
import hashlib
import hmac
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from timebank.core.errors import PersonalDataUnreadable
from timebank.core.settings import Settings
from timebank.core.texts import Phrase

KEY_BYTES = 32
NONCE_BYTES = 12
LOOKUP_BYTES = 16
"""Bytes kept of a look-up hash: 128 bits, no collision among people of any city."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by number, 32 bytes each; the highest number encrypts, every one opens."""

    key_by_number: dict[int, bytes]

    @property
    def current(self) -> int:
        """Number of the key that encrypts."""
        return max(self.key_by_number)

    @property
    def lookup_key(self) -> bytes:
        """Key of the look-up hash; derived from the lowest number, so that it survives rotation."""
        first = self.key_by_number[min(self.key_by_number)]
        return hashlib.sha256(b"timebank look-up" + first).digest()


def parse_keys(text: str) -> Keyring:
    """Read ``number:base64`` pairs, separated by commas or lines.

    Raises
    ------
    ValueError
        When a pair is no number and key, a key has not 32 bytes, or a number comes twice. The key itself is
        never repeated.
    """
    key_by_number: dict[int, bytes] = {}
    for part in text.replace("\n", ",").split(","):
        if not part.strip():
            continue
        number, _, coded = part.strip().partition(":")
        try:
            key = base64.b64decode(coded, validate=True)
        except ValueError:
            key = b""
        is_number = number.isascii() and number.isdecimal() and 1 <= int(number) <= 255
        if not is_number or len(key) != KEY_BYTES:
            message = "A key is written as number:base64 with a number of 1 to 255 and 32 bytes of key."
            raise ValueError(message)
        if int(number) in key_by_number:
            message = f"The key number {number} comes twice; give each key a number of its own."
            raise ValueError(message)
        key_by_number[int(number)] = key
    if not key_by_number:
        message = "There is no key: write one as number:base64."
        raise ValueError(message)
    return Keyring(key_by_number)


def load_or_make_keys(path: Path) -> Keyring:
    """Read the key file, or make one that only its owner can read.

    Two processes that start at once agree: the file appears whole, and the first one wins.

    Raises
    ------
    ValueError
        When others than its owner may read the file, or it holds no key.
    """
    if not path.exists():
        _make_key_file(path)
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"The key file {path} can be read by others; make it its owner's alone: chmod 600 {path}"
        raise ValueError(message)
    return parse_keys(path.read_text(encoding="ascii"))


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    handle, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from the first moment
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"1:{coded}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """Keys of this process, read once."""
    settings = Settings.from_environment()
    return parse_keys(settings.keys) if settings.keys else load_or_make_keys(settings.key_path)


@lru_cache(maxsize=8)
def _cipher(number: int) -> AESGCM:
    return AESGCM(keyring().key_by_number[number])


def seal_field(field: str, text: str) -> bytes:
    """Encrypt ``text`` for ``field`` (table and column)."""
    number = keyring().current
    nonce = os.urandom(NONCE_BYTES)
    return bytes([number]) + nonce + _cipher(number).encrypt(nonce, text.encode(), field.encode())


def open_field(field: str, sealed: bytes) -> str:
    """Decrypt what :func:`seal_field` made.

    Raises
    ------
    PersonalDataUnreadable
        When the key is missing, the bytes were changed, or they belong to another field.
    """
    number, nonce, body = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if number and number[0] not in keyring().key_by_number:
        raise PersonalDataUnreadable(field=field, reason=Phrase("unreadable_no_key", number=number[0]))
    try:
        return _cipher(sealed[0]).decrypt(nonce, body, field.encode()).decode()
    except (InvalidTag, IndexError, ValueError) as fault:
        raise PersonalDataUnreadable(field=field, reason=Phrase("unreadable_changed")) from fault


def lookup_hash(kind: str, text: str) -> bytes:
    """Keyed hash that finds an equal value without storing it; shape (16,) bytes.

    ``kind`` (such as ``phone``) keeps equal texts of different fields apart. Spaces, hyphens and case
    are not told apart.
    """
    plain = "".join(text.split()).replace("-", "").upper()
    digest = hmac.new(keyring().lookup_key, f"{kind}\0{plain}".encode(), hashlib.sha256).digest()
    return digest[:LOOKUP_BYTES]


def forget_keys() -> None:
    """Read the keys anew at the next use: after a rotation, and between tests."""
    keyring.cache_clear()
    _cipher.cache_clear()

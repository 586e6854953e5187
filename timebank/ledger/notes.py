"""Signed notes: the text form in which seals are published, so that anyone can keep and check them.

A note is a checkpoint of a log as transparency logs write it (C2SP tlog-checkpoint and signed-note): the log's name,
how many seals there are, the root over them (RFC 6962; its leaves stand for the digests of the seals), more lines of
our own, an empty line, and a line for each signature (Ed25519). Notes follow each other in one file.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

ED25519 = b"\1"
"""How the format of signed notes calls this kind of key."""
DASH = "— "
HASH_BYTES = 4
KEY_BYTES = 32
MOST_FILE = 200_000_000
"""Most bytes of a file of notes that are read: a seal a day is there a thousand years below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public half of a key with the name of its log, as it is handed to those who check."""

    name: str
    public_key: bytes

    @property
    def mark(self) -> bytes:
        """The first bytes of its hash, by which a signature names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:HASH_BYTES]

    def __str__(self) -> str:
        """Write it as one word, such as ``timebank/putuo+6e5d2a01+AS...``."""
        return f"{self.name}+{self.mark.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"


def read_verifier_key(word: str) -> VerifierKey:
    """Read a key that was handed on as one word.

    Raises
    ------
    WrongInput
        When it is no such word, or was mistyped.
    """
    name, _, rest = word.strip().partition("+")
    mark, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    key = VerifierKey(name=name, public_key=raw[1:])
    if raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES or key.mark.hex() != mark:
        raise WrongInput(field="key", value=word[:60], right=Phrase("right_verifier_key"))
    return key


class Note(NamedTuple):
    """A note as it stands in a file: the line it begins at, its lines, and its signatures by the mark of their key."""

    line: int
    lines: tuple[str, ...]
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @property
    def text(self) -> bytes:
        """What is signed."""
        return ("\n".join(self.lines) + "\n").encode()

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Tell whether one of its signatures is that of a key."""
        for name, mark, signature in self.signatures:
            if (name, mark) == (key.name, key.mark):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, self.text)
                except InvalidSignature:
                    return False
                return True
        return False


def sign_note(lines: list[str], key: VerifierKey, signer: Ed25519PrivateKey) -> str:
    """Write a note with its signature."""
    text = "\n".join(lines) + "\n"
    signature = base64.b64encode(key.mark + signer.sign(text.encode())).decode()
    return f"{text}\n{DASH}{key.name} {signature}\n"


def read_notes(text: str, *, file: str) -> Iterator[Note]:
    """Read the notes of a file, one by one.

    Raises
    ------
    WrongInput
        With the first line that cannot be; a file that ends in the middle of a note too.
    """
    body: list[str] = []
    signatures: list[tuple[str, bytes, bytes]] = []
    start, in_signatures = 1, False
    lines = text.split("\n")
    if lines.pop():
        raise _wrong(file, len(lines) + 1)
    for number, line in enumerate(lines, 1):
        if in_signatures and not line.startswith(DASH):
            if not signatures:
                raise _wrong(file, number)
            yield Note(start, tuple(body), tuple(signatures))
            start, body, signatures, in_signatures = number, [], [], False
        if in_signatures:
            signatures.append(_signature(line, file, number))
        elif line:
            body.append(line)
        elif body:
            in_signatures = True
        else:
            raise _wrong(file, number)
    if body and not signatures:
        raise _wrong(file, len(lines))
    if body:
        yield Note(start, tuple(body), tuple(signatures))


def _signature(line: str, file: str, number: int) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as fault:
        raise _wrong(file, number) from fault
    return name, raw[:HASH_BYTES], raw[HASH_BYTES:]


def _wrong(file: str, line: int) -> WrongInput:
    return WrongInput(field="published", value=file, right=Phrase("right_seal_note", line=line))

"""The signed statement of a certificate: short enough for a QR code, checked without asking anyone.

``HHC1.<payload>.<signature>``, both in base32 without padding, so that a QR code holds it in its densest letters and
a person could type it. The payload is a JSON list of facts; the signature is Ed25519 over a prefix of our own and the
payload. No name is inside: only a keyed hash of it, whose key (the check code) stands on the paper beside the name and
nowhere else. So whoever holds the paper can prove the name offline, and whoever only sees the code learns no name.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = "HHC1"
DOMAIN = b"timebank certificate 1\0"
"""Stands before every payload that is signed, so that a signature can serve for nothing else."""
SHAPE = re.compile(r"HHC1\.([A-Z2-7]{40,3000})\.([A-Z2-7]{103})(?![A-Z2-7])")
MOST_TEXT = 8_000_000
"""Most characters that are searched for a statement: a PDF of ours has a hundredth of it."""
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters of a check code (Crockford's base32): none is taken for another on paper."""
CODE_LENGTH = 16
MARK_BYTES = 16
CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Facts = tuple[str, str, int, str, str, str, str, str]


class Unreadable(ValueError):
    """A text holds no statement that can be read; ``why`` is the key of the words that say so."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a certificate says of service: number, issuer, minutes, days (half-open), issue, mark of the name, key."""

    number: str
    issuer: str
    service_min: int
    from_day: date
    to_day: date
    issued_on: date
    name_mark: bytes
    key_id: str

    def payload(self) -> bytes:
        """Return the bytes that are signed; equal statements have equal bytes."""
        facts: Facts = (
            self.number,
            self.issuer,
            self.service_min,
            self.from_day.isoformat(),
            self.to_day.isoformat(),
            self.issued_on.isoformat(),
            base64.b64encode(self.name_mark).decode(),
            self.key_id,
        )
        return CANONICAL.encode(facts).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement that was read, with its signature, which is not checked yet."""

    statement: Statement
    signature: bytes


def sign(statement: Statement, key: Ed25519PrivateKey) -> str:
    """Sign a statement; returns the text of the QR code."""
    payload = statement.payload()
    return f"{PREFIX}.{_letters(payload)}.{_letters(key.sign(DOMAIN + payload))}"


def read(text: str) -> Signed:
    """Find the one statement in a text, such as what a QR code, a link, a letter or a PDF holds.

    Raises
    ------
    Unreadable
        When there is none, it is cut off or mistyped, or there is more than one.
    """
    if len(text) > MOST_TEXT:
        raise Unreadable("why_too_long")
    upper = text.upper()
    plain = "".join(upper.split())  # a letter or a typist breaks it into lines
    found = {match.groups() for match in SHAPE.finditer(upper)} or {match.groups() for match in SHAPE.finditer(plain)}
    if not found:
        raise Unreadable("why_cut_off" if f"{PREFIX}." in plain else "why_no_statement")
    if len(found) > 1:
        raise Unreadable("why_many")
    payload, signature = (_bytes(letters) for letters in found.pop())
    return Signed(statement=_statement(payload), signature=signature)


def is_signed_by(signed: Signed, public_key: bytes) -> bool:
    """Tell whether the signature fits a public key (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, DOMAIN + signed.statement.payload())
    except (InvalidSignature, ValueError):
        return False
    return True


def _statement(payload: bytes) -> Statement:
    """Read the facts, each of its own kind and in the one way it is written; nothing is taken for what it is not."""
    try:
        facts = json.loads(payload)
        number, issuer, service_min, from_day, to_day, issued_on, mark, key_id = facts
        if [type(fact) for fact in facts] != [str, str, int, str, str, str, str, str]:
            raise Unreadable("why_mistyped")
        statement = Statement(
            number=number,
            issuer=issuer,
            service_min=service_min,
            from_day=date.fromisoformat(from_day),
            to_day=date.fromisoformat(to_day),
            issued_on=date.fromisoformat(issued_on),
            name_mark=base64.b64decode(mark, validate=True),
            key_id=key_id,
        )
        if statement.payload() != payload:
            raise Unreadable("why_mistyped")
    except (ValueError, TypeError, RecursionError) as fault:
        raise Unreadable("why_mistyped") from fault
    return statement


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _bytes(letters: str) -> bytes:
    """Decode base32 that only one spelling stands for; another could hide a change that no signature sees."""
    try:
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as fault:
        raise Unreadable("why_mistyped") from fault
    if _letters(raw) != letters:
        raise Unreadable("why_mistyped")
    return raw


def new_check_code() -> str:
    """Make the check code of a certificate: 80 bits of chance, in letters that are read well."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def name_mark(name: str, check_code: str) -> bytes:
    """Return the mark of a name, shape (16,) bytes: HMAC-SHA256 under the check code of the paper.

    The same name marks the same however its accents are composed and its spaces are set; the code may be written in
    groups and small letters.
    """
    plain = "".join(unicodedata.normalize("NFC", name).split())
    key = "".join(check_code.split()).replace("-", "").upper()
    return hmac.new(key.encode(), b"name\0" + plain.encode(), hashlib.sha256).digest()[:MARK_BYTES]


def is_name_of(statement: Statement, name: str, check_code: str) -> bool:
    """Tell whether a name is the one that a statement was made for, by the check code of its paper."""
    return hmac.compare_digest(statement.name_mark, name_mark(name, check_code))

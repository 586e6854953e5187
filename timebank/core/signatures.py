"""Signed messages as the specification Standard Webhooks has them: made and checked.

What is signed is ``id.timestamp.body`` with HMAC-SHA256; a secret is written ``whsec_`` and base64. A header may hold
several signatures, and a receiver may know several secrets, so that a secret is changed without a message lost.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from timebank.core.errors import Refusal
from timebank.core.texts import Phrase

PREFIX = "whsec_"
VERSION = "v1"
SECRET_BYTES = 32
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64
TOLERANCE = timedelta(minutes=5)
LONGEST_ID = 120
LONGEST_TIMESTAMP = 12
MOST_SIGNATURES = 10
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
HEADERS = (ID, TIMESTAMP, SIGNATURE)


class SignatureWrong(Refusal):
    """A message is not signed by whom it says, or a header of it is missing or malformed."""

    def __init__(self, *, reason: Phrase) -> None:
        self.reason = reason
        super().__init__(f"The message is not taken: {reason}.")


class ClockOff(Refusal):
    """The clock of a sender and ours are too far apart, or the message was under way for too long."""

    def __init__(self, *, sent_at: str, received_at: str) -> None:
        self.sent_at, self.received_at = sent_at, received_at
        self.tolerance_min = int(TOLERANCE.total_seconds() // 60)
        super().__init__(f"The sender's clock says {self.sent_at}, ours {self.received_at}; five minutes are let pass.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What is known of a message whose signature is right."""

    message_id: str
    sent_at: datetime


def make_secret() -> str:
    """Make a secret, as it is shown to a sender once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def read_secret(secret: str) -> bytes:
    """Return the key of a secret.

    Raises
    ------
    ValueError
        When it is not written as a secret is; it is never repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        message = f"A secret is written {PREFIX} and the base64 of {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes."
        raise ValueError(message)
    return key


def sign(secrets_held: Iterable[str], message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """Return the headers of a message, with a signature by each secret.

    Raises
    ------
    ValueError
        When there is no secret, or the id is empty, too long, or has a sign that headers do not have.
    """
    if not _is_id(message_id):
        message = f"The id of a message has 1 to {LONGEST_ID} visible signs of ASCII."
        raise ValueError(message)
    timestamp = str(int(now.timestamp()))
    signed = [f"{VERSION},{_signature(secret, message_id, timestamp, body)}" for secret in secrets_held]
    if not signed:
        message = "A message is signed with at least one secret."
        raise ValueError(message)
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signed)}


def check(headers: Mapping[str, str], body: bytes, *, secrets_held: Iterable[str], now: datetime) -> Signed:
    """Check that a message was signed by one of some secrets, not long ago.

    The signature is looked at before the clock, so that only who knows a secret learns what our clock says.

    Raises
    ------
    SignatureWrong
        When a header is missing or malformed, or no signature is right.
    ClockOff
        When it was signed more than five minutes before or after now.
    """
    message_id, timestamp, said = (headers.get(name, "") for name in HEADERS)
    if not (message_id and timestamp and said):
        raise SignatureWrong(reason=Phrase("signature_headers", names=", ".join(HEADERS)))
    if not _is_id(message_id):
        raise SignatureWrong(reason=Phrase("signature_id", most=LONGEST_ID))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIMESTAMP):
        raise SignatureWrong(reason=Phrase("signature_timestamp"))
    given = [value for version, _, value in (one.partition(",") for one in said.split(" ")) if version == VERSION]
    if not 1 <= len(given) <= MOST_SIGNATURES:
        raise SignatureWrong(reason=Phrase("signature_none", version=VERSION))
    right = [_signature(secret, message_id, timestamp, body) for secret in secrets_held]
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in right]
    if not any(matches):
        raise SignatureWrong(reason=Phrase("signature_no_match"))
    sent_at = datetime.fromtimestamp(min(int(timestamp), _LAST_SECOND), UTC)
    if abs(sent_at - now) > TOLERANCE:
        raise ClockOff(sent_at=sent_at.isoformat(), received_at=now.isoformat(timespec="seconds"))
    return Signed(message_id=message_id, sent_at=sent_at)


_LAST_SECOND = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


def _is_id(message_id: str) -> bool:
    return 1 <= len(message_id) <= LONGEST_ID and all("!" <= sign_ <= "~" for sign_ in message_id)


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return base64.b64encode(hmac.new(read_secret(secret), signed, hashlib.sha256).digest()).decode()

"""Opaque ids and cursors: what they hold is our business alone."""

import base64
import binascii
import json

from timebank.core.errors import NotFound, WrongInput

LONGEST = 300


def encode(kind: str, *parts: int) -> str:
    """Make the id of a thing from its kind and the numbers of its key."""
    return base64.urlsafe_b64encode(json.dumps([kind, *parts], separators=(",", ":")).encode()).decode().rstrip("=")


def decode(text: str) -> tuple[str, tuple[int, ...]]:
    """Read an id.

    Raises
    ------
    NotFound
        When it is not one of ours.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        kind, *parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error) as fault:
        raise NotFound(kind="node", key=text[:40]) from fault
    numbers = tuple(part for part in parts if isinstance(part, int) and 0 < part < 2**63)
    if len(text) > LONGEST or not isinstance(kind, str) or len(numbers) != len(parts):
        raise NotFound(kind="node", key=text[:40])
    return kind, numbers


def decode_as(kind: str, text: str, parts: int = 1) -> tuple[int, ...]:
    """Read the id of one kind of thing.

    Raises
    ------
    NotFound
        When it is another's, or none of ours.
    """
    found, numbers = decode(text)
    if found != kind or len(numbers) != parts:
        raise NotFound(kind=kind, key=text[:40])
    return numbers


def read_cursor(kind: str, text: str | None, parts: int = 1) -> tuple[int, ...] | None:
    """Read where a page ended.

    Raises
    ------
    WrongInput
        When it is no cursor of this list.
    """
    if text is None:
        return None
    try:
        return decode_as(f"after:{kind}", text, parts)
    except NotFound as fault:
        raise WrongInput(field="after", value=text[:40], right="an endCursor of this list") from fault


def cursor(kind: str, *parts: int) -> str:
    """Make the cursor of a row of a list."""
    return encode(f"after:{kind}", *parts)

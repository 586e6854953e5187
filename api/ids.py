"""Opaque ids and cursors: what they hold is our business alone."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import TypeVar

from timebank.core.errors import NotFound, WrongInput
from timebank.core.opaque import encode
from timebank.core.texts import Phrase

LONGEST = 200
SHOWN = 40
Found = TypeVar("Found")
__all__ = ["cursor", "decode", "decode_as", "encode", "found_by", "read_cursor", "wrong_cursor"]


def decode(text: str) -> tuple[str, tuple[int, ...]]:
    """Read an id; only the very text that :func:`encode` writes is one.

    Raises
    ------
    NotFound
        When it is not one of ours.
    """
    if len(text) > LONGEST:
        raise NotFound(kind="node", key=text[:SHOWN])
    try:
        padded = text + "=" * (-len(text) % 4)
        kind, *parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as fault:
        raise NotFound(kind="node", key=text[:SHOWN]) from fault
    numbers = tuple(part for part in parts if type(part) is int and 0 < part < 2**63)
    if not isinstance(kind, str) or len(numbers) != len(parts) or encode(kind, *numbers) != text:
        raise NotFound(kind="node", key=text[:SHOWN])
    return kind, numbers


def decode_as(kind: str, text: str, parts: int = 1) -> tuple[int, ...]:
    """Read the id of one kind of thing.

    Raises
    ------
    NotFound
        When it is another's, or none of ours.
    """
    try:
        found, numbers = decode(text)
    except NotFound:
        found, numbers = "", ()
    if found != kind or len(numbers) != parts:
        raise NotFound(kind=kind, key=text[:SHOWN])
    return numbers


def found_by(kind: str, text: str, look: Callable[[int], Found]) -> Found:
    """Look for a thing by its id; one that is not there, and one that may not be seen, answer the same.

    Raises
    ------
    NotFound
        With the id as it was given: numbers of rows stay inside.
    """
    number = decode_as(kind, text)[0]
    try:
        return look(number)
    except NotFound:
        raise NotFound(kind=kind, key=text[:SHOWN]) from None


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
    except NotFound:
        raise wrong_cursor(text) from None


def wrong_cursor(text: str) -> WrongInput:
    """Return the refusal of a cursor that no page of the list ended with."""
    return WrongInput(field="after", value=text[:SHOWN], right=Phrase("right_cursor"))


def cursor(kind: str, *parts: int) -> str:
    """Make the cursor of a row of a list."""
    return encode(f"after:{kind}", *parts)

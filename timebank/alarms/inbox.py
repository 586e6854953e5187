"""Signed messages in: checked, stored together with what they cause, and answered; the same again causes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlmodel import Session

from timebank.alarms.life import receive
from timebank.alarms.sources import authentic, keep_message, source_of
from timebank.alarms.tables import WebhookSource
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

MOST_BODY_BYTES = 512 * 1024


class Taken(NamedTuple):
    """What became of a message: ``is_new`` is false for one that was taken before; ``caused`` counts by what."""

    is_new: bool
    caused: dict[str, int]


Handler = Callable[[Session, WebhookSource, str, dict[str, Any], datetime], dict[str, int]]


def take_message(
    session: Session, source_code: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Taken:
    """Take a message of a source in the caller's transaction; nothing of it stays when it is refused.

    Raises
    ------
    NotFound
        When there is no such source.
    SignatureWrong, ClockOff
        When it is not the source's, or its clock is more than five minutes off.
    KeyConflict
        When its id came with another body before.
    WrongInput
        When it is signed and says what cannot be.
    """
    source = source_of(session, source_code)
    signed = authentic(session, source, dict(headers), body, now=now)
    kind, data = _read(body)
    if not keep_message(session, source, signed, body, now=now):
        return Taken(is_new=False, caused={})
    return Taken(is_new=True, caused=HANDLERS[kind](session, source, signed.message_id, data, now))


def _read(body: bytes) -> tuple[str, dict[str, Any]]:
    """Return the type and the data of a message."""
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise _wrong("body", body[:40].decode("utf-8", errors="replace"), "right_message_json") from wrong
    kind = read.get("type") if isinstance(read, dict) else None
    if not isinstance(kind, str) or kind not in HANDLERS:
        known = ", ".join(HANDLERS)
        raise WrongInput(field="type", value=str(kind)[:40], right=Phrase("right_one_of", known=known))
    data = read.get("data")
    if not isinstance(data, dict):
        raise _wrong("data", type(data).__name__, "right_json_object")
    if b"\\u0000" in body:
        raise _wrong("body", "NUL", "right_without_nul")
    return kind, data


def said(data: Mapping[str, Any], name: str) -> str:
    """Return a text of a message's data.

    Raises
    ------
    WrongInput
        When it is missing or no text.
    """
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"data.{name}", str(value)[:40], "right_some_text")
    return value.strip()


def _wrong(field: str, value: str, right: str) -> WrongInput:
    return WrongInput(field=field, value=value, right=Phrase(right))


def _call(
    session: Session, source: WebhookSource, message_id: str, data: dict[str, Any], now: datetime
) -> dict[str, int]:
    receive(
        session,
        key=f"{source.code}:{message_id}",
        kind=said(data, "kind"),
        code=said(data, "device"),
        actor=f"source:{source.code}",
        now=now,
        source_id=source.id,
    )
    return {"orders": 1}


HANDLERS: dict[str, Handler] = {"call.received": _call}
"""What a message can be, by its type."""

"""Signed messages in: checked, stored together with what they cause, and answered; the same again causes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlmodel import Session

from timebank.alarms.devices import CODE
from timebank.alarms.life import receive
from timebank.alarms.meters import readings_of, take_readings
from timebank.alarms.readings import MOST_LITRES
from timebank.alarms.sources import authentic, keep_message, source_of
from timebank.alarms.tables import WebhookSource
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

MOST_BODY_BYTES = 512 * 1024
MOST_READINGS = 5000


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


def _readings(
    session: Session, source: WebhookSource, _message_id: str, data: dict[str, Any], now: datetime
) -> dict[str, int]:
    """Take readings; a meter that nobody knows becomes an order for a person to settle, once."""
    listed = data.get("readings")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_READINGS:
        raise WrongInput(
            field="data.readings", value=type(listed).__name__, right=Phrase("right_listed", most=MOST_READINGS)
        )
    readings, unknown = readings_of(session, [_reading(one) for one in listed])
    watched = take_readings(session, readings, now=now)
    for code in unknown:
        key = f"{source.code}:meter:{code}"
        receive(session, key=key, kind="no_use", code=code, actor=f"source:{source.code}", now=now, source_id=source.id)
    return {"readings": len(readings), "meters": watched.meters, "orders": watched.begun, "unknown": len(unknown)}


def _reading(one: Any) -> tuple[str, datetime, int]:
    if not isinstance(one, dict):
        raise _wrong("data.readings", str(one)[:40], "right_json_object")
    code, at, litres = said(one, "meter"), said(one, "at"), one.get("litres")
    if not CODE.fullmatch(code):
        raise _wrong("data.readings.meter", code[:40], "right_device_code")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as wrong:
        raise _wrong("data.readings.at", at[:40], "right_aware_moment") from wrong
    if moment.tzinfo is None:
        raise _wrong("data.readings.at", at[:40], "right_aware_moment")
    if type(litres) is not int:
        raise WrongInput(
            field="data.readings.litres", value=str(litres)[:40], right=Phrase("right_range", least=0, most=MOST_LITRES)
        )
    return code, moment, litres


HANDLERS: dict[str, Handler] = {"call.received": _call, "meter.readings": _readings}
"""What a message can be, by its type."""

"""A signed message is stored with what it causes, once; one that is not ours leaves nothing."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.alarms.conftest import DAYTIME, Alarmed
from timebank.alarms.inbox import Taken, take_message
from timebank.alarms.orders import ORDER, accounts
from timebank.alarms.sources import MESSAGE, change_secret, close_source, open_source
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.signatures import ClockOff, SignatureWrong, sign


def body(kind: str = "rescue", device: str = "C1") -> bytes:
    """Write a call."""
    return json.dumps({"type": "call.received", "data": {"kind": kind, "device": device}}).encode()


def take(alarmed: Alarmed, message_id: str, said: bytes, *, sent: datetime = DAYTIME, **named: Any) -> Taken:
    """Take a signed message of the centre."""
    taken: Taken = alarmed.do(take_message, "centre", alarmed.signed(message_id, said, now=sent), said, **named)
    return taken


def counts(alarmed: Alarmed) -> tuple[int, int]:
    """Return how many messages and orders there are."""
    with transaction(alarmed.engine, read_only=True) as session:
        found = [session.connection().execute(select(func.count()).select_from(each)) for each in (MESSAGE, ORDER)]
        return found[0].scalar_one(), found[1].scalar_one()


def test_call_becomes_an_order_once(alarmed: Alarmed) -> None:
    """The answer was lost and the sender tries again: it is told all is well, and nothing is done twice."""
    first = take(alarmed, "m1", body())
    again = take(alarmed, "m1", body(), after_min=2)

    assert (first, again) == (Taken(True, {"orders": 1}), Taken(False, {}))
    assert counts(alarmed) == (1, 1)


def test_same_id_with_another_body_is_refused(alarmed: Alarmed) -> None:
    """Two messages under one id: one of them would be lost without a word."""
    take(alarmed, "m1", body())

    with pytest.raises(KeyConflict):
        take(alarmed, "m1", body(device="C2"))

    assert counts(alarmed) == (1, 1)


def test_unknown_household_is_never_dropped(alarmed: Alarmed) -> None:
    """It stands as an order that somebody has to settle."""
    take(alarmed, "m1", body(device="NOBODY"))

    with transaction(alarmed.engine, read_only=True) as session:
        assert accounts(session).open_by_state == {"unknown": 1}


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_ten_minutes_off_is_refused(alarmed: Alarmed, minutes: int) -> None:
    """Both clocks are told, and the message is not taken."""
    with pytest.raises(ClockOff):
        take(alarmed, "m1", body(), sent=DAYTIME + timedelta(minutes=minutes))

    assert counts(alarmed) == (0, 0)


def test_secrets_are_changed_without_a_message_lost(alarmed: Alarmed) -> None:
    """Old and new hold for some days; then the new one alone."""
    fresh = alarmed.do(change_secret, "centre", keep_days=2)
    said, headers = body(), sign([fresh], "new", body(), now=DAYTIME)

    old = take(alarmed, "old", said)
    new = alarmed.do(take_message, "centre", headers, said)

    assert (old.is_new, new.is_new) == (True, True)
    later = DAYTIME + timedelta(days=2)
    with pytest.raises(SignatureWrong):
        take(alarmed, "later", said, sent=later, after_min=2 * 24 * 60)


def test_five_secrets_at_once_are_enough(alarmed: Alarmed) -> None:
    """Each is looked at for every message."""
    for _ in range(4):
        alarmed.do(change_secret, "centre", keep_days=2)

    with pytest.raises(WrongInput):
        alarmed.do(change_secret, "centre", keep_days=2)


@pytest.mark.parametrize("keep_days", [-1, 91])
def test_old_secret_ends(alarmed: Alarmed, keep_days: int) -> None:
    """A secret that was given up must not hold for ever."""
    with pytest.raises(WrongInput):
        alarmed.do(change_secret, "centre", keep_days=keep_days)


def test_stranger_is_not_heard(alarmed: Alarmed) -> None:
    """Neither without the secret, nor at a source that is closed or never was."""
    other = "whsec_" + "B" * 32
    headers = sign([other], "m1", body(), now=DAYTIME)

    with pytest.raises(SignatureWrong):
        alarmed.do(take_message, "centre", headers, body())
    with pytest.raises(NotFound):
        alarmed.do(take_message, "nowhere", headers, body())
    alarmed.do(close_source, "centre")
    with pytest.raises(NotFound):
        take(alarmed, "m1", body())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"type": "song"}',
        b'{"type": ["call.received"]}',
        b'{"type": "call.received"}',
        b'{"type": "call.received", "data": []}',
        b'{"type": "call.received", "data": {"kind": "rescue"}}',
        b'{"type": "call.received", "data": {"kind": 7, "device": "C1"}}',
        b'{"type": "call.received", "data": {"kind": "song", "device": "C1"}}',
        b'{"type": "call.received", "data": {"kind": "rescue", "device": "\\u0000"}}',
        body(device="x" * 41),
    ],
)
def test_signed_nonsense_is_refused_whole(alarmed: Alarmed, said: bytes) -> None:
    """A platform with a fault hears what would be right, and its message can be sent again."""
    with pytest.raises(WrongInput):
        take(alarmed, "m1", said)

    assert counts(alarmed) == (0, 0)


def test_secrets_and_bodies_are_no_plain_text(alarmed: Alarmed) -> None:
    """Whoever reads the file of the database cannot sign, nor see which home called."""
    take(alarmed, "m1", body())

    with transaction(alarmed.engine, read_only=True) as session:
        connection = session.connection()
        secret = bytes(connection.execute(text("SELECT secret FROM webhook_secret")).scalar_one())
        stored = bytes(connection.execute(text("SELECT body FROM webhook_message")).scalar_one())

    assert alarmed.secret.encode() not in secret
    assert b"C1" not in stored


def test_messages_stay(alarmed: Alarmed) -> None:
    """What was said is not changed afterwards."""
    take(alarmed, "m1", body())

    with pytest.raises(DBAPIError, match="append-only"), transaction(alarmed.engine) as session:
        session.connection().execute(text("DELETE FROM webhook_message"))


@pytest.mark.parametrize("code", ["centre", "", "a/b", "x" * 41])
def test_source_has_a_code_of_its_own(alarmed: Alarmed, code: str) -> None:
    """It is part of an address."""
    with pytest.raises(WrongInput):
        alarmed.do(open_source, code, alarmed.world.organisations["EAST"], actor="o")

"""Where signed messages come from: sources, their secrets while they are changed, and the messages that were taken."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.alarms.devices import CODE
from timebank.alarms.orders import SOURCE
from timebank.alarms.tables import WebhookMessage, WebhookSecret, WebhookSource
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.signatures import Signed, check, make_secret
from timebank.core.texts import Phrase

SECRET = table_of(WebhookSecret)
MESSAGE = table_of(WebhookMessage)
MOST_SECRETS = 5
LONGEST_OVERLAP_DAYS = 90


def open_source(session: Session, code: str, organisation_id: int, *, actor: str, now: datetime) -> str:
    """Let an organisation's device platform send; returns its secret, which is never shown again.

    Raises
    ------
    WrongInput
        When the code cannot be, or is taken.
    """
    if not CODE.fullmatch(code):
        raise WrongInput(field="source", value=code[:40], right=Phrase("right_device_code"))
    row = {"code": code, "organisation_id": organisation_id, "created_by": actor, "created_at": now}
    made = insert_or_skip(session.connection(), SOURCE).values(**row).on_conflict_do_nothing(index_elements=["code"])
    number = session.connection().execute(made.returning(SOURCE.c.id)).scalar()
    if number is None:
        raise WrongInput(field="source", value=code, right=Phrase("right_new_code", most=40))
    return _add_secret(session, number, now)


def change_secret(session: Session, code: str, *, keep_days: int, now: datetime) -> str:
    """Give a source a new secret; the ones before it hold for some days more. Returns the new one.

    Raises
    ------
    NotFound
        When there is no such source.
    WrongInput
        When the old ones would hold for more than 90 days, or there are five already.
    """
    source = source_of(session, code)
    if not 0 <= keep_days <= LONGEST_OVERLAP_DAYS:
        right = Phrase("right_range", least=0, most=LONGEST_OVERLAP_DAYS)
        raise WrongInput(field="keep_days", value=str(keep_days), right=right)
    number = source.id or 0
    if len(_secrets(session, number, now)) >= MOST_SECRETS:
        raise WrongInput(field="secrets", value=str(MOST_SECRETS), right=Phrase("right_fewer_secrets"))
    until = now + timedelta(days=keep_days)
    still = or_(SECRET.c.until_at.is_(None), SECRET.c.until_at > until)
    held = update(SECRET).where(SECRET.c.source_id == number, still).values(until_at=until)
    session.connection().execute(held)
    return _add_secret(session, number, now)


def close_source(session: Session, code: str, *, now: datetime) -> WebhookSource:
    """Let a source send no more; what it sent stays.

    Raises
    ------
    NotFound
        When there is no such source.
    """
    source = source_of(session, code)
    source.closed_at = now
    session.flush()
    return source


def source_of(session: Session, code: str) -> WebhookSource:
    """Return a source that may send.

    Raises
    ------
    NotFound
        When there is none.
    """
    source = session.exec(pick(WebhookSource).where(WebhookSource.code == code[:40])).first()
    if source is None or source.closed_at is not None:
        raise NotFound(kind="webhook_source", key=code[:40])
    return source


def authentic(
    session: Session, source: WebhookSource, headers: dict[str, str], body: bytes, *, now: datetime
) -> Signed:
    """Check that a message is the source's, by any of its secrets that hold now.

    Raises
    ------
    SignatureWrong, ClockOff
        As :func:`timebank.core.signatures.check` does.
    """
    return check(headers, body, secrets_held=_secrets(session, source.id or 0, now), now=now)


def keep_message(session: Session, source: WebhookSource, signed: Signed, body: bytes, *, now: datetime) -> bool:
    """Store a message, once; tells whether it is new. The same again is what a sender does who heard no answer.

    Raises
    ------
    KeyConflict
        When the id came with another body before.
    """
    digest = hashlib.sha256(body).digest()
    row: dict[str, Any] = {"source_id": source.id, "message_id": signed.message_id, "digest": digest}
    row |= {"body": body.decode("utf-8"), "sent_at": signed.sent_at, "received_at": now}
    connection = session.connection()
    gate = insert_or_skip(connection, MESSAGE).values(**row)
    once = gate.on_conflict_do_nothing(index_elements=["source_id", "message_id"]).returning(MESSAGE.c.source_id)
    if connection.execute(once).first() is not None:
        return True
    key = (MESSAGE.c.source_id == source.id, MESSAGE.c.message_id == signed.message_id)
    if bytes(connection.execute(select(MESSAGE.c.digest).where(*key)).scalar_one()) != digest:
        raise KeyConflict(key=signed.message_id)
    return False


def _add_secret(session: Session, source_id: int, now: datetime) -> str:
    secret = make_secret()
    session.connection().execute(insert(SECRET).values(source_id=source_id, secret=secret, from_at=now))
    return secret


def _secrets(session: Session, source_id: int, now: datetime) -> list[str]:
    """Return the secrets of a source that hold now, the newest first."""
    holds = or_(col(WebhookSecret.until_at).is_(None), col(WebhookSecret.until_at) > now)
    wanted = select(SECRET.c.secret).where(SECRET.c.source_id == source_id, holds).order_by(SECRET.c.id.desc())
    return list(session.connection().execute(wanted.limit(MOST_SECRETS)).scalars())

"""Holds: minutes set aside until they are captured, voided or expire; and reversals."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.columns import UtcMoment
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.posting import (
    SWEEP,
    TRANSFER,
    Posted,
    Posting,
    change_account,
    record,
    replay_of,
    transfer_of,
)
from timebank.ledger.refusals import AlreadyResolved, AlreadyReversed, HoldExpired, broke
from timebank.ledger.tables import HoldOpen

HOLD_OPEN: Table = HoldOpen.__table__  # type: ignore[attr-defined]  # SQLModel adds it
MOST_A_SWEEP = 1000


def hold(session: Session, posting: Posting, *, now: datetime) -> Posted:
    """Set minutes of the debit account aside until ``expires_at``; the posting's kind is ``hold``.

    Raises
    ------
    WrongInput
        When the hold has no end, or ends in the past.
    BalanceTooLow
        When the account has not that much to spend.
    """
    if posting.kind != "hold" or posting.expires_at is None:
        raise WrongInput(field="expires_at", value=str(posting.expires_at), right=Phrase("right_hold_end"))
    with session.begin_nested():
        held = record(session, posting, now=now)
        if not held.is_replay:
            if posting.expires_at <= now:
                raise WrongInput(field="expires_at", value=str(posting.expires_at), right=Phrase("right_hold_end"))
            connection, amount = session.connection(), posting.amount_min
            change_account(connection, posting.book_id, posting.debit_id, amount_min=0, held_min=amount, now=now)
            row = {"hold_id": held.transfer_id, "expires_at": posting.expires_at}
            connection.execute(insert(HOLD_OPEN), row)
    return held


def capture(session: Session, book_id: int, hold_id: int, *, idem_key: str, now: datetime) -> Posted:
    """Move what a hold set aside to its credit account.

    Raises
    ------
    HoldExpired
        When its moment has passed, even if no sweep has freed it yet.
    AlreadyResolved
        When it has ended before.
    """
    connection = session.connection()
    row = _hold_row(connection, book_id, hold_id)
    if _expires_at(row, connection.dialect) > now:
        return _resolve(session, row, "capture", idem_key, now)
    captured = replay_of(connection, _ending(row, "capture", idem_key, now))
    if captured is None:
        raise HoldExpired(hold_id=hold_id)
    return captured


def void(session: Session, book_id: int, hold_id: int, *, idem_key: str, now: datetime) -> Posted:
    """Free what a hold set aside.

    Raises
    ------
    AlreadyResolved
        When it has ended before.
    """
    return _resolve(session, _hold_row(session.connection(), book_id, hold_id), "void", idem_key, now)


def expire_due(session: Session, book_id: int, *, now: datetime, most: int = MOST_A_SWEEP) -> int:
    """Free up to ``most`` holds of a book whose moment has passed, in the order (moment, id); returns how many.

    A hold that someone else ends meanwhile is left out.
    """
    connection = session.connection()
    due = (
        select(HOLD_OPEN.c.hold_id)
        .join(TRANSFER, TRANSFER.c.id == HOLD_OPEN.c.hold_id)
        .where(TRANSFER.c.book_id == book_id, HOLD_OPEN.c.expires_at <= now)
        .order_by(HOLD_OPEN.c.expires_at, HOLD_OPEN.c.hold_id)
        .limit(most)
    )
    freed = 0
    for hold_id in connection.execute(due).scalars().all():
        row = _hold_row(connection, book_id, hold_id)
        with suppress(AlreadyResolved):
            freed += not _resolve(session, row, "expire", f"{SWEEP}{hold_id}", now).is_replay
    return freed


def reverse(session: Session, book_id: int, transfer_id: int, *, idem_key: str, reason: str, now: datetime) -> Posted:
    """Post the opposite of a transfer, once; the first stays as it is.

    Raises
    ------
    AlreadyReversed
        When it was reversed before.
    WrongState
        When the transfer moved nothing.
    BalanceTooLow
        When the account that got the minutes has spent them.
    """
    row = transfer_of(session.connection(), book_id, transfer_id)
    if row.kind not in ("post", "capture"):
        raise WrongState(kind="transfer", key=str(transfer_id), state=row.kind, allowed=Phrase("allowed_moved"))
    opposite = Posting(
        book_id=book_id,
        idem_key=idem_key,
        debit_id=row.credit_id,
        credit_id=row.debit_id,
        amount_min=row.amount_min,
        reason=reason,
        effective_at=now,
        kind="reverse",
        reverses_id=transfer_id,
    )
    try:
        with session.begin_nested():
            return record(session, opposite, now=now)
    except IntegrityError as fault:
        if broke(fault, "uq_transfer_reverses", "transfer.reverses_id"):
            raise AlreadyReversed(transfer_id=transfer_id) from fault
        raise


def _hold_row(connection: Connection, book_id: int, hold_id: int) -> Row[Any]:
    row = transfer_of(connection, book_id, hold_id)
    if row.kind != "hold":
        raise WrongState(kind="transfer", key=str(hold_id), state=row.kind, allowed=Phrase("allowed_hold"))
    return row


def _expires_at(row: Row[Any], dialect: Dialect) -> datetime:
    moment = UtcMoment().process_result_value(row.expires_at, dialect)
    if moment is None:
        message = f"The hold {row.id} has no end, which the database refuses."
        raise RuntimeError(message)
    return moment


def _ending(row: Row[Any], kind: str, idem_key: str, now: datetime) -> Posting:
    return Posting(
        book_id=row.book_id,
        idem_key=idem_key,
        debit_id=row.debit_id,
        credit_id=row.credit_id,
        amount_min=row.amount_min,
        reason=row.reason,
        effective_at=now,
        kind=kind,
        hold_id=row.id,
    )


def _resolve(session: Session, row: Row[Any], kind: str, idem_key: str, now: datetime) -> Posted:
    """End a hold once: the unique key on the hold decides between two who try."""
    try:
        with session.begin_nested():
            ended = record(session, _ending(row, kind, idem_key, now), now=now)
            if not ended.is_replay:
                connection, amount = session.connection(), row.amount_min
                if kind != "capture":
                    change_account(connection, row.book_id, row.debit_id, amount_min=0, held_min=-amount, now=now)
                connection.execute(delete(HOLD_OPEN).where(HOLD_OPEN.c.hold_id == row.id))
            return ended
    except IntegrityError as fault:
        if broke(fault, "uq_transfer_hold", "transfer.hold_id"):
            raise AlreadyResolved(hold_id=row.id) from fault
        raise

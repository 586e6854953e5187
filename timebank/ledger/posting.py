"""One posting, the plain reference path: the same statements on both databases.

The insert of the transfer is the gate: its key is unique for ever, so whoever comes second replays the first
answer, or meets a conflict when the content differs. Accounts are updated in the order of their ids, and a
refusal takes everything back, the key included.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.database import insert_or_skip
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.books import Books, books_of
from timebank.ledger.refusals import AccountClosed, broke
from timebank.ledger.terms import (
    ASKED_FOR_A_MOMENT,
    CANONICAL,
    MOVING,
    SWEEP,
    TRANSFER,
    Posted,
    Posting,
    leaf_hash,
    request_hash,
    transfer_row,
)

__all__ = [
    "ASKED_FOR_A_MOMENT",
    "CANONICAL",
    "SWEEP",
    "TRANSFER",
    "Posted",
    "Posting",
    "change_account",
    "leaf_hash",
    "move_minutes",
    "pass_gate",
    "post",
    "record",
    "replay_of",
    "request_hash",
    "require_post",
    "stranger_refusal",
    "transfer_of",
    "transfer_row",
]


def post(session: Session | Books, posting: Posting, *, now: datetime) -> Posted:
    """Post, or replay what the same key posted before. Holds and reversals have functions of their own.

    A session's own connection is spoken to through its driver (:mod:`timebank.ledger.books`), which gives just what
    ``record`` gives.

    Raises
    ------
    KeyConflict
        When the key was used for other content.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it. Nothing has changed, and the key is free.
    WrongInput
        When the posting is of another kind than ``post``.
    """
    require_post(posting)
    return books_of(session).put(posting, now=now)


def require_post(posting: Posting) -> None:
    """Refuse a posting of a kind that has a function of its own."""
    if posting.kind != "post":
        raise WrongInput(field="kind", value=posting.kind, right=Phrase("right_kind_post"))


def record(session: Session, posting: Posting, *, now: datetime) -> Posted:
    """Write a transfer of any kind and move what it moves, in plain statements; what it holds or frees is its caller's.

    This is the reference: whoever posts faster gives the same rows.
    """
    try:
        with session.begin_nested():
            connection = session.connection()
            stored = pass_gate(connection, posting, now)
            if not stored.is_replay and posting.kind in MOVING:
                move_minutes(connection, posting, stored.transfer_id, now)
            return stored
    except IntegrityError as fault:
        refusal = stranger_refusal(session.connection(), fault, [posting])
        if refusal is None:
            raise
        raise refusal from fault


def pass_gate(connection: Connection, posting: Posting, now: datetime) -> Posted:
    """Insert the transfer, or find the one that has its key."""
    row = insert_or_skip(connection, TRANSFER).values(**transfer_row(posting, now))
    gate = row.on_conflict_do_nothing(index_elements=["book_id", "idem_key"]).returning(TRANSFER.c.id)
    fresh = connection.execute(gate).scalar()
    if fresh is not None:
        return Posted(int(fresh), is_replay=False)
    standing = replay_of(connection, posting)
    if standing is None:
        message = "The transfer that has this key has gone meanwhile; nothing is posted."
        raise RuntimeError(message)
    return standing


def replay_of(connection: Connection, posting: Posting) -> Posted | None:
    """Return the transfer that stands for the key of a posting, or nothing.

    Raises
    ------
    KeyConflict
        When it stands for other content.
    """
    keyed = (TRANSFER.c.book_id == posting.book_id, TRANSFER.c.idem_key == posting.idem_key)
    found = connection.execute(select(TRANSFER.c.id, TRANSFER.c.request_hash).where(*keyed)).first()
    if found is None:
        return None
    if bytes(found.request_hash) != request_hash(posting):
        raise KeyConflict(key=posting.idem_key)
    return Posted(int(found.id), is_replay=True)


def move_minutes(connection: Connection, posting: Posting, transfer_id: int, now: datetime) -> None:
    """Change both accounts in the order of their ids, and write an entry for each."""
    change_by_account = {posting.debit_id: -posting.amount_min, posting.credit_id: posting.amount_min}
    freed = posting.amount_min if posting.kind == "capture" else 0
    entries = []
    for account in sorted(change_by_account):
        amount = change_by_account[account]
        held = freed if account == posting.debit_id else 0
        after = change_account(connection, posting.book_id, account, amount_min=amount, held_min=-held, now=now)
        entries.append(
            {
                "account_id": account,
                "seq": after.version,
                "transfer_id": transfer_id,
                "amount_min": amount,
                "balance_after_min": after.credits - after.debits,
                "credits_after_min": after.credits,
                "created_at": after.moved_at,
            }
        )
    connection.execute(insert(ENTRY), entries)


def change_account(
    connection: Connection, book_id: int, account: int, *, amount_min: int, held_min: int, now: datetime
) -> Row[tuple[int, int, int, datetime]]:
    """Add to an account, whose checks decide; returns credits, debits, version and moment after.

    An account that is frozen or closed still lets go of what it holds, or a hold on it could never end.

    Raises
    ------
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When the account's own checks, or its state, say no.
    """
    a = ACCOUNT.c
    changed = update(ACCOUNT).where(a.id == account, a.book_id == book_id)
    if amount_min or held_min > 0:
        changed = changed.where(a.status == "open")
    if amount_min:
        forward = case((or_(a.moved_at.is_(None), a.moved_at < now), literal(now, a.moved_at.type)), else_=a.moved_at)
        changed = changed.values(version=a.version + 1, moved_at=forward)
    changed = changed.values(
        credits=a.credits + max(0, amount_min), debits=a.debits + max(0, -amount_min), held=a.held + held_min
    )
    try:
        with connection.begin_nested():
            after = connection.execute(changed.returning(a.credits, a.debits, a.version, a.moved_at)).first()
    except IntegrityError as fault:
        refusal = _account_refusal(connection, fault, account, amount_min or -held_min)
        if refusal is None:
            raise
        raise refusal from fault
    if after is None:
        raise AccountClosed(account_id=account)
    return after


def _account_refusal(connection: Connection, fault: IntegrityError, account: int, amount: int) -> Refusal | None:
    """Return the refusal of a broken check of an account, in numbers of this moment; nothing for another fault."""
    a = ACCOUNT.c
    wanted = select(a.credits, a.debits, a.held, a.floor_min, a.ceiling_min).where(a.id == account)
    stands = connection.execute(wanted).one()
    if broke(fault, "ck_account_floor"):
        available = stands.credits - stands.debits - stands.held - (stands.floor_min or 0)
        return BalanceTooLow(account_id=account, available_min=available, amount_min=-amount)
    if broke(fault, "ck_account_ceiling"):
        return BalanceTooHigh(account_id=account, ceiling_min=stands.ceiling_min or 0, amount_min=amount)
    return None


def stranger_refusal(connection: Connection, fault: IntegrityError, postings: Iterable[Posting]) -> Refusal | None:
    """Return the refusal of a broken foreign key, naming the first account that is not in its posting's book."""
    if not broke(fault, "FOREIGN KEY", "fk_transfer_debit_id", "fk_transfer_credit_id"):
        return None
    a = ACCOUNT.c
    for posting in postings:
        sides = (posting.debit_id, posting.credit_id)
        inside = set(connection.execute(select(a.id).where(a.book_id == posting.book_id, a.id.in_(sides))).scalars())
        for account in sides:
            if account not in inside:
                return AccountClosed(account_id=account)
    return None


def transfer_of(connection: Connection, book_id: int, transfer_id: int) -> Row[Any]:
    """Return the row of a transfer.

    Raises
    ------
    NotFound
        When the book has no such transfer.
    """
    wanted = select(TRANSFER).where(TRANSFER.c.id == transfer_id, TRANSFER.c.book_id == book_id)
    row = connection.execute(wanted).first()
    if row is None:
        raise NotFound(kind="transfer", key=str(transfer_id))
    return row

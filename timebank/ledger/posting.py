"""One posting, the plain reference path: the same statements on both databases.

The insert of the transfer is the gate: its key is unique for ever, so whoever comes second replays the first
answer, or meets a conflict when the content differs. Accounts are updated in the order of their ids, and a
refusal takes everything back, the key included.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, WrongInput
from timebank.ledger.accounts import ACCOUNT, ENTRY, insert_or_skip
from timebank.ledger.refusals import AccountClosed, broke
from timebank.ledger.tables import Transfer

TRANSFER: Table = Transfer.__table__  # type: ignore[attr-defined]  # SQLModel adds it
LONGEST_KEY = 200
MOVING = ("post", "capture", "reverse")
"""Kinds that move minutes; the others only hold or free them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What is to happen: minutes from the debit account to the credit account, under a key of its own."""

    book_id: int
    idem_key: str
    debit_id: int
    credit_id: int
    amount_min: int
    reason: str
    effective_at: datetime
    kind: str = "post"
    hold_id: int | None = None
    reverses_id: int | None = None
    expires_at: datetime | None = None
    decision: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is stored."""
        if not 1 <= len(self.idem_key) <= LONGEST_KEY:
            shown = f"{self.idem_key[:20]}..."
            raise WrongInput(field="idem_key", value=shown, right=f"a key has 1 to {LONGEST_KEY} characters")
        if self.amount_min < 1:
            raise WrongInput(field="amount_min", value=str(self.amount_min), right="minutes are 1 or more")
        if self.debit_id == self.credit_id:
            raise WrongInput(field="credit_id", value=str(self.credit_id), right="the two accounts differ")


class Posted(NamedTuple):
    """The transfer that stands for a posting, and whether it stood before."""

    transfer_id: int
    is_replay: bool


def request_hash(posting: Posting) -> bytes:
    """Return the SHA-256 of what was asked, shape (32,) bytes; the key itself is not part of it."""
    return hashlib.sha256(_canonical(posting, ())).digest()


def leaf_hash(posting: Posting, created_at: datetime) -> bytes:
    """Return the leaf of the transfer (RFC 6962: SHA-256 of 0x00 and the canonical row), shape (32,) bytes."""
    return hashlib.sha256(b"\0" + _canonical(posting, (posting.idem_key, _moment(created_at)))).digest()


def _canonical(posting: Posting, more: tuple[str, ...]) -> bytes:
    values = (
        posting.book_id,
        posting.kind,
        posting.reason,
        posting.debit_id,
        posting.credit_id,
        posting.amount_min,
        posting.hold_id,
        posting.reverses_id,
        _moment(posting.expires_at) if posting.expires_at else None,
        _moment(posting.effective_at),
        posting.decision,
        *more,
    )
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def transfer_row(posting: Posting, now: datetime) -> dict[str, Any]:
    """Return the row that a posting becomes."""
    return {
        "book_id": posting.book_id,
        "idem_key": posting.idem_key,
        "request_hash": request_hash(posting),
        "kind": posting.kind,
        "reason": posting.reason,
        "debit_id": posting.debit_id,
        "credit_id": posting.credit_id,
        "amount_min": posting.amount_min,
        "hold_id": posting.hold_id,
        "reverses_id": posting.reverses_id,
        "expires_at": posting.expires_at,
        "effective_at": posting.effective_at,
        "created_at": now,
        "decision": posting.decision,
        "leaf": leaf_hash(posting, now),
    }


def post(session: Session, posting: Posting, *, now: datetime) -> Posted:
    """Post, or replay what the same key posted before.

    Raises
    ------
    KeyConflict
        When the key was used for other content.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it. Nothing has changed, and the key is free.
    """
    with session.begin_nested():
        connection = session.connection()
        stored = _gate(connection, posting, now)
        if stored.is_replay:
            return stored
        if posting.kind in MOVING:
            _move(connection, posting, stored.transfer_id, now)
    return stored


def _gate(connection: Connection, posting: Posting, now: datetime) -> Posted:
    """Insert the transfer, or find the one that has its key."""
    row = insert_or_skip(connection, TRANSFER).values(**transfer_row(posting, now))
    gate = row.on_conflict_do_nothing(index_elements=["book_id", "idem_key"]).returning(TRANSFER.c.id)
    fresh = connection.execute(gate).scalar()
    if fresh is not None:
        return Posted(int(fresh), is_replay=False)
    keyed = (TRANSFER.c.book_id == posting.book_id, TRANSFER.c.idem_key == posting.idem_key)
    found = connection.execute(select(TRANSFER.c.id, TRANSFER.c.request_hash).where(*keyed)).one()
    if bytes(found.request_hash) != request_hash(posting):
        raise KeyConflict(key=posting.idem_key)
    return Posted(int(found.id), is_replay=True)


def _move(connection: Connection, posting: Posting, transfer_id: int, now: datetime) -> None:
    """Change both accounts in the order of their ids, and write an entry for each."""
    change_by_account = {posting.debit_id: -posting.amount_min, posting.credit_id: posting.amount_min}
    freed = posting.amount_min if posting.kind == "capture" else 0
    entries = []
    for account in sorted(change_by_account):
        amount = change_by_account[account]
        held = freed if account == posting.debit_id else 0
        after = change_account(connection, posting.book_id, account, amount_min=amount, held_min=-held)
        entries.append(
            {
                "account_id": account,
                "seq": after.version,
                "transfer_id": transfer_id,
                "amount_min": amount,
                "balance_after_min": after.credits - after.debits,
                "credits_after_min": after.credits,
                "created_at": now,
            }
        )
    connection.execute(insert(ENTRY), entries)


def change_account(
    connection: Connection, book_id: int, account: int, *, amount_min: int, held_min: int
) -> Row[tuple[int, int, int]]:
    """Add to an account, whose checks decide; returns credits, debits and version after.

    Raises
    ------
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When the account's own checks, or its state, say no.
    """
    a = ACCOUNT.c
    changed = (
        update(ACCOUNT)
        .where(a.id == account, a.book_id == book_id, a.status == "open")
        .values(
            credits=a.credits + max(0, amount_min),
            debits=a.debits + max(0, -amount_min),
            held=a.held + held_min,
            version=a.version + (1 if amount_min else 0),
        )
        .returning(a.credits, a.debits, a.version)
    )
    try:
        with connection.begin_nested():
            after = connection.execute(changed).first()
    except IntegrityError as fault:
        raise account_refusal(connection, fault, [(account, amount_min or -held_min)]) from fault
    if after is None:
        raise AccountClosed(account_id=account)
    return after


def account_refusal(connection: Connection, fault: IntegrityError, changes: Iterable[tuple[int, int]]) -> Exception:
    """Turn a broken check of an account into the refusal that names the first account at fault."""
    a = ACCOUNT.c
    for account, amount in changes:
        row = connection.execute(
            select(a.credits - a.debits - a.held, a.floor_min, a.ceiling_min, a.credits - a.debits).where(
                a.id == account
            )
        ).one()
        available, floor, ceiling, balance = row
        if broke(fault, "ck_account_floor") and floor is not None and available + min(amount, 0) < floor:
            return BalanceTooLow(account_id=account, available_min=available - floor, amount_min=-amount)
        if broke(fault, "ck_account_ceiling") and ceiling is not None and balance + amount > ceiling:
            return BalanceTooHigh(account_id=account, ceiling_min=ceiling, amount_min=amount)
    return fault


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

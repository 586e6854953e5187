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

from sqlalchemy import Connection, Row, Table, case, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.database import insert_or_skip
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.refusals import AccountClosed, broke
from timebank.ledger.tables import Transfer

TRANSFER: Table = Transfer.__table__  # type: ignore[attr-defined]  # SQLModel adds it
LONGEST_KEY = 200
LONGEST_REASON = 24
MOST_MIN = 1_000_000_000
"""Most minutes of one transfer, about 1,900 years: a sum of nine billion such transfers still fits 64 bits."""
MOVING = ("post", "capture", "reverse")
"""Kinds that move minutes; the others only hold or free them."""
ASKED_FOR_A_MOMENT = ("post", "hold")
"""Kinds whose asker says when they take effect; the others take effect when they are posted."""
CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
"""How a transfer is written before it is hashed; it never changes, or no leaf could be computed again."""
SWEEP = "expire:"
"""How the keys of the sweep begin; no asker can take one away from it."""


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
        """Refuse what cannot be, before anything is stored.

        Raises
        ------
        WrongInput
            For a key, reason, amount or pair of accounts that no transfer can have.
        ValueError
            For a moment without a time zone.
        """
        _check_words("idem_key", self.idem_key, LONGEST_KEY)
        _check_words("reason", self.reason, LONGEST_REASON)
        if self.idem_key.startswith(SWEEP) and self.kind != "expire":
            raise WrongInput(field="idem_key", value=self.idem_key[:20], right=Phrase("right_own_key", start=SWEEP))
        if type(self.amount_min) is not int or not 1 <= self.amount_min <= MOST_MIN:
            right = Phrase("right_minutes", most=MOST_MIN)
            raise WrongInput(field="amount_min", value=str(self.amount_min)[:20], right=right)
        if self.debit_id == self.credit_id:
            raise WrongInput(field="credit_id", value=str(self.credit_id), right=Phrase("right_two_accounts"))
        for moment in (self.effective_at, self.expires_at):
            if moment is not None and moment.tzinfo is None:
                message = f"A moment needs its time zone: {moment.isoformat()} has none."
                raise ValueError(message)


def _check_words(field_name: str, words: str, longest: int) -> None:
    """Refuse a key or a reason that the two databases would not keep alike."""
    if not 1 <= len(words) <= longest or not words.isprintable():
        shown = f"{words[:20]}..."
        raise WrongInput(field=field_name, value=shown, right=Phrase("right_printed", least=1, most=longest))


class Posted(NamedTuple):
    """The transfer that stands for a posting, and whether it stood before."""

    transfer_id: int
    is_replay: bool


def request_hash(posting: Posting) -> bytes:
    """Return the SHA-256 of what was asked, shape (32,) bytes.

    The key is not part of it, nor the moment of what takes effect when it is posted: a retry comes later.
    """
    asked_for = _moment(posting.effective_at) if posting.kind in ASKED_FOR_A_MOMENT else None
    return hashlib.sha256(_canonical(posting, asked_for, ())).digest()


def leaf_hash(posting: Posting, created_at: datetime) -> bytes:
    """Return the leaf of the transfer (RFC 6962: SHA-256 of 0x00 and the canonical row), shape (32,) bytes."""
    row = _canonical(posting, _moment(posting.effective_at), (posting.idem_key, _moment(created_at)))
    return hashlib.sha256(b"\0" + row).digest()


def _canonical(posting: Posting, effective_at: str | None, more: tuple[str, ...]) -> bytes:
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
        effective_at,
        posting.decision,
        *more,
    )
    return CANONICAL.encode(values).encode()


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
    """Post, or replay what the same key posted before. Holds and reversals have functions of their own.

    Raises
    ------
    KeyConflict
        When the key was used for other content.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it. Nothing has changed, and the key is free.
    WrongInput
        When the posting is of another kind than ``post``.
    """
    if posting.kind != "post":
        raise WrongInput(field="kind", value=posting.kind, right=Phrase("right_kind_post"))
    return record(session, posting, now=now)


def record(session: Session, posting: Posting, *, now: datetime) -> Posted:
    """Write a transfer of any kind and move what it moves; what it holds or frees is its caller's."""
    try:
        with session.begin_nested():
            connection = session.connection()
            stored = _gate(connection, posting, now)
            if not stored.is_replay and posting.kind in MOVING:
                _move(connection, posting, stored.transfer_id, now)
            return stored
    except IntegrityError as fault:
        refusal = stranger_refusal(session.connection(), fault, [posting])
        if refusal is None:
            raise
        raise refusal from fault


def _gate(connection: Connection, posting: Posting, now: datetime) -> Posted:
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


def _move(connection: Connection, posting: Posting, transfer_id: int, now: datetime) -> None:
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

"""What a posting says: what is asked, how that is hashed, and the row it becomes."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from timebank.core.columns import table_of
from timebank.core.errors import Refusal, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.tables import Transfer

TRANSFER = table_of(Transfer)
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


class Standing(NamedTuple):
    """A transfer as it stands, as far as what follows from it needs to know."""

    id: int
    book_id: int
    kind: str
    debit_id: int
    credit_id: int
    amount_min: int
    reason: str
    expires_at: datetime | None


class Posted(NamedTuple):
    """The transfer that stands for a posting, and whether it stood before."""

    transfer_id: int
    is_replay: bool


def answered(put: Callable[..., Posted], posting: Posting, now: datetime) -> Posted | Refusal:
    """Return what is told of a posting, or how it is refused."""
    try:
        return put(posting, now=now)
    except Refusal as refusal:
        return refusal


def request_hash(posting: Posting) -> bytes:
    """Return the SHA-256 of what was asked, shape (32,) bytes.

    The key is not part of it, nor the moment of what takes effect when it is posted: a retry comes later.
    """
    asked_for = in_utc(posting.effective_at) if posting.kind in ASKED_FOR_A_MOMENT else None
    return hashlib.sha256(_canonical(posting, asked_for, ())).digest()


def leaf_hash(posting: Posting, created_at: datetime) -> bytes:
    """Return the leaf of the transfer (RFC 6962: SHA-256 of 0x00 and the canonical row), shape (32,) bytes."""
    row = _canonical(posting, in_utc(posting.effective_at), (posting.idem_key, in_utc(created_at)))
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
        in_utc(posting.expires_at) if posting.expires_at else None,
        effective_at,
        posting.decision,
        *more,
    )
    return CANONICAL.encode(values).encode()


def in_utc(moment: datetime) -> str:
    """Write a moment in UTC to the microsecond, as it is hashed."""
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

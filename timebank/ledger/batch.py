"""Many postings at once, set-based: exactly the rows that one after the other would give.

The accounts of the whole batch are locked in the order of their ids, running balances are counted here, and
the floor and ceiling of every account hold after every single posting, not only at the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.database import insert_or_skip
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.posting import TRANSFER, Posting, request_hash, stranger_refusal, transfer_row
from timebank.ledger.refusals import AccountClosed

KEYS_A_QUERY = 5000


class BatchPosted(NamedTuple):
    """How many postings are new, how many stood before, and the transfer of every key."""

    posted: int
    replayed: int
    transfer_by_key: dict[str, int]


@dataclass(slots=True)
class _Running:
    """An account while a batch runs over it, in minutes."""

    credits: int
    debits: int
    held: int
    version: int
    moved_at: datetime | None
    floor: int | None
    ceiling: int | None

    def add(self, account: int, amount: int, now: datetime) -> None:
        """Add one posting, within floor and ceiling."""
        self.credits += max(0, amount)
        self.debits += max(0, -amount)
        self.version += 1
        self.moved_at = now if self.moved_at is None else max(self.moved_at, now)
        balance = self.credits - self.debits
        if amount < 0 and self.floor is not None and balance - self.held < self.floor:
            available = balance - self.held - amount - self.floor
            raise BalanceTooLow(account_id=account, available_min=available, amount_min=-amount)
        if amount > 0 and self.ceiling is not None and balance > self.ceiling:
            raise BalanceTooHigh(account_id=account, ceiling_min=self.ceiling, amount_min=amount)


def post_batch(session: Session, postings: Sequence[Posting], *, now: datetime) -> BatchPosted:
    """Post all, or nothing.

    All postings are of one book and of kind ``post``. Keys that stand already are replayed.

    Raises
    ------
    KeyConflict
        When a key stands for other content.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow one of them; none is posted then.
    """
    if not postings:
        return BatchPosted(0, 0, {})
    if {(posting.book_id, posting.kind) for posting in postings} != {(postings[0].book_id, "post")}:
        raise WrongInput(field="postings", value="mixed", right=Phrase("right_one_book"))
    asked = _unique(postings)
    try:
        with session.begin_nested():
            fresh, transfer_by_key = _record(session.connection(), asked, now)
    except IntegrityError as fault:
        refusal = stranger_refusal(session.connection(), fault, asked.values())
        if refusal is None:
            raise
        raise refusal from fault
    return BatchPosted(len(fresh), len(postings) - len(fresh), transfer_by_key)


def _record(connection: Connection, asked: dict[str, Posting], now: datetime) -> tuple[list[Posting], dict[str, int]]:
    """Write what is new; a key that another writer brought in between is replayed as one that stood before."""
    standing = _standing(connection, asked)
    inserted = _insert_transfers(connection, [posting for key, posting in asked.items() if key not in standing], now)
    late = {key: posting for key, posting in asked.items() if key not in standing and key not in inserted}
    fresh = [posting for key, posting in asked.items() if key in inserted]
    _move(connection, fresh, inserted, now)
    return fresh, standing | inserted | _standing(connection, late)


def _unique(postings: Iterable[Posting]) -> dict[str, Posting]:
    """One posting a key; the same key with other content is a conflict."""
    asked: dict[str, Posting] = {}
    for posting in postings:
        first = asked.setdefault(posting.idem_key, posting)
        if first is not posting and request_hash(first) != request_hash(posting):
            raise KeyConflict(key=posting.idem_key)
    return asked


def _standing(connection: Connection, asked: dict[str, Posting]) -> dict[str, int]:
    """Transfers that stand for asked keys already."""
    if not asked:
        return {}
    keys, found = list(asked), {}
    book_id = next(iter(asked.values())).book_id
    t = TRANSFER.c
    for start in range(0, len(keys), KEYS_A_QUERY):
        some = keys[start : start + KEYS_A_QUERY]
        rows = connection.execute(
            select(t.id, t.idem_key, t.request_hash).where(t.book_id == book_id, t.idem_key.in_(some))
        )
        for number, key, digest in rows:
            if bytes(digest) != request_hash(asked[key]):
                raise KeyConflict(key=key)
            found[key] = int(number)
    return found


def _insert_transfers(connection: Connection, fresh: list[Posting], now: datetime) -> dict[str, int]:
    """Insert the transfers whose keys are free; returns their numbers by key."""
    if not fresh:
        return {}
    gate = insert_or_skip(connection, TRANSFER).on_conflict_do_nothing(index_elements=["book_id", "idem_key"])
    rows = connection.execute(
        gate.returning(TRANSFER.c.id, TRANSFER.c.idem_key), [transfer_row(posting, now) for posting in fresh]
    )
    return {key: int(number) for number, key in rows}


def _move(connection: Connection, fresh: list[Posting], transfer_by_key: dict[str, int], now: datetime) -> None:
    """Count running balances, then write accounts and entries."""
    if not fresh:
        return
    accounts = _lock(connection, fresh)
    before = {account: running.version for account, running in accounts.items()}
    entries: list[dict[str, Any]] = []
    for posting in fresh:
        sides = sorted(((posting.debit_id, -posting.amount_min), (posting.credit_id, posting.amount_min)))
        for account, amount in sides:
            running = accounts[account]
            running.add(account, amount, now)
            entries.append(
                {
                    "account_id": account,
                    "seq": running.version,
                    "transfer_id": transfer_by_key[posting.idem_key],
                    "amount_min": amount,
                    "balance_after_min": running.credits - running.debits,
                    "credits_after_min": running.credits,
                    "created_at": running.moved_at,
                }
            )
    a = ACCOUNT.c
    changed = update(ACCOUNT).where(a.id == bindparam("account"), a.version == bindparam("was"))
    result = connection.execute(
        changed.values(
            credits=bindparam("cr"), debits=bindparam("de"), version=bindparam("ve"), moved_at=bindparam("at")
        ),
        [
            {
                "account": number,
                "was": before[number],
                "cr": r.credits,
                "de": r.debits,
                "ve": r.version,
                "at": r.moved_at,
            }
            for number, r in sorted(accounts.items())
        ],
    )
    if result.rowcount != len(accounts):
        message = f"{len(accounts)} accounts were locked, {result.rowcount} changed; nothing is posted."
        raise RuntimeError(message)
    connection.execute(insert(ENTRY), entries)


def _lock(connection: Connection, fresh: list[Posting]) -> dict[int, _Running]:
    """Lock the accounts of a batch in the order of their ids."""
    wanted = sorted({posting.debit_id for posting in fresh} | {posting.credit_id for posting in fresh})
    a = ACCOUNT.c
    locked: dict[int, _Running] = {}
    for start in range(0, len(wanted), KEYS_A_QUERY):
        some = wanted[start : start + KEYS_A_QUERY]
        rows = connection.execute(
            select(a.id, a.credits, a.debits, a.held, a.version, a.moved_at, a.floor_min, a.ceiling_min)
            .where(a.id.in_(some), a.status == "open", a.book_id == fresh[0].book_id)
            .order_by(a.id)
            .with_for_update()
        )
        locked |= {row[0]: _Running(*row[1:]) for row in rows}
    for account in wanted:
        if account not in locked:
            raise AccountClosed(account_id=account)
    return locked

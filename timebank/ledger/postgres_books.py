"""The books in an open transaction of PostgreSQL: one call of a function for a posting, and one for a batch.

The functions stand in a migration. What they refuse they tell as an outcome, so the transaction stays good; hashes are
made here, for they depend on the row alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg.types.numeric import Int8

from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.store_faults import as_told
from timebank.core.texts import Phrase
from timebank.ledger.refusals import AccountClosed, AlreadyResolved, AlreadyReversed
from timebank.ledger.stamps import Stamps
from timebank.ledger.terms import Posted, Posting, Standing, in_utc

PUT = (
    "SELECT outcome, transfer, touched, bound FROM ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
    " %s::text::json, %s)"
)
PUT_EACH = (
    "SELECT p.outcome, p.transfer, p.touched, p.bound FROM ROWS FROM (jsonb_to_recordset(%s::text::jsonb) AS"
    " (book bigint, key text, request text, kind text, reason text, debit bigint, credit bigint, amount bigint,"
    " hold bigint, reverses bigint, expires timestamptz, effective timestamptz, at timestamptz, decision text,"
    " leaf text)) WITH ORDINALITY AS a CROSS JOIN LATERAL ledger_post(a.book, a.key, decode(a.request, 'hex'), a.kind,"
    " a.reason, a.debit, a.credit, a.amount, a.hold, a.reverses, a.expires, a.effective, a.at, a.decision::json,"
    " decode(a.leaf, 'hex')) p ORDER BY a.ordinality"
)
PUT_ALL = (
    "SELECT outcome, fresh, transfers, key, touched, bound, amount FROM ledger_post_batch(%s, %s, %s::text::jsonb)"
)
KEYED = "SELECT id, request_hash FROM transfer WHERE book_id = %s AND idem_key = %s"
TRANSFER = (
    "SELECT id, book_id, kind, debit_id, credit_id, amount_min, reason, expires_at FROM transfer"
    " WHERE id = %s AND book_id = %s"
)
DUE = (
    "SELECT o.hold_id FROM hold_open o JOIN transfer t ON t.id = o.hold_id WHERE t.book_id = %s AND o.expires_at <= %s"
    " ORDER BY o.expires_at, o.hold_id LIMIT %s"
)


class Outcome(NamedTuple):
    """What a function of the database answers; ``bound`` is what an account has to spend, or its ceiling."""

    outcome: str
    touched: int
    bound: int
    amount: int
    key: str


class PostgresBooks:
    """Books over a connection of the driver that is in a writing transaction."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def _ask(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values, prepare=True).fetchall()
        except psycopg.Error as fault:
            raise as_told(fault, psycopg.Error) from fault

    def put(self, posting: Posting, *, now: datetime) -> Posted:
        """Write a transfer of any kind with all that it moves, holds or frees, or find the one that stands."""
        stamp = Stamps(now).of(posting)
        values = (
            Int8(posting.book_id),
            posting.idem_key,
            stamp.request,
            posting.kind,
            posting.reason,
            Int8(posting.debit_id),
            Int8(posting.credit_id),
            Int8(posting.amount_min),
            _or_none(posting.hold_id),
            _or_none(posting.reverses_id),
            posting.expires_at,
            posting.effective_at,
            now,
            stamp.decision,
            stamp.leaf,
        )
        ((outcome, transfer, touched, bound),) = self._ask(PUT, values)
        if outcome in ("posted", "replayed"):
            return Posted(transfer, is_replay=outcome == "replayed")
        raise _refusal(Outcome(outcome, touched, bound, posting.amount_min, posting.idem_key), posting)

    def standing(self, posting: Posting, *, now: datetime) -> Posted | None:
        """Return the transfer that stands for the key of a posting, or nothing; other content is a conflict."""
        found = self._ask(KEYED, (Int8(posting.book_id), posting.idem_key))
        if not found:
            return None
        if found[0][1] != Stamps(now).of(posting).request:
            raise KeyConflict(key=posting.idem_key)
        return Posted(found[0][0], is_replay=True)

    def transfer(self, book_id: int, transfer_id: int) -> Standing:
        """Return a transfer as it stands."""
        found = self._ask(TRANSFER, (Int8(transfer_id), Int8(book_id)))
        if not found:
            raise NotFound(kind="transfer", key=str(transfer_id))
        stands = Standing(*found[0])
        return stands if stands.expires_at is None else stands._replace(expires_at=stands.expires_at.astimezone(UTC))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is done in the block happen whole or not at all."""
        try:
            self._connection.execute("SAVEPOINT together")
            try:
                yield
            except BaseException:
                if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.UNKNOWN:  # it is lost
                    self._connection.execute("ROLLBACK TO together")
                    self._connection.execute("RELEASE together")
                raise
            self._connection.execute("RELEASE together")
        except psycopg.Error as fault:
            raise as_told(fault, psycopg.Error) from fault

    def due_holds(self, book_id: int, *, now: datetime, most: int) -> list[int]:
        """Return open holds whose moment has passed, in the order (moment, id)."""
        return [row[0] for row in self._ask(DUE, (Int8(book_id), now, Int8(most)))]

    def put_each(self, asked: Sequence[tuple[Posting, datetime]]) -> list[Posted | Refusal]:
        """Do as ``put`` for one after the other, each at its own moment; a refusal is an answer like any other."""
        answers: list[Posted | Refusal] = []
        told = self._ask(PUT_EACH, (orjson.dumps([_record(posting, now) for posting, now in asked]).decode(),))
        for (posting, _), (outcome, transfer, touched, bound) in zip(asked, told, strict=True):
            if outcome in ("posted", "replayed"):
                answers.append(Posted(transfer, is_replay=outcome == "replayed"))
                continue
            no = _refusal(Outcome(outcome, touched, bound, posting.amount_min, posting.idem_key), posting)
            if not isinstance(no, Refusal):
                raise no
            answers.append(no)
        return answers

    def put_all(self, asked: Sequence[Posting], *, now: datetime) -> tuple[int, dict[str, int]]:
        """Post all of one book, each with a key of its own, or nothing; returns how many are new, and all numbers."""
        values = (Int8(asked[0].book_id), now, _columns(asked, now))
        ((outcome, fresh, transfers, key, touched, bound, amount),) = self._ask(PUT_ALL, values)
        if outcome != "posted":
            raise _refusal(Outcome(outcome, touched, bound, amount, key), asked[0])
        return fresh, {posting.idem_key: number for posting, number in zip(asked, transfers, strict=True)}


def _record(posting: Posting, now: datetime) -> dict[str, object]:
    """Write what the function takes for one posting."""
    stamps = Stamps(now)
    stamp = stamps.of(posting)
    return {
        "book": posting.book_id,
        "key": posting.idem_key,
        "request": stamp.request.hex(),
        "kind": posting.kind,
        "reason": posting.reason,
        "debit": posting.debit_id,
        "credit": posting.credit_id,
        "amount": posting.amount_min,
        "hold": posting.hold_id,
        "reverses": posting.reverses_id,
        "expires": None if posting.expires_at is None else in_utc(posting.expires_at),
        "effective": stamp.effective_at,
        "at": stamps.created_at,
        "decision": stamp.decision,
        "leaf": stamp.leaf.hex(),
    }


def _columns(asked: Sequence[Posting], now: datetime) -> str:
    """Write postings as columns; a decision that several have stands once."""
    stamps, place_by_decision = Stamps(now), dict[str, int]()
    stamped = [stamps.of(posting) for posting in asked]
    columns = {
        "keys": [posting.idem_key for posting in asked],
        "requests": [stamp.request.hex() for stamp in stamped],
        "reasons": [posting.reason for posting in asked],
        "debits": [posting.debit_id for posting in asked],
        "credits": [posting.credit_id for posting in asked],
        "amounts": [posting.amount_min for posting in asked],
        "moments": [stamp.effective_at for stamp in stamped],
        "of": [place_by_decision.setdefault(stamp.decision, len(place_by_decision)) for stamp in stamped],
        "leaves": [stamp.leaf.hex() for stamp in stamped],
        "decisions": list(place_by_decision),
    }
    return orjson.dumps(columns).decode()


def _refusal(told: Outcome, posting: Posting) -> Exception:
    """Return the refusal that an outcome stands for."""
    refusal: Refusal
    if told.outcome == "conflict":
        refusal = KeyConflict(key=told.key)
    elif told.outcome == "closed":
        refusal = AccountClosed(account_id=told.touched)
    elif told.outcome == "low":
        refusal = BalanceTooLow(account_id=told.touched, available_min=told.bound, amount_min=told.amount)
    elif told.outcome == "high":
        refusal = BalanceTooHigh(account_id=told.touched, ceiling_min=told.bound, amount_min=told.amount)
    elif told.outcome == "past":
        right = Phrase("right_hold_end")
        refusal = WrongInput(field="expires_at", value=str(posting.expires_at), right=right)
    elif told.outcome == "resolved" and posting.hold_id is not None:
        refusal = AlreadyResolved(hold_id=posting.hold_id)
    elif told.outcome == "reversed" and posting.reverses_id is not None:
        refusal = AlreadyReversed(transfer_id=posting.reverses_id)
    else:
        return RuntimeError("The transfer that has this key has gone meanwhile; nothing is posted.")
    return refusal


def _or_none(number: int | None) -> Int8 | None:
    return None if number is None else Int8(number)

"""The plain reference: the same statements on both databases, one after the other, with every check in sight.

Nothing but tests and measurements posts through it. What posts faster is held against it, row by row.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.errors import Refusal, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.posting import (
    change_account,
    move_minutes,
    pass_gate,
    record,
    replay_of,
    stranger_refusal,
    transfer_of,
)
from timebank.ledger.refusals import AccountClosed, AlreadyResolved, AlreadyReversed, broke
from timebank.ledger.tables import HoldOpen
from timebank.ledger.terms import TRANSFER, Posted, Posting, Standing, answered

HOLD_OPEN = table_of(HoldOpen)


class PlainBooks:
    """Books of a session in plain statements."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, posting: Posting, *, now: datetime) -> Posted:
        """Write a transfer of any kind with all that it moves, holds or frees, or find the one that stands."""
        try:
            with self._session.begin_nested():
                stored = record(self._session, posting, now=now)
                if not stored.is_replay:
                    self._hold_or_free(posting, stored.transfer_id, now)
                return stored
        except IntegrityError as fault:
            if posting.hold_id is not None and broke(fault, "uq_transfer_hold", "transfer.hold_id"):
                raise AlreadyResolved(hold_id=posting.hold_id) from fault
            if posting.reverses_id is not None and broke(fault, "uq_transfer_reverses", "transfer.reverses_id"):
                raise AlreadyReversed(transfer_id=posting.reverses_id) from fault
            raise

    def _hold_or_free(self, posting: Posting, number: int, now: datetime) -> None:
        connection, amount = self._session.connection(), posting.amount_min
        book, account = posting.book_id, posting.debit_id
        if posting.kind == "hold":
            if posting.expires_at is None or posting.expires_at <= now:
                raise WrongInput(field="expires_at", value=str(posting.expires_at), right=Phrase("right_hold_end"))
            change_account(connection, book, account, amount_min=0, held_min=amount, now=now)
            connection.execute(insert(HOLD_OPEN), {"hold_id": number, "expires_at": posting.expires_at})
        elif posting.hold_id is not None:
            if posting.kind != "capture":
                change_account(connection, book, account, amount_min=0, held_min=-amount, now=now)
            connection.execute(delete(HOLD_OPEN).where(HOLD_OPEN.c.hold_id == posting.hold_id))

    def put_each(self, asked: Sequence[tuple[Posting, datetime]]) -> list[Posted | Refusal]:
        """Do as ``put`` for one after the other, each at its own moment; a refusal is an answer like any other."""
        return [answered(self.put, posting, now) for posting, now in asked]

    def put_all(self, asked: Sequence[Posting], *, now: datetime) -> tuple[int, dict[str, int]]:
        """Write all transfers, lock all accounts, then move one after the other; all or nothing."""
        for posting in asked:
            replay_of(self._session.connection(), posting)  # a conflict comes before any other refusal
        try:
            with self._session.begin_nested():
                connection = self._session.connection()
                stored = [pass_gate(connection, posting, now) for posting in asked]
                fresh = [(one, two) for one, two in zip(asked, stored, strict=True) if not two.is_replay]
                self._lock([posting for posting, _ in fresh])
                for posting, posted in fresh:
                    move_minutes(connection, posting, posted.transfer_id, now)
        except IntegrityError as fault:
            refusal = stranger_refusal(self._session.connection(), fault, asked)
            if refusal is None:
                raise
            raise refusal from fault
        return len(fresh), {one.idem_key: two.transfer_id for one, two in zip(asked, stored, strict=True)}

    def _lock(self, fresh: Sequence[Posting]) -> None:
        """Lock the accounts of a batch in the order of their ids; the first that takes no postings refuses it."""
        a, wanted = ACCOUNT.c, sorted({one.debit_id for one in fresh} | {one.credit_id for one in fresh})
        inside = select(a.id).where(a.id.in_(wanted), a.status == "open", a.book_id.in_({one.book_id for one in fresh}))
        locked = self._session.connection().execute(inside.order_by(a.id).with_for_update(key_share=True)).scalars()
        closed = sorted(set(wanted) - set(locked))
        if closed:
            raise AccountClosed(account_id=closed[0])

    def standing(self, posting: Posting, *, now: datetime) -> Posted | None:  # noqa: ARG002  # as all books have it
        """Return the transfer that stands for the key of a posting, or nothing; other content is a conflict."""
        return replay_of(self._session.connection(), posting)

    def transfer(self, book_id: int, transfer_id: int) -> Standing:
        """Return a transfer as it stands."""
        row = transfer_of(self._session.connection(), book_id, transfer_id)
        return Standing(*(getattr(row, name) for name in Standing._fields))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is done in the block happen whole or not at all."""
        with self._session.begin_nested():
            yield

    def due_holds(self, book_id: int, *, now: datetime, most: int) -> list[int]:
        """Return open holds whose moment has passed, in the order (moment, id)."""
        due = (
            select(HOLD_OPEN.c.hold_id)
            .join(TRANSFER, TRANSFER.c.id == HOLD_OPEN.c.hold_id)
            .where(TRANSFER.c.book_id == book_id, HOLD_OPEN.c.expires_at <= now)
            .order_by(HOLD_OPEN.c.expires_at, HOLD_OPEN.c.hold_id)
            .limit(most)
        )
        return list(self._session.connection().execute(due).scalars())

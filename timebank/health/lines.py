"""What figures are sums of: entries of accounts, open holds, free minutes; read again page by page, line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, literal, or_, select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.health.books import CAUSE, REVERSED
from timebank.health.supply import Spare
from timebank.ledger.accounts import ENTRY
from timebank.ledger.posting import TRANSFER

PAGE_LINES = 1000
ACCOUNTS_A_QUERY = 500


class Line(NamedTuple):
    """A line of a figure: what it is, by its numbers, of which day, why, and its minutes in the figure."""

    source: str
    key: str
    day: date | None
    cause: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLines:
    """Entries of some accounts from after a moment until one, of all causes or of one; ``sign`` -1 turns them round."""

    accounts: tuple[int, ...]
    until: datetime
    after: datetime | None = None
    cause: str = ""
    sign: int = 1

    def pages(self, session: Session) -> Iterator[list[Line]]:
        """Yield the entries by account and number."""
        for start in range(0, len(self.accounts), ACCOUNTS_A_QUERY):
            some, last = self.accounts[start : start + ACCOUNTS_A_QUERY], (0, 0)
            while rows := self._page(session, some, last):
                yield [self._line(row) for row in rows]
                last = (rows[-1].account_id, rows[-1].seq)

    def _page(self, session: Session, accounts: Sequence[int], last: tuple[int, int]) -> list[Row[Any]]:
        e, t = ENTRY.c, TRANSFER.c
        wanted = (
            select(e.account_id, e.seq, e.transfer_id, e.amount_min, e.created_at, CAUSE.label("cause"))
            .join(TRANSFER, t.id == e.transfer_id)
            .outerjoin(REVERSED, REVERSED.c.id == t.reverses_id)
            .where(e.account_id.in_(accounts), e.created_at <= self.until)
            .where(or_(e.account_id > last[0], (e.account_id == last[0]) & (e.seq > last[1])))
        )
        if self.after is not None:
            wanted = wanted.where(e.created_at > self.after)
        if self.cause:
            wanted = wanted.where(literal(self.cause) == CAUSE)
        return list(session.connection().execute(wanted.order_by(e.account_id, e.seq).limit(PAGE_LINES)))

    def _line(self, row: Row[Any]) -> Line:
        key = f"account {row.account_id} entry {row.seq} transfer {row.transfer_id}"
        return Line("entry", key, day_of(row.created_at), row.cause, self.sign * row.amount_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLines:
    """Minutes that some accounts hold at a moment; ``sign`` -1 takes them away."""

    accounts: tuple[int, ...]
    at: datetime
    sign: int = 1

    def pages(self, session: Session) -> Iterator[list[Line]]:
        """Yield the holds by account and number."""
        for start in range(0, len(self.accounts), ACCOUNTS_A_QUERY):
            some, last = self.accounts[start : start + ACCOUNTS_A_QUERY], 0
            while rows := self._page(session, some, last):
                yield [self._line(row) for row in rows]
                last = rows[-1].id

    def _page(self, session: Session, accounts: Sequence[int], last: int) -> list[Row[Any]]:
        t, ending = TRANSFER.c, TRANSFER.alias("ending")
        wanted = (
            select(t.id, t.debit_id, t.amount_min, t.created_at, t.reason)
            .outerjoin(ending, ending.c.hold_id == t.id)
            .where(t.kind == "hold", t.debit_id.in_(accounts), t.created_at <= self.at, t.id > last)
            .where(or_(ending.c.created_at.is_(None), ending.c.created_at > self.at))
        )
        return list(session.connection().execute(wanted.order_by(t.id).limit(PAGE_LINES)))

    def _line(self, row: Row[Any]) -> Line:
        key = f"account {row.debit_id} hold {row.id}"
        return Line("hold", key, day_of(row.created_at), row.reason, self.sign * row.amount_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareLines:
    """Free minutes of volunteers and places."""

    spare: tuple[Spare, ...]

    def pages(self, session: Session) -> Iterator[list[Line]]:  # noqa: ARG002  # asked as the other lines are
        """Yield them as they were counted."""
        for start in range(0, len(self.spare), PAGE_LINES):
            yield [
                Line("spare", f"{one.kind} {one.number}", None, one.service, one.minutes)
                for one in self.spare[start : start + PAGE_LINES]
            ]


Lines = EntryLines | HoldLines | SpareLines

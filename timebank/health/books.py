"""The books week by week: what every account had, earned, redeemed and held, from one pass over the entries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.posting import TRANSFER

EARNED = "earn"
REDEEMED = "redeem"
REVERSED = TRANSFER.alias("reversed")
CAUSE = func.coalesce(REVERSED.c.reason, TRANSFER.c.reason)
"""Why an entry was made; what undoes a transfer counts as its opposite, so that both together are nothing."""


class Hold(NamedTuple):
    """Minutes of an account that were held from a moment until one, or still are."""

    transfer_id: int
    account_id: int
    minutes: int
    began_at: datetime
    ended_at: datetime | None

    def stands_at(self, moment: datetime) -> bool:
        """Tell whether the minutes are held at a moment."""
        return self.began_at <= moment and (self.ended_at is None or self.ended_at > moment)


Moved = tuple[str, int]
"""A cause and a week."""


@dataclass(slots=True)
class Books:
    """Minutes by cause and week, and then by account. Week 0 is the last seven days; the last is all that was before.

    ``moments`` end the weeks, newest first; a moment itself belongs to its week. ``count`` has the entries.
    """

    moments: tuple[datetime, ...]
    minutes: dict[Moved, dict[int, int]] = field(default_factory=dict)
    count: dict[Moved, dict[int, int]] = field(default_factory=dict)
    began_on: dict[int, date] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()

    @property
    def oldest_week(self) -> int:
        """The week of the first entry; -1 where there is none."""
        return max((week for _, week in self.minutes), default=-1)

    def balances(self, week: int) -> dict[int, int]:
        """Return what each account had at the end of a week, in minutes."""
        return _sums(by_account for (_, when), by_account in self.minutes.items() if when >= week)

    def held(self, week: int) -> dict[int, int]:
        """Return what each account held at the end of a week, in minutes."""
        standing = (hold for hold in self.holds if hold.stands_at(self.moments[week]))
        return _sums({hold.account_id: hold.minutes} for hold in standing)

    def causes(self, weeks: Iterable[int]) -> list[str]:
        """Return why anything moved in some weeks."""
        wanted = set(weeks)
        return sorted({cause for cause, week in self.minutes if week in wanted})

    def moved(self, cause: str, weeks: Iterable[int]) -> dict[int, int]:
        """Return what one cause brought each account in some weeks (or took from it, then below zero)."""
        return _sums(self.minutes.get((cause, week), {}) for week in weeks)

    def lines(self, cause: str, weeks: Iterable[int], accounts: set[int]) -> int:
        """Count the entries of one cause in some accounts in some weeks."""
        counts = _sums(self.count.get((cause, week), {}) for week in weeks)
        return sum(lines for account, lines in counts.items() if account in accounts)


def _sums(parts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Add up by account."""
    sums: dict[int, int] = defaultdict(int)
    for part in parts:
        for account, amount in part.items():
            sums[account] += amount
    return sums


def books_of(session: Session, book_id: int, moments: Sequence[datetime]) -> Books:
    """Read the books of all accounts up to the first of ``moments`` (newest first), which end the weeks."""
    books = Books(tuple(moments))
    for row in session.connection().execute(_weekly(book_id, moments)):
        moved = (row.cause, row.week)
        books.minutes.setdefault(moved, {})[row.account_id] = int(row.minutes)
        books.count.setdefault(moved, {})[row.account_id] = row.lines
        if row.cause == EARNED:
            began = day_of(row.began)
            books.began_on[row.account_id] = min(began, books.began_on.get(row.account_id, began))
    books.holds = _holds(session, book_id, moments)
    return books


def _weekly(book_id: int, moments: Sequence[datetime]) -> Any:
    e, t = ENTRY.c, TRANSFER.c
    older: list[tuple[ColumnElement[bool], Any]] = [
        (e.created_at > moment, week) for week, moment in enumerate(moments[1:])
    ]
    week = case(*older, else_=len(moments) - 1).label("week")
    return (
        select(
            e.account_id,
            CAUSE.label("cause"),
            week,
            func.sum(e.amount_min).label("minutes"),
            func.count().label("lines"),
            func.min(t.effective_at).label("began"),
        )
        .select_from(ENTRY)
        .join(ACCOUNT, and_(ACCOUNT.c.id == e.account_id, ACCOUNT.c.book_id == book_id))
        .join(TRANSFER, t.id == e.transfer_id)
        .outerjoin(REVERSED, REVERSED.c.id == t.reverses_id)
        .where(e.created_at <= moments[0])
        .group_by(e.account_id, CAUSE, week)
    )


def _holds(session: Session, book_id: int, moments: Sequence[datetime]) -> tuple[Hold, ...]:
    t, ending = TRANSFER.c, TRANSFER.alias("ending")
    wanted = (
        select(t.id, t.debit_id, t.amount_min, t.created_at, ending.c.created_at.label("ended_at"))
        .outerjoin(ending, ending.c.hold_id == t.id)
        .where(t.book_id == book_id, t.kind == "hold", t.created_at <= moments[0])
        .where((ending.c.created_at.is_(None)) | (ending.c.created_at > moments[-1]))
        .order_by(t.id)
    )
    return tuple(Hold(*row) for row in session.connection().execute(wanted))

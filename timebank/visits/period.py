"""The credit of many days: day by day, a few in each transaction, so that it can be stopped and goes on."""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from timebank.core.clock import day_of
from timebank.core.database import expect_much, transaction
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.visits.credit import Credited, credit_day, donation_account

LONGEST_DAYS = 3660
RECORDS_A_TRANSACTION = 20_000
"""Records after which the days so far are stored: each account is written to disk once for all of them."""
Progress = Callable[[date, Credited], None]
"""Is told each day that is stored, with all that was credited so far."""


def credit_period(
    engine: Engine,
    book_id: int,
    from_day: date,
    to_day: date,
    *,
    clock: Callable[[], datetime],
    progress: Progress | None = None,
) -> Credited:
    """Credit every confirmed record of some days (half-open) that is not settled yet.

    Whatever is killed in the middle leaves nothing of the days that are not stored; the same again goes on with what
    is not settled, and gives the rows of one undisturbed run. Minutes that can only be donated go to the pool, where
    the pack of their day lets them.

    Raises
    ------
    WrongInput
        When the days are none, too many, or have not come.
    """
    tomorrow = day_of(clock()) + timedelta(days=1)
    if not from_day < to_day <= tomorrow or (to_day - from_day).days > LONGEST_DAYS:
        right = Phrase("right_credit_days", last=tomorrow - timedelta(days=1), most=LONGEST_DAYS)
        raise WrongInput(field="from_day, to_day", value=f"{from_day} {to_day}", right=right)
    total, days = Credited(), deque(from_day + timedelta(days=n) for n in range((to_day - from_day).days))
    while days:
        told: list[tuple[date, Credited]] = []
        with _collector_paused(), transaction(engine) as session:
            expect_much(session)
            before = total
            while days and total.visits - before.visits < RECORDS_A_TRANSACTION:
                day = days.popleft()
                to = donation_account(session, book_id, day)
                total = total.plus(credit_day(session, book_id, day, now=clock(), donation_id=to))
                told.append((day, total))
        if progress is not None:
            for one in told:
                progress(*one)
    return total


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the collector of cycles: the rows of some days make none, and looking for them is a fifth of the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

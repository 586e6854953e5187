"""Member accounts with what rules ask of their holders, in pages: to say what other rules would change."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.tables import Transfer
from timebank.people.tables import Person, SeniorCategory, Volunteer
from timebank.rules.compare import Holder

TRANSFER = table_of(Transfer)
PERSON = table_of(Person)
CATEGORY = table_of(SeniorCategory)
VOLUNTEER = table_of(Volunteer)
ACCOUNTS_A_PAGE = 1000


def holder_pages(
    session: Session, book: int, *, day: date, cutoffs: Iterable[date], page_size: int = ACCOUNTS_A_PAGE
) -> Iterator[list[Holder]]:
    """Yield the member accounts of a book that are not closed, by number, with their people on a day.

    ``cutoffs`` are the days until which (not including them) it is wanted what each account had been credited.
    """
    last, wanted = 0, sorted(cutoffs)
    while rows := _page(session, book, day, last, page_size):
        numbers = [row.id for row in rows]
        earned = _earned(session, numbers)
        credited = {cutoff: _credited(session, numbers, cutoff) for cutoff in wanted}
        yield [_holder(row, earned, credited) for row in rows]
        last = numbers[-1]


def _page(session: Session, book: int, day: date, last: int, size: int) -> list[Row[Any]]:
    a, c = ACCOUNT.c, CATEGORY.c
    holds: list[ColumnElement[bool]] = [c.senior_id == a.person_id, c.from_day <= day]
    in_hardship = exists().where(*holds, or_(c.to_day.is_(None), c.to_day > day))
    columns = (a.id, a.credits, a.debits, a.held, PERSON.c.born_on, PERSON.c.gender)
    pages = (
        select(*columns, in_hardship.label("hardship"), VOLUNTEER.c.person_id.label("giver"), VOLUNTEER.c.trained_on)
        .join(PERSON, PERSON.c.id == a.person_id)
        .outerjoin(VOLUNTEER, VOLUNTEER.c.person_id == a.person_id)
        .where(a.book_id == book, a.kind == "member", a.status != "closed", a.id > last)
    )
    return list(session.connection().execute(pages.order_by(a.id).limit(size)))


def _earned(session: Session, numbers: list[int]) -> dict[int, tuple[int, date]]:
    """Return what each account earned and on which day it began, without what was reversed."""
    t, undone = TRANSFER, TRANSFER.alias("undone")
    sums = (
        select(ENTRY.c.account_id, func.sum(ENTRY.c.amount_min), func.min(t.c.effective_at))
        .join(t, and_(t.c.id == ENTRY.c.transfer_id, t.c.kind == "post", t.c.reason == "earn"))
        .where(ENTRY.c.account_id.in_(numbers), ~exists().where(undone.c.reverses_id == t.c.id))
        .group_by(ENTRY.c.account_id)
    )
    return {row[0]: (int(row[1]), day_of(row[2])) for row in session.connection().execute(sums)}


def _credited(session: Session, numbers: list[int], cutoff: date) -> dict[int, int]:
    e = ENTRY.c
    most = select(e.account_id, func.max(e.credits_after_min)).where(e.account_id.in_(numbers))
    until = most.where(e.created_at < moment_at(cutoff, 0)).group_by(e.account_id)
    return {row[0]: int(row[1]) for row in session.connection().execute(until)}


def _holder(row: Row[Any], earned: dict[int, tuple[int, date]], credited: dict[date, dict[int, int]]) -> Holder:
    earned_min, began = earned.get(row.id, (0, None))
    return Holder(
        born_on=row.born_on,
        gender=row.gender,
        in_hardship=bool(row.hardship),
        is_trained=row.trained_on is not None,
        is_volunteer=row.giver is not None,
        balance_min=row.credits - row.debits,
        available_min=row.credits - row.debits - row.held,
        debits_min=row.debits,
        earned_min=earned_min,
        first_earned_on=began,
        credits_until_min={cutoff: by_account.get(row.id, 0) for cutoff, by_account in credited.items()},
    )

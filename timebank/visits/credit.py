"""The credit of confirmed visits: decided by the pack of their day, posted once whatever is retried."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, Table, bindparam, select, update
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting
from timebank.needs.tables import Need, Service
from timebank.people.tables import Person
from timebank.rules.decision import Service as Case
from timebank.rules.decision import age_on, decide_earning
from timebank.visits.life import VISIT

NEED: Table = Need.__table__  # type: ignore[attr-defined]  # SQLModel adds it
SERVICE: Table = Service.__table__  # type: ignore[attr-defined]  # SQLModel adds it
PERSON: Table = Person.__table__  # type: ignore[attr-defined]  # SQLModel adds it
VISITS_A_BATCH = 10_000


class Credited(NamedTuple):
    """Visits credited now, the minutes of them, and visits that earn nothing by the rules."""

    visits: int
    minutes: int
    refused: int


def member_code(person_id: int) -> str:
    """Return the code of a person's account."""
    return f"member:{person_id}"


def credit_day(session: Session, book_id: int, day: date, *, now: datetime) -> Credited:
    """Credit every confirmed visit of a day that has no credit yet."""
    total = Credited(0, 0, 0)
    for rows in _uncredited(session, day):
        total = Credited(*(a + b for a, b in zip(total, _credit(session, book_id, rows, now), strict=True)))
    return total


def _uncredited(session: Session, day: date) -> Iterator[list[Row[Any]]]:
    v = VISIT.c
    columns = (v.id, v.volunteer_id, v.day, v.planned_min, v.served_min, v.evidence)
    wanted = (
        select(*columns, SERVICE.c.earn_numerator, SERVICE.c.earn_denominator, PERSON.c.born_on)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(PERSON, PERSON.c.id == v.volunteer_id)
        .where(v.day == day, v.status == "confirmed", v.transfer_id.is_(None))
        .order_by(v.id)
        .limit(VISITS_A_BATCH)
    )
    last = 0
    while rows := _page(session, wanted.where(v.id > last)):
        yield rows
        last = rows[-1].id


def _page(session: Session, wanted: Select[Any]) -> list[Row[Any]]:
    return list(session.connection().execute(wanted))


def _credit(session: Session, book_id: int, rows: list[Row[Any]], now: datetime) -> Credited:
    """Decide, post and mark one batch."""
    people = {row.volunteer_id for row in rows}
    accounts = open_accounts(
        session,
        book_id,
        [{"code": member_code(person), "kind": "member", "person_id": person} for person in sorted(people)],
    )
    issuing = account_id(session, book_id, ISSUANCE)
    decided = [(row, decide_earning(_case(row))) for row in rows]
    postings = [
        Posting(
            book_id=book_id,
            idem_key=f"visit:{row.id}",
            debit_id=issuing,
            credit_id=accounts[member_code(row.volunteer_id)],
            amount_min=decision.minutes,
            reason="earn",
            effective_at=moment_at(row.day, 0),
            decision=decision.to_json(),
        )
        for row, decision in decided
        if decision.allowed
    ]
    posted = post_batch(session, postings, now=now)
    marks = [
        {"visit": int(key.removeprefix("visit:")), "transfer": transfer}
        for key, transfer in posted.transfer_by_key.items()
    ]
    if marks:
        mark = update(VISIT).where(VISIT.c.id == bindparam("visit")).values(transfer_id=bindparam("transfer"))
        session.connection().execute(mark, marks)
    return Credited(posted.posted, sum(posting.amount_min for posting in postings), len(rows) - len(postings))


def _case(row: Row[Any]) -> Case:
    return Case(
        day=row.day,
        giver_age=age_on(row.born_on, row.day),
        planned_min=row.planned_min,
        served_min=row.served_min or 0,
        evidence=row.evidence,
        earn_numerator=row.earn_numerator,
        earn_denominator=row.earn_denominator,
    )

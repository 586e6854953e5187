"""The credit of confirmed visits: decided by the pack of their day, posted once whatever is retried."""

from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, Table, bindparam, select, update
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.database import wait_turn
from timebank.core.errors import BalanceTooHigh, WrongState
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting, post
from timebank.ledger.refusals import AccountClosed
from timebank.needs.tables import Need, Service
from timebank.people.tables import Person
from timebank.rules.decision import Decision, age_on, decide_earning
from timebank.rules.decision import Service as Case
from timebank.visits.life import VISIT, visit_of

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
    """Credit every confirmed visit of a day that has no credit yet; the same again credits nothing.

    A volunteer whose account takes no more minutes is left out; their visits stay without credit and are counted
    as refused, the others of the day are credited.
    """
    wait_turn(session, _turn(book_id))
    total = Credited(0, 0, 0)
    last = 0
    while rows := _page(session, _uncredited().where(VISIT.c.day == day, VISIT.c.id > last)):
        total = Credited(*(a + b for a, b in zip(total, _credit(session, book_id, rows, now), strict=True)))
        last = rows[-1].id
    return total


def credit_visit(session: Session, book_id: int, visit_id: int, *, now: datetime) -> Decision | None:
    """Credit one confirmed visit, exactly as its day would be; returns the decision, or nothing when it has its credit.

    Raises
    ------
    NotFound
        When there is no such visit.
    WrongState
        When it is not confirmed.
    BalanceTooHigh, AccountClosed
        When the volunteer's account takes no more minutes.
    """
    wait_turn(session, _turn(book_id))
    visit = visit_of(session, visit_id)
    if visit.status != "confirmed":
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="confirmed")
    rows = _page(session, _uncredited().where(VISIT.c.id == visit_id))
    if not rows:
        return None
    decided = decide_earning(_case(rows[0]))
    if decided.allowed:
        _mark(session, _post_each(session, _postings(session, book_id, rows), now))
    return decided


def _turn(book_id: int) -> str:
    """Name whose turn is taken: two who credit at once would else meet on the same visits and accounts."""
    return f"credit of book {book_id}"


def _uncredited() -> Select[Any]:
    v = VISIT.c
    columns = (v.id, v.volunteer_id, v.day, v.planned_min, v.served_min, v.evidence)
    return (
        select(*columns, SERVICE.c.earn_numerator, SERVICE.c.earn_denominator, PERSON.c.born_on)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(PERSON, PERSON.c.id == v.volunteer_id)
        .where(v.status == "confirmed", v.transfer_id.is_(None))
        .order_by(v.id)
        .limit(VISITS_A_BATCH)
        .with_for_update(of=VISIT)  # nobody disputes a visit between its decision and its mark
    )


def _page(session: Session, wanted: Select[Any]) -> list[Row[Any]]:
    return list(session.connection().execute(wanted))


def _credit(session: Session, book_id: int, rows: list[Row[Any]], now: datetime) -> Credited:
    """Decide, post and mark one batch; one by one when an account refuses, so that only its own visits wait."""
    postings = _postings(session, book_id, rows)
    try:
        transfers = post_batch(session, postings, now=now).transfer_by_key
    except (AccountClosed, BalanceTooHigh):
        transfers = {}
        for posting in postings:
            with suppress(AccountClosed, BalanceTooHigh):
                transfers |= _post_each(session, [posting], now)
    _mark(session, transfers)
    minutes = sum(posting.amount_min for posting in postings if posting.idem_key in transfers)
    return Credited(len(transfers), minutes, len(rows) - len(transfers))


def _postings(session: Session, book_id: int, rows: list[Row[Any]]) -> list[Posting]:
    """What each visit earns by the pack of its day, with the decision and its reasons; nothing for those refused."""
    earned = _earned(rows)
    people = sorted({volunteer for _, volunteer, _ in earned})
    members = [{"code": member_code(person), "kind": "member", "person_id": person} for person in people]
    accounts = open_accounts(session, book_id, members)
    issuing = account_id(session, book_id, ISSUANCE)
    return [
        Posting(
            book_id=book_id,
            idem_key=f"visit:{visit}",
            debit_id=issuing,
            credit_id=accounts[member_code(volunteer)],
            amount_min=earns.minutes,
            reason="earn",
            effective_at=earns.effective_at,
            decision=earns.decision,
        )
        for visit, volunteer, earns in earned
    ]


class Earned(NamedTuple):
    """What visits of equal facts earn: minutes, the moment it counts from, and the decision as it is stored."""

    minutes: int
    effective_at: datetime
    decision: dict[str, Any]


def _earned(rows: list[Row[Any]]) -> list[tuple[int, int, Earned]]:
    """Visits that earn something, with volunteer and what they earn; a day has few unlike facts, each decided once."""
    earned, known = [], dict[tuple[Any, ...], Earned | None]()
    for row in rows:
        visit, volunteer, day, *given, born_on = tuple(row)  # as they are asked for above
        facts = (day, age_on(born_on, day), *given)
        if facts not in known:
            decision = decide_earning(_case(row))
            known[facts] = Earned(decision.minutes, moment_at(day, 0), decision.to_json()) if decision.allowed else None
        earns = known[facts]
        if earns is not None:
            earned.append((visit, volunteer, earns))
    return earned


def _post_each(session: Session, postings: list[Posting], now: datetime) -> dict[str, int]:
    return {posting.idem_key: post(session, posting, now=now).transfer_id for posting in postings}


def _mark(session: Session, transfer_by_key: dict[str, int]) -> None:
    """Write on each visit the transfer it earned."""
    marks = [
        {"visit": int(key.removeprefix("visit:")), "transfer": transfer} for key, transfer in transfer_by_key.items()
    ]
    if marks:
        mark = update(VISIT).where(VISIT.c.id == bindparam("visit")).values(transfer_id=bindparam("transfer"))
        session.connection().execute(mark, marks)


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

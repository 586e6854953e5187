"""Coins expire first in, first out, as transfers that are posted: never by leaving them out when a balance is read.

No lots are kept. What has expired until a day is all that came in until the cutoff less all that ever went out, never
below nothing and never more than is free. A reversal is an entry as any other: what it gives back has come in on the
day of the reversal, so a member who gets minutes back has their whole term again; what it takes, it takes from the
oldest coins first. What is held does not expire under the hold, and does on the next run once it is free.

A key of the account and the day makes each posting happen once. Accounts come in pages, each a transaction, so a run
that was killed goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, String, cast, exists, func, literal, select
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.database import transaction, wait_turn
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, ENTRY, POOL, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.terms import TRANSFER, Posting
from timebank.rules.findings import Expiry
from timebank.rules.issuing import cutoff_by, expiry_by
from timebank.rules.pack import Pack, pack_in_force

REASON = "expiry"
SINK = "expired"
"""Code of the account that takes what is put out of use."""
ACCOUNTS_A_PAGE = 1000


@dataclass(slots=True)
class Expired:
    """What expired, or would: accounts, minutes, accounts left out because they are frozen; ``cutoff`` empty is never.

    Coins that came in before the cutoff expire.
    """

    pack: str
    cutoff: date | None
    accounts: int = 0
    minutes: int = 0
    frozen: int = 0


def expire_coins(
    engine: Engine, book_id: int, *, day: date, now: datetime, apply: bool = True, page: int = ACCOUNTS_A_PAGE
) -> Expired:
    """Let the coins of members expire that have reached their term on a day, by the pack in force on it.

    Without ``apply`` nothing is written. The same day again takes nothing from an account that gave on that day.

    Raises
    ------
    WrongInput
        For a day that is still to come.
    """
    if day > day_of(now):
        raise WrongInput(field="on", value=day.isoformat(), right=Phrase("right_past_day"))
    pack = pack_in_force(day)
    result = Expired(pack.name, cutoff_by(pack, day))
    if result.cutoff is None:
        return result
    last = 0
    while True:
        with transaction(engine, read_only=not apply) as session:
            if apply:
                wait_turn(session, "expire coins")
            rows = _page(session, book_id, result.cutoff, day, last, page)
            postings = list(_postings(session, book_id, pack, day, rows, apply=apply))
            if apply:
                post_batch(session, postings, now=now)
        result.accounts += len(postings)
        result.minutes += sum(posting.amount_min for posting in postings)
        result.frozen += sum(row.status != "open" for row in rows)
        if len(rows) < page:
            return result
        last = rows[-1].id


def credits_until(cutoff: date) -> ColumnElement[int]:
    """Return all that came into an account before a day: one look into the index of its entries."""
    e = ENTRY.c
    newest = select(e.credits_after_min).where(e.account_id == ACCOUNT.c.id, e.created_at < moment_at(cutoff, 0))
    found = newest.order_by(e.created_at.desc(), e.seq.desc()).limit(1).scalar_subquery()
    return func.coalesce(found, 0)


def _page(session: Session, book_id: int, cutoff: date, day: date, last: int, size: int) -> list[Row[Any]]:
    """Lock the next members' accounts, by number, whose oldest coins have reached their term and are free."""
    a, t = ACCOUNT.c, TRANSFER.c
    came_in = credits_until(cutoff)
    key = literal(f"{REASON}:") + cast(a.id, String) + literal(f":{day.isoformat()}")
    wanted = (
        select(a.id, a.debits, (a.credits - a.debits - a.held).label("available"), a.status, came_in.label("came_in"))
        .where(a.book_id == book_id, a.kind == "member", a.status != "closed", a.id > last)
        .where(came_in > a.debits, a.credits - a.debits - a.held > 0)
        .where(~exists().where(t.book_id == book_id, t.idem_key == key))
        .order_by(a.id)
        .limit(size)
    )
    if not session.connection().get_execution_options().get("read_only"):
        wanted = wanted.with_for_update(of=ACCOUNT)
    return list(session.connection().execute(wanted))


def _postings(
    session: Session, book_id: int, pack: Pack, day: date, rows: list[Row[Any]], *, apply: bool
) -> Iterator[Posting]:
    """Decide what each account gives."""
    target = _target(session, book_id, pack) if apply and rows else 0
    for row in rows:
        if row.status != "open":
            continue
        case = Expiry(day=day, credits_until_min=row.came_in, debits_min=row.debits, available_min=row.available)
        decision = expiry_by(pack, case)
        yield Posting(
            book_id=book_id,
            idem_key=f"{REASON}:{row.id}:{day.isoformat()}",
            debit_id=row.id,
            credit_id=target,
            amount_min=decision.minutes,
            reason=REASON,
            effective_at=moment_at(day, 0),
            decision=decision.to_json(),
        )


def _target(session: Session, book_id: int, pack: Pack) -> int:
    """Return the account that takes what expires; the sink is opened when a pack first wants it."""
    to_sink = pack.value("expiry_to") == "sink"
    code, kind = (SINK, "sink") if to_sink else (POOL, "pool")
    return open_accounts(session, book_id, [{"code": code, "kind": kind}])[code]

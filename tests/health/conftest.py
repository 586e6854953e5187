"""A bank of the small district in which four weeks were saved: who has what, when, and where, known by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from tests.honours.givers import make_plan
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.health.figures import trace
from timebank.health.report import Health, health_of
from timebank.health.terms import read_terms
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.holds import hold
from timebank.ledger.posting import Posting, post
from timebank.planning.tables import Plan
from timebank.visits.tables import Visit

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SINK = "redeemed"


def account(session: Session, world: World, ref: str) -> int:
    """Return the account of a senior or a volunteer, opened when it is new."""
    person = (world.seniors | world.volunteers)[ref]
    code = f"member:{person}"
    return open_accounts(session, world.book, [{"code": code, "kind": "member", "person_id": person}])[code]


def pay(session: Session, world: World, ref: str, minutes: int, days_ago: float, reason: str = "earn") -> int:
    """Post minutes to a member, or from one when they are redeemed; returns the transfer."""
    at = NOW - timedelta(days=days_ago)
    mine, issuing = account(session, world, ref), account_id(session, world.book, ISSUANCE)
    sink = open_accounts(session, world.book, [{"code": SINK, "kind": "sink"}])[SINK]
    debit, credit = (mine, sink) if reason == "redeem" else (issuing, mine)
    posting = Posting(
        book_id=world.book,
        idem_key=f"{ref} {reason} {days_ago} {minutes}",
        debit_id=debit,
        credit_id=credit,
        amount_min=minutes,
        reason=reason,
        effective_at=at,
    )
    return post(session, posting, now=at).transfer_id


def hold_for_service(session: Session, world: World, ref: str, minutes: int) -> int:
    """Hold minutes of a member from yesterday until tomorrow; returns the transfer."""
    sink = open_accounts(session, world.book, [{"code": SINK, "kind": "sink"}])[SINK]
    posting = Posting(
        book_id=world.book,
        idem_key=f"hold {ref}",
        debit_id=account(session, world, ref),
        credit_id=sink,
        amount_min=minutes,
        reason="redeem",
        effective_at=NOW,
        kind="hold",
        expires_at=NOW + timedelta(days=1),
    )
    return hold(session, posting, now=NOW - timedelta(days=1)).transfer_id


def plan_visit(
    session: Session, world: World, ref: str, planned_min: int, *, day: date = MONDAY, status: str = "planned"
) -> None:
    """Put a visit to the next senior into a volunteer's diary."""
    visits = session.exec(select(func.count()).select_from(Visit)).one()
    plan = session.exec(select(Plan.id)).first() or make_plan(session, NOW)
    visit = Visit(
        plan_id=plan,
        need_id=world.needs[f"S{visits + 1}-greeting"],
        volunteer_id=world.volunteers[ref],
        day=day,
        starts_min=540,
        planned_min=planned_min,
        status=status,
    )
    session.add(visit)
    session.flush()


def health(session: Session, world: World, *, now: datetime = NOW) -> Health:
    """Measure the small district's bank by the terms that are shipped."""
    return health_of(session, world.book, "test", now=now, terms=read_terms())


def sums(session: Session, measured: Health) -> dict[str, int]:
    """Return for each figure with lines what its lines sum to."""
    return {
        figure.key: sum(line.minutes for page in trace(session, figure) for line in page)
        for figure in measured.figures
        if not figure.formula
    }


@pytest.fixture
def saved(engine: Engine, world: World) -> World:
    """The small district in which these saved, in minutes.

    Ganquan: S1 (81) 600 and 300 of them redeemed again, S2 (81, in hardship) 120, V1 (61) 400. Zhenru: S5 60, V3 200.
    """
    with transaction(engine) as session:
        pay(session, world, "S1", 600, 30)
        pay(session, world, "V1", 250, 25)
        pay(session, world, "S5", 60, 20)
        pay(session, world, "V3", 200, 10)
        pay(session, world, "S2", 120, 9)
        pay(session, world, "V1", 150, 3)
        pay(session, world, "S1", 300, 2, "redeem")
    return world

"""A volunteer: balance, statement, how the newest credit was counted, and the next visits.

Run it: .venv/bin/python examples/volunteer.py
It builds a small district of its own; give the address of an empty database to build it there instead.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session, select

from timebank.core.clock import day_of
from timebank.core.database import database, transaction
from timebank.core.minutes import format_clock, format_coins
from timebank.demo.run import run_demo
from timebank.ledger.accounts import account_of_person, balance_of, statement
from timebank.ledger.posting import transfer_of
from timebank.people.tables import Volunteer
from timebank.visits.diary import next_visits
from timebank.visits.sight import seen_by_volunteer

NOW = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)


def main(url: str | None = None) -> None:
    """Tell the story on a small district of its own."""
    with TemporaryDirectory() as folder, database(url or f"sqlite:///{Path(folder) / 'district.sqlite'}") as engine:
        run_demo(engine, seed=7, scale=0.02, starts_on=date(2026, 3, 2), now=NOW, progress=lambda *_: None)
        with transaction(engine, read_only=True) as session:
            me = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "V0003")).one()
            tell_account(session, me)
            tell_visits(session, me)


def tell_account(session: Session, me: int) -> None:
    """Print balance, the newest lines of the statement, and which rules counted the first of them."""
    account = account_of_person(session, me)
    balance = balance_of(session, account.id or 0)
    print(f"Balance: {balance.balance_min} min = {format_coins(balance.balance_min)} coins")
    lines = statement(session, account.id or 0, first=5)
    for line in lines:
        what = f"{line.amount_min:+4d} min  {line.reason:6s} -> {line.balance_after_min} min"
        print(f"  {day_of(line.created_at)}  {what}")
    decision = transfer_of(session.connection(), account.book_id, lines[0].transfer_id).decision
    print(f"The newest was counted by the rules {decision['pack']}: {', '.join(decision['reasons'])}")


def tell_visits(session: Session, me: int) -> None:
    """Print the next visits; a home is seen from the day before."""
    print("Next visits:")
    for visit, _need, service, _senior, person, subdistrict, committee in next_visits(
        session, me, from_day=day_of(NOW), first=6
    ):
        seen = seen_by_volunteer(visit, person, now=NOW)
        home = "address shown" if seen.address else "address not yet shown"
        at = format_clock(visit.starts_min)
        print(f"  {visit.day} {at}  {service.name_zh}  {seen.name}, {subdistrict} {committee} ({home})")


if __name__ == "__main__":
    main(*sys.argv[1:2])

"""A volunteer: balance, statement and next visits.

Run it: .venv/bin/python examples/volunteer.py
"""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session, select

from timebank.core.clock import day_of
from timebank.core.database import open_database, transaction
from timebank.core.minutes import format_clock, format_coins
from timebank.demo.run import run_demo
from timebank.ledger.accounts import account_of_person, balance_of, reason_of, statement
from timebank.people.tables import Volunteer
from timebank.visits.diary import next_visits
from timebank.visits.sight import seen_by_volunteer

NOW = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)


def main() -> None:
    """Tell the story on a small district of its own."""
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'district.sqlite'}")
        run_demo(engine, seed=7, scale=0.05, starts_on=date(2026, 3, 2), now=NOW, progress=lambda *_: None)
        with transaction(engine, read_only=True) as session:
            me = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "V0003")).one()
            tell_account(session, me)
            tell_visits(session, me)
        engine.dispose()


def tell_account(session: Session, me: int) -> None:
    """Print balance and the newest lines of the statement."""
    account = account_of_person(session, me).id or 0
    balance = balance_of(session, account)
    print(f"Balance: {balance.balance_min} min = {format_coins(balance.balance_min)} coins")
    lines = statement(session, account, first=5)
    reasons = reason_of(session, [line.transfer_id for line in lines])
    for line in lines:
        what = f"{line.amount_min:+4d} min  {reasons[line.transfer_id]:6s} -> {line.balance_after_min} min"
        print(f"  {day_of(line.created_at)}  {what}")


def tell_visits(session: Session, me: int) -> None:
    """Print the next visits; a home is seen only from the day before."""
    print("Next visits:")
    for visit, _need, service, _senior, person, subdistrict, committee in next_visits(
        session, me, from_day=day_of(NOW), first=5
    ):
        seen = seen_by_volunteer(visit, person, now=NOW)
        home = "address shown" if seen.address else "address not yet shown"
        at = format_clock(visit.starts_min)
        print(f"  {visit.day} {at}  {service.name_zh}  {seen.name}, {subdistrict} {committee} ({home})")


if __name__ == "__main__":
    main()

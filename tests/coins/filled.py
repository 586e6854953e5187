"""A row in every table of coins, for those who look at all tables."""

from typing import Any

from sqlmodel import Session

from tests.coins.conftest import Town
from tests.worlds import MONDAY
from timebank.coins.acts import Act, Payment, acting, pay
from timebank.coins.estates import open_estate
from timebank.coins.gifts import give
from timebank.coins.holders import own_account
from timebank.coins.moves import move
from timebank.coins.tables import CoinGrant, GrantProgramme
from timebank.ledger.accounts import ISSUANCE, account_id, book_id, ensure_book
from timebank.rules.findings import Grant
from timebank.rules.issuing import decide_grant


def fill_coins(session: Session, town: Town) -> None:
    """Redeem, give, grant, share, move and inherit once each."""
    town.family(session, minutes=10)
    town.earn(session, "S1", 200)
    town.book_visit(session)
    people = {"giver_id": town.who("S1"), "taker_id": town.who("S2")}
    give(session, town.act("give", "S1"), **people, minutes=10)
    there = book_id(ensure_book(session, "changning", "长宁", town.noon))
    move(session, town.act("move"), person_id=town.who("S1"), to_book_id=there, minutes=10, has_moved=True)
    town.earn(session, "S3", 10)
    open_estate(session, town.act("died"), town.who("S3"), died_on=MONDAY)
    _grant(session, town, town.act("grant"))


def _grant(session: Session, town: Town, act: Act) -> None:
    """Grant as Nanjing does; Shanghai's pack gives none."""
    case = Grant(day=MONDAY, age=81, in_empty_nest=True, jurisdiction="nanjing")
    with acting(session, act, "grant", {}) as gate:
        to = own_account(session, town.book, town.who("S4"))
        issuing = account_id(session, town.book, ISSUANCE)
        payment = Payment(debit_id=issuing, credit_id=to, minutes=600, reason="grant", decision=decide_grant(case))
        period: dict[str, Any] = {"from_day": MONDAY, "to_day": MONDAY.replace(month=4)}
        amounts: dict[str, Any] = {"amount_min": 600, "budget_min": 600, "used_min": 600}
        programme = GrantProgramme(act_id=gate.act_id, book_id=town.book, name_zh="发放", **amounts, **period)
        session.add(programme)
        session.flush()
        row = CoinGrant(
            book_id=town.book,
            person_id=town.who("S4"),
            programme_id=programme.id or 0,
            act_id=gate.act_id,
            transfer_id=pay(session, act, gate, payment),
            amount_min=600,
        )
        session.add(row)
        session.flush()

"""Accounts are opened once and read at any time: now, then, and page by page."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.ledger.conftest import Pair
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.ledger.accounts import (
    account_id,
    account_of_person,
    balance_at,
    balance_of,
    book_id,
    ensure_book,
    issued_min,
    open_accounts,
    statement,
)
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.tables import Book

HOUR = timedelta(hours=1)


def test_book_is_the_same_when_asked_again(session: Session, pair: Pair, noon: datetime) -> None:
    """Opening it anew would start the district at zero."""
    again = ensure_book(session, "putuo", "another name", noon + HOUR)

    assert (again.id, again.name_zh, again.created_at) == (pair.book, "普陀", noon)


def test_book_without_a_number_is_a_mistake(noon: datetime) -> None:
    """A book that is not stored has no accounts."""
    with pytest.raises(ValueError, match="not stored"):
        book_id(Book(code="x", name_zh="x", created_at=noon))


def test_accounts_that_stand_are_found(session: Session, books: Pair) -> None:
    """Asking again opens nothing and empties nothing."""
    rows: list[dict[str, object]] = [{"code": "anna", "kind": "member"}, {"code": "cai", "kind": "member"}]

    opened = open_accounts(session, books.book, rows)

    assert opened["anna"] == books.anna
    assert open_accounts(session, books.book, rows) == opened
    assert balance_of(session, books.anna).balance_min == 45
    assert open_accounts(session, books.book, []) == {}


@pytest.mark.parametrize("change", [{"kind": "project"}, {"person_id": 7}, {"organisation_id": 7}])
def test_account_of_someone_else_is_not_given(session: Session, pair: Pair, change: dict[str, object]) -> None:
    """Two who use one code for different holders would share their minutes."""
    with pytest.raises(WrongState, match="someone else"):
        open_accounts(session, pair.book, [{"code": "anna", "kind": "member"} | change])


def test_organisation_may_have_a_credit_line(session: Session, pair: Pair, noon: datetime) -> None:
    """The kind of account decides who may go below zero, and how far."""
    line = {"code": "org", "kind": "organisation", "floor_min": -100}
    account = open_accounts(session, pair.book, [line])["org"]

    post(session, pair.spend("a", 100, debit_id=account), now=noon)

    assert balance_of(session, account).balance_min == -100
    assert reconcile(session, pair.book) == []


def test_person_has_one_account(engine: Engine, world: World) -> None:
    """A volunteer who asks for the balance gets the account that was credited."""
    person = world.volunteers["V1"]
    row = {"code": f"member:{person}", "kind": "member", "person_id": person}

    with transaction(engine) as session:
        with pytest.raises(NotFound):
            account_of_person(session, person)
        opened = open_accounts(session, world.book, [row])

        assert account_of_person(session, person).id == opened[f"member:{person}"]


def test_balance_tells_what_is_held(session: Session, books: Pair) -> None:
    """What is promised is still there, and cannot be spent."""
    balance = balance_of(session, books.anna)

    assert (balance.credits_min, balance.debits_min, balance.held_min) == (65, 20, 10)
    assert (balance.balance_min, balance.available_min) == (45, 35)


def test_issued_minutes_are_told(session: Session, books: Pair) -> None:
    """A district reports what it has given out."""
    assert issued_min(session, books.book) == 65


def test_what_is_not_there_is_not_found(session: Session, pair: Pair, noon: datetime) -> None:
    """An unknown account has no balance of zero: it has none, now and at any moment."""
    with pytest.raises(NotFound):
        balance_of(session, 9999)
    with pytest.raises(NotFound):
        balance_at(session, 9999, noon)
    with pytest.raises(NotFound):
        account_id(session, pair.book, "nobody")


def test_balance_of_the_past_stays(session: Session, pair: Pair, noon: datetime) -> None:
    """An auditor asks what an account had then, not what it has now."""
    post(session, pair.earn("a", 60), now=noon)
    post(session, pair.earn("b", 30), now=noon + HOUR)

    assert balance_at(session, pair.anna, noon - HOUR) == 0
    assert balance_at(session, pair.anna, noon) == 60
    assert balance_at(session, pair.anna, noon + HOUR) == 90


def test_clock_that_goes_back_hides_nothing(session: Session, pair: Pair, noon: datetime) -> None:
    """Two servers' clocks differ; entries stay in one order, and the newest balance is the balance."""
    post(session, pair.earn("ahead", 60), now=noon + HOUR)
    post(session, pair.earn("behind", 30), now=noon)
    post_batch(session, [pair.earn("batch", 5)], now=noon)

    moments = [line.created_at for line in statement(session, pair.anna, first=3)]

    assert moments == [noon + HOUR] * 3
    assert balance_at(session, pair.anna, noon) == 0
    assert balance_at(session, pair.anna, noon + HOUR) == balance_of(session, pair.anna).balance_min == 95
    assert reconcile(session, pair.book) == []


def test_statement_pages_by_key(session: Session, pair: Pair, noon: datetime) -> None:
    """Pages follow each other without a gap or a doubled line, also when lines come in between."""
    post_batch(session, [pair.earn(f"k{number}", 10) for number in range(5)], now=noon)
    newest = statement(session, pair.anna, first=3)
    post(session, pair.earn("new", 10), now=noon)
    older = statement(session, pair.anna, first=3, before_seq=newest[-1].seq)

    assert [line.seq for line in newest + older] == [5, 4, 3, 2, 1]
    assert [line.balance_after_min for line in newest + older] == [50, 40, 30, 20, 10]
    assert statement(session, pair.anna, first=1, before_seq=1) == []


def test_statement_says_why(session: Session, books: Pair) -> None:
    """A line without a reason helps no member."""
    lines = statement(session, books.anna, first=100)

    assert [(line.amount_min, line.kind, line.reason) for line in lines] == [
        (-20, "post", "gift"),
        (5, "post", "earn"),
        (60, "post", "earn"),
    ]


@pytest.mark.parametrize("first", [0, 101])
def test_statement_page_is_bounded(session: Session, pair: Pair, first: int) -> None:
    """Every list has a bound."""
    with pytest.raises(ValueError, match="1 to 100"):
        statement(session, pair.anna, first=first)

"""An account is closed when there is nothing in it, and the database itself sees to that."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.coins.conftest import Town
from timebank.coins.closing import close_account
from timebank.coins.holders import account_row, own_account
from timebank.coins.refusals import BalanceLeft, NotByRules, NotTheirs
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.ledger.accounts import POOL, account_id, balance_of, statement
from timebank.ledger.refusals import AccountClosed


def test_rest_goes_to_the_pool_and_history_stays(session: Session, town: Town) -> None:
    """Who leaves gives what is left; every line can be read as before, and nothing comes in any more."""
    account = town.earn(session, "S1", 100)
    with pytest.raises(BalanceLeft) as caught:
        close_account(session, town.act("close", "S1"), town.who("S1"))

    closed = [close_account(session, town.act("end", "S1"), town.who("S1"), rest_to="pool") for _ in range(2)]

    assert (caught.value.balance_min, closed) == (100, [account, account])
    assert account_row(session, account).status == "closed"
    assert balance_of(session, account_id(session, town.book, POOL)).balance_min == 100
    assert [line.amount_min for line in statement(session, account, first=9)] == [-100, 100]
    with pytest.raises(AccountClosed):
        town.earn(session, "S1", 1)
    with pytest.raises(WrongState):
        close_account(session, town.act("again", "S1"), town.who("S1"))


def test_what_is_held_keeps_an_account_open(session: Session, town: Town) -> None:
    """A service that is booked is served or called off first."""
    town.earn(session, "S1", 100)
    town.book_visit(session)

    with pytest.raises(BalanceLeft) as caught:
        close_account(session, town.act("close", "S1"), town.who("S1"), rest_to="pool")

    assert caught.value.held_min == 60


def test_pack_without_a_pool_says_so(session: Session, town: Town) -> None:
    """Before 2026 Shanghai's donations went to people in hardship alone: the rest has to be given there first."""
    town.earn(session, "S1", 100)

    with pytest.raises(NotByRules) as caught:
        close_account(session, town.act("close", "S1", days=-61), town.who("S1"), rest_to="pool")

    assert caught.value.rules == "donation_targets"


def test_account_is_ones_own(session: Session, town: Town) -> None:
    """Nobody closes another's account, or one that is not there; an office does for those who ask."""
    own_account(session, town.book, town.who("S1"))

    with pytest.raises(NotTheirs):
        close_account(session, town.act("close", "S3"), town.who("S1"))
    with pytest.raises(NotFound):
        close_account(session, town.act("close", "S3"), town.who("S3"))
    with pytest.raises(WrongInput):
        close_account(session, town.act("close", "S1"), town.who("S1"), rest_to="me")
    assert close_account(session, town.act("close"), town.who("S1"))


@pytest.mark.parametrize("is_held", [True, False])
def test_database_closes_no_full_account(session: Session, town: Town, *, is_held: bool) -> None:
    """Whoever writes past our code cannot make coins unreachable either."""
    account = town.earn(session, "S1", 60)
    if is_held:
        town.book_visit(session)

    with pytest.raises(DBAPIError, match="nothing in it"), session.begin_nested():
        session.connection().execute(text(f"UPDATE account SET status = 'closed' WHERE id = {account}"))


@pytest.mark.parametrize("table", ["coin_act", "coin_transfer"])
@pytest.mark.parametrize("change", ["UPDATE {} SET act = act", "DELETE FROM {}"])
def test_what_was_done_stays(session: Session, town: Town, table: str, change: str) -> None:
    """Who did what, and which transfers came of it, is never rewritten."""
    town.earn(session, "S1", 60)
    town.book_visit(session)
    column = "kind" if table == "coin_act" else "act_id"
    statement_ = change.format(table).replace("act = act", f"{column} = {column}")

    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.connection().execute(text(statement_))

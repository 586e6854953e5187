"""One posting: balanced, once, and never under the floor."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, WrongInput
from timebank.ledger.accounts import balance_at, balance_of, statement
from timebank.ledger.posting import Posting, post
from timebank.ledger.refusals import AccountClosed

Earn = Callable[..., Posting]


def test_transfer_sums_to_zero(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """What one account gets another gives."""
    with transaction(engine) as session:
        post(session, earn("a"), now=noon)

        assert balance_of(session, pair.anna).balance_min == 60
        assert balance_of(session, pair.issuing).balance_min == -60


def test_same_key_posts_once(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """A lost reply and a retry must not credit twice; the first answer comes again."""
    with transaction(engine) as session:
        first = post(session, earn("a"), now=noon)
    with transaction(engine) as session:
        second = post(session, earn("a"), now=noon)

        assert second == (first.transfer_id, True)
        assert balance_of(session, pair.anna).balance_min == 60


@pytest.mark.parametrize("change", [{"amount_min": 90}, {"reason": "gift"}, {"decision": {"article": "7"}}])
def test_same_key_with_other_content_conflicts(
    engine: Engine, earn: Earn, noon: datetime, change: dict[str, object]
) -> None:
    """Answering other content with the first result would hide a fault of the caller."""
    with transaction(engine) as session:
        post(session, earn("a"), now=noon)

        with pytest.raises(KeyConflict):
            post(session, earn("a", **change), now=noon)


def test_failed_request_burns_no_key(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """Whoever corrects a refused request may use its key again."""
    with transaction(engine) as session:
        with pytest.raises(BalanceTooLow):
            post(session, earn("a", debit_id=pair.anna, credit_id=pair.bo), now=noon)
        post(session, earn("a"), now=noon)

        assert balance_of(session, pair.anna).balance_min == 60


@pytest.mark.parametrize("key", ["", "k" * 201, "k" * 1000])
def test_key_has_bounds(earn: Earn, key: str) -> None:
    """A key without end would fill the index; it is refused before the database is asked."""
    with pytest.raises(WrongInput, match="idem_key"):
        earn(key)


def test_overdraft_is_refused_in_numbers(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """The member hears what is there and what was asked."""
    with transaction(engine) as session:
        post(session, earn("a", 30), now=noon)

        with pytest.raises(BalanceTooLow) as caught:
            post(session, earn("b", 31, debit_id=pair.anna, credit_id=pair.bo), now=noon)

    assert (caught.value.available_min, caught.value.amount_min) == (30, 31)


def test_last_minute_can_be_spent(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """The floor is reached, not passed."""
    with transaction(engine) as session:
        post(session, earn("a", 30), now=noon)
        post(session, earn("b", 30, debit_id=pair.anna, credit_id=pair.bo), now=noon)

        assert balance_of(session, pair.anna).available_min == 0


def test_ceiling_is_kept(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """A stored cap is a rule of several cities."""
    with transaction(engine) as session, pytest.raises(BalanceTooHigh) as caught:
        post(session, earn("a", 1001, credit_id=pair.bo), now=noon)

    assert caught.value.ceiling_min == 1000


def test_frozen_account_takes_nothing(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """An account under question stands still."""
    with transaction(engine) as session:
        session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE id = :id"), {"id": pair.anna})

        with pytest.raises(AccountClosed):
            post(session, earn("a"), now=noon)


def test_statement_pages_by_key(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """Pages follow each other without a gap or a doubled line."""
    with transaction(engine) as session:
        for number in range(5):
            post(session, earn(f"k{number}", 10), now=noon)
        newest = statement(session, pair.anna, first=3)
        older = statement(session, pair.anna, first=3, before_seq=newest[-1].seq)

    assert [line.seq for line in newest + older] == [5, 4, 3, 2, 1]
    assert [line.balance_after_min for line in newest + older] == [50, 40, 30, 20, 10]


@pytest.mark.parametrize("first", [0, 101])
def test_statement_page_is_bounded(engine: Engine, pair: Pair, first: int) -> None:
    """Every list has a bound."""
    with transaction(engine, read_only=True) as session, pytest.raises(ValueError, match="1 to 100"):
        statement(session, pair.anna, first=first)


def test_balance_of_the_past_stays(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """An auditor asks what an account had then, not what it has now."""
    later = noon.replace(hour=8)
    with transaction(engine) as session:
        post(session, earn("a", 60), now=noon)
        post(session, earn("b", 30), now=later)

        assert balance_at(session, pair.anna, noon) == 60
        assert balance_at(session, pair.anna, later) == 90
        assert balance_at(session, pair.anna, noon.replace(hour=1)) == 0


def test_unknown_account_is_not_found(engine: Engine) -> None:
    """Asking for what is not there is a refusal, not a fault."""
    with transaction(engine, read_only=True) as session, pytest.raises(NotFound):
        balance_of(session, 99)

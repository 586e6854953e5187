"""One posting: balanced, once, and never under the floor."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.conftest import NOON
from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, WrongInput
from timebank.ledger.accounts import ISSUANCE, account_id, balance_of, book_id, ensure_book, open_accounts
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AccountClosed


def test_transfer_sums_to_zero(session: Session, pair: Pair, noon: datetime) -> None:
    """What one account gets another gives."""
    post(session, pair.earn("a"), now=noon)

    assert balance_of(session, pair.anna).balance_min == 60
    assert balance_of(session, pair.issuing).balance_min == -60


def test_same_key_posts_once(engine: Engine, pair: Pair, noon: datetime) -> None:
    """A lost reply and a retry must not credit twice; the first answer comes again."""
    with transaction(engine) as session:
        first = post(session, pair.earn("a"), now=noon)
    with transaction(engine) as session:
        second = post(session, pair.earn("a"), now=noon + timedelta(days=400))

        assert second == (first.transfer_id, True)
        assert balance_of(session, pair.anna).balance_min == 60


@pytest.mark.parametrize(
    "change",
    [
        {"amount_min": 90},
        {"reason": "gift"},
        {"decision": {"article": "7"}},
        {"effective_at": NOON + timedelta(days=1)},
        {"debit_id": 3, "credit_id": 1},
    ],
)
def test_same_key_with_other_content_conflicts(
    session: Session, pair: Pair, noon: datetime, change: dict[str, Any]
) -> None:
    """Answering other content with the first result would hide a fault of the caller."""
    post(session, pair.earn("a"), now=noon)

    with pytest.raises(KeyConflict):
        post(session, pair.earn("a", **change), now=noon)


def test_refused_request_burns_no_key(session: Session, pair: Pair, noon: datetime) -> None:
    """Whoever corrects a refused request may use its key again."""
    with pytest.raises(BalanceTooLow):
        post(session, pair.spend("a"), now=noon)
    post(session, pair.earn("a"), now=noon)

    assert balance_of(session, pair.anna).balance_min == 60


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"key": ""}, "idem_key"),
        ({"key": "k" * 201}, "idem_key"),
        ({"key": "a\0b"}, "idem_key"),
        ({"key": "\ud800"}, "idem_key"),
        ({"key": "expire:4"}, "idem_key"),
        ({"reason": ""}, "reason"),
        ({"reason": "r" * 25}, "reason"),
        ({"amount_min": 0}, "amount_min"),
        ({"amount_min": -1}, "amount_min"),
        ({"amount_min": 1.5}, "amount_min"),
        ({"amount_min": True}, "amount_min"),
        ({"amount_min": 1_000_000_001}, "amount_min"),
        ({"credit_id": 1}, "credit_id"),
    ],
)
def test_impossible_posting_is_refused(part: dict[str, Any], field: str) -> None:
    """What the databases would round, cut or store unlike each other never reaches them."""
    pair = Pair(book=1, issuing=1, anna=3, bo=4)

    with pytest.raises(WrongInput) as caught:
        pair.earn(**({"key": "a"} | part))

    assert caught.value.field == field


@pytest.mark.parametrize("moment", ["effective_at", "expires_at"])
def test_moment_needs_its_zone(moment: str) -> None:
    """The same row would have another hash on a machine in another zone."""
    pair = Pair(book=1, issuing=1, anna=3, bo=4)

    naive: dict[str, Any] = {moment: datetime(2026, 3, 2)}  # noqa: DTZ001  # the fault under test

    with pytest.raises(ValueError, match="needs its time zone"):
        pair.earn("a", **naive)


@pytest.mark.parametrize("key", ["k", "k" * 200, "幂等键 7"])
def test_key_within_its_bounds_is_kept(session: Session, pair: Pair, noon: datetime, key: str) -> None:
    """The longest key, and one in Chinese, find their transfer again."""
    first = post(session, pair.earn(key), now=noon)

    assert post(session, pair.earn(key), now=noon) == (first.transfer_id, True)


def test_keys_belong_to_their_book(session: Session, pair: Pair, noon: datetime) -> None:
    """Two districts number their visits alike; neither may take the other's keys."""
    other = book_id(ensure_book(session, "jingan", "静安", noon))
    account = open_accounts(session, other, [{"code": "cai", "kind": "member"}])["cai"]
    there = {"book_id": other, "debit_id": account_id(session, other, ISSUANCE), "credit_id": account}

    here = post(session, pair.earn("visit:1"), now=noon)

    elsewhere = post(session, pair.earn("visit:1", 5, **there), now=noon)

    assert (elsewhere.is_replay, elsewhere.transfer_id == here.transfer_id) == (False, False)
    assert (reconcile(session, pair.book), reconcile(session, other)) == ([], [])


@pytest.mark.parametrize("kind", ["hold", "capture", "void", "expire", "reverse"])
def test_other_kinds_have_their_own_way(session: Session, pair: Pair, noon: datetime, kind: str) -> None:
    """A hold posted bare would hold nothing and could never end."""
    with pytest.raises(WrongInput, match="a way of their own"):
        post(session, pair.earn("a", kind=kind), now=noon)


def test_account_of_another_book_is_refused(session: Session, pair: Pair, noon: datetime) -> None:
    """Neither a foreign account nor one that does not exist can be credited; the refusal names it."""
    other = book_id(ensure_book(session, "jingan", "静安", noon))
    stranger = account_id(session, other, ISSUANCE)

    for account in (stranger, 9999):
        with pytest.raises(AccountClosed) as caught:
            post(session, pair.earn("a", credit_id=account), now=noon)
        assert caught.value.account_id == account

    assert balance_of(session, pair.issuing).debits_min == 0


def test_failing_transaction_leaves_nothing(engine: Engine, pair: Pair, noon: datetime) -> None:
    """A credit and what it is for are stored together or not at all."""
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        post(session, pair.earn("a"), now=noon)
        _ = 1 // 0

    with transaction(engine) as session:
        assert balance_of(session, pair.anna).credits_min == 0
        assert post(session, pair.earn("a"), now=noon).is_replay is False


def test_refusal_leaves_the_rest_of_the_transaction(session: Session, pair: Pair, noon: datetime) -> None:
    """A caller may hear a no and go on with other work."""
    post(session, pair.earn("a", 30), now=noon)
    with pytest.raises(BalanceTooLow):
        post(session, pair.spend("b", 31), now=noon)
    post(session, pair.spend("c", 30), now=noon)

    assert balance_of(session, pair.bo).balance_min == 30
    assert reconcile(session, pair.book) == []


def test_overdraft_is_refused_in_numbers(session: Session, pair: Pair, noon: datetime) -> None:
    """The member hears what is there and what was asked."""
    post(session, pair.earn("a", 30), now=noon)

    with pytest.raises(BalanceTooLow) as caught:
        post(session, pair.spend("b", 31), now=noon)

    assert (caught.value.account_id, caught.value.available_min, caught.value.amount_min) == (pair.anna, 30, 31)


def test_last_minute_can_be_spent(session: Session, pair: Pair, noon: datetime) -> None:
    """The floor is reached, not passed."""
    post(session, pair.earn("a", 30), now=noon)
    post(session, pair.spend("b", 30), now=noon)

    assert balance_of(session, pair.anna).available_min == 0


def test_ceiling_is_kept(session: Session, pair: Pair, noon: datetime) -> None:
    """A stored cap is a rule of several cities: reached, not passed."""
    with pytest.raises(BalanceTooHigh) as caught:
        post(session, pair.earn("a", 1001, credit_id=pair.bo), now=noon)
    post(session, pair.earn("a", 1000, credit_id=pair.bo), now=noon)

    assert (caught.value.ceiling_min, caught.value.amount_min) == (1000, 1001)


@pytest.mark.parametrize("state", ["frozen", "closed"])
@pytest.mark.parametrize("side", ["debit_id", "credit_id"])
def test_account_that_is_not_open_takes_nothing(
    session: Session, books: Pair, noon: datetime, state: str, side: str
) -> None:
    """An account under question, or one whose holder has left, stands still, whether it would give or take."""
    (account,) = open_accounts(session, books.book, [{"code": "cai", "kind": "member"}]).values()
    session.connection().execute(text(f"UPDATE account SET status = '{state}' WHERE code = 'cai'"))

    with pytest.raises(AccountClosed):
        post(session, books.spend("x", **{side: account}), now=noon)

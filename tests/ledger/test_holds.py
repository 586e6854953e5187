"""Holds end once, and what is held cannot be spent; reversals happen once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.conftest import NOON
from tests.ledger.conftest import Pair
from timebank.core.errors import BalanceTooLow, KeyConflict, NotFound, WrongInput, WrongState
from timebank.ledger.accounts import ISSUANCE, account_id, balance_of, book_id, ensure_book, open_accounts
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AccountClosed, AlreadyResolved, AlreadyReversed, HoldExpired

DAY = timedelta(days=1)


def test_held_minutes_cannot_be_spent(session: Session, books: Pair, noon: datetime) -> None:
    """A booking that is promised must not be spent elsewhere: of 45 minutes 10 are held."""
    with pytest.raises(BalanceTooLow):
        post(session, books.spend("x", 36), now=noon)
    post(session, books.spend("y", 35), now=noon)

    assert balance_of(session, books.anna).available_min == 0
    assert reconcile(session, books.book) == []


def test_capture_moves_what_was_held(session: Session, books: Pair, noon: datetime) -> None:
    """A completed service is paid from its hold."""
    capture(session, books.book, books.held, idem_key="done", now=noon)

    assert balance_of(session, books.bo).balance_min == 30
    assert balance_of(session, books.anna).held_min == 0
    assert balance_of(session, books.anna).available_min == 35
    assert reconcile(session, books.book) == []


def test_hold_ends_once(session: Session, books: Pair, noon: datetime) -> None:
    """Capture and void of the same hold cannot both succeed."""
    void(session, books.book, books.held, idem_key="no", now=noon)

    with pytest.raises(AlreadyResolved):
        capture(session, books.book, books.held, idem_key="yes", now=noon)
    assert balance_of(session, books.anna).available_min == 45
    assert reconcile(session, books.book) == []


def test_expired_hold_cannot_be_captured(session: Session, books: Pair, noon: datetime) -> None:
    """The moment decides, even when the sweep is late."""
    with pytest.raises(HoldExpired):
        capture(session, books.book, books.held, idem_key="late", now=noon + DAY)

    assert expire_due(session, books.book, now=noon + DAY) == 1
    assert expire_due(session, books.book, now=noon + DAY) == 0
    assert balance_of(session, books.anna).available_min == 45
    assert reconcile(session, books.book) == []


@pytest.mark.parametrize(
    "part", [{"expires_at": NOON}, {"expires_at": None}, {"kind": "post", "expires_at": NOON + DAY}]
)
def test_hold_needs_an_end(session: Session, books: Pair, noon: datetime, part: dict[str, Any]) -> None:
    """A hold without end would lock minutes for ever; a refused one leaves its key free."""
    with pytest.raises(WrongInput, match="expires_at"):
        hold(session, books.spend("h", **({"kind": "hold"} | part)), now=noon)

    assert hold(session, books.spend("h", kind="hold", expires_at=noon + DAY), now=noon).is_replay is False


def test_reversal_happens_once(session: Session, books: Pair, noon: datetime) -> None:
    """A correction is an opposite posting; a second one would take the minutes twice."""
    reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon)

    with pytest.raises(AlreadyReversed):
        reverse(session, books.book, books.given, idem_key="r2", reason="mistake", now=noon)
    assert balance_of(session, books.anna).balance_min == 65
    assert reconcile(session, books.book) == []


def test_captured_minutes_can_be_given_back(session: Session, books: Pair, noon: datetime) -> None:
    """A capture is a movement like any other, and reversed like one."""
    captured = capture(session, books.book, books.held, idem_key="done", now=noon)

    reverse(session, books.book, captured.transfer_id, idem_key="r", reason="mistake", now=noon)

    assert balance_of(session, books.anna).available_min == 45
    assert reconcile(session, books.book) == []


def test_retry_of_a_hold_replays_after_its_moment(session: Session, pair: Pair, noon: datetime) -> None:
    """A lost reply is asked for again whenever it comes; the first answer stands."""
    post(session, pair.earn("a"), now=noon)
    ask = pair.spend("h", kind="hold", expires_at=noon + DAY)
    first = hold(session, ask, now=noon)

    assert hold(session, ask, now=noon + 2 * DAY) == (first.transfer_id, True)
    assert balance_of(session, pair.anna).held_min == 10


def test_retries_of_endings_replay_later(session: Session, books: Pair, noon: datetime) -> None:
    """A capture and a reversal take effect when they are posted; a retry comes later and is still the same."""
    captured = capture(session, books.book, books.held, idem_key="done", now=noon)
    taken_back = reverse(session, books.book, books.given, idem_key="back", reason="mistake", now=noon)
    late = noon + 2 * DAY

    assert capture(session, books.book, books.held, idem_key="done", now=late) == (captured.transfer_id, True)
    assert reverse(session, books.book, books.given, idem_key="back", reason="mistake", now=late) == (
        taken_back.transfer_id,
        True,
    )
    assert balance_of(session, books.bo).balance_min == 10
    assert reconcile(session, books.book) == []


@pytest.mark.parametrize("hours", [1, 48])
def test_key_of_another_ending_conflicts(session: Session, books: Pair, noon: datetime, hours: int) -> None:
    """The key of a gift is not the key of a capture, before the hold's moment and after."""
    with pytest.raises(KeyConflict):
        capture(session, books.book, books.held, idem_key="c", now=noon + timedelta(hours=hours))


def test_too_much_is_not_held(session: Session, books: Pair, noon: datetime) -> None:
    """Minutes are promised once: 35 of 45 are free."""
    ask = books.spend("h", 36, kind="hold", expires_at=noon + DAY)

    with pytest.raises(BalanceTooLow) as caught:
        hold(session, ask, now=noon)

    assert (caught.value.available_min, caught.value.amount_min) == (35, 36)
    assert reconcile(session, books.book) == []


def test_hold_for_another_book_is_refused(session: Session, books: Pair, noon: datetime) -> None:
    """It could be captured by nobody."""
    other = account_id(session, book_id(ensure_book(session, "jingan", "静安", noon)), ISSUANCE)

    with pytest.raises(AccountClosed):
        hold(session, books.spend("h", kind="hold", expires_at=noon + DAY, credit_id=other), now=noon)


def test_only_a_hold_can_end(session: Session, books: Pair, noon: datetime) -> None:
    """Ending a post would free minutes that nobody held."""
    with pytest.raises(WrongState, match="a hold"):
        void(session, books.book, books.given, idem_key="v", now=noon)
    with pytest.raises(NotFound):
        void(session, books.book + 1, books.held, idem_key="v", now=noon)


def test_only_what_moved_is_reversed(session: Session, books: Pair, noon: datetime) -> None:
    """A hold is voided, and a reversal is not reversed."""
    back = reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon)

    for transfer in (books.held, back.transfer_id):
        with pytest.raises(WrongState, match="a post or a capture"):
            reverse(session, books.book, transfer, idem_key="x", reason="mistake", now=noon)


def test_spent_minutes_are_not_taken_back(session: Session, books: Pair, noon: datetime) -> None:
    """A correction may not push a member below zero either."""
    with pytest.raises(BalanceTooLow):
        reverse(session, books.book, books.earned, idem_key="r", reason="mistake", now=noon)

    assert balance_of(session, books.anna).balance_min == 45
    assert reconcile(session, books.book) == []


def test_frozen_account_lets_go_of_its_holds(session: Session, books: Pair, noon: datetime) -> None:
    """A hold on an account under question would otherwise stop every sweep, for everyone."""
    session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE code = 'anna'"))

    with pytest.raises(AccountClosed):
        capture(session, books.book, books.held, idem_key="done", now=noon)
    assert expire_due(session, books.book, now=noon + DAY) == 1
    assert balance_of(session, books.anna).held_min == 0
    assert reconcile(session, books.book) == []


def test_sweep_keeps_to_its_book(session: Session, books: Pair, noon: datetime) -> None:
    """A due hold of another book neither stops the sweep nor is freed by it."""
    other = book_id(ensure_book(session, "jingan", "静安", noon))
    there = open_accounts(session, other, [{"code": "cai", "kind": "member"}, {"code": "du", "kind": "member"}])
    issuing = account_id(session, other, ISSUANCE)
    post(session, books.earn("a", book_id=other, debit_id=issuing, credit_id=there["cai"]), now=noon)
    parts = {"book_id": other, "debit_id": there["cai"], "credit_id": there["du"]}
    hold(session, books.spend("h", kind="hold", expires_at=noon + DAY / 2, **parts), now=noon)

    assert expire_due(session, books.book, now=noon + DAY) == 1
    assert balance_of(session, there["cai"]).held_min == 10
    assert expire_due(session, other, now=noon + DAY) == 1


def test_sweep_is_bounded_and_ordered(session: Session, books: Pair, noon: datetime) -> None:
    """One sweep never locks the books for long; the earliest moment comes first."""
    early = hold(session, books.spend("h", 5, kind="hold", expires_at=noon + DAY / 2), now=noon).transfer_id

    assert expire_due(session, books.book, now=noon + DAY, most=1) == 1
    with pytest.raises(AlreadyResolved):
        void(session, books.book, early, idem_key="v", now=noon + DAY)
    assert balance_of(session, books.anna).held_min == 10


def test_hold_is_free_until_its_moment(session: Session, books: Pair, noon: datetime) -> None:
    """The last second still counts; the moment itself does not."""
    assert expire_due(session, books.book, now=noon + DAY - timedelta(seconds=1)) == 0

    captured = capture(session, books.book, books.held, idem_key="done", now=noon + DAY - timedelta(seconds=1))

    assert captured.is_replay is False

"""Holds end once, and what is held cannot be spent; reversals happen once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, WrongInput
from timebank.ledger.accounts import balance_of
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AlreadyResolved, AlreadyReversed, HoldExpired

Earn = Callable[..., Posting]
DAY = timedelta(days=1)


@pytest.fixture
def held(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> int:
    """Anna has 60 minutes, and 40 of them are held for Bo until tomorrow; the hold's id."""
    ask = earn("hold", 40, debit_id=pair.anna, credit_id=pair.bo, kind="hold", expires_at=noon + DAY)
    with transaction(engine) as session:
        post(session, earn("a", 60), now=noon)
        return hold(session, ask, now=noon).transfer_id


def test_held_minutes_cannot_be_spent(engine: Engine, pair: Pair, earn: Earn, noon: datetime, held: int) -> None:
    """A booking that is promised must not be spent elsewhere."""
    with transaction(engine) as session:
        assert balance_of(session, pair.anna).available_min == 20
        with pytest.raises(BalanceTooLow):
            post(session, earn("b", 21, debit_id=pair.anna, credit_id=pair.bo), now=noon)

    assert held > 0


def test_capture_moves_what_was_held(engine: Engine, pair: Pair, noon: datetime, held: int) -> None:
    """A completed service is paid from its hold, and only once."""
    with transaction(engine) as session:
        capture(session, pair.book, held, idem_key="done", now=noon)

        assert balance_of(session, pair.bo).balance_min == 40
        assert balance_of(session, pair.anna).available_min == 20
        assert reconcile(session, pair.book) == []


def test_hold_ends_once(engine: Engine, pair: Pair, noon: datetime, held: int) -> None:
    """Capture and void of the same hold cannot both succeed."""
    with transaction(engine) as session:
        void(session, pair.book, held, idem_key="no", now=noon)

        with pytest.raises(AlreadyResolved):
            capture(session, pair.book, held, idem_key="yes", now=noon)
        assert balance_of(session, pair.anna).available_min == 60
        assert reconcile(session, pair.book) == []


def test_expired_hold_cannot_be_captured(engine: Engine, pair: Pair, noon: datetime, held: int) -> None:
    """The moment decides, even when the sweep is late."""
    with transaction(engine) as session:
        with pytest.raises(HoldExpired):
            capture(session, pair.book, held, idem_key="late", now=noon + DAY)

        assert expire_due(session, pair.book, now=noon + DAY) == 1
        assert expire_due(session, pair.book, now=noon + DAY) == 0
        assert balance_of(session, pair.anna).available_min == 60


def test_hold_needs_an_end(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """A hold without end would lock minutes for ever."""
    ask = earn("hold", 40, debit_id=pair.anna, credit_id=pair.bo, kind="hold", expires_at=noon)

    with transaction(engine) as session, pytest.raises(WrongInput, match="ends after now"):
        hold(session, ask, now=noon)


def test_reversal_happens_once(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """A correction is an opposite posting; a second one would take the minutes twice."""
    with transaction(engine) as session:
        first = post(session, earn("a", 60), now=noon)
        reverse(session, pair.book, first.transfer_id, idem_key="r", reason="mistake", now=noon)

        with pytest.raises(AlreadyReversed):
            reverse(session, pair.book, first.transfer_id, idem_key="r2", reason="mistake", now=noon)
        assert balance_of(session, pair.anna).balance_min == 0
        assert reconcile(session, pair.book) == []

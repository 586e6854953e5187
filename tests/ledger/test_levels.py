"""Soft limits warn and never refuse: a notice for each crossing, once, however often anyone looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.errors import WrongInput
from timebank.ledger.accounts import balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.levels import Looked, has_waiting, look, notices, set_level
from timebank.ledger.posting import post

HOUR = timedelta(hours=1)


def crossings(session: Session, pair: Pair, **asked: Any) -> list[tuple[str, int, int]]:
    """Return side, level and balance of each notice, oldest first."""
    found = notices(session, pair.book, first=100, **asked)
    return [(one.side, one.level_min, one.balance_min) for one in found][::-1]


def test_crossing_is_noticed_once(session: Session, pair: Pair, noon: datetime) -> None:
    """A member who stays over the level is told once, and again when they come over it again."""
    set_level(session, pair.book, kind="member", low_min=20, high_min=100, now=noon)
    for posting in (pair.earn("a", 120), pair.earn("b", 5), pair.spend("c", 110)):
        post(session, posting, now=noon)

    first, again = look(session, pair.book, now=noon), look(session, pair.book, now=noon)

    assert (first, again) == (Looked(2, 3), Looked(0, 0))
    assert crossings(session, pair, account=pair.anna) == [("high", 100, 120), ("low", 20, 15)]
    assert crossings(session, pair, account=pair.bo) == [("high", 100, 110)]


def test_level_refuses_nothing(session: Session, pair: Pair, noon: datetime) -> None:
    """It is the floor that refuses; the level warns before."""
    set_level(session, pair.book, kind="member", low_min=50, high_min=None, now=noon)
    post(session, pair.earn("a", 60), now=noon)

    post(session, pair.spend("b", 60), now=noon)

    assert balance_of(session, pair.anna).balance_min == 0
    assert look(session, pair.book, now=noon).notices == 1


def test_batch_and_single_postings_are_noticed_alike(session: Session, pair: Pair, noon: datetime) -> None:
    """A crossing is found in the entries, so a balance that went over and back within one batch is told too."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=100, now=noon)

    post_batch(session, [pair.earn("a", 120), pair.spend("b", 60), pair.earn("c", 60)], now=noon)
    look(session, pair.book, now=noon)

    assert crossings(session, pair) == [("high", 100, 120), ("high", 100, 120)]


def test_level_of_an_account_goes_before_that_of_its_kind(session: Session, pair: Pair, noon: datetime) -> None:
    """Someone who saves for a purpose is left in peace, or watched more closely."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=10, now=noon)
    set_level(session, pair.book, account=pair.anna, low_min=None, high_min=500, now=noon)
    post(session, pair.earn("a", 120), now=noon)
    post(session, pair.spend("b", 20), now=noon)

    look(session, pair.book, now=noon)

    assert crossings(session, pair) == [("high", 10, 20)]


def test_new_level_leaves_the_past_alone(session: Session, books: Pair, noon: datetime) -> None:
    """Setting a level does not flood people with what happened before it."""
    set_level(session, books.book, kind="member", low_min=50, high_min=None, now=noon + HOUR)
    look(session, books.book, now=noon + HOUR)
    post(session, books.earn("up", 100), now=noon + HOUR)
    post(session, books.spend("down", 99), now=noon + HOUR)

    look(session, books.book, now=noon + HOUR)

    assert crossings(session, books) == [("low", 50, 46)]


def test_level_that_is_changed_counts_from_then_on(session: Session, pair: Pair, noon: datetime) -> None:
    """What was posted before the change is looked at by what held before."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=50, now=noon)
    post(session, pair.earn("a", 60), now=noon)

    set_level(session, pair.book, kind="member", low_min=None, high_min=200, now=noon + HOUR)
    post(session, pair.earn("b", 60), now=noon + HOUR)
    look(session, pair.book, now=noon + HOUR)

    assert crossings(session, pair) == [("high", 50, 60)]


def test_level_can_be_taken_away(session: Session, pair: Pair, noon: datetime) -> None:
    """Without numbers nobody is warned any more."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=50, now=noon)
    set_level(session, pair.book, kind="member", low_min=None, high_min=None, now=noon)
    post(session, pair.earn("a", 60), now=noon)

    assert look(session, pair.book, now=noon) == Looked(0, 0)
    assert crossings(session, pair) == []


def test_look_is_bounded_and_goes_on(session: Session, pair: Pair, noon: datetime) -> None:
    """A tick of the worker does a part; the next one does the rest."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=5, now=noon)
    post_batch(session, [pair.earn("a", 60), pair.spend("b", 20)], now=noon)

    assert look(session, pair.book, now=noon, most=1) == Looked(1, 1)
    assert look(session, pair.book, now=noon, most=1) == Looked(1, 1)
    assert not has_waiting(session, pair.book)


def test_notices_come_in_pages(session: Session, pair: Pair, noon: datetime) -> None:
    """Newest first, each once."""
    set_level(session, pair.book, kind="member", low_min=None, high_min=5, now=noon)
    post_batch(session, [pair.earn("a", 60), pair.spend("b", 20)], now=noon)
    look(session, pair.book, now=noon)

    (newest,) = notices(session, pair.book, first=1)
    (older,) = notices(session, pair.book, first=1, before=newest.id)

    assert {newest.account_id, older.account_id} == {pair.anna, pair.bo}
    assert notices(session, pair.book, first=1, before=older.id) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": None}, "one account, or one kind"),
        ({"kind": "member", "account": 1}, "one account, or one kind"),
        ({"kind": "children"}, "member, organisation, project"),
        ({"kind": "member", "low_min": 5, "high_min": 5}, "a low level below the high one"),
    ],
)
def test_level_that_cannot_be_is_refused(
    session: Session, pair: Pair, noon: datetime, changes: dict[str, Any], words: str
) -> None:
    """A level of nobody, or one that is always crossed, is a slip."""
    with pytest.raises(WrongInput, match=words):
        set_level(session, pair.book, **({"low_min": 1, "high_min": None, "now": noon} | changes))


@pytest.mark.parametrize("first", [0, 101])
def test_page_of_notices_is_bounded(session: Session, pair: Pair, first: int) -> None:
    """Every list has a bound."""
    with pytest.raises(ValueError, match="1 to 100"):
        notices(session, pair.book, first=first)

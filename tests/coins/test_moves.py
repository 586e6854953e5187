"""Coins move to another district's book: the same out of one as into the other."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.coins.conftest import OFFICE, Town
from tests.together import at_once
from timebank.coins.acts import transfers_of
from timebank.coins.closing import close_account
from timebank.coins.holders import require_account
from timebank.coins.moves import book_named, move, unsettled
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.ledger.accounts import account_id, account_of_person, balance_of, book_id, ensure_book
from timebank.ledger.reconcile import reconcile


def other_book(session: Session, town: Town) -> int:
    """Open the book of another district."""
    return book_id(ensure_book(session, "changning", "长宁", town.noon))


def moved(session: Session, town: Town, there: int, key: str = "move", **changes: Any) -> int:
    """Let S1 move an hour there, where she lives now; returns the act."""
    parts: dict[str, Any] = {"person_id": town.who("S1"), "to_book_id": there, "minutes": 60, "has_moved": True}
    return move(session, town.act(key, "S1"), **(parts | changes)).act_id


def test_what_leaves_one_book_is_in_the_other(session: Session, town: Town) -> None:
    """Nothing is made and nothing lost: each book's account for the other says the same, the other way round."""
    town.earn(session, "S1", 100)
    there = other_book(session, town)

    act = [moved(session, town, there) for _ in range(2)]

    sides = (account_id(session, town.book, "settlement:changning"), account_id(session, there, "settlement:test"))
    assert act[0] == act[1]
    assert town.has(session, "S1") == (40, 0)
    assert balance_of(session, require_account(session, there, town.who("S1"))).balance_min == 60
    assert [balance_of(session, side).balance_min for side in sides] == [60, -60]
    assert len(transfers_of(session, act[0])) == 2
    assert (unsettled(session), reconcile(session, there)) == ([], [])


def test_coins_come_back(session: Session, town: Town) -> None:
    """Who returns brings the coins back, and the two books owe each other nothing."""
    town.earn(session, "S1", 100)
    there = other_book(session, town)
    moved(session, town, there)

    move(
        session,
        town.act("back", "S1", book_id=there),
        person_id=town.who("S1"),
        to_book_id=town.book,
        minutes=60,
        has_moved=True,
    )

    assert town.has(session, "S1") == (100, 0)
    assert balance_of(session, account_id(session, town.book, "settlement:changning")).balance_min == 0
    assert unsettled(session) == []


def test_account_of_one_who_has_moved_is_the_new_one(session: Session, town: Town) -> None:
    """Once the old account is closed, whoever asks for theirs is shown the one they have."""
    old = town.earn(session, "S1", 60)
    there = other_book(session, town)
    before = account_of_person(session, town.who("S1")).id
    moved(session, town, there)
    close_account(session, town.act("close", "S1"), town.who("S1"))

    assert before == old
    assert account_of_person(session, town.who("S1")).book_id == there


@pytest.mark.parametrize(
    ("changes", "rules"),
    [({"has_moved": False}, "moving"), ({"has_moved": None}, "moving"), ({"minutes": 101}, "balance")],
)
def test_pack_says_who_moves(session: Session, town: Town, changes: dict[str, Any], rules: str) -> None:
    """Along with the home, and no more than there is; else nothing leaves either book."""
    town.earn(session, "S1", 100)
    there = other_book(session, town)

    with pytest.raises(NotByRules) as caught:
        moved(session, town, there, **changes)

    assert caught.value.rules == rules
    assert town.has(session, "S1") == (100, 0)


def test_move_is_ones_own_and_goes_somewhere(session: Session, town: Town) -> None:
    """Nobody moves another's coins, to the same book, or to none."""
    town.earn(session, "S1", 100)
    there = other_book(session, town)

    with pytest.raises(NotTheirs):
        move(session, town.act("m", "S3"), person_id=town.who("S1"), to_book_id=there, minutes=1, has_moved=True)
    with pytest.raises(WrongInput):
        moved(session, town, town.book)
    with pytest.raises(NotFound):
        moved(session, town, there + 1)
    with pytest.raises(NotFound):
        move(session, town.act("m"), person_id=town.who("S3"), to_book_id=there, minutes=1, has_moved=True)
    with pytest.raises(NotFound):
        book_named(session, "nowhere")
    assert book_named(session, "changning") == there
    moved(session, town, there)
    with pytest.raises(KeyConflict):
        moved(session, town, there, minutes=10)


def test_books_that_differ_are_named(engine: Engine, lone_town: Town) -> None:
    """A side that says something else than the other is found, with both figures."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 100)
        there = other_book(session, lone_town)
        moved(session, lone_town, there)
        change = "UPDATE account SET credits = credits + 5 WHERE code = 'settlement:changning'"
        session.connection().execute(text(change))

        assert unsettled(session) == [("changning", "test", -60, 65)]


def test_two_who_cross_both_arrive(engine: Engine, lone_town: Town) -> None:
    """One moves there while another moves here: neither waits for the other for ever, and both books balance."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 100)
        lone_town.earn(session, "S3", 100)
        there = other_book(session, lone_town)
        move(
            session,
            lone_town.act("first", OFFICE),
            person_id=lone_town.who("S3"),
            to_book_id=there,
            minutes=100,
            has_moved=True,
        )
    back: dict[str, Any] = {
        "person_id": lone_town.who("S3"),
        "to_book_id": lone_town.book,
        "minutes": 100,
        "has_moved": True,
    }

    one, other = at_once(
        engine,
        lambda s: moved(s, lone_town, there),
        lambda s: move(s, lone_town.act("back", OFFICE, book_id=there), **back).amount_min,
    )

    assert (bool(one), other) == (True, 100)
    with transaction(engine) as session:
        assert (lone_town.has(session, "S1"), lone_town.has(session, "S3")) == ((40, 0), (100, 0))
        assert [*unsettled(session), *reconcile(session, there), *reconcile(session, lone_town.book)] == []

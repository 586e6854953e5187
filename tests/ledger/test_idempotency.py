"""What other ledgers learnt about keys, each lesson a case: an answer is lost, and who asks again is told the truth.

The lessons stand in public threads of other projects. Some are shown beside what they belong to; all are listed here.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.conftest import NOON
from tests.ledger.conftest import Pair
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, WrongInput
from timebank.ledger.accounts import ISSUANCE, account_id, balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.books import books_of
from timebank.ledger.holds import capture, hold, reverse, void
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.posting import Posted, Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AlreadyResolved, AlreadyReversed
from timebank.ledger.writer import Writer

LESSONS = {
    "FINERACT-2485: another amount is a conflict": "test_posting.test_same_key_with_other_content_conflicts",
    "FINERACT-2485: of a list, the key is named": "test_batch.test_batch_names_a_conflicting_key",
    "FINERACT-2485: of a hold or a group too": "test_idempotency.test_other_content_is_a_conflict_and_no_first_answer",
    "FINERACT-2485: no answer of another account": "test_idempotency.test_key_never_answers_for_another_account",
    "FINERACT-2485: no answer of another book": "test_posting.test_keys_belong_to_their_book",
    "FINERACT-2485: a refused request burns no key": "test_posting.test_refused_request_burns_no_key",
    "FINERACT-2485: nor does a refused list": "test_batch.test_batch_is_all_or_nothing",
    "FINERACT-2485: nor a refused ending": "test_idempotency.test_refused_ending_burns_no_key",
    "FINERACT-2485: a long key is told its bound": "test_idempotency.test_thousand_letters_are_told_their_bound",
    "Fineract wiki: keys never expire": "test_posting.test_same_key_posts_once",
    "Fineract wiki: nor does the key of a hold": "test_holds.test_retry_of_a_hold_replays_after_its_moment",
    "openMF 3902: nothing is posted without a key": "test_posting.test_impossible_posting_is_refused",
    "pgledger 38: the key stands and falls with its transfer": "test_posting.test_failing_transaction_leaves_nothing",
    "five-bells 402: a lost race is not too little money": "test_deadlocks.test_deadlock_is_done_again",
    "Blnk 171: a hold is captured once": "test_idempotency.test_captures_at_once_happen_once",
    "Blnk 315: who changes nothing is not told success": "test_holds.test_hold_ends_once",
    "Blnk 315: what is given back is given back once": "test_idempotency.test_given_back_at_once_happens_once",
    "TigerBeetle 2000: a hold does not end twice": "test_together.test_capture_and_void_at_once_end_a_hold_once",
    "open-bank-oss 945: what was reversed was posted": "test_idempotency.test_key_of_what_was_taken_back_stays_taken",
}
"""Where each lesson is shown."""
LATER = NOON + timedelta(days=1)


@pytest.mark.parametrize("where", LESSONS.values(), ids=LESSONS)
def test_lesson_is_shown(where: str) -> None:
    """A test that is renamed or taken away leaves no lesson behind that nobody shows."""
    module, name = where.split(".")

    assert callable(getattr(import_module(f"tests.ledger.{module}"), name))


Ask = Callable[[Session, Posting], Posted]


def posted_in_list(session: Session, posting: Posting) -> Posted:
    """Post as a list of one."""
    done = post_batch(session, [posting], now=NOON)
    return Posted(done.transfer_by_key[posting.idem_key], done.posted == 0)


def posted_in_group(session: Session, posting: Posting) -> Posted:
    """Post together with another, whole or not at all; returns the first."""
    books, issuing = books_of(session), account_id(session, posting.book_id, ISSUANCE)
    second = replace(posting, idem_key=f"{posting.idem_key} and", amount_min=1, debit_id=issuing)
    with books.together():
        first = post(books, posting, now=NOON)
        post(books, second, now=NOON)
    return first


def held(session: Session, posting: Posting) -> Posted:
    """Hold instead of posting; until tomorrow when nothing else is said."""
    return hold(session, replace(posting, kind="hold", expires_at=posting.expires_at or LATER), now=NOON)


ASK: dict[str, Ask] = {
    "one": lambda session, posting: post(session, posting, now=NOON),
    "list": posted_in_list,
    "group": posted_in_group,
    "hold": held,
}
every_way = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)


@pytest.mark.parametrize(
    ("way", "change"),
    [
        ("hold", {"amount_min": 11}),
        ("hold", {"expires_at": LATER + timedelta(hours=1)}),
        ("hold", {"reason": "redeem"}),
        ("group", {"amount_min": 11}),
        ("group", {"decision": {"pack": "shanghai-2026"}}),
    ],
)
def test_other_content_is_a_conflict_and_no_first_answer(
    session: Session, books: Pair, way: str, change: dict[str, Any]
) -> None:
    """Who asks for eleven minutes and is told of ten has a fault that nobody hears of."""
    ASK[way](session, books.spend("k", 10))
    before = balance_of(session, books.anna)

    with pytest.raises(KeyConflict):
        ASK[way](session, books.spend("k", **({"amount_min": 10} | change)))

    assert balance_of(session, books.anna) == before
    assert reconcile(session, books.book) == []


@every_way
def test_key_never_answers_for_another_account(session: Session, books: Pair, ask: Ask) -> None:
    """The same minutes, the same key, another account: a conflict, which tells nothing of the account it stands for."""
    ask(session, books.spend("k", 10))

    with pytest.raises(KeyConflict) as caught:
        ask(session, books.earn("k", 10, reason="gift", credit_id=books.bo))

    assert vars(caught.value) == {"key": "k"}


@every_way
def test_first_answer_stands_when_nothing_is_left(session: Session, books: Pair, ask: Ask) -> None:
    """Anna gave her last minutes and the answer was lost: she is told of her gift, and not that she has too little."""
    first = ask(session, books.spend("k", 35))
    assert balance_of(session, books.anna).available_min == 0

    assert ask(session, books.spend("k", 35)) == (first.transfer_id, True)
    assert balance_of(session, books.anna).available_min == 0


@every_way
def test_first_answer_stands_when_the_account_is_frozen(session: Session, books: Pair, ask: Ask) -> None:
    """What was posted was posted, whatever became of the account until somebody asks again."""
    first = ask(session, books.spend("k", 10))
    session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE code = 'anna'"))

    assert ask(session, books.spend("k", 10)) == (first.transfer_id, True)


@every_way
def test_keys_that_look_alike_are_different(session: Session, books: Pair, ask: Ask) -> None:
    """Case, spaces and the ways to write one letter are kept apart, on both databases alike."""
    keys = ("visit:7", "Visit:7", "visit:7 ", " visit:7", "visit:\uff17", "caf\u00e9", "cafe\u0301", "cafe")

    transfers = [ask(session, books.spend(key, 1)) for key in keys]

    assert [transfer.is_replay for transfer in transfers] == [False] * len(keys)
    assert len({transfer.transfer_id for transfer in transfers}) == len(keys)


def test_refused_ending_burns_no_key(session: Session, books: Pair, noon: datetime) -> None:
    """A capture without room and a reversal of what is spent are asked again under their keys, when there is."""
    post(session, books.earn("full", 980, credit_id=books.bo), now=noon)
    with pytest.raises(BalanceTooHigh):
        capture(session, books.book, books.held, idem_key="done", now=noon)
    with pytest.raises(BalanceTooLow):
        reverse(session, books.book, books.earned, idem_key="back", reason="mistake", now=noon)

    post(session, books.spend("room", 60, debit_id=books.bo, credit_id=books.anna), now=noon)

    assert capture(session, books.book, books.held, idem_key="done", now=noon).is_replay is False
    assert reverse(session, books.book, books.earned, idem_key="back", reason="mistake", now=noon).is_replay is False
    assert balance_of(session, books.anna).balance_min == 45 + 60 - 10 - 60
    assert reconcile(session, books.book) == []


LONG: dict[str, Callable[[Session, Pair, str], object]] = {
    "one": lambda session, books, key: post(session, books.spend(key), now=NOON),
    "list": lambda session, books, key: post_batch(session, [books.spend("k"), books.spend(key)], now=NOON),
    "hold": lambda session, books, key: hold(session, books.spend(key, kind="hold", expires_at=LATER), now=NOON),
    "capture": lambda session, books, key: capture(session, books.book, books.held, idem_key=key, now=NOON),
    "void": lambda session, books, key: void(session, books.book, books.held, idem_key=key, now=NOON),
    "reversal": lambda session, books, key: reverse(
        session, books.book, books.given, idem_key=key, reason="mistake", now=NOON
    ),
}


@pytest.mark.parametrize("act", LONG.values(), ids=LONG)
def test_thousand_letters_are_told_their_bound(
    session: Session, books: Pair, act: Callable[[Session, Pair, str], object]
) -> None:
    """It is a mistake of the asker, said with what would be right; neither forbidden nor cut to what fits."""
    before = balance_of(session, books.anna)

    with pytest.raises(WrongInput, match="200") as caught:
        act(session, books, "k" * 1000)

    assert caught.value.field == "idem_key"
    assert balance_of(session, books.anna) == before


def test_key_of_what_was_taken_back_stays_taken(session: Session, books: Pair, noon: datetime) -> None:
    """A gift was reversed; its first request, sent once more, gives nothing a second time."""
    reverse(session, books.book, books.given, idem_key="back", reason="mistake", now=noon)

    assert post(session, books.spend("c", 20), now=noon) == (books.given, True)
    assert balance_of(session, books.anna).balance_min == 65


def test_group_that_is_asked_again_is_the_same_group(session: Session, books: Pair) -> None:
    """Two transfers that happen together are replayed together, and move nothing."""
    first = posted_in_group(session, books.spend("k", 10))
    before = balance_of(session, books.bo)

    assert posted_in_group(session, books.spend("k", 10)) == (first.transfer_id, True)
    assert balance_of(session, books.bo) == before


def test_group_with_a_key_that_is_taken_happens_not_at_all(session: Session, books: Pair, noon: datetime) -> None:
    """The second key stands for something else: the first is not posted alone, and stays free."""
    post(session, books.earn("k and", 2), now=noon)

    with pytest.raises(KeyConflict):
        posted_in_group(session, books.spend("k", 10))

    assert balance_of(session, books.bo).balance_min == 20
    assert post(session, books.spend("k", 10), now=noon).is_replay is False


def by_writer(engine: Engine, posting: Posting) -> Posted:
    """Post through a writer's line."""
    with Writer(engine) as writer:
        return writer.post(posting, now=NOON).result()


def in_session(ask: Ask) -> Callable[[Engine, Posting], Posted]:
    """Ask in a transaction of its own."""

    def asked(engine: Engine, posting: Posting) -> Posted:
        with transaction(engine) as session:
            return ask(session, posting)

    return asked


SEND: dict[str, Callable[[Engine, Posting], Posted]] = {
    "one": in_session(ASK["one"]),
    "list": in_session(posted_in_list),
    "plain": in_session(lambda session, posting: post(PlainBooks(session), posting, now=NOON)),
    "writer": by_writer,
}


@pytest.mark.parametrize("way", SEND)
def test_retry_by_another_way_finds_the_first(engine: Engine, pair: Pair, way: str) -> None:
    """A visit that was credited at once is in the list of the night too; whoever comes second is told of the first."""
    first = SEND[way](engine, pair.earn("visit:7"))

    told = [send(engine, pair.earn("visit:7")) for send in SEND.values()]

    assert first.is_replay is False
    assert told == [(first.transfer_id, True)] * len(SEND)
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, pair.anna).balance_min == 60


@pytest.mark.parametrize(("key", "told"), [("yes", Posted), ("yes too", AlreadyResolved)])
def test_captures_at_once_happen_once(
    engine: Engine, books: Pair, noon: datetime, key: str, told: type[object]
) -> None:
    """Of one request the second is a replay; of two requests it hears that the hold has ended."""
    _, second = at_once(
        engine,
        lambda session: capture(session, books.book, books.held, idem_key="yes", now=noon),
        lambda session: capture(session, books.book, books.held, idem_key=key, now=noon),
    )

    assert isinstance(second, told)
    with transaction(engine, read_only=True) as session:
        assert balance_of(session, books.bo).balance_min == 30
        assert reconcile(session, books.book) == []


def test_given_back_at_once_happens_once(engine: Engine, books: Pair, noon: datetime) -> None:
    """A retry that meets its first request is told of it, and a third under its own key that it has happened."""
    first, second = at_once(
        engine,
        lambda session: reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon),
        lambda session: reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon),
    )

    assert second == (first.transfer_id, True)
    with transaction(engine) as session:
        with pytest.raises(AlreadyReversed):
            reverse(session, books.book, books.given, idem_key="s", reason="mistake", now=noon)
        assert balance_of(session, books.anna).balance_min == 65

"""Moving to another district's book: the same out of one as into the other, through accounts that settle the two.

Each book keeps an account for every other: what left for it counts up there, what came from it counts down. The two
sides of a pair of books are always opposite, so that whoever owes whom how much can be read from either.
"""

from typing import NamedTuple

from sqlalchemy import insert, select
from sqlmodel import Session

from timebank.coins.acts import Act, Payment, acting, pay
from timebank.coins.holders import own_account, purse, require_account
from timebank.coins.refusals import require_allowed
from timebank.coins.relations import require_self
from timebank.coins.tables import CoinMove
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, BOOK, open_accounts
from timebank.ledger.tables import Book
from timebank.rules.decision import Decision
from timebank.rules.pack import pack_in_force
from timebank.rules.passing import Move, decide_moving

MOVE = table_of(CoinMove)
SETTLEMENT = "settlement:"
"""How the code of an account begins that stands for another book."""
MOST_OWED_MIN = 1_000_000_000_000
"""Most minutes that one book can be owed by another: a bound that no district reaches."""


class Unsettled(NamedTuple):
    """Two books whose accounts for each other are not opposite."""

    book: str
    other: str
    balance_min: int
    other_balance_min: int


def move(
    session: Session, act: Act, *, person_id: int, to_book_id: int, minutes: int, has_moved: bool | None = None
) -> CoinMove:
    """Move a person's minutes to their account in another book, in one transaction.

    ``has_moved`` says that their home is there now, as whoever acts has seen it.

    Raises
    ------
    NotByRules
        When the pack says no, or there are too few.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it.
    NotFound
        When there is no such book, or no account.
    NotTheirs
        When a person moves what is somebody else's.
    WrongInput
        When both books are one.
    """
    if to_book_id == act.book_id:
        raise WrongInput(field="to_book", value=str(to_book_id), right=Phrase("right_other_book"))
    content = {"person": person_id, "to": to_book_id, "minutes": minutes, "has_moved": has_moved}
    with acting(session, act, "move", content) as gate:
        if gate.is_replay:
            return session.get_one(CoinMove, gate.act_id)
        require_self(act, person_id, kind="person", key=str(person_id))
        here, there = _book(session, act.book_id), _book(session, to_book_id)
        wait_turn(session, "moves between books")  # two that cross would else wait for each other's accounts
        own = purse(session, require_account(session, act.book_id, person_id))
        case = Move(
            day=act.day,
            minutes=max(minutes, 0),
            available_min=max(own.available_min, 0),
            has_moved=has_moved,
        )
        decision = require_allowed(decide_moving(case), pack_in_force(act.day))
        out, into = _pair(session, act, person_id, (own.account_id, here, there, to_book_id), decision)
        row = {
            "act_id": gate.act_id,
            "person_id": person_id,
            "from_book_id": act.book_id,
            "to_book_id": to_book_id,
            "amount_min": minutes,
            "out_transfer_id": pay(session, act, gate, out),
            "in_transfer_id": pay(session, act, gate, into, book_id=to_book_id),
        }
        session.connection().execute(insert(MOVE), row)
        return session.get_one(CoinMove, gate.act_id)


def unsettled(session: Session) -> list[Unsettled]:
    """Return every pair of books whose accounts for each other are not opposite; none is right."""
    a, b = ACCOUNT.c, BOOK.c
    rows = session.connection().execute(
        select(b.code, a.code, a.credits - a.debits)
        .join(BOOK, b.id == a.book_id)
        .where(a.code.like(f"{SETTLEMENT}%"))
        .order_by(b.code, a.code)
    )
    balances = {(book, code.removeprefix(SETTLEMENT)): int(balance) for book, code, balance in rows}
    pairs = {tuple(sorted(pair)) for pair in balances}
    sides = [(one, two, balances.get((one, two), 0), balances.get((two, one), 0)) for one, two in sorted(pairs)]
    return [Unsettled(*side) for side in sides if side[2] + side[3]]


def book_named(session: Session, code: str) -> int:
    """Return the number of a book by its code.

    Raises
    ------
    NotFound
        When there is none.
    """
    return number_of(session, Book, code)


def _pair(
    session: Session, act: Act, person_id: int, way: tuple[int, str, str, int], decision: Decision
) -> tuple[Payment, Payment]:
    """Return what leaves one book, and the same as it comes into the other."""
    own_id, here, there, to_book_id = way
    out = Payment(
        debit_id=own_id,
        credit_id=_settlement(session, act.book_id, there),
        minutes=decision.minutes,
        reason="move_out",
        decision=decision,
        slot="out",
    )
    into = Payment(
        debit_id=_settlement(session, to_book_id, here),
        credit_id=own_account(session, to_book_id, person_id),
        minutes=decision.minutes,
        reason="move_in",
        decision=decision,
        slot="in",
    )
    return out, into


def _book(session: Session, book_id: int) -> str:
    book = session.get(Book, book_id)
    if book is None:
        raise NotFound(kind="book", key=str(book_id))
    return book.code


def _settlement(session: Session, book_id: int, other: str) -> int:
    """Return the account of a book that stands for another, opened when it is new."""
    code = f"{SETTLEMENT}{other}"
    row = {"code": code, "kind": "organisation", "floor_min": -MOST_OWED_MIN}
    return open_accounts(session, book_id, [row])[code]

"""Holds: minutes set aside until they are captured, voided or expire; and reversals.

Each function takes a session, or the books of one open transaction.
"""

from contextlib import suppress
from datetime import datetime

from sqlmodel import Session

from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.books import Books, books_of
from timebank.ledger.refusals import AlreadyResolved, HoldExpired
from timebank.ledger.terms import SWEEP, Posted, Posting, Standing

MOST_A_SWEEP = 1000


def hold(session: Session | Books, posting: Posting, *, now: datetime) -> Posted:
    """Set minutes of the debit account aside until ``expires_at``; the posting's kind is ``hold``.

    Raises
    ------
    WrongInput
        When the hold has no end, or ends in the past.
    BalanceTooLow
        When the account has not that much to spend.
    """
    if posting.kind != "hold" or posting.expires_at is None:
        raise WrongInput(field="expires_at", value=str(posting.expires_at), right=Phrase("right_hold_end"))
    return books_of(session).put(posting, now=now)


def capture(session: Session | Books, book_id: int, hold_id: int, *, idem_key: str, now: datetime) -> Posted:
    """Move what a hold set aside to its credit account.

    Raises
    ------
    HoldExpired
        When its moment has passed, even if no sweep has freed it yet.
    AlreadyResolved
        When it has ended before.
    """
    books = books_of(session)
    held = _held(books, book_id, hold_id)
    ending = _ending(held, "capture", idem_key, now)
    if _until(held) > now:
        return books.put(ending, now=now)
    captured = books.standing(ending, now=now)
    if captured is None:
        raise HoldExpired(hold_id=hold_id)
    return captured


def void(session: Session | Books, book_id: int, hold_id: int, *, idem_key: str, now: datetime) -> Posted:
    """Free what a hold set aside.

    Raises
    ------
    AlreadyResolved
        When it has ended before.
    """
    books = books_of(session)
    return books.put(_ending(_held(books, book_id, hold_id), "void", idem_key, now), now=now)


def expire_due(session: Session | Books, book_id: int, *, now: datetime, most: int = MOST_A_SWEEP) -> int:
    """Free up to ``most`` holds of a book whose moment has passed, in the order (moment, id); returns how many.

    A hold that someone else ends meanwhile is left out.
    """
    books, freed = books_of(session), 0
    for hold_id in books.due_holds(book_id, now=now, most=most):
        ending = _ending(_held(books, book_id, hold_id), "expire", f"{SWEEP}{hold_id}", now)
        with suppress(AlreadyResolved):
            freed += not books.put(ending, now=now).is_replay
    return freed


def reverse(
    session: Session | Books, book_id: int, transfer_id: int, *, idem_key: str, reason: str, now: datetime
) -> Posted:
    """Post the opposite of a transfer, once; the first stays as it is.

    Raises
    ------
    AlreadyReversed
        When it was reversed before.
    WrongState
        When the transfer moved nothing.
    BalanceTooLow
        When the account that got the minutes has spent them.
    """
    books = books_of(session)
    stands = books.transfer(book_id, transfer_id)
    if stands.kind not in ("post", "capture"):
        raise WrongState(kind="transfer", key=str(transfer_id), state=stands.kind, allowed=Phrase("allowed_moved"))
    opposite = Posting(
        book_id=book_id,
        idem_key=idem_key,
        debit_id=stands.credit_id,
        credit_id=stands.debit_id,
        amount_min=stands.amount_min,
        reason=reason,
        effective_at=now,
        kind="reverse",
        reverses_id=transfer_id,
    )
    return books.put(opposite, now=now)


def _held(books: Books, book_id: int, hold_id: int) -> Standing:
    stands = books.transfer(book_id, hold_id)
    if stands.kind != "hold":
        raise WrongState(kind="transfer", key=str(hold_id), state=stands.kind, allowed=Phrase("allowed_hold"))
    return stands


def _until(held: Standing) -> datetime:
    if held.expires_at is None:
        message = f"The hold {held.id} has no end, which the database refuses."
        raise RuntimeError(message)
    return held.expires_at


def _ending(held: Standing, kind: str, idem_key: str, now: datetime) -> Posting:
    return Posting(
        book_id=held.book_id,
        idem_key=idem_key,
        debit_id=held.debit_id,
        credit_id=held.credit_id,
        amount_min=held.amount_min,
        reason=held.reason,
        effective_at=now,
        kind=kind,
        hold_id=held.id,
    )

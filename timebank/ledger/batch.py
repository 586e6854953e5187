"""Many postings at once, set-based: exactly the rows that one after the other would give.

The accounts of the whole batch are locked in the order of their ids, and the floor and ceiling of every account hold
after every single posting, not only at the end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from timebank.core.errors import KeyConflict, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.books import Books, books_of
from timebank.ledger.terms import Posting, request_hash


class BatchPosted(NamedTuple):
    """How many postings are new, how many stood before, and the transfer of every key."""

    posted: int
    replayed: int
    transfer_by_key: dict[str, int]


def post_batch(session: Session | Books, postings: Sequence[Posting], *, now: datetime) -> BatchPosted:
    """Post all, or nothing.

    All postings are of one book and of kind ``post``. Keys that stand already are replayed.

    Raises
    ------
    KeyConflict
        When a key stands for other content.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow one of them; none is posted then.
    """
    if not postings:
        return BatchPosted(0, 0, {})
    if {(posting.book_id, posting.kind) for posting in postings} != {(postings[0].book_id, "post")}:
        raise WrongInput(field="postings", value="mixed", right=Phrase("right_one_book"))
    fresh, transfer_by_key = books_of(session).put_all(_unique(postings), now=now)
    return BatchPosted(fresh, len(postings) - fresh, transfer_by_key)


def _unique(postings: Iterable[Posting]) -> list[Posting]:
    """One posting a key; the same key with other content is a conflict."""
    asked: dict[str, Posting] = {}
    for posting in postings:
        first = asked.setdefault(posting.idem_key, posting)
        if first is not posting and request_hash(first) != request_hash(posting):
            raise KeyConflict(key=posting.idem_key)
    return list(asked.values())

"""A book with two members, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import Engine

from timebank.core.database import transaction
from timebank.ledger.accounts import ISSUANCE, account_id, book_id, ensure_book, open_accounts
from timebank.ledger.posting import Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two members of a book, and the account that issues."""

    book: int
    issuing: int
    anna: int
    bo: int


@pytest.fixture
def pair(engine: Engine, noon: datetime) -> Pair:
    """The world `pair`: Anna and Bo, both with nothing yet; Bo stores at most 1,000 minutes."""
    with transaction(engine) as session:
        book = book_id(ensure_book(session, "putuo", "普陀", noon))
        rows: list[dict[str, object]] = [
            {"code": "anna", "kind": "member"},
            {"code": "bo", "kind": "member", "ceiling_min": 1000},
        ]
        accounts = open_accounts(session, book, rows)
        issuing = account_id(session, book, ISSUANCE)
    return Pair(book=book, issuing=issuing, anna=accounts["anna"], bo=accounts["bo"])


@pytest.fixture
def earn(pair: Pair, noon: datetime) -> Callable[..., Posting]:
    """Make a posting from the issuing account to Anna; every part can be said anew."""

    def make(key: str, amount_min: int = 60, **changes: object) -> Posting:
        parts: dict[str, object] = {
            "book_id": pair.book,
            "idem_key": key,
            "debit_id": pair.issuing,
            "credit_id": pair.anna,
            "amount_min": amount_min,
            "reason": "earn",
            "effective_at": noon,
        }
        return Posting(**(parts | changes))  # type: ignore[arg-type]  # a test may say wrong parts on purpose

    return make

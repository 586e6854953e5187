"""The books agree with a model of a few lines, on both databases, after every step of a random walk."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.ledger.conftest import Pair
from tests.ledger.model import Walk
from timebank.ledger.reconcile import reconcile

STEPS = 120


@pytest.mark.parametrize("seed", [1, 3])
def test_books_agree_with_the_model(session: Session, pair: Pair, noon: datetime, seed: int) -> None:
    """No order of earning, giving, holding, ending, undoing, retrying and jumping clocks loses or makes a minute."""
    walk = Walk(session, pair, noon, seed)

    for _ in range(STEPS):
        walk.step()
        walk.agree()

    met = session.connection().execute(text("SELECT DISTINCT kind FROM transfer")).scalars()
    assert set(met) == {"post", "hold", "capture", "void", "expire", "reverse"}
    assert reconcile(session, pair.book) == []

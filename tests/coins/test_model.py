"""Whatever is done with coins in whatever order, each purse has what a few lines of memory say."""

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.coins.model import Walk
from timebank.ledger.reconcile import reconcile

STEPS = 120
REASONS = {"aid", "donate", "earn", "family_in", "gift", "gift_undone", "redeem", "redeem_back"}
MET = "SELECT DISTINCT {} FROM transfer"


@pytest.mark.parametrize("seed", [16])
def test_coins_agree_with_the_model(session: Session, town: Town, seed: int) -> None:
    """Gifts, services, donations, aid, a shared account, sweeps and retries: allowed when the model says so."""
    walk = Walk(session, town, seed)
    for _ in range(STEPS):
        walk.step()
        walk.agree()

    kinds, reasons = (
        set(session.connection().execute(text(MET.format(what))).scalars()) for what in ("kind", "reason")
    )
    assert kinds == {"post", "hold", "capture", "void", "expire", "reverse"}
    assert reasons == REASONS
    assert reconcile(session, town.book) == []

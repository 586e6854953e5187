"""The database itself refuses, whatever code asks; and reconciliation finds what slipped through."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow
from timebank.ledger.accounts import balance_of
from timebank.ledger.guards import missing_triggers
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import seal_transfers

Earn = Callable[..., Posting]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transfer SET amount_min = 1",
        "DELETE FROM transfer",
        "UPDATE entry SET amount_min = 1",
        "DELETE FROM entry",
        "DELETE FROM seal",
    ],
)
def test_past_cannot_be_changed(engine: Engine, earn: Earn, noon: datetime, change: str, pair: Pair) -> None:
    """Append-only is kept by triggers, so a stray script cannot rewrite history."""
    with transaction(engine) as session:
        post(session, earn("a"), now=noon)
        seal_transfers(session, pair.book, now=noon)

    with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
        session.connection().execute(text(change))


def test_account_cannot_be_pushed_under_its_floor(engine: Engine, pair: Pair) -> None:
    """Even SQL by hand meets the check."""
    with pytest.raises(DBAPIError, match="floor"), transaction(engine) as session:
        session.connection().execute(text("UPDATE account SET debits = 1 WHERE id = :id"), {"id": pair.anna})


def test_no_trigger_is_missing(engine: Engine) -> None:
    """A migration that rebuilds a table could drop its triggers unseen."""
    assert missing_triggers(engine) == set()


def test_missing_trigger_is_named(engine: Engine) -> None:
    """The self-check must be able to fail."""
    on = " ON entry" if engine.dialect.name == "postgresql" else ""
    with transaction(engine) as session:
        session.connection().execute(text(f"DROP TRIGGER entry_no_update{on}"))

    assert missing_triggers(engine) == {"entry_no_update"}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE entry SET amount_min = 61 WHERE amount_min = 60", "R1"),
        ("UPDATE account SET credits = credits + 1 WHERE code = 'anna'", "R2"),
        ("UPDATE entry SET balance_after_min = 7 WHERE seq = 1 AND amount_min > 0", "R3"),
        ("DELETE FROM entry WHERE seq = 2", "R4"),
        ("UPDATE account SET held = 1 WHERE code = 'anna'", "R5"),
        ("UPDATE transfer SET reason = 'else' WHERE idem_key = 'a'", "R7"),
    ],
)
def test_planted_fault_is_found(
    engine: Engine, pair: Pair, earn: Earn, noon: datetime, change: str, check: str
) -> None:
    """Each check must find the fault it is there for, once the guards are taken down."""
    with transaction(engine) as session:
        post(session, earn("a"), now=noon)
        post(session, earn("b", 5), now=noon)
        assert reconcile(session, pair.book) == []
    table = change.split()[2] if change.startswith("DELETE") else change.split()[1]
    on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
    with transaction(engine) as session:
        for action in ("update", "delete"):
            session.connection().execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{action}{on}"))
        session.connection().execute(text(change))

        assert check in {finding.check for finding in reconcile(session, pair.book)}


def test_seal_proves_its_transfers(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """A seal covers what was posted, the next one what came after, and both recompute."""
    with transaction(engine) as session:
        post(session, earn("a"), now=noon)
        post(session, earn("b"), now=noon)
        first = seal_transfers(session, pair.book, now=noon)
        post(session, earn("c"), now=noon)
        second = seal_transfers(session, pair.book, now=noon)
        nothing = seal_transfers(session, pair.book, now=noon)

        assert first is not None
        assert second is not None
        assert (first.transfers, second.transfers, second.previous, nothing) == (2, 1, first.digest, None)
        assert reconcile(session, pair.book) == []


def test_two_at_once_never_pass_the_floor(engine: Engine, pair: Pair, earn: Earn, noon: datetime) -> None:
    """Eight threads spend the same 60 minutes in tens: six succeed, whoever they are."""
    with transaction(engine) as session:
        post(session, earn("a", 60), now=noon)

    def spend(number: int) -> bool:
        try:
            with transaction(engine) as session:
                post(session, earn(f"s{number}", 10, debit_id=pair.anna, credit_id=pair.bo), now=noon)
        except BalanceTooLow:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        succeeded = sum(pool.map(spend, range(16)))

    with transaction(engine, read_only=True) as session:
        assert succeeded == 6
        assert balance_of(session, pair.anna).balance_min == 0
        assert reconcile(session, pair.book) == []

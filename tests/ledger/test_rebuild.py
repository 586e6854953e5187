"""Derived tables are folded anew to equal bytes; what was written once is never touched."""

from datetime import datetime

import pytest
from sqlalchemy import Table, select, text
from sqlmodel import Session

from tests.ledger.conftest import Pair, tamper
from timebank.core.columns import table_of
from timebank.core.errors import WrongState
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.holds import capture, hold
from timebank.ledger.rebuild import rebuild
from timebank.ledger.reconcile import reconcile
from timebank.ledger.tables import HoldOpen
from timebank.ledger.terms import TRANSFER

HOLD_OPEN = table_of(HoldOpen)
CORRUPTIONS = {
    "sums": "UPDATE account SET credits = credits + 7, debits = debits + 3, held = 0, version = version + 2",
    "moments": "UPDATE account SET moved_at = (SELECT MIN(expires_at) FROM hold_open) WHERE moved_at IS NOT NULL",
    "a moment that is empty": "UPDATE account SET version = 0, moved_at = NULL",
    "limits": "UPDATE account SET floor_min = -9, ceiling_min = 9999, status = 'frozen' WHERE kind <> 'issuance'",
    "open holds that are gone": "DELETE FROM hold_open",
    "open holds of another moment": "UPDATE hold_open SET expires_at = (SELECT MIN(created_at) FROM transfer)",
    "an open hold too many": "INSERT INTO hold_open SELECT id, created_at FROM transfer WHERE kind = 'post'",
}


def bytes_of(session: Session, *tables: Table) -> list[tuple[object, ...]]:
    """Return every row of some tables as the database keeps it, without any conversion."""
    connection, rows = session.connection(), []
    for table in tables:
        keys = ", ".join(column.name for column in table.primary_key)
        rows += [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table.name} ORDER BY {keys}"))]
    return rows


@pytest.fixture
def past(session: Session, books: Pair, noon: datetime) -> Pair:
    """The books with one more hold that is open, and one that was captured."""
    ask = books.spend("x", 5, kind="hold", expires_at=noon.replace(day=9))
    number = hold(session, ask, now=noon).transfer_id
    hold(session, books.spend("y", 6, kind="hold", expires_at=noon.replace(day=8)), now=noon)
    capture(session, books.book, number, idem_key="x.done", now=noon)
    return books


@pytest.mark.parametrize("statement", CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_derived_rows_come_out_byte_for_byte(session: Session, past: Pair, statement: str) -> None:
    """After a disk fault the district works on with the very balances it had."""
    before = bytes_of(session, ACCOUNT, HOLD_OPEN)
    written_once = bytes_of(session, TRANSFER, ENTRY)
    drop_checks(session)
    tamper(session, statement)
    assert bytes_of(session, ACCOUNT, HOLD_OPEN) != before

    found = rebuild(session, past.book, apply=True)

    assert found.is_applied
    assert bytes_of(session, ACCOUNT, HOLD_OPEN) == before
    assert bytes_of(session, TRANSFER, ENTRY) == written_once
    assert reconcile(session, past.book) == []


def drop_checks(session: Session) -> None:
    """Let an account hold what its checks refuse, as a faulty disk does."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        return
    for name in ("floor", "moved", "amounts", "credit_line"):
        connection.execute(text(f"ALTER TABLE account DROP CONSTRAINT ck_account_{name}"))


def test_dry_run_says_what_differs_and_writes_nothing(session: Session, past: Pair) -> None:
    """Whoever mends books looks first."""
    tamper(session, f"UPDATE account SET credits = 66 WHERE id = {past.anna}", "DELETE FROM hold_open")
    before = bytes_of(session, ACCOUNT, HOLD_OPEN)

    found = rebuild(session, past.book, apply=False)

    assert not found.is_applied
    assert [(one.table, one.column, one.says) for one in found.differences] == [
        ("account", "credits", "66"),
        ("hold_open", "expires_at", "-"),
        ("hold_open", "expires_at", "-"),
    ]
    assert bytes_of(session, ACCOUNT, HOLD_OPEN) == before


def test_sound_books_are_left_alone(session: Session, past: Pair) -> None:
    """Nothing differs, so nothing is written."""
    before = bytes_of(session, ACCOUNT, HOLD_OPEN)

    assert rebuild(session, past.book, apply=True) == ([], False)
    assert bytes_of(session, ACCOUNT, HOLD_OPEN) == before


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE entry SET amount_min = 61 WHERE amount_min = 60", "sum_of_entries says 1"),
        ("UPDATE transfer SET reason = 'else' WHERE reason = 'gift'", "leaf says"),
        ("UPDATE account SET code = 'ann' WHERE code = 'anna'", "code says ann, and should say anna"),
        ("DELETE FROM account WHERE code = 'pool'", "id says -"),
    ],
)
def test_fold_of_what_is_not_sound_is_refused(session: Session, past: Pair, statement: str, words: str) -> None:
    """A fold of broken entries would spread the fault, and whose an account is, is for people to say."""
    tamper(session, statement)

    with pytest.raises(WrongState, match=words):
        rebuild(session, past.book, apply=True)


def test_state_of_an_account_is_kept_with_every_change(session: Session, books: Pair) -> None:
    """A freeze and a new limit are in the account's history, from which entry on."""
    connection = session.connection()
    connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == books.anna).values(status="frozen"))
    connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == books.anna).values(status="frozen"))

    wanted = text("SELECT n, status, from_seq FROM account_state WHERE account_id = :account ORDER BY n")
    states = connection.execute(wanted, {"account": books.anna}).all()

    assert [tuple(state) for state in states] == [(1, "open", 0), (2, "frozen", 3)]
    assert connection.execute(select(ACCOUNT.c.version).where(ACCOUNT.c.id == books.anna)).scalar_one() == 3

"""The database itself refuses, whatever code asks: nothing here goes through the functions of the ledger."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.posting import TRANSFER, Posting, transfer_row

OTHER_BOOK = "INSERT INTO book (code, name_zh, created_at) SELECT 'other', '他', created_at FROM book"
DOUBLE_ENTRY = """
    INSERT INTO entry (account_id, seq, transfer_id, amount_min, balance_after_min, credits_after_min, created_at)
    SELECT account_id, seq + 9, transfer_id, amount_min, balance_after_min, credits_after_min, created_at FROM entry"""
PERSON = "INSERT INTO person (id, name, gender, born_on) VALUES (1, :name, 'female', '1960-01-01')"


def run(session: Session, statement: str, **values: object) -> None:
    """Run one statement by hand."""
    session.connection().execute(text(statement), values)


def write(session: Session, posting: Posting, at: datetime, **changes: object) -> None:
    """Write a transfer by hand, without the code that would refuse it."""
    session.connection().execute(insert(TRANSFER).values(**(transfer_row(posting, at) | changes)))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transfer SET amount_min = 1",
        "DELETE FROM transfer",
        "UPDATE entry SET amount_min = 1",
        "DELETE FROM entry",
        "UPDATE seal SET transfers = 1",
        "DELETE FROM seal",
    ],
)
def test_past_cannot_be_changed(shared_engine: Engine, shared_books: Pair, change: str) -> None:
    """Append-only is kept by triggers, so a stray script cannot rewrite history."""
    with pytest.raises(DBAPIError, match="append-only"), transaction(shared_engine) as session:
        run(session, change)


@pytest.mark.parametrize("shared_engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("table", ["transfer", "entry", "seal", "visit_event"])
def test_past_cannot_be_truncated(shared_engine: Engine, shared_books: Pair, table: str) -> None:
    """TRUNCATE fires no trigger of a row, and would empty the books in one word."""
    with pytest.raises(DBAPIError, match="append-only"), transaction(shared_engine) as session:
        run(session, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("shared_engine", ["postgres"], indirect=True)
def test_past_stays_in_replication_mode(shared_engine: Engine, shared_books: Pair) -> None:
    """A restore or a replica switches ordinary triggers off; these fire always."""
    with pytest.raises(DBAPIError, match="append-only"), transaction(shared_engine) as session:
        run(session, "SET LOCAL session_replication_role = replica")
        run(session, "DELETE FROM entry")


@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "INSERT OR REPLACE INTO transfer SELECT * FROM transfer",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry",
        "INSERT OR REPLACE INTO seal SELECT * FROM seal",
        "UPDATE OR REPLACE entry SET seq = 1",
    ],
)
def test_past_cannot_be_replaced(shared_engine: Engine, shared_books: Pair, change: str) -> None:
    """REPLACE deletes the old row past its triggers, unless it is told not to."""
    with pytest.raises(DBAPIError, match="append-only"), transaction(shared_engine) as session:
        run(session, change)


@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["transfer", "seal"])
def test_no_other_program_replaces_the_past(shared_engine: Engine, shared_books: Pair, table: str) -> None:
    """A program that does not set up its connection as we do meets a trigger too."""
    with pytest.raises(DBAPIError, match="append-only"), transaction(shared_engine) as session:
        run(session, "PRAGMA recursive_triggers = OFF")
        run(session, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("debits = debits + 36 WHERE code = 'anna'", "floor"),
        ("held = held + 36 WHERE code = 'anna'", "floor"),
        ("held = -1 WHERE code = 'anna'", "amounts"),
        ("credits = credits + 981 WHERE code = 'bo'", "ceiling"),
        ("floor_min = NULL WHERE code = 'anna'", "only_issuance_without_floor"),
        ("floor_min = -60 WHERE code = 'anna'", "credit_line"),
        ("floor_min = -60 WHERE kind = 'pool'", "credit_line"),
        ("moved_at = NULL WHERE code = 'anna'", "moved"),
    ],
)
def test_account_keeps_its_bounds(shared_engine: Engine, shared_books: Pair, change: str, constraint: str) -> None:
    """Spending and reserving too much, or a floor that the kind of account has not, meet a check."""
    with pytest.raises(DBAPIError, match=f"ck_account_{constraint}"), transaction(shared_engine) as session:
        run(session, f"UPDATE account SET {change}")


@pytest.mark.parametrize(
    "change", ["book_id = 2", "person_id = 2", "organisation_id = 2", "kind = 'issuance'", "code = 'x'"]
)
def test_account_does_not_change_hands(shared_engine: Engine, shared_books: Pair, change: str) -> None:
    """Minutes would change their owner without any transfer, or a member could go below zero."""
    with pytest.raises(DBAPIError, match="whose it is"), transaction(shared_engine) as session:
        run(session, f"UPDATE account SET {change} WHERE code = 'anna'")


@pytest.mark.parametrize(
    "part",
    [{"amount_min": 0}, {"amount_min": -5}, {"idem_key": ""}, {"reason": ""}, {"kind": "gift"}, {"credit_id": 1}],
)
def test_transfer_keeps_its_form(
    shared_engine: Engine, shared_books: Pair, noon: datetime, part: dict[str, Any]
) -> None:
    """An amount of nothing, a nameless key or one account on both sides cannot be stored by any code."""
    with pytest.raises(DBAPIError, match="ck_transfer_"), transaction(shared_engine) as session:
        write(session, shared_books.earn("x"), noon, **part)


def test_transfer_stays_in_its_book(shared_engine: Engine, shared_books: Pair, noon: datetime) -> None:
    """Minutes that leave a book would be missing in one and too many in another."""
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), transaction(shared_engine) as session:
        run(session, OTHER_BOOK)
        write(session, shared_books.earn("x"), noon, book_id=shared_books.book + 1)


def test_key_is_taken_for_ever(shared_engine: Engine, shared_books: Pair, noon: datetime) -> None:
    """Idempotency must not rest on a look that came before the write."""
    taken = r"uq_transfer_idem_key|transfer\.idem_key"

    with pytest.raises(DBAPIError, match=taken), transaction(shared_engine) as session:
        write(session, shared_books.earn("a", 60), noon)


def test_transfer_touches_an_account_once(shared_engine: Engine, shared_books: Pair) -> None:
    """A second entry would give the same minutes twice."""
    taken = r"uq_entry_transfer|entry\.transfer_id"

    with pytest.raises(DBAPIError, match=taken), transaction(shared_engine) as session:
        run(session, DOUBLE_ENTRY)


def test_member_has_one_account_in_a_book(shared_engine: Engine, shared_books: Pair) -> None:
    """Minutes on a second account of a member would be found by nobody."""
    member = {"book_id": shared_books.book, "kind": "member", "person_id": 1, "floor_min": 0, "status": "open"}
    taken = r"uq_account_member|account\.person_id"

    with pytest.raises(DBAPIError, match=taken), transaction(shared_engine) as session:
        run(session, PERSON, name=b"sealed")
        session.connection().execute(insert(ACCOUNT).values(code="first", **member))
        session.connection().execute(insert(ACCOUNT).values(code="second", **member))


@pytest.mark.parametrize(
    ("kind", "hours", "part"),
    [
        ("capture", 1, {"amount_min": 11}),
        ("capture", 1, {"amount_min": 9}),
        ("void", 1, {"debit_id": 1}),
        ("capture", 1, {"credit_id": 1}),
        ("capture", 1, {"hold_id": 3}),
        ("capture", 24, {}),
        ("expire", 23, {}),
    ],
)
def test_hold_ends_as_it_was_made(
    shared_engine: Engine, shared_books: Pair, noon: datetime, kind: str, hours: int, part: dict[str, Any]
) -> None:
    """More, less, other accounts, no hold at all, captured too late or expired too early: none can be stored."""
    ending = shared_books.spend("expire:4", 10, kind="expire", hold_id=4)

    with pytest.raises(DBAPIError, match="a hold ends as it was made"), transaction(shared_engine) as session:
        write(session, ending, noon + timedelta(hours=hours), **({"kind": kind} | part))


def test_hold_ends_once(shared_engine: Engine, shared_books: Pair, noon: datetime) -> None:
    """The unique key decides between two who end the same hold."""
    taken = r"uq_transfer_hold|transfer\.hold_id"

    with pytest.raises(DBAPIError, match=taken), transaction(shared_engine) as session:
        write(session, shared_books.spend("end", 10, kind="void", hold_id=4), noon)
        write(session, shared_books.spend("again", 10, kind="capture", hold_id=4), noon)


@pytest.mark.parametrize("part", [{"amount_min": 19}, {"reverses_id": 4}, {"debit_id": 3, "credit_id": 4}])
def test_reversal_is_the_opposite(
    shared_engine: Engine, shared_books: Pair, noon: datetime, part: dict[str, Any]
) -> None:
    """Part of a transfer, a mere hold, or the same again: none is a reversal."""
    back = shared_books.spend("r", 20, debit_id=4, credit_id=3, kind="reverse", reverses_id=3)

    with pytest.raises(DBAPIError, match="the opposite"), transaction(shared_engine) as session:
        write(session, back, noon, **part)


def test_reversal_happens_once(shared_engine: Engine, shared_books: Pair, noon: datetime) -> None:
    """The unique key decides between two who reverse the same transfer."""
    back = {"debit_id": 4, "credit_id": 3, "kind": "reverse", "reverses_id": 3}
    taken = r"uq_transfer_reverses|transfer\.reverses_id"

    with pytest.raises(DBAPIError, match=taken), transaction(shared_engine) as session:
        write(session, shared_books.spend("r", 20, **back), noon)
        write(session, shared_books.spend("r2", 20, **back), noon)

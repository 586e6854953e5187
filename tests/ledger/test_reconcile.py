"""Reconciliation finds what slipped through: each check names the first row that breaks it, and is quiet otherwise."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, select, update
from sqlmodel import Session

from tests.ledger.conftest import Pair, tamper
from timebank.core.database import transaction
from timebank.ledger.holds import capture, reverse
from timebank.ledger.posting import TRANSFER, leaf_hash, post, request_hash
from timebank.ledger.reconcile import Finding, reconcile
from timebank.ledger.seals import SEAL

# In the shared books account 1 issues, 3 is Anna, 4 is Bo; transfers 1 to 4 are those of `make_past`.
ENTRY = "INSERT INTO entry SELECT {}, {}, {}, {}, {}, {}, created_at FROM transfer WHERE id = 1"
COLUMNS = "request_hash, kind, reason, amount_min, effective_at, created_at, decision, leaf"
STRAY = (
    "INSERT INTO book (code, name_zh, created_at) SELECT 'other', 'other', created_at FROM book",
    "INSERT INTO account (book_id, code, kind, status) SELECT MAX(id), 'x', 'issuance', 'open' FROM book",
    "INSERT INTO account (book_id, code, kind, status) SELECT MAX(id), 'y', 'issuance', 'open' FROM book",
    (
        f"INSERT INTO transfer (book_id, debit_id, credit_id, idem_key, {COLUMNS}) SELECT (SELECT MAX(id) FROM book), "
        f"(SELECT id FROM account WHERE code = 'x'), (SELECT id FROM account WHERE code = 'y'), 'stray', {COLUMNS} "
        "FROM transfer WHERE id = 1"
    ),
)
STRAYED = "(SELECT MAX(id) FROM transfer)"
MINTED = (
    "UPDATE account SET credits = 70, version = 4 WHERE id = 3",
    "UPDATE account SET debits = 70, version = 3 WHERE id = 1",
)
LATER = "(SELECT expires_at FROM hold_open)"
BROKEN = {
    "R1: a minute too many": (
        ["UPDATE entry SET amount_min = 61 WHERE account_id = 3 AND seq = 1"],
        [
            ("R1", "book 1 is off by 1 minutes"),
            ("R2", "account 3 says 65 in, 20 out, 3 lines; its entries say 66, 20, 3"),
            ("R3", "account 3, entry 1"),
            ("R4", "transfer 1 has 2 entries, of which fit 1"),
        ],
    ),
    "R2: turnover that no entry made": (
        ["UPDATE account SET credits = credits + 1, debits = debits + 1 WHERE id = 3"],
        [("R2", "account 3 says 66 in, 21 out, 3 lines; its entries say 65, 20, 3")],
    ),
    "R2: a line that is not there": (
        ["UPDATE account SET version = 4 WHERE id = 3"],
        [("R2", "account 3 says 65 in, 20 out, 4 lines; its entries say 65, 20, 3")],
    ),
    "R2: another moment": (
        [f"UPDATE account SET moved_at = {LATER} WHERE id = 3"],
        [("R2", "account 3 has another moment than its newest entry")],
    ),
    "R3: a balance that does not follow": (
        ["UPDATE entry SET balance_after_min = 7 WHERE account_id = 3 AND seq = 1"],
        [("R3", "account 3, entry 1")],
    ),
    "R3: credits that do not follow": (
        ["UPDATE entry SET credits_after_min = 1 WHERE account_id = 3 AND seq = 2"],
        [("R3", "account 3, entry 2")],
    ),
    "R3: an entry hidden in the future": (
        [
            f"UPDATE entry SET created_at = {LATER} WHERE account_id = 3 AND seq = 3",
            f"UPDATE account SET moved_at = {LATER} WHERE id = 3",
        ],
        [("R3", "account 3, entry 3")],
    ),
    "R3: a gap": (
        ["UPDATE entry SET seq = 4 WHERE account_id = 3 AND seq = 3"],
        [
            ("R2", "account 3 says 65 in, 20 out, 3 lines; its entries say 65, 20, 3"),
            ("R3", "account 3, entry 4"),
        ],
    ),
    "R4: minutes minted behind a hold": (
        [ENTRY.format(3, 4, 4, 5, 50, 70), ENTRY.format(1, 3, 4, -5, -70, 0), *MINTED],
        [("R4", "transfer 4 has 2 entries, of which fit 0")],
    ),
    "R4: minutes minted behind a transfer of another book": (
        [*STRAY, ENTRY.format(3, 4, STRAYED, 5, 50, 70), ENTRY.format(1, 3, STRAYED, -5, -70, 0), *MINTED],
        [("R4", "account 1, entry 3 has no transfer in its book")],
    ),
    "R4: a gift that never arrived": (
        [
            "DELETE FROM entry WHERE transfer_id = 3",
            "UPDATE account SET debits = 0, version = 2 WHERE id = 3",
            "UPDATE account SET credits = 0, version = 0, moved_at = NULL WHERE id = 4",
        ],
        [("R4", "transfer 3 has 0 entries, of which fit 0")],
    ),
    "R5: more held than is promised": (
        ["UPDATE account SET held = held + 1 WHERE id = 3"],
        [("R5", "account 3 holds 11, its open holds 10")],
    ),
    "R5: a hold that was let go without an end": (
        ["DELETE FROM hold_open", "UPDATE account SET held = 0 WHERE id = 3"],
        [
            ("R5", "hold 4 has no end, and is not open until its moment"),
            ("R5", "account 3 holds 0, its open holds 10"),
        ],
    ),
    "R5: a hold with another moment": (
        ["UPDATE hold_open SET expires_at = (SELECT created_at FROM transfer WHERE id = 1)"],
        [("R5", "hold 4 has no end, and is not open until its moment")],
    ),
    "R5: a post that is open": (
        ["INSERT INTO hold_open SELECT 1, created_at FROM transfer WHERE id = 1"],
        [("R5", "transfer 1 is open, and is no hold or has ended")],
    ),
    "R7: another reason": (
        ["UPDATE transfer SET reason = 'else' WHERE id = 1"],
        [("R7", "transfer 1 is not what its leaf says")],
    ),
    "R7: a reason that no posting could have": (
        ["UPDATE transfer SET reason = 'e\narn' WHERE id = 2"],
        [("R7", "transfer 2 is not what its leaf says")],
    ),
    "R7: another decision": (
        ["""UPDATE transfer SET decision = '{"pack" : "none"}' WHERE id = 3"""],
        [("R7", "transfer 3 is not what its leaf says")],
    ),
    "R7: another moment": (
        ["UPDATE transfer SET effective_at = expires_at WHERE id = 4"],
        [("R7", "transfer 4 is not what its leaf says")],
    ),
    "R7: a hold that never was": (
        ["DELETE FROM hold_open", "UPDATE account SET held = 0 WHERE id = 3", "DELETE FROM transfer WHERE id = 4"],
        [("R7", "seal 1 does not fit its transfers")],
    ),
}


@pytest.mark.parametrize(("statements", "expected"), BROKEN.values(), ids=BROKEN)
def test_planted_fault_is_named(
    shared_engine: Engine, shared_books: Pair, statements: list[str], expected: list[tuple[str, str]]
) -> None:
    """Each check must find the fault it is there for, and no check may cry without one."""
    with transaction(shared_engine) as session:
        attempt = session.begin_nested()
        tamper(session, *statements)
        found = reconcile(session, shared_books.book)
        attempt.rollback()
        after = reconcile(session, shared_books.book)

    assert found == [Finding(*finding) for finding in expected]
    assert after == []


def test_reversal_of_something_else_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R4: a reversal pointed at another transfer would leave the first one to be reversed again."""
    back = reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon).transfer_id

    tamper(session, f"UPDATE transfer SET reverses_id = {books.earned} WHERE kind = 'reverse'")

    assert reconcile(session, books.book) == [
        Finding("R4", f"transfer {back} is not the opposite of {books.earned}"),
        Finding("R7", f"transfer {back} is not what its leaf says"),
    ]


def test_hold_that_ended_as_another_one_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R5: what was captured is what was held."""
    end = capture(session, books.book, books.held, idem_key="done", now=noon).transfer_id

    tamper(session, f"UPDATE transfer SET amount_min = 9 WHERE id = {books.held}")

    assert reconcile(session, books.book) == [
        Finding("R5", f"transfer {end} ends hold {books.held} as another one"),
        Finding("R7", f"transfer {books.held} is not what its leaf says"),
    ]


def test_entry_under_the_floor_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R6: the floor held at every moment of the past, not only now."""
    post(session, books.earn("late", 30, credit_id=books.bo), now=noon)

    tamper(session, "UPDATE account SET floor_min = 30 WHERE code = 'bo'")

    assert reconcile(session, books.book) == [Finding("R6", f"account {books.bo}, entry 1 leaves 20")]


def test_leaf_computed_anew_is_named_by_its_seal(session: Session, books: Pair, noon: datetime) -> None:
    """R7: whoever changes a row and its hashes too still meets the seal over them."""
    other = books.earn("a", 60, reason="else")
    rewritten = {"reason": "else", "request_hash": request_hash(other), "leaf": leaf_hash(other, noon)}

    tamper(session)
    session.connection().execute(update(TRANSFER).where(TRANSFER.c.id == books.earned).values(**rewritten))

    assert reconcile(session, books.book) == [Finding("R7", "seal 1 does not fit its transfers")]


@pytest.mark.parametrize(
    "change",
    [
        "transfers = 3",
        "to_id = 3",
        "from_id = 2",
        "root = digest",
        "previous = digest",
        "digest = root",
        "sealed_at = (SELECT expires_at FROM hold_open)",
        "n = 2",
    ],
)
def test_changed_seal_is_named(shared_engine: Engine, shared_books: Pair, change: str) -> None:
    """R7: every column of a seal is under its digest."""
    with transaction(shared_engine) as session:
        attempt = session.begin_nested()
        tamper(session, f"UPDATE seal SET {change}")
        found = reconcile(session, shared_books.book)
        attempt.rollback()

    assert [(finding.check, finding.row.split()[0]) for finding in found] == [("R7", "seal")]


def test_seal_that_was_taken_away_is_missed_by_who_kept_its_digest(session: Session, books: Pair) -> None:
    """R7: without a digest outside the database, nobody can know that the newest seal is gone."""
    digest = bytes(session.connection().execute(select(SEAL.c.digest)).scalar_one())

    assert reconcile(session, books.book, published={1: digest}) == []
    tamper(session, "DELETE FROM seal")
    assert reconcile(session, books.book) == []
    assert reconcile(session, books.book, published={1: digest}) == [
        Finding("R7", "seal 1 is not the one that was published")
    ]

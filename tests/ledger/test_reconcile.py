"""Reconciliation finds what slipped through: each check names the first row that breaks it, and is quiet otherwise."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, select, text, update
from sqlmodel import Session

from tests.ledger.conftest import Pair, tamper
from timebank.core.database import transaction
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.findings import Finding
from timebank.ledger.holds import capture, reverse
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import SEAL
from timebank.ledger.terms import TRANSFER, leaf_hash, request_hash

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
BROKEN: dict[str, tuple[list[str], list[tuple[str, ...]]]] = {
    "R1: a minute too many": (
        ["UPDATE entry SET amount_min = 61 WHERE account_id = 3 AND seq = 1"],
        [
            ("R1", "book", "1", "sum_of_entries", "1", "0"),
            ("R2", "account", "3", "credits", "65", "66"),
            ("R3", "entry", "account 3, seq 1", "balance_after_min", "60", "61"),
            ("R4", "entry", "account 3, seq 1", "amount_min", "61", "60"),
        ],
    ),
    "R2: turnover that no entry made": (
        ["UPDATE account SET credits = credits + 1, debits = debits + 1 WHERE id = 3"],
        [("R2", "account", "3", "credits", "66", "65")],
    ),
    "R2: a line that is not there": (
        ["UPDATE account SET version = 4 WHERE id = 3"],
        [("R2", "account", "3", "version", "4", "3")],
    ),
    "R2: a floor that nobody set": (
        ["UPDATE account SET floor_min = 5 WHERE id = 3"],
        [("R2", "account", "3", "floor_min", "5", "0")],
    ),
    "R2: an account that is gone": (
        ["DELETE FROM account WHERE code = 'pool'"],
        [("R2", "account", "2", "id", "-", "2")],
    ),
    "R3: a balance that does not follow": (
        ["UPDATE entry SET balance_after_min = 7 WHERE account_id = 3 AND seq = 1"],
        [("R3", "entry", "account 3, seq 1", "balance_after_min", "7", "60")],
    ),
    "R3: credits that do not follow": (
        ["UPDATE entry SET credits_after_min = 1 WHERE account_id = 3 AND seq = 2"],
        [("R3", "entry", "account 3, seq 2", "credits_after_min", "1", "65")],
    ),
    "R3: a gap": (
        ["UPDATE entry SET seq = 4 WHERE account_id = 3 AND seq = 3"],
        [("R3", "entry", "account 3, seq 4", "seq", "4", "3")],
    ),
    "R4: minutes minted behind a hold": (
        [ENTRY.format(3, 4, 4, 5, 50, 70), ENTRY.format(1, 3, 4, -5, -70, 0), *MINTED],
        [("R4", "entry", "account 1, seq 3", "transfer_id", "4", "-")],
    ),
    "R4: minutes minted behind a transfer of another book": (
        [*STRAY, ENTRY.format(3, 4, STRAYED, 5, 50, 70), ENTRY.format(1, 3, STRAYED, -5, -70, 0), *MINTED],
        [("R4", "entry", "account 1, seq 3", "transfer_id", "{strayed}", "-")],
    ),
    "R4: a gift that never arrived": (
        [
            "DELETE FROM entry WHERE transfer_id = 3",
            "UPDATE account SET debits = 0, version = 2 WHERE id = 3",
            "UPDATE account SET credits = 0, version = 0, moved_at = NULL WHERE id = 4",
        ],
        [("R4", "transfer", "3", "entries", "0", "2")],
    ),
    "R5: more held than is promised": (
        ["UPDATE account SET held = held + 1 WHERE id = 3"],
        [("R5", "account", "3", "held", "11", "10")],
    ),
    "R5: a post that is open": (
        ["INSERT INTO hold_open SELECT 1, created_at FROM transfer WHERE id = 1"],
        [("R5", "hold_open", "1", "hold_id", "1", "-")],
    ),
}
UNWORDED = {
    "R2: another moment": (
        [f"UPDATE account SET moved_at = {LATER} WHERE id = 3"],
        [("R2", "account", "3", "moved_at")],
    ),
    "R4: an entry hidden in the future": (
        [
            f"UPDATE entry SET created_at = {LATER} WHERE account_id = 3 AND seq = 3",
            f"UPDATE account SET moved_at = {LATER} WHERE id = 3",
        ],
        [("R4", "entry", "account 3, seq 3", "created_at")],
    ),
    "R5: a hold that was let go without an end": (
        ["DELETE FROM hold_open", "UPDATE account SET held = 0 WHERE id = 3"],
        [("R5", "hold_open", "4", "expires_at"), ("R5", "account", "3", "held")],
    ),
    "R5: a hold with another moment": (
        ["UPDATE hold_open SET expires_at = (SELECT created_at FROM transfer WHERE id = 1)"],
        [("R5", "hold_open", "4", "expires_at")],
    ),
    "R7: another reason": (
        ["UPDATE transfer SET reason = 'else' WHERE id = 1"],
        [("R7", "transfer", "1", "leaf")],
    ),
    "R7: a reason that no posting could have": (
        ["UPDATE transfer SET reason = 'e\narn' WHERE id = 2"],
        [("R7", "transfer", "2", "leaf")],
    ),
    "R7: another decision": (
        ["""UPDATE transfer SET decision = '{"pack" : "none"}' WHERE id = 3"""],
        [("R7", "transfer", "3", "leaf")],
    ),
    "R7: another request": (
        ["UPDATE transfer SET request_hash = leaf WHERE id = 3"],
        [("R7", "transfer", "3", "request_hash")],
    ),
    "R7: another moment": (
        ["UPDATE transfer SET effective_at = expires_at WHERE id = 4"],
        [("R7", "transfer", "4", "leaf")],
    ),
    "R7: a hold that never was": (
        ["DELETE FROM hold_open", "UPDATE account SET held = 0 WHERE id = 3", "DELETE FROM transfer WHERE id = 4"],
        [("R7", "seal", "1", "to_id")],
    ),
}


@pytest.mark.parametrize(("statements", "expected"), BROKEN.values(), ids=BROKEN)
def test_planted_fault_is_named(
    shared_engine: Engine, shared_books: Pair, statements: list[str], expected: list[tuple[str, ...]]
) -> None:
    """Each check must find the fault it is there for, say what is there and what is right, and not cry without one."""
    with transaction(shared_engine) as session:
        attempt = session.begin_nested()
        tamper(session, *statements)
        strayed = session.connection().execute(text(f"SELECT {STRAYED}")).scalar()
        found = reconcile(session, shared_books.book)
        attempt.rollback()
        after = reconcile(session, shared_books.book)

    assert found == [Finding(*(part.format(strayed=strayed) for part in finding)) for finding in expected]
    assert after == []


@pytest.mark.parametrize(("statements", "expected"), UNWORDED.values(), ids=UNWORDED)
def test_fault_in_a_moment_or_a_hash_is_named(
    shared_engine: Engine, shared_books: Pair, statements: list[str], expected: list[tuple[str, ...]]
) -> None:
    """What cannot be written down in a test alike for both databases is named by its row and column all the same."""
    with transaction(shared_engine) as session:
        attempt = session.begin_nested()
        tamper(session, *statements)
        found = reconcile(session, shared_books.book)
        attempt.rollback()

    assert [finding[:4] for finding in found] == expected
    assert all(finding.says != finding.should for finding in found)


def test_reversal_of_something_else_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R4: a reversal pointed at another transfer would leave the first one to be reversed again."""
    back = reverse(session, books.book, books.given, idem_key="r", reason="mistake", now=noon).transfer_id

    tamper(session, f"UPDATE transfer SET reverses_id = {books.earned} WHERE kind = 'reverse'")

    first, second = reconcile(session, books.book)
    assert first == Finding("R4", "transfer", str(back), "reverses_id", str(books.earned), "-")
    assert second[:4] == ("R7", "transfer", str(back), "leaf")


def test_hold_that_ended_as_another_one_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R5: what was captured is what was held."""
    end = capture(session, books.book, books.held, idem_key="done", now=noon).transfer_id

    tamper(session, f"UPDATE transfer SET amount_min = 9 WHERE id = {books.held}")

    first, second = reconcile(session, books.book)
    assert first == Finding("R5", "transfer", str(end), "hold_id", str(books.held), "-")
    assert second[:4] == ("R7", "transfer", str(books.held), "leaf")


def test_entry_under_the_floor_of_its_time_is_named(session: Session, books: Pair, noon: datetime) -> None:
    """R6: the floor held at every moment of the past, not only now."""
    tamper(session, f"UPDATE account_state SET floor_min = 30 WHERE account_id = {books.bo}")

    found = reconcile(session, books.book)

    assert found == [
        Finding("R2", "account", str(books.bo), "floor_min", "0", "30"),
        Finding("R6", "entry", f"account {books.bo}, seq 1", "balance_after_min", "20", "30"),
    ]


def test_limit_that_is_set_later_does_not_judge_the_past(session: Session, books: Pair) -> None:
    """R6: a member may be given a ceiling of 40 although they once stored 65; each entry is held to its own time."""
    limited = update(ACCOUNT).where(ACCOUNT.c.id == books.anna).values(ceiling_min=50, floor_min=20)

    session.connection().execute(limited)

    assert reconcile(session, books.book) == []


def test_leaf_computed_anew_is_named_by_its_seal(session: Session, books: Pair, noon: datetime) -> None:
    """R7: whoever changes a row and its hashes too still meets the seal over them."""
    other = books.earn("a", 60, reason="else")
    rewritten = {"reason": "else", "request_hash": request_hash(other), "leaf": leaf_hash(other, noon)}

    tamper(session)
    session.connection().execute(update(TRANSFER).where(TRANSFER.c.id == books.earned).values(**rewritten))

    (found,) = reconcile(session, books.book)
    assert found[:4] == ("R7", "seal", "1", "root")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("transfers = 3", "transfers"),
        ("to_id = 3", "transfers"),
        ("from_id = 2", "from_id"),
        ("root = digest", "root"),
        ("previous = digest", "previous"),
        ("digest = root", "digest"),
        ("sealed_at = (SELECT expires_at FROM hold_open)", "digest"),
        ("n = 2", "n"),
    ],
)
def test_changed_seal_is_named(shared_engine: Engine, shared_books: Pair, change: str, column: str) -> None:
    """R7: every column of a seal is under its digest, and is held against what it seals."""
    with transaction(shared_engine) as session:
        attempt = session.begin_nested()
        tamper(session, f"UPDATE seal SET {change}")
        found = reconcile(session, shared_books.book)
        attempt.rollback()

    assert [(finding.check, finding.table, finding.column) for finding in found] == [("R7", "seal", column)]


def test_seal_that_was_taken_away_is_missed_by_who_kept_its_digest(session: Session, books: Pair) -> None:
    """R7: without a digest outside the database, nobody can know that the newest seal is gone."""
    digest = bytes(session.connection().execute(select(SEAL.c.digest)).scalar_one())

    assert reconcile(session, books.book, published={1: digest}) == []
    tamper(session, "DELETE FROM seal")
    assert reconcile(session, books.book) == []
    assert reconcile(session, books.book, published={1: digest}) == [
        Finding("R7", "seal", "1", "digest", "-", digest.hex())
    ]


def test_reader_finds_what_a_writer_finds(engine: Engine, books: Pair) -> None:
    """A session that only reads has its hashes computed by a second reader; the answer must be the same."""
    with transaction(engine) as session:
        tamper(session, "UPDATE transfer SET reason = 'else' WHERE id = 1", "UPDATE account SET held = 9 WHERE id = 3")
        written = reconcile(session, books.book)

    with transaction(engine, read_only=True) as session:
        read = reconcile(session, books.book)

    assert [finding.check for finding in read] == ["R5", "R7"]
    assert read == written

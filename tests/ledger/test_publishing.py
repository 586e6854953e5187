"""Published seals: appended and never rewritten, and books that were shortened, rewritten or forked are found out."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from tests.ledger.conftest import Pair, tamper
from timebank.core.database import transaction
from timebank.core.errors import WrongInput, WrongState
from timebank.ledger.checkpoints import Checkpoint, first_fault
from timebank.ledger.notes import read_verifier_key
from timebank.ledger.posting import post
from timebank.ledger.publishing import Parting, first_parting, publish, read_file
from timebank.ledger.seal_keys import current_signer
from timebank.ledger.seals import seal_transfers
from timebank.ledger.tables import Book, SealKey

HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where seals are published."""
    return tmp_path / "seals.txt"


def book_of(session: Session, pair: Pair) -> Book:
    """Return the book of the pair."""
    return session.get_one(Book, pair.book)


def publish_twice(session: Session, books: Pair, file: Path, now: datetime) -> list[Checkpoint]:
    """Publish the first seal, post and seal once more, and publish that."""
    publish(session, book_of(session, books), file, now=now)
    post(session, books.earn("later"), now=now + HOUR)
    seal_transfers(session, books.book, now=now + HOUR)
    publish(session, book_of(session, books), file, now=now + HOUR)
    return read_file(file)


def parting(session: Session, books: Pair, notes: list[Checkpoint]) -> Parting:
    """Return where books and notes part, which they do."""
    found = first_parting(session, book_of(session, books), notes)
    assert found is not None
    return found


def test_file_is_only_appended_to(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """Whoever has an old copy finds it at the beginning of the new one."""
    first = publish(session, book_of(session, books), file, now=noon)
    before = file.read_bytes()

    notes = publish_twice(session, books, file, noon)

    assert first is not None
    assert (first.added, first.size) == (1, 1)
    assert file.read_bytes().startswith(before)
    assert [(note.size, [seal.n for seal in note.seals]) for note in notes] == [(1, [1]), (2, [2])]
    assert first_fault(notes) is None
    assert first_parting(session, book_of(session, books), notes) is None


def test_nothing_new_is_not_published(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """A job that publishes every hour does not fill the file."""
    publish(session, book_of(session, books), file, now=noon)
    before = file.read_bytes()

    assert publish(session, book_of(session, books), file, now=noon) is None
    assert file.read_bytes() == before


def test_note_is_a_checkpoint_that_others_read(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """The first three lines and the signature are those of transparency logs, which have programs to check them."""
    made = publish(session, book_of(session, books), file, now=noon)
    lines = file.read_text().split("\n")

    assert made is not None
    assert lines[:2] == ["timebank/putuo", "1"]
    assert lines[3] == f"key {made.key}"
    assert lines[-4:-2] == [lines[6], ""]
    assert lines[-2].startswith("— timebank/putuo ")
    assert read_verifier_key(str(made.key)) == made.key


def test_seal_that_was_taken_away_is_found(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """Books that were cut short are sound in themselves; only a copy elsewhere knows better."""
    notes = publish_twice(session, books, file, noon)

    tamper(session, "DELETE FROM seal WHERE n = 2")

    found = parting(session, books, notes)
    assert (found.how, found.finding.key, found.finding.says) == ("truncated", "2", "-")


def test_changed_seal_is_found(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """A row of a seal that was changed by hand fits neither itself nor what was published."""
    notes = publish_twice(session, books, file, noon)

    tamper(session, "UPDATE seal SET root = previous WHERE n = 1")

    found = parting(session, books, notes)
    assert (found.how, found.finding.key) == ("rewritten", "1")


def test_other_history_is_found(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """Whoever computes all seals anew over other transfers has books that check, and another first seal."""
    notes = publish_twice(session, books, file, noon)

    tamper(session, "DELETE FROM seal")
    seal_transfers(session, books.book, now=noon + 2 * HOUR)

    found = parting(session, books, notes)
    assert (found.how, found.finding.key, found.finding.column) == ("forked", "1", "digest")


def test_changed_holder_is_found(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """Whose an account is stands under no seal; the notes tell it."""
    notes = publish_twice(session, books, file, noon)

    statements = (f"UPDATE {table} SET code = 'ann' WHERE code = 'anna'" for table in ("account", "account_state"))
    tamper(session, *statements)

    assert parting(session, books, notes).how == "accounts"


def test_books_that_differ_are_not_published(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """A file that went on with another history would cover it up."""
    publish_twice(session, books, file, noon)
    before = file.read_bytes()
    tamper(session, "DELETE FROM seal WHERE n = 2")

    with pytest.raises(WrongState, match="seal 2 was published and is not there"):
        publish(session, book_of(session, books), file, now=noon)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"), [("\n2\n", "\n3\n"), ("seal 2 ", "seal 3 "), (" 4 ", " 3 "), ("accounts 4", "accounts 5")]
)
def test_changed_note_is_found(session: Session, books: Pair, file: Path, noon: datetime, old: str, new: str) -> None:
    """A copy that was changed on its way is not taken for the bank's word."""
    publish_twice(session, books, file, noon)
    said = file.read_text()
    changed = said.replace(old, new, 1)
    file.write_text(changed)

    found = parting(session, books, read_file(file))

    assert said != changed
    assert found.how == "unsigned"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda said: said[:-1], 9),
        (lambda said: said.partition("\n\n")[0] + "\n", 7),
        (lambda said: "\n" + said, 1),
        (lambda said: said.replace("\n\n", "\n\nno signature\n"), 9),
        (lambda said: said.replace("book ", "buch "), 1),
        (lambda said: said.replace("seal ", "siegel "), 1),
        (lambda said: said.replace("\n1\n", "\none\n"), 1),
        (lambda said: said.replace("— timebank/putuo ", "— timebank/putuo !"), 9),
        (lambda said: said.replace("key timebank/putuo", "key other"), 1),
        (lambda said: said.replace("+00:00\n", "\n"), 1),
    ],
)
def test_file_that_is_none_is_refused_with_its_line(
    session: Session, books: Pair, file: Path, noon: datetime, change: Callable[[str], str], line: int
) -> None:
    """A torn or a strange file is neither believed nor written to."""
    publish(session, book_of(session, books), file, now=noon)
    file.write_text(change(file.read_text()))

    with pytest.raises(WrongInput, match=rf"from line {line} on"):
        read_file(file)


def test_file_that_is_not_there_is_refused(file: Path) -> None:
    """Whoever mistypes a name learns it."""
    with pytest.raises(WrongInput, match="published"):
        read_file(file)


@pytest.mark.parametrize("word", ["", "a+b", "timebank/putuo+00000000+AQ==", "x+2d86e2de+!", "a+b+c+d"])
def test_key_that_is_none_is_refused(word: str) -> None:
    """A mistyped key checks nothing."""
    with pytest.raises(WrongInput, match="key"):
        read_verifier_key(word)


def test_other_key_is_not_the_banks(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """Whoever signs a file of their own is found out by who knows the bank's key."""
    made = publish(session, book_of(session, books), file, now=noon)
    notes = read_file(file)
    other = current_signer(session, now=noon, new=True).verifier("putuo")

    assert made is not None
    assert first_parting(session, book_of(session, books), notes, made.key) is None
    found = first_parting(session, book_of(session, books), notes, other)
    assert found is not None
    assert found.how == "unsigned"


def test_key_is_kept_encrypted_and_its_elder_is_gone(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """A copy of the database signs nothing; a retired key has no private half."""
    publish(session, book_of(session, books), file, now=noon)
    first = session.exec(select(SealKey)).one()
    private = base64.b64encode(current_signer(session, now=noon).private_key.private_bytes_raw())
    stored = session.connection().execute(text("SELECT private_key FROM seal_key")).scalar_one()

    post(session, books.earn("later"), now=noon)
    seal_transfers(session, books.book, now=noon)
    publish(session, book_of(session, books), file, now=noon, new_key=True)

    first_note, second_note = read_file(file)
    assert (first.private_key, first.status) == (None, "retired")
    assert private not in bytes(stored)
    assert str(first_note.key) != str(second_note.key)
    assert first_parting(session, book_of(session, books), [first_note, second_note]) is None


def test_books_of_others_stand_beside_each_other(session: Session, books: Pair, file: Path, noon: datetime) -> None:
    """One file can hold the notes of several books; each log is its own."""
    publish(session, book_of(session, books), file, now=noon)
    notes = read_file(file)

    other = Book(id=9, code="other book+1", name_zh="x", created_at=noon)

    assert first_parting(session, other, []) is None
    assert {note.log for note in notes} == {"timebank/putuo"}


def test_published_seals_survive_the_transaction(engine: Engine, books: Pair, file: Path, noon: datetime) -> None:
    """What was published is what is stored, also for the next process."""
    with transaction(engine) as session:
        publish(session, book_of(session, books), file, now=noon)

    with transaction(engine, read_only=True) as session:
        assert first_parting(session, book_of(session, books), read_file(file)) is None

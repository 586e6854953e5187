"""Personal data is unreadable at rest and found again by keyed hash."""

import hashlib
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from timebank.core.errors import PersonalDataUnreadable
from timebank.core.personal_data import (
    Keyring,
    forget_keys,
    load_or_make_keys,
    lookup_hash,
    open_field,
    parse_keys,
    seal_field,
)
from timebank.people.tables import Person

FIRST, SECOND = "A" * 43 + "=", "B" * 42 + "A="


def test_sealed_text_opens_again() -> None:
    """What goes in comes out, Chinese included."""
    sealed = seal_field("person.name", "王秀英")

    assert open_field("person.name", sealed) == "王秀英"


def test_sealed_text_does_not_show() -> None:
    """The bytes hold nothing of the text, and never repeat for equal texts."""
    first, second = seal_field("person.name", "王秀英"), seal_field("person.name", "王秀英")

    assert "王秀英".encode() not in first
    assert first != second


def test_sealed_text_belongs_to_its_field() -> None:
    """A value copied into another column must not pass for that column's."""
    sealed = seal_field("person.name", "13800000000")

    with pytest.raises(PersonalDataUnreadable):
        open_field("person.phone", sealed)


@pytest.mark.parametrize("position", [0, 5, -1])
def test_flipped_bit_is_noticed(position: int) -> None:
    """Neither key number, nonce nor text can be changed unseen."""
    sealed = bytearray(seal_field("person.name", "王秀英"))
    sealed[position] ^= 1

    with pytest.raises(PersonalDataUnreadable):
        open_field("person.name", bytes(sealed))


def test_lookup_ignores_spacing_and_case() -> None:
    """The same identity number is found however it was typed."""
    assert lookup_hash("identity", "31010719400101123x") == lookup_hash("identity", " 310107 19400101 123X")


def test_lookup_keeps_kinds_apart() -> None:
    """An equal phone and identity number must not point at each other."""
    assert lookup_hash("identity", "1380000") != lookup_hash("phone", "1380000")


def test_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """A key that others can read protects nothing; the second reader gets the same key."""
    path = tmp_path / "home" / "timebank.key"

    first, second = load_or_make_keys(path), load_or_make_keys(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first == second


@pytest.mark.parametrize("keys", ["", "1", f"0:{FIRST}", f"256:{FIRST}", "1:short", f"x:{FIRST}", f"²:{FIRST}"])
def test_wrong_keys_are_refused_without_repeating_them(keys: str) -> None:
    """A faulty key must stop the start, and never land in a log."""
    with pytest.raises(ValueError, match="key") as caught:
        parse_keys(keys)

    assert "AAAA" not in str(caught.value)


@pytest.fixture
def rings() -> Iterator[Callable[[str], None]]:
    """Change the keys of this process, and put them back."""
    with pytest.MonkeyPatch.context() as patch:

        def use(keys: str) -> None:
            patch.setenv("TIMEBANK_KEYS", keys)
            forget_keys()

        yield use
    forget_keys()


def test_rotation_keeps_what_is_stored(rings: Callable[[str], None]) -> None:
    """A new key encrypts from now on; old fields still open, and people are still found."""
    rings(f"1:{FIRST}")
    old, found = seal_field("person.name", "王秀英"), lookup_hash("phone", "13800000000")

    rings(f"1:{FIRST},2:{SECOND}")
    new = seal_field("person.name", "王秀英")

    assert (old[0], new[0]) == (1, 2)
    assert open_field("person.name", old) == open_field("person.name", new) == "王秀英"
    assert lookup_hash("phone", "13800000000") == found


def test_highest_number_encrypts_in_any_order(rings: Callable[[str], None]) -> None:
    """A key file is edited by people; the order of its lines decides nothing."""
    rings(f"7:{SECOND}\n1:{FIRST}\n")

    assert seal_field("person.name", "王")[0] == 7


def test_missing_key_is_told_by_its_number(rings: Callable[[str], None]) -> None:
    """Whoever took a key away too early learns which one to bring back."""
    rings(f"1:{FIRST},2:{SECOND}")
    sealed = seal_field("person.name", "王秀英")

    rings(f"1:{FIRST}")
    with pytest.raises(
        PersonalDataUnreadable, match=r"person\.name cannot be read: key 2 is not among the keys"
    ) as caught:
        open_field("person.name", sealed)

    assert caught.value.field == "person.name"


def test_wrong_key_is_told_in_words(rings: Callable[[str], None]) -> None:
    """Another key under the same number opens nothing, and nothing unreadable is shown."""
    rings(f"1:{FIRST}")
    sealed = seal_field("person.name", "王秀英")

    rings(f"1:{SECOND}")
    with pytest.raises(PersonalDataUnreadable, match="does not open with its key"):
        open_field("person.name", sealed)


@pytest.mark.parametrize("sealed", [b"", b"\1", b"\1" + bytes(12), b"\1" + bytes(40)])
def test_cut_bytes_are_told_in_words(sealed: bytes) -> None:
    """A field that was cut short is unreadable, not a fault of the program."""
    with pytest.raises(PersonalDataUnreadable):
        open_field("person.name", sealed)


def test_number_twice_is_refused() -> None:
    """The second key under a number would make what the first has sealed unreadable."""
    with pytest.raises(ValueError, match="key number 1 comes twice"):
        parse_keys(f"1:{FIRST},1:{SECOND}")


def test_keys_are_written_in_lines_or_with_commas() -> None:
    """A variable and a file are written differently."""
    assert parse_keys(f"1:{FIRST}, 2:{SECOND}") == parse_keys(f"\n1:{FIRST}\n2:{SECOND}\n\n")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_open_key_file_is_refused(tmp_path: Path, mode: int) -> None:
    """A key file copied with wider rights is no secret any more; the sentence says what to type."""
    path = tmp_path / "timebank.key"
    load_or_make_keys(path)
    path.chmod(mode)

    with pytest.raises(ValueError, match=f"chmod 600 {path}"):
        load_or_make_keys(path)


def test_key_file_appears_whole_and_alone(tmp_path: Path) -> None:
    """Two processes that start at once agree on one key, and leave no half-written file."""
    path = tmp_path / "timebank.key"
    together = threading.Barrier(4)

    def start(_number: int) -> Keyring:
        together.wait()
        return load_or_make_keys(path)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(start, range(4))

    assert others == [first] * 3
    assert list(tmp_path.iterdir()) == [path]


def test_field_is_sealed_in_the_database(session: Session) -> None:
    """Whoever takes the file or a backup reads no name; the code reads it as before."""
    session.add(Person(name="王秀英", phone="13800000000", gender="female", born_on=date(1940, 1, 1)))
    session.flush()
    session.expire_all()

    stored = session.connection().execute(text("SELECT name, phone, address FROM person")).one()
    person = session.exec(select(Person)).one()

    assert "王秀英".encode() not in bytes(stored.name)
    assert b"13800000000" not in bytes(stored.phone)
    assert stored.address is None
    assert (person.name, person.phone, person.address) == ("王秀英", "13800000000", None)


def test_field_copied_into_another_column_does_not_open(session: Session) -> None:
    """A clerk with access to the database cannot have the application show a phone as a name."""
    session.add(Person(name="王秀英", phone="13800000000", gender="female", born_on=date(1940, 1, 1)))
    session.flush()
    session.expire_all()
    session.connection().execute(text("UPDATE person SET name = phone"))

    with pytest.raises(PersonalDataUnreadable, match=r"person\.name"):
        session.exec(select(Person)).one()


def test_person_is_found_by_keyed_hash(session: Session) -> None:
    """An import finds the person again without the number being stored in the clear."""
    known = lookup_hash("phone", "138-0000-0000")
    session.add(Person(name="王", phone_lookup=known, gender="female", born_on=date(1940, 1, 1)))
    session.flush()

    found = session.exec(select(Person).where(Person.phone_lookup == lookup_hash("phone", "13800000000"))).all()

    assert [person.name for person in found] == ["王"]
    assert known != hashlib.sha256(b"13800000000").digest()[: len(known)]

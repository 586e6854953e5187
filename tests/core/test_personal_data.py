"""Personal data is unreadable at rest and found again by keyed hash."""

import stat
from pathlib import Path

import pytest

from timebank.core.errors import PersonalDataUnreadable
from timebank.core.personal_data import (
    load_or_make_keys,
    lookup_hash,
    open_field,
    parse_keys,
    seal_field,
)


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


@pytest.mark.parametrize("text", ["", "1", "0:" + "A" * 43 + "=", "1:short", "x:" + "A" * 43 + "="])
def test_wrong_keys_are_refused_without_repeating_them(text: str) -> None:
    """A faulty key must stop the start, and never land in a log."""
    with pytest.raises(ValueError, match="key") as caught:
        parse_keys(text)

    assert "AAAA" not in str(caught.value)

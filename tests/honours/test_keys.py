"""Keys sign, retire, and stay published; their private halves stay ours."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.together import at_once
from timebank.cli import main
from timebank.core.database import transaction
from timebank.core.errors import PersonalDataUnreadable
from timebank.core.personal_data import forget_keys
from timebank.honours.keys import (
    PublicKey,
    current_key,
    key_number,
    published_keys,
    read_keys,
    rotate_keys,
    signer_of,
    write_keys,
)
from timebank.honours.refusals import NotPublished
from timebank.honours.tables import SigningKey

STORED = "SELECT key_id, private_key, status FROM signing_key ORDER BY made_at"


def stored(session: Session) -> list[tuple[str, bytes | None, str]]:
    """Return number, private half and state of every key as they lie in the database."""
    return [tuple(row) for row in session.connection().execute(text(STORED))]


def test_first_key_is_made_when_it_is_needed(session: Session, noon: datetime) -> None:
    """A district signs its first certificate without a ceremony."""
    first, again = current_key(session, now=noon), current_key(session, now=noon)

    assert first.key_id == again.key_id == key_number(first.public_key)
    assert signer_of(first).public_key().public_bytes_raw() == first.public_key


def test_two_who_need_the_first_key_get_the_same(engine: Engine, noon: datetime) -> None:
    """Two first certificates at once must not be signed by two keys that both think they are current."""
    one, other = at_once(
        engine,
        lambda session: current_key(session, now=noon).key_id,
        lambda session: current_key(session, now=noon).key_id,
    )

    assert one == other


def test_private_half_is_not_readable_in_the_database(session: Session, noon: datetime) -> None:
    """Whoever steals the file must not be able to sign."""
    key = current_key(session, now=noon)

    at_rest = bytes(stored(session)[0][1] or b"")

    assert (key.private_key or "").encode() not in at_rest
    assert signer_of(key).private_bytes_raw() not in at_rest


def test_private_half_opens_in_its_own_field_alone(session: Session, noon: datetime) -> None:
    """Bytes that were moved here from another column are refused, not used as a key."""
    current_key(session, now=noon)
    session.connection().execute(text("UPDATE signing_key SET private_key = :other"), {"other": b"\1" * 60})
    session.expire_all()

    with pytest.raises(PersonalDataUnreadable):
        current_key(session, now=noon)


def test_command_line_tells_what_is_wrong_with_a_key(
    engine: Engine,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    noon: datetime,
) -> None:
    """Whoever brought a database without its key file reads what to put back, not a traceback."""
    with transaction(engine) as session:
        current_key(session, now=noon)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TIMEBANK_KEYS", "9:" + "B" * 42 + "A=")
    monkeypatch.setattr(sys, "argv", ["timebank", "certificate", "publish"])
    forget_keys()

    with pytest.raises(SystemExit) as ended:
        main()

    forget_keys()
    told = capsys.readouterr().err.splitlines()
    assert ended.value.code == 3
    assert told[0].startswith(
        "个人信息字段 signing_key.private_key 无法读取：它所用的密钥（第 1 号）不在本机的密钥之中"
    )
    assert told[1].startswith("The field signing_key.private_key cannot be read: key 1 is not among the keys of this")


def test_rotation_twice_keeps_every_public_half(session: Session, noon: datetime) -> None:
    """A certificate of years ago is still checked with the key of its day."""
    first = current_key(session, now=noon).key_id
    second = rotate_keys(session, now=noon + timedelta(days=1)).key_id
    third = rotate_keys(session, now=noon + timedelta(days=1)).key_id

    keys = {key.key_id: (key.from_day, key.to_day) for key in published_keys(session)}

    assert keys == {
        first: (date(2026, 3, 2), date(2026, 3, 3)),
        second: (date(2026, 3, 3), date(2026, 3, 3)),
        third: (date(2026, 3, 3), None),
    }


def test_retired_key_signs_nothing_more(session: Session, noon: datetime) -> None:
    """A private half that is gone cannot be stolen later."""
    old = current_key(session, now=noon)
    new = rotate_keys(session, now=noon)

    private_by_id = {key_id: private for key_id, private, _ in stored(session)}

    assert private_by_id[old.key_id] is None
    assert private_by_id[new.key_id] is not None
    with pytest.raises(ValueError, match="is retired"):
        signer_of(old)


def test_two_rotations_at_once_leave_one_current_key(engine: Engine, noon: datetime) -> None:
    """Whoever comes second retires what the first one made."""
    with transaction(engine) as session:
        current_key(session, now=noon)

    at_once(engine, lambda session: rotate_keys(session, now=noon), lambda session: rotate_keys(session, now=noon))

    with transaction(engine, read_only=True) as session:
        assert sorted(status for _, _, status in stored(session)) == ["current", "retired", "retired"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM signing_key",
        "UPDATE signing_key SET public_key = private_key WHERE status = 'current'",
        "UPDATE signing_key SET key_id = 'OTHER' WHERE status = 'current'",
        "UPDATE signing_key SET made_at = retired_at WHERE status = 'retired'",
        "UPDATE signing_key SET retired_at = made_at WHERE status = 'retired'",
    ],
)
def test_database_keeps_published_keys_as_they_are(session: Session, noon: datetime, statement: str) -> None:
    """A key that changes after it was published unsays every certificate it signed."""
    current_key(session, now=noon)
    rotate_keys(session, now=noon)

    with pytest.raises(DBAPIError, match="a signing key stays as it is published"), session.begin_nested():
        session.connection().execute(text(statement))


def test_database_has_one_current_key(session: Session, noon: datetime) -> None:
    """Two current keys would be two truths about who signs."""
    current_key(session, now=noon)

    with pytest.raises(DBAPIError, match=r"uq_signing_key_current|signing_key\.status"), session.begin_nested():
        session.add(SigningKey(key_id="SECOND", public_key=b"\2" * 32, private_key="x", made_at=noon))
        session.flush()


def test_published_file_comes_back(public: PublicKey, noon: datetime) -> None:
    """A third party reads what we wrote, and nothing secret is in it."""
    text = write_keys([public], now=noon)

    assert read_keys(text, file="keys.json") == (public,)
    assert set(json.loads(text)["keys"][0]) == {"key_id", "algorithm", "public_key", "from_day", "to_day"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: "", "it is JSON"),
        (lambda _: "[" * 100_000, "it is JSON"),
        (lambda _: "[]", "its format is timebank-certificate-keys-1"),
        (lambda said: said.replace("keys-1", "keys-2"), "its format is"),
        (lambda said: said.replace("Ed25519", "RSA"), "each key has its number"),
        (lambda said: said.replace('"to_day"', '"until"'), "each key has its number"),
        (lambda said: said.replace("2026-01-01", "the first"), "each key has its number"),
        (lambda said: said.replace('"public_key": "', '"public_key": "AAAA'), "each key has its number"),
        (lambda said: said.replace('"key_id": "', '"key_id": "X'), "is not the one that its number says"),
        (lambda said: said + " " * 20_000_000, "at most 20000000 characters"),
    ],
    ids=range(10),
)
def test_file_that_was_not_published_is_refused(public: PublicKey, change: Callable[[str], str], said: str) -> None:
    """A key file that is wrong is told to be wrong; it never makes a good certificate look false."""
    written = write_keys([public], now=datetime(2026, 3, 2, tzinfo=UTC))

    with pytest.raises(NotPublished, match=said):
        read_keys(change(written), file="keys.json")

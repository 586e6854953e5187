"""A certificate is revoked once, and everyone can know, offline too."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.honours.conftest import Issue
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import say_refusal
from timebank.honours.keys import PublicKey, published_keys, rotate_keys
from timebank.honours.publishing import published
from timebank.honours.refusals import NotPublished, RevokedAlready
from timebank.honours.revocations import Revoked, read_list, revocation_of, revocations, revoke, write_list

NUMBER = "EAST-2026-000001"
ENTRY = Revoked(number=NUMBER, day=date(2026, 3, 2), reason="error")


def test_revocation_says_when_and_why(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """A bare no helps nobody who holds the paper."""
    issue_now()
    with transaction(engine) as session:
        revoke(session, NUMBER, reason="error", note="日期写错", now=noon)

    with transaction(engine, read_only=True) as session:
        assert revocation_of(session, NUMBER) == ENTRY
        assert revocations(session) == (ENTRY,)
        assert revocation_of(session, "EAST-2026-000002") is None


def test_second_revocation_changes_nothing(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """The first day counts, however often it is said."""
    issue_now()
    with transaction(engine) as session:
        revoke(session, NUMBER, reason="error", now=noon)

    with transaction(engine) as session:
        again = revoke(session, NUMBER, reason="error", now=noon + timedelta(days=5))

    assert again == ENTRY


def test_two_revocations_at_once_are_one(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """Two clerks who both find the error do not meet a fault of ours."""
    issue_now()

    one, other = at_once(
        engine,
        lambda session: revoke(session, NUMBER, reason="error", now=noon),
        lambda session: revoke(session, NUMBER, reason="error", now=noon),
    )

    assert one == other == ENTRY


def test_other_reason_is_refused_with_the_first_one(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """The published reason is the one it was revoked for, not the last one somebody thought of."""
    issue_now()
    with transaction(engine) as session:
        revoke(session, NUMBER, reason="error", now=noon)

    with transaction(engine) as session, pytest.raises(RevokedAlready) as refusal:
        revoke(session, NUMBER, reason="replaced", now=noon)

    assert say_refusal(refusal.value) == "证明 EAST-2026-000001 已于 2026-03-02 撤销（内容有误）；一份证明只撤销一次。"


@pytest.mark.parametrize(
    ("number", "parts", "refusal"),
    [
        ("EAST-2026-000009", {"reason": "error"}, NotFound),
        (NUMBER, {"reason": "mood"}, WrongInput),
        (NUMBER, {"reason": "error", "note": "x" * 1001}, WrongInput),
    ],
)
def test_what_cannot_be_revoked_is_refused(
    engine: Engine, issue_now: Issue, noon: datetime, number: str, parts: dict[str, str], refusal: type[Exception]
) -> None:
    """Only what was issued, for a reason that is known."""
    issue_now()

    with transaction(engine) as session, pytest.raises(refusal):
        revoke(session, number, now=noon, **parts)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM certificate_revocation", "UPDATE certificate_revocation SET reason = 'error'"]
)
def test_database_keeps_revocations(engine: Engine, issue_now: Issue, noon: datetime, statement: str) -> None:
    """A revoked certificate must not become good again by hand."""
    issue_now()
    with transaction(engine) as session:
        revoke(session, NUMBER, reason="replaced", now=noon)

    with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
        session.connection().execute(text(statement))


def test_published_list_comes_back(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """Signed, dated, and without the words that stay with the issuer."""
    issue_now()
    with transaction(engine) as session:
        revoke(session, NUMBER, reason="error", note="日期写错", now=noon)
        files = published(session, now=noon)
        keys = published_keys(session)

    listed = read_list(files.revocations, keys, file="revocations.json")

    assert (listed.made_at, listed.by_number) == (noon, {NUMBER: ENTRY})
    assert "日期写错" not in files.revocations


def test_list_of_before_a_rotation_stays_good(engine: Engine, noon: datetime) -> None:
    """A list on a shelf is old, not false."""
    with transaction(engine) as session:
        old = published(session, now=noon).revocations
        rotate_keys(session, now=noon + timedelta(days=30))
        keys = published_keys(session)

    assert read_list(old, keys, file="revocations.json").made_at == noon


def resigned(said: dict[str, Any], signer: Ed25519PrivateKey) -> str:
    """Sign whatever is said with the right key."""
    plain = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = base64.b64encode(signer.sign(b"timebank certificate revocations 1\0" + plain)).decode()
    return json.dumps(said | {"signature": signature})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(NUMBER, "EAST-2026-000002"), "it was changed after it was signed"),
        (lambda text: text.replace("2026-03-02T", "2026-03-09T"), "it was changed after it was signed"),
        (lambda text: text.replace('"error"', '"replaced"'), "it was changed after it was signed"),
        (lambda text: text.replace('"signature": "', '"signature": "!'), "it has a moment, a key"),
        (lambda text: text.replace('"key_id": "', '"key_id": "X'), "is not published, or was not in use"),
        (lambda text: text.replace("2026-03-02T", "2026-09-02T"), "is not published, or was not in use"),
        (lambda text: text.replace("signature", "signed"), "it has a moment, a key"),
        (lambda text: text[:-40], "it is JSON"),
        (lambda _: "{}", "its format is"),
    ],
    ids=range(9),
)
def test_list_that_was_not_published_is_refused(
    signer: Ed25519PrivateKey, public: PublicKey, change: Callable[[str], str], said: str
) -> None:
    """Whoever could take a line out of the list could make a revoked paper good."""
    good = write_list([ENTRY], key_id=public.key_id, signer=signer, now=datetime(2026, 3, 2, 4, tzinfo=UTC))
    assert read_list(good, [public], file="r.json").by_number == {NUMBER: ENTRY}

    with pytest.raises(NotPublished, match=said):
        read_list(change(good), [public], file="r.json")


@pytest.mark.parametrize("rows", [3, [["x"]], [["x", "yesterday", "error"]], {"a": 1}])
def test_signed_list_of_another_shape_is_refused(signer: Ed25519PrivateKey, public: PublicKey, rows: object) -> None:
    """A signature says who wrote it, not that it can be read."""
    said = {
        "format": "timebank-certificate-revocations-1",
        "made_at": "2026-03-02T04:00:00+00:00",
        "key_id": public.key_id,
        "revoked": rows,
    }

    with pytest.raises(NotPublished, match="rows of number, day and reason"):
        read_list(resigned(said, signer), [public], file="r.json")

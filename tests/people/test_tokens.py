"""A token acts for one holder, is stored as a hash alone, and ends at once when it is told to."""

import zlib
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from tests.flaws import flaw_of
from timebank.core.errors import WrongInput
from timebank.people.tables import AccessToken, Organisation, Person
from timebank.people.tokens import SCOPES, holder_of, issue_token, revoke_tokens

READ = frozenset({"visits:read", "accounts:read"})


@pytest.fixture
def organisation(session: Session) -> int:
    """A charity office."""
    office = Organisation(kind="charity_office", code="CF1", name_zh="代表处", name_en="Office")
    session.add(office)
    session.flush()
    return office.id or 0


@pytest.fixture
def person(session: Session) -> int:
    """A volunteer."""
    someone = Person(name="李志愿", gender="female", born_on=datetime(1965, 1, 1).date())  # noqa: DTZ001  # a day
    session.add(someone)
    session.flush()
    return someone.id or 0


def test_token_acts_for_its_organisation(session: Session, organisation: int, noon: datetime) -> None:
    """Whoever holds it may do what its scopes say, and is known by kind."""
    plain = issue_token(session, scopes=READ, now=noon, organisation_id=organisation)

    holder = holder_of(session, plain, now=noon)

    assert (holder.organisation_id, holder.person_id, holder.organisation_kind) == (
        organisation,
        None,
        "charity_office",
    )
    assert holder.scopes == READ


def test_token_acts_for_its_person(session: Session, person: int, noon: datetime) -> None:
    """A volunteer's token reaches no organisation."""
    holder = holder_of(session, issue_token(session, scopes=READ, now=noon, person_id=person), now=noon)

    assert (holder.organisation_id, holder.person_id, holder.organisation_kind) == (None, person, "")


def test_only_a_hash_is_stored(session: Session, person: int, noon: datetime) -> None:
    """Whoever takes the database takes no token."""
    plain = issue_token(session, scopes=READ, now=noon, person_id=person)
    secret = plain.split("_")[1]

    row = session.connection().execute(text("SELECT * FROM access_token")).mappings().one()

    assert all(secret not in str(value) and secret.encode() not in bytes(str(value), "utf-8") for value in row.values())
    assert secret.encode() not in bytes(row["digest"])
    assert row["shown_prefix"] == plain[:9]


def test_tokens_are_never_alike(session: Session, person: int, noon: datetime) -> None:
    """Two tokens of one holder are two secrets, each long enough not to be guessed."""
    first, second = (issue_token(session, scopes=READ, now=noon, person_id=person) for _ in range(2))

    assert first != second
    assert len(first.split("_")[1]) == 32


def test_typing_fault_is_found_without_the_database(session: Session, person: int, noon: datetime) -> None:
    """Every single letter that is wrong breaks the checksum, so a guess costs no query."""
    plain = issue_token(session, scopes=READ, now=noon, person_id=person)
    head, secret, checksum = plain.split("_")
    session.connection().execute(text("ALTER TABLE access_token RENAME TO away"))

    mistyped = [f"{head}_{secret[:at]}-{secret[at + 1 :]}_{checksum}" for at in range(32)]

    assert [flaw_of(session, wrong, noon) for wrong in mistyped] == ["unknown"] * 32


@pytest.mark.parametrize(
    "plain",
    ["", "hhtb", "hhtb__", "hhtb_令牌_00000000", "Bearer x", "\ud800", f"hhtx_abc_{zlib.crc32(b'abc'):08x}"],
)
def test_what_is_no_token_has_no_holder(session: Session, noon: datetime, plain: str) -> None:
    """Anything may stand in a header."""
    assert flaw_of(session, plain, noon) == "unknown"


def test_invented_token_has_no_holder(session: Session, noon: datetime) -> None:
    """A right checksum makes no token."""
    secret = "a" * 32

    assert flaw_of(session, f"hhtb_{secret}_{zlib.crc32(secret.encode()):08x}", noon) == "unknown"


def test_token_ends(session: Session, person: int, noon: datetime) -> None:
    """It is good until its last moment, and not at it."""
    plain = issue_token(session, scopes=READ, now=noon, days=1, person_id=person)
    end = noon + timedelta(days=1)

    assert holder_of(session, plain, now=end - timedelta(seconds=1)).scopes == READ
    assert flaw_of(session, plain, end) == "expired"


def test_revoked_token_ends_at_once(session: Session, organisation: int, person: int, noon: datetime) -> None:
    """A lost telephone must not act for a minute longer; no one else's token is touched."""
    first, second = (issue_token(session, scopes=READ, now=noon, organisation_id=organisation) for _ in range(2))
    other = issue_token(session, scopes=READ, now=noon, person_id=person)

    revoked = revoke_tokens(session, now=noon, organisation_id=organisation)

    assert revoked == 2
    assert [flaw_of(session, plain, noon) for plain in (first, second)] == ["revoked", "revoked"]
    assert holder_of(session, other, now=noon).person_id == person


def test_only_living_tokens_are_revoked(session: Session, person: int, noon: datetime) -> None:
    """The count tells how many could still have been used; a second time there is none."""
    issue_token(session, scopes=READ, now=noon, days=1, person_id=person)
    issue_token(session, scopes=READ, now=noon, days=9, person_id=person)
    later = noon + timedelta(days=2)

    assert revoke_tokens(session, now=later, person_id=person) == 1
    assert revoke_tokens(session, now=later, person_id=person) == 0
    assert revoke_tokens(session, now=later) == 0
    assert {token.revoked_at for token in session.exec(select(AccessToken))} == {None, later}


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"scopes": frozenset({"visits:read", "everything"})}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"organisation_id": 1}, "holder"),
        ({"person_id": None}, "holder"),
    ],
)
def test_wrong_token_is_not_issued(session: Session, noon: datetime, part: dict[str, object], field: str) -> None:
    """A token without an end, for two holders or for nobody, is a hole for years."""
    asked: dict[str, object] = {"scopes": READ, "now": noon, "days": 30, "person_id": 1}

    with pytest.raises(WrongInput) as caught:
        issue_token(session, **(asked | part))  # type: ignore[arg-type]  # wrong on purpose

    assert caught.value.field == field


def test_scope_that_is_unknown_is_named(session: Session, noon: datetime) -> None:
    """The office reads which word was wrong, and all that would be right."""
    with pytest.raises(WrongInput) as caught:
        issue_token(session, scopes=frozenset({"visits:read", "everything"}), now=noon, person_id=1)

    assert caught.value.value == "everything"
    assert all(scope in caught.value.right for scope in SCOPES)

"""A client gets a token for what it shows, and nothing for anything else; a wrong secret tells nothing."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from tests.access.asking import URL
from tests.access.conftest import SCOPES, Program
from timebank.access.clients import add_secret, revoke_client, revoke_credential
from timebank.access.grants import BY_CLIENT, Asked, Given, give_token
from timebank.access.refusals import CredentialsFull, GrantRefused
from timebank.access.tables import ClientCredential
from timebank.people.token_tables import AccessEvent


def asked_by(program: Program, **parts: object) -> Asked:
    """Ask as the program does, with some parts changed."""
    said: dict[str, object] = {"grant": BY_CLIENT, "basic": (program.client_id, program.secret)}
    return Asked(**(said | parts))  # type: ignore[arg-type]  # parts of what is asked, by name


def told(session: Session, asked: Asked, now: datetime) -> tuple[str, str]:
    """Return error and flaw of what is refused."""
    refused = give_token(session, asked, url=URL, now=now)
    assert isinstance(refused, GrantRefused)
    return refused.error, refused.flaw


def test_client_gets_a_short_token_for_its_secret(session: Session, program: Program, noon: datetime) -> None:
    """Ten minutes of what was asked for, and it stands written who got it."""
    given = give_token(session, asked_by(program, scope="matches:read"), url=URL, now=noon)

    assert isinstance(given, Given)
    assert (given.scopes, given.life) == (frozenset({"matches:read"}), timedelta(minutes=10))
    event = session.exec(select(AccessEvent).where(AccessEvent.kind == "token_given")).one()
    assert event.about == event.actor == f"client:{program.row.id}"
    assert given.token not in event.detail


def test_all_scopes_are_given_when_none_is_named(session: Session, program: Program, noon: datetime) -> None:
    """As the standard has it."""
    given = give_token(session, asked_by(program), url=URL, now=noon)

    assert isinstance(given, Given)
    assert given.scopes == SCOPES


@pytest.mark.parametrize(
    ("parts", "error", "flaw"),
    [
        ({"grant": ""}, "invalid_request", "grant"),
        ({"grant": "password"}, "unsupported_grant_type", "grant"),
        ({"scope": "projects:write"}, "invalid_scope", "scope"),
        ({"scope": "matches:read everything"}, "invalid_scope", "scope"),
        ({"basic": None}, "invalid_client", "no_client"),
        ({"basic": None, "assertion": "a.b.c", "assertion_type": "other"}, "invalid_client", "no_client"),
        ({"assertion": "a.b.c"}, "invalid_request", "two_ways"),
        ({"client_id": "hhtc_other"}, "invalid_request", "two_clients"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_given_is_refused(
    session: Session, program: Program, noon: datetime, parts: dict[str, object], error: str, flaw: str
) -> None:
    """Each no has the word of the standard, so that any library understands it."""
    assert told(session, asked_by(program, **parts), noon) == (error, flaw)


@pytest.mark.parametrize("basic", [("", ""), ("hhtc_unknown", ""), ("", "x"), ("hhtc_unknown", "hhts_x_00000000")])
def test_wrong_secrets_are_alike(session: Session, program: Program, noon: datetime, basic: tuple[str, str]) -> None:
    """Whoever guesses does not learn which half was wrong."""
    name, secret = basic

    wrong = asked_by(program, basic=(name or program.client_id, secret or program.secret[:-1] + "~"))

    assert told(session, wrong, noon) == ("invalid_client", "client")


def test_secret_of_another_client_opens_nothing(session: Session, program: Program, noon: datetime) -> None:
    """A secret is one client's."""
    assert told(session, asked_by(program, basic=("hhtc_other", program.secret)), noon)[1] == "client"


def test_secret_ends(session: Session, program: Program, noon: datetime) -> None:
    """It is good until its last moment, and not at it."""
    end = noon + timedelta(days=30)

    assert isinstance(give_token(session, asked_by(program), url=URL, now=end - timedelta(seconds=1)), Given)
    assert told(session, asked_by(program), end) == ("invalid_client", "client")


def test_secrets_are_changed_while_the_program_runs(session: Session, program: Program, noon: datetime) -> None:
    """Two are alive, a third is refused; the old one is dropped and the new one goes on."""
    new = add_secret(session, program.row, actor="operator", now=noon).plain
    with pytest.raises(CredentialsFull) as full:
        add_secret(session, program.row, actor="operator", now=noon)

    revoke_credential(session, program.row, program.secret[:9], actor="operator", now=noon)

    assert full.value.most == 2
    assert told(session, asked_by(program), noon) == ("invalid_client", "client")
    assert isinstance(give_token(session, asked_by(program, basic=(program.client_id, new)), url=URL, now=noon), Given)


def test_revoked_client_gets_nothing(session: Session, program: Program, noon: datetime) -> None:
    """At once, and for good."""
    revoke_client(session, program.row, actor="operator", now=noon)

    assert told(session, asked_by(program), noon) == ("invalid_client", "client")


def test_only_a_hash_of_the_secret_is_stored(session: Session, program: Program) -> None:
    """Whoever takes the database takes no secret."""
    stored = session.exec(select(ClientCredential).where(ClientCredential.way == "secret")).one()

    assert program.secret.split("_")[1].encode() not in (stored.digest or b"")
    assert stored.shown == program.secret[:9]

"""An assertion is taken once, from who signed it, for us, within minutes; all else is refused with its reason."""

import json
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.access.asking import URL
from tests.access.conftest import Program, make_program
from tests.access.signing import KEYS, OTHER, Claims, signed, signed_with_public_half, unsigned
from tests.together import at_once
from tests.worlds import World
from timebank.access.clients import add_key, client_named, revoke_client, revoke_credential
from timebank.access.grants import BY_CLIENT, SIGNED_ASSERTION, Asked, give_token
from timebank.access.refusals import GrantRefused
from timebank.core.database import transaction
from timebank.core.errors import WrongInput


def claims_of(program: Program, now: datetime, **parts: object) -> Claims:
    """Say what a good assertion says, with some parts changed; a part of nothing is left out."""
    at = int(now.timestamp())
    name = program.client_id
    said: Claims = {"iss": name, "sub": name, "aud": URL, "jti": "one", "iat": at, "exp": at + 120}
    return {key: value for key, value in (said | parts).items() if value is not None}


def outcome(session: Session, assertion: str, now: datetime) -> str:
    """Return why nothing is given for an assertion, or that something is."""
    asked = Asked(grant=BY_CLIENT, assertion_type=SIGNED_ASSERTION, assertion=assertion)
    given = give_token(session, asked, url=URL, now=now)
    return given.flaw if isinstance(given, GrantRefused) else "given"


@pytest.mark.parametrize("audience", [URL, f"{URL}/oauth/token", ["https://other.example", URL]])
def test_assertion_for_us_is_taken(session: Session, program: Program, noon: datetime, audience: object) -> None:
    """Libraries name the issuer or the endpoint, alone or in a list."""
    assert outcome(session, signed(claims_of(program, noon, aud=audience)), noon) == "given"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_keys_of_other_kinds_are_taken(session: Session, stored: World, noon: datetime, algorithm: str) -> None:
    """Hardware of an organisation has the keys it has."""
    program = make_program(session, stored.organisations["EAST"], noon, algorithm)

    assert outcome(session, signed(claims_of(program, noon), algorithm), noon) == "given"


def test_assertion_is_taken_once(session: Session, program: Program, noon: datetime) -> None:
    """One that is read on its way is worth nothing; another one of the same program is."""
    first = signed(claims_of(program, noon))

    assert [outcome(session, first, noon), outcome(session, first, noon)] == ["given", "replayed"]
    assert outcome(session, signed(claims_of(program, noon, jti="two")), noon) == "given"


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [7, URL + "/"]}, "audience"),
        ({"sub": "hhtc_other"}, "issuer"),
        ({"iss": "hhtc_other"}, "client"),
        ({"iss": None}, "claims"),
        ({"exp": None}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": 1e300}, "claims"),
        ({"exp": float("nan")}, "claims"),
        ({"jti": None}, "claims"),
        ({"jti": "x" * 300}, "claims"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_assertion_that_says_wrong_things_is_refused(
    session: Session, program: Program, noon: datetime, changed: dict[str, object], flaw: str
) -> None:
    """A signature says who wrote it; every claim is looked at all the same."""
    assert outcome(session, signed(claims_of(program, noon, **changed)), noon) == flaw


@pytest.mark.parametrize(
    ("name", "off_s", "answer"),
    [
        ("exp", -59, "given"),
        ("exp", -60, "expired"),
        ("exp", 360, "given"),
        ("exp", 361, "too_long"),
        ("iat", 60, "given"),
        ("iat", 180, "not_yet"),
        ("nbf", 60, "given"),
        ("nbf", 61, "not_yet"),
    ],
)
def test_clocks_may_be_off_by_a_minute_and_not_by_minutes(
    session: Session, program: Program, noon: datetime, name: str, off_s: int, answer: str
) -> None:
    """Clocks differ; a minute is forgiven, more would keep what was stolen alive."""
    claims = claims_of(program, noon, **{name: int(noon.timestamp()) + off_s})

    assert outcome(session, signed(claims), noon) == answer


def test_what_nobody_signed_is_refused(session: Session, program: Program, noon: datetime) -> None:
    """No algorithm, the public half as a secret, another's key, a signature that was changed."""
    claims = claims_of(program, noon)
    good = signed(claims)
    forged = [
        unsigned(claims),
        unsigned(claims, "None"),
        signed_with_public_half(claims),
        signed(claims, key=OTHER),
        signed(claims, "RS256"),
        unsigned(claims, "Ed25519"),
        f"{good[:-8]}AAAAAAAA",
        f"{good.split('.')[0]}.{unsigned(claims | {'jti': 'two'}).split('.')[1]}.{good.split('.')[2]}",
    ]

    assert [outcome(session, one, noon) for one in forged] == ["algorithm"] * 3 + ["client"] * 5


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "é.é.é", "." * 3, "A" * 9000, "bnVsbA.bnVsbA.AA", "bnVsbA.bnVsbA."]
)
def test_what_is_no_token_is_refused(session: Session, program: Program, noon: datetime, text: str) -> None:
    """Anything may stand in a form."""
    assert outcome(session, text, noon) in ("unknown", "no_client")


def test_key_that_is_dropped_signs_nothing_more(session: Session, program: Program, noon: datetime) -> None:
    """At once; so with the whole client."""
    other = make_program(session, program.row.organisation_id, noon, "Ed25519")
    revoke_credential(session, program.row, "one", actor="operator", now=noon)
    revoke_client(session, other.row, actor="operator", now=noon)

    assert outcome(session, signed(claims_of(program, noon)), noon) == "client"
    assert outcome(session, signed(claims_of(other, noon)), noon) == "client"


def test_of_two_who_bring_one_assertion_at_once_one_is_first(engine: Engine, world: World, noon: datetime) -> None:
    """A thief who is as quick as the program gets nothing beside it."""
    with transaction(engine) as session:
        program = make_program(session, world.organisations["EAST"], noon, "Ed25519")
        outcome(session, signed(claims_of(program, noon, jti="before")), noon)
    assertion = signed(claims_of(program, noon))

    both = at_once(
        engine, lambda session: outcome(session, assertion, noon), lambda session: outcome(session, assertion, noon)
    )

    assert both == ("given", "replayed")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps(KEYS["Ed25519"].as_dict(private=True)),
        json.dumps({"kty": "oct", "k": "AAAA"}),
        json.dumps({"kty": "OKP", "crv": "X25519", "x": "AA"}),
        json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        json.dumps({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json.dumps(KEYS["Ed25519"].as_dict(private=False) | {"kid": "one"}),
    ],
    ids=["no JSON", "a list", "empty", "private", "a secret", "another curve", "no point", "short", "known number"],
)
def test_key_that_is_none_is_not_taken(session: Session, program: Program, noon: datetime, text: str) -> None:
    """A private half that was pasted by mistake is refused, and not repeated."""
    with pytest.raises(WrongInput) as wrong:
        add_key(session, client_named(session, program.client_id), text, actor="operator", now=noon)

    assert wrong.value.value in ("", "one")

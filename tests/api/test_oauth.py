"""The token endpoint as the standards want it: forms up to a bound, errors as JSON, nothing kept by anyone between."""

from typing import Any

import pytest

from api.oauth import MOST_AT_ONCE
from tests.access.conftest import Program, make_program
from tests.access.signing import signed
from tests.api.conftest import NOON
from tests.api.door import Door
from timebank.core.database import transaction
from timebank.core.texts import catalogue

GRANT = {"grant_type": "client_credentials"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def program(door: Door) -> Program:
    """A program of EAST."""
    with transaction(door.engine) as session:
        return make_program(session, door.world.organisations["EAST"], NOON, "Ed25519")


@pytest.mark.parametrize(
    ("parts", "status", "error"),
    [
        ({"data": GRANT}, 401, "invalid_client"),
        ({"data": {}}, 400, "invalid_request"),
        ({"data": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"json": GRANT}, 400, "invalid_request"),
        ({"content": b"grant_type", "headers": FORM}, 400, "invalid_request"),
        ({"content": b"grant_type=a&grant_type=b", "headers": FORM}, 400, "invalid_request"),
        ({"content": b"grant_type=%ff", "headers": FORM}, 400, "invalid_request"),
        ({"content": b"\xff=\xff", "headers": FORM}, 400, "invalid_request"),
        ({"content": b"grant_type=a%00", "headers": FORM}, 400, "invalid_request"),
        ({"content": b"&".join([b"a=b"] * 21), "headers": FORM}, 400, "invalid_request"),
        ({"content": b"grant_type=" + b"x" * 20_000, "headers": FORM}, 400, "invalid_request"),
        ({"data": GRANT | {"client_secret": "x"}}, 400, "invalid_request"),
        ({"data": GRANT, "headers": {"authorization": "Basic !"}}, 401, "invalid_client"),
        ({"data": GRANT, "headers": {"authorization": "Basic /w=="}}, 401, "invalid_client"),
        ({"data": GRANT, "headers": {"authorization": "Basic dTpw"}}, 401, "invalid_client"),
        ({"data": GRANT, "headers": {"authorization": "Bearer x"}}, 401, "invalid_client"),
        ({"data": {"grant_type": "urn:hu-help:params:oauth:grant-type:one-time-code"}}, 400, "invalid_grant"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_given_is_an_error_of_the_standard(
    window: Door, parts: dict[str, Any], status: int, error: str
) -> None:
    """Any library of OAuth understands it; a 401 says how to show oneself, and nobody keeps the answer."""
    answer = window.send(path="/oauth/token", **parts)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_tokens_are_asked_for_by_post(window: Door, method: str) -> None:
    """A secret in an address would lie in every log on its way."""
    assert window.send(method, "/oauth/token").status_code == 405


def test_endpoint_is_asked_so_often_and_no_more(door: Door) -> None:
    """Whoever tries secrets one after the other is slowed down; the clock stands still here."""
    statuses = [door.send(path="/oauth/token", data=GRANT).status_code for _ in range(MOST_AT_ONCE + 1)]
    answer = door.send(path="/oauth/token", data=GRANT)

    assert statuses == [401] * MOST_AT_ONCE + [429]
    assert (answer.json()["error"], answer.headers["retry-after"]) == ("temporarily_unavailable", "1")


def test_token_of_a_client_reads_what_its_organisation_may(door: Door, program: Program) -> None:
    """The whole way, by secret and by assertion: both tokens read EAST's pairs and nobody's projects."""
    at = int(NOON.timestamp())
    url = "http://127.0.0.1:8000"
    said = {"iss": program.client_id, "sub": program.client_id, "aud": url, "jti": "1", "iat": at, "exp": at + 60}
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    by_key = GRANT | {"client_assertion_type": kind, "client_assertion": signed(said)}
    given = [
        door.send(path="/oauth/token", data=GRANT, auth=(program.client_id, program.secret)).json(),
        door.send(path="/oauth/token", data=by_key).json(),
    ]

    for name, one in zip(("secret", "key"), given, strict=True):
        door.served.tokens[name] = one["access_token"]
    pairs = [
        door.data(who, "{ pairs(first: 1) { edges { node { id } } } }")["pairs"] for who in ("secret", "key", "east")
    ]

    assert pairs[0] == pairs[1] == pairs[2]
    assert door.codes("key", "{ projects(first: 1) { edges { cursor } } }") == ["NotAllowed"]


def test_keys_and_metadata_are_public(window: Door) -> None:
    """Whoever checks a token finds the keys; no private half is among them."""
    keys = window.send("GET", "/.well-known/jwks.json")
    told = window.send("GET", "/.well-known/oauth-authorization-server").json()

    assert [set(key) for key in keys.json()["keys"]] == [{"kty", "crv", "use", "alg", "kid", "x"}] * 2
    assert keys.headers["cache-control"] == "public, max-age=300"
    assert told["token_endpoint"] == f"{told['issuer']}/oauth/token"
    assert told["jwks_uri"] == f"{told['issuer']}/.well-known/jwks.json"
    assert "none" not in told["token_endpoint_auth_signing_alg_values_supported"]


def test_flaws_can_stand_in_a_header() -> None:
    """RFC 6750 allows ASCII without quotes there; another letter would break the answer."""
    texts = {key: pair["en"] for key, pair in catalogue().items() if key.startswith("flaw_")}

    assert {key: said for key, said in texts.items() if not said.isascii() or '"' in said or "\\" in said} == {}
    assert len(texts) > 20

"""Tokens of a provider are taken when it signed them for us and for now; its keys change, and it can be silent."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from joserfc.jwk import Key, OKPKey
from sqlalchemy import Engine

from tests.access.asking import URL
from tests.access.signing import KEYS, OTHER, Claims, signed, signed_with_public_half, unsigned
from tests.worlds import World
from timebank.access.entrance import Entrance
from timebank.access.links import link_subject, unlink_person
from timebank.access.providers import Provider, Providers, read_providers
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.people.tokens import TokenRefused

ISSUER = "https://login.example.org"


class Published(HTTPServer):
    """A provider's address of keys, and how often it was asked; it answers what a test sets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.keys: list[dict[str, object]] = []
        self.status, self.count = 200, 0

    def show(self, *keys: Key, **more: object) -> None:
        """Publish the public halves of keys."""
        self.keys = [{**key.as_dict(private=False), **more} for key in keys]


class Asked(BaseHTTPRequestHandler):
    """One request for keys."""

    server: Published

    def do_GET(self) -> None:
        """Answer with the keys as they are now."""
        self.server.count += 1
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("location", "/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps({"keys": self.server.keys}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
        """Say nothing."""


@pytest.fixture
def published() -> Iterator[Published]:
    """A provider that publishes a key for each algorithm."""
    server = Published()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.show(KEYS["Ed25519"])
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Trusting:
    """The providers of a process that trust one, with a clock that a test sets."""

    def __init__(self, published: Published, noon: datetime) -> None:
        self.at = noon
        address = f"http://127.0.0.1:{published.server_port}/jwks.json"
        self.providers = Providers((Provider(issuer=ISSUER, audience="timebank", keys=address),))

    def claims(self, **parts: object) -> Claims:
        """Say what a good token says, with some parts changed; a part of nothing is left out."""
        at = int(self.at.timestamp())
        said: Claims = {"iss": ISSUER, "aud": "timebank", "sub": "42", "iat": at, "exp": at + 300}
        return {key: value for key, value in (said | parts).items() if value is not None}

    def flaw(self, token: str, engine: Engine | None = None) -> str:
        """Return what is wrong with a token; empty for one that means somebody."""
        entrance = Entrance(engine, lambda: self.at, url=URL, providers=self.providers)  # type: ignore[arg-type]  # not asked
        try:
            entrance.subject(token) if engine is None else entrance.holder(token)
        except TokenRefused as refused:
            return refused.flaw
        return ""


@pytest.fixture
def trusting(published: Published, noon: datetime) -> Trusting:
    """A process that trusts the provider."""
    return Trusting(published, noon)


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256", "RS256"])
def test_token_of_the_provider_is_taken(trusting: Trusting, published: Published, algorithm: str) -> None:
    """Providers sign with one of three."""
    published.show(KEYS[algorithm])

    assert trusting.flaw(signed(trusting.claims(), algorithm)) == ""


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"iss": "https://other.example"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another", "timebank"]}, ""),
        ({"aud": None}, "audience"),
        ({"sub": None}, "claims"),
        ({"sub": ""}, "claims"),
        ({"exp": None}, "claims"),
        ({"iat": None}, "claims"),
    ],
    ids=str,
)
def test_claims_of_the_provider_are_looked_at(trusting: Trusting, changed: dict[str, object], flaw: str) -> None:
    """A token for another program of the same provider opens nothing here."""
    assert trusting.flaw(signed(trusting.claims(**changed))) == flaw


@pytest.mark.parametrize(
    ("name", "off_s", "flaw"),
    [("exp", -59, ""), ("exp", -60, "expired"), ("iat", 60, ""), ("iat", 120, "not_yet"), ("nbf", 120, "not_yet")],
)
def test_clock_of_the_provider_may_be_off_by_a_minute(trusting: Trusting, name: str, off_s: int, flaw: str) -> None:
    """A minute is forgiven, minutes are not."""
    claims = trusting.claims(**{name: int(trusting.at.timestamp()) + off_s})

    assert trusting.flaw(signed(claims)) == flaw


def test_what_the_provider_did_not_sign_is_refused(trusting: Trusting) -> None:
    """No algorithm, its public key as a secret, another's key under its number, another way of signing."""
    claims = trusting.claims()
    forged = [
        unsigned(claims),
        signed_with_public_half(claims),
        signed(claims, key=OTHER),
        signed(claims, "RS256"),
        signed(claims, typ="logout+jwt"),
        signed(claims, kid="unknown"),
    ]

    assert [trusting.flaw(one) for one in forged] == [
        "algorithm",
        "algorithm",
        "signature",
        "signature",
        "unknown",
        "key",
    ]


def test_keys_are_kept_and_change_with_a_floor(trusting: Trusting, published: Published) -> None:
    """A new key is found when it is used; tokens that are made up cannot make us ask without end."""
    new = OKPKey.generate_key("Ed25519", {"kid": "two"})
    first = [trusting.flaw(signed(trusting.claims())) for _ in range(3)]
    asked = published.count

    published.show(new)
    soon = [trusting.flaw(signed(trusting.claims(), key=new, kid="two")) for _ in range(5)]
    asked_soon = published.count
    trusting.at += timedelta(minutes=1)
    later = [trusting.flaw(signed(trusting.claims(), key=new, kid="two")) for _ in range(3)]
    old = trusting.flaw(signed(trusting.claims()))

    assert (first, soon, later, old) == ([""] * 3, ["key"] * 5, [""] * 3, "key")
    assert (asked, asked_soon, published.count) == (1, 1, 2)


def test_known_keys_hold_for_a_day_while_the_provider_is_silent(trusting: Trusting, published: Published) -> None:
    """A provider that is down for an hour throws nobody out; one that is gone does."""
    assert trusting.flaw(signed(trusting.claims())) == ""
    published.status = 503
    trusting.at += timedelta(hours=23, minutes=59)
    silent = trusting.flaw(signed(trusting.claims()))
    trusting.at += timedelta(minutes=1)

    assert (silent, trusting.flaw(signed(trusting.claims()))) == ("", "key")


@pytest.mark.parametrize("status", [302, 404, 500])
def test_keys_come_from_the_address_that_was_configured(trusting: Trusting, published: Published, status: int) -> None:
    """An answer that points elsewhere, or is none, holds no keys."""
    published.status = status

    assert trusting.flaw(signed(trusting.claims())) == "key"
    assert published.count == 1


@pytest.mark.parametrize("more", [{"use": "enc"}, {"kty": "oct", "k": "AAAA"}, {"crv": "X25519"}], ids=str)
def test_keys_that_sign_nothing_are_passed_over(
    trusting: Trusting, published: Published, more: dict[str, object]
) -> None:
    """A key for encrypting, and a secret that was published, check no signature."""
    published.show(KEYS["Ed25519"], **more)

    assert trusting.flaw(signed(trusting.claims())) == "key"


def test_account_must_be_linked(trusting: Trusting, engine: Engine, world: World, noon: datetime) -> None:
    """A resident of the city is nobody here until a desk or a code says who; a link that is taken back ends at once."""
    token, person = signed(trusting.claims()), world.volunteers["V1"]
    before = trusting.flaw(token, engine)
    with transaction(engine) as session:
        link_subject(session, person, issuer=ISSUER, subject="42", actor="organisation:1", now=noon)
    holder = Entrance(engine, lambda: noon, url=URL, providers=trusting.providers).holder(token)
    with transaction(engine) as session:
        unlink_person(session, person, actor="organisation:1", now=noon)

    assert (before, trusting.flaw(token, engine)) == ("not_linked", "not_linked")
    assert (holder.person_id, holder.organisation_id, holder.name) == (person, None, f"person:{person}")


GOOD = 'issuer = "https://a.example"\naudience = "x"\nkeys = "https://a.example/jwks"\n'


@pytest.mark.parametrize(
    "page",
    [
        "",
        "provider = 7",
        "[[provider]]\n",
        "[[provider]]\n" + GOOD.replace("https://a.example/jwks", "http://a.example/jwks"),
        "[[provider]]\n" + GOOD.replace("https://a.example/jwks", "ftp://a.example/jwks"),
        "[[provider]]\n" + GOOD + 'algorithms = ["none"]\n',
        "[[provider]]\n" + GOOD + 'algorithms = ["HS256"]\n',
        "[[provider]]\n" + GOOD + "algorithms = []\n",
        "[[provider]]\n" + GOOD + 'scopes = ["everything"]\n',
        "[[provider]]\n" + GOOD + 'secret = "x"\n',
        "[[provider]]\n" + GOOD + "[[provider]]\n" + GOOD,
        "{",
    ],
)
def test_file_that_says_what_cannot_be_is_refused(tmp_path: Path, page: str) -> None:
    """A server that starts with half a configuration lets in whom nobody meant, or nobody."""
    path = tmp_path / "providers.toml"
    path.write_text(page, encoding="utf-8")

    with pytest.raises(WrongInput):
        read_providers(path)


def test_keys_can_stand_in_a_file(tmp_path: Path, noon: datetime) -> None:
    """A machine without a way out trusts a provider all the same."""
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEYS["Ed25519"].as_dict(private=False)]}))
    path = tmp_path / "providers.toml"
    path.write_text(f'[[provider]]\nissuer = "{ISSUER}"\naudience = "timebank"\nkeys = "keys.json"\n')
    providers = Providers(read_providers(path))
    at = int(noon.timestamp())
    claims = {"iss": ISSUER, "aud": "timebank", "sub": "42", "iat": at, "exp": at + 300}

    entrance = Entrance(None, lambda: noon, url=URL, providers=providers)  # type: ignore[arg-type]  # it is not asked

    assert entrance.subject(signed(claims)).subject == "42"

"""Our own tokens open what they say until they end, or until the client, its secret or the key is taken back."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from tests.access.asking import URL
from tests.access.conftest import SCOPES, make_program
from tests.access.signing import OTHER, signed, unsigned
from tests.together import at_once
from tests.worlds import World
from timebank.access.clients import revoke_client, revoke_credential
from timebank.access.entrance import Entrance
from timebank.access.grants import BY_CLIENT, Asked, Given, give_token
from timebank.access.jwts import sign
from timebank.access.keys import current_key, published_keys, rotate_keys
from timebank.access.providers import Providers
from timebank.access.refusals import KeyTooNew
from timebank.access.tables import AccessKey, ApiClient
from timebank.access.upkeep import keep_access
from timebank.core.database import transaction
from timebank.core.key_pairs import private_half
from timebank.people.token_tables import AccessToken
from timebank.people.tokens import TokenRefused, issue_token, make_token

LIFE = timedelta(minutes=10)


class Gate:
    """The entrance with a clock that a test sets, and a token that was given at noon."""

    def __init__(self, engine: Engine, world: World, noon: datetime) -> None:
        self.engine, self.at, self.noon = engine, noon, noon
        self.entrance = Entrance(engine, lambda: self.at, url=URL, providers=Providers(()))
        self.program = self.do(lambda session: make_program(session, world.organisations["EAST"], noon))
        self.token = self.give()

    def do(self, act: Callable[[Session], Any]) -> Any:
        """Act in a transaction."""
        with transaction(self.engine) as session:
            return act(session)

    def give(self) -> str:
        """Give the program a token now."""
        asked = Asked(grant=BY_CLIENT, basic=(self.program.client_id, self.program.secret))
        given: Given = self.do(lambda session: give_token(session, asked, url=URL, now=self.at))
        return given.token

    def flaw(self, token: str | None = None) -> str:
        """Return what is wrong with a token; empty for one that opens."""
        try:
            self.entrance.holder(self.token if token is None else token)
        except TokenRefused as refused:
            return refused.flaw
        return ""

    def signed_by_us(self, kind: str = "at+jwt", **changed: object) -> str:
        """Sign the claims of the token anew with the key that signs, some of them changed."""
        coded = self.token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
        row: AccessKey = self.do(lambda session: current_key(session, now=self.noon))
        return sign(private_half(row.private_key or ""), row.key_id, claims | changed, kind=kind)


@pytest.fixture
def gate(engine: Engine, world: World, noon: datetime) -> Gate:
    """The entrance of a district of one's own."""
    return Gate(engine, world, noon)


def test_token_opens_what_it_says_until_it_ends(gate: Gate, world: World) -> None:
    """It acts for the organisation of its client, and names the client for what is written down."""
    holder = gate.entrance.holder(gate.token)
    gate.at += LIFE - timedelta(seconds=1)
    before = gate.flaw()
    gate.at += timedelta(seconds=1)

    assert (holder.organisation_id, holder.person_id, holder.scopes) == (world.organisations["EAST"], None, SCOPES)
    assert holder.name == f"client:{gate.program.row.id}"
    assert (before, gate.flaw()) == ("", "expired")


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({}, ""),
        ({"aud": "https://other.example/graphql"}, "audience"),
        ({"aud": URL}, "audience"),
        ({"iss": "https://other.example"}, "issuer"),
        ({"iat": 180}, "not_yet"),
        ({"nbf": 180}, "not_yet"),
        ({"exp": 9 * 3600}, "too_long"),
        ({"exp": 0}, "expired"),
        ({"client_id": "hhtc_other"}, "revoked"),
        ({"credential": 999}, "revoked"),
        ({"kind": "JWT"}, "algorithm"),
    ],
    ids=str,
)
def test_claims_are_looked_at_whoever_signed_them(gate: Gate, changed: dict[str, object], flaw: str) -> None:
    """A key that signs other things too, or a fault of ours, must not open the door."""
    at = int(gate.noon.timestamp())
    moments = {name: at + value for name, value in changed.items() if isinstance(value, int) and name != "credential"}

    assert gate.flaw(gate.signed_by_us(**(changed | moments))) == flaw  # type: ignore[arg-type]  # claims, by name


def test_what_our_key_did_not_sign_is_refused(gate: Gate) -> None:
    """No algorithm, the public half as a secret, another's key under our number, another way of signing."""
    header, claims, signature = gate.token.split(".")
    number = gate.do(lambda session: current_key(session, now=gate.noon).key_id)
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = [
        unsigned(said, typ="at+jwt", kid=number),
        unsigned(said, "HS256", typ="at+jwt", kid=number),
        signed(said, "RS256", typ="at+jwt", kid=number),
        sign(OTHER.private_key, number, said),  # type: ignore[arg-type]  # it is one of Ed25519
        sign(OTHER.private_key, "unknown", said),  # type: ignore[arg-type]  # it is one of Ed25519
        f"{header}.{claims}.{signature[:-8]}AAAAAAAA",
    ]

    assert [gate.flaw(one) for one in forged] == ["algorithm"] * 3 + ["signature", "key", "signature"]


def test_client_that_is_revoked_is_out_at_once(gate: Gate) -> None:
    """Stolen or not, its tokens open nothing a moment later, nor do those that it made for itself."""
    client = gate.program.row
    made = gate.do(
        lambda session: (
            make_token(
                session,
                scopes=frozenset({"matches:read"}),
                now=gate.noon,
                organisation_id=client.organisation_id,
                made_by=f"client:{client.id}",
            ).plain
        )
    )
    before = (gate.flaw(), gate.flaw(made))

    gate.do(lambda session: revoke_client(session, session.merge(client), actor="operator", now=gate.noon))

    assert before == ("", "")
    assert (gate.flaw(), gate.flaw(made)) == ("revoked", "revoked")


def test_tokens_of_a_secret_go_with_it(gate: Gate) -> None:
    """A thief who has the secret has the token too."""
    shown = gate.program.secret[:9]

    gate.do(
        lambda session: revoke_credential(
            session, session.merge(gate.program.row), shown, actor="operator", now=gate.noon
        )
    )

    assert gate.flaw() == "revoked"


def test_scopes_that_a_client_loses_are_lost_to_its_tokens(gate: Gate) -> None:
    """What a token says is bounded by what its client may now."""
    client = gate.program.row.id

    gate.do(lambda session: session.get_one(ApiClient, client).sqlmodel_update({"scopes": "matches:read"}))

    assert gate.entrance.holder(gate.token).scopes == {"matches:read"}


def test_old_key_counts_until_its_last_token_has_ended(gate: Gate) -> None:
    """The next key is known before it signs; a change of keys throws nobody out."""
    published = gate.do(lambda session: published_keys(session, now=gate.noon))
    gate.at += timedelta(minutes=10, seconds=-1)
    with pytest.raises(KeyTooNew):
        gate.do(lambda session: rotate_keys(session, actor="operator", now=gate.at))
    token = gate.token = gate.give()
    gate.at += timedelta(seconds=1)

    new = gate.do(lambda session: rotate_keys(session, actor="operator", now=gate.at).key_id)
    during = (gate.flaw(token), gate.flaw(gate.give()))
    beside = gate.do(lambda session: published_keys(session, now=gate.at))
    gate.at += LIFE
    after = gate.do(lambda session: published_keys(session, now=gate.at))

    assert new in {key["kid"] for key in published}
    assert (len(published), len(beside), len(after)) == (2, 3, 2)
    assert during == ("", "")
    assert gate.flaw(token) == "key"


def test_stolen_key_counts_no_more(gate: Gate) -> None:
    """What a thief signed, or signs with the next key, is refused a moment later."""
    waiting: AccessKey = gate.do(
        lambda session: session.exec(select(AccessKey).where(AccessKey.status == "next")).one()
    )
    private = private_half(waiting.private_key or "")
    early = sign(private, waiting.key_id, {"iss": URL})

    before = gate.flaw(early)
    gate.do(lambda session: rotate_keys(session, actor="operator", now=gate.noon, stolen=True))

    assert before == "key"
    assert (gate.flaw(), gate.flaw(early)) == ("key", "key")
    assert gate.flaw(gate.give()) == ""


def test_worker_changes_a_key_that_signed_for_long(gate: Gate) -> None:
    """Nobody has to remember it."""
    early = keep_access(gate.engine, now=gate.noon + timedelta(days=89))
    late = keep_access(gate.engine, now=gate.noon + timedelta(days=90))

    states = gate.do(lambda session: sorted(session.exec(select(AccessKey.status)).all()))
    assert (early, late) == (False, True)
    assert states == ["current", "next", "retired"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_key SET public_key = private_key",
        "UPDATE access_key SET made_at = signs_from, key_id = 'other' WHERE status = 'current'",
        "DELETE FROM access_key",
        "UPDATE access_event SET actor = 'nobody'",
        "DELETE FROM access_event",
    ],
)
def test_keys_and_what_was_done_stay(gate: Gate, statement: str) -> None:
    """Whoever gave a token to a thief cannot make it look as if another had."""
    with pytest.raises(DBAPIError, match=r"stays as it is published|stays told"):
        gate.do(lambda session: session.connection().execute(text(statement)))


def test_private_half_is_encrypted(gate: Gate) -> None:
    """Whoever takes the database signs nothing."""
    row: AccessKey = gate.do(lambda session: current_key(session, now=gate.noon))

    at_rest = gate.do(
        lambda session: session.connection().execute(text("SELECT private_key FROM access_key")).scalars().all()
    )

    assert all((row.private_key or "").encode() not in bytes(sealed) for sealed in at_rest)
    assert len(at_rest) == 2


def test_two_who_need_the_first_key_get_the_same(engine: Engine, noon: datetime) -> None:
    """Two first tokens at once must not be signed by two keys that both think they are current."""
    one, other = at_once(
        engine,
        lambda session: current_key(session, now=noon).key_id,
        lambda session: current_key(session, now=noon).key_id,
    )

    assert one == other


def test_last_use_is_written_now_and_then(gate: Gate, world: World) -> None:
    """Who looks for forgotten tokens sees when each was used, and a request does not wait for it."""
    person = world.volunteers["V1"]
    plain = gate.do(
        lambda session: issue_token(session, scopes=frozenset({"visits:read"}), now=gate.noon, person_id=person)
    )

    seen = []
    for later_min in (0, 9, 10):
        gate.at = gate.noon + timedelta(minutes=later_min)
        gate.entrance.holder(plain)
        seen.append(len(gate.entrance.uses.waiting))
        gate.entrance.uses.write(gate.engine)

    used = gate.do(lambda session: session.exec(select(AccessToken.last_used_at)).all())
    assert seen == [1, 0, 1]
    assert used == [gate.noon + timedelta(minutes=10)]


def test_one_thread_writes_uses_while_others_go_on(gate: Gate, world: World) -> None:
    """Two hundred who come at once must not all wait for the one turn to write."""
    person = world.volunteers["V1"]
    plain = gate.do(
        lambda session: issue_token(session, scopes=frozenset({"visits:read"}), now=gate.noon, person_id=person)
    )
    gate.entrance.holder(plain)

    with gate.entrance.uses.writing:
        gate.entrance.uses.write(gate.engine)
        left = dict(gate.entrance.uses.waiting)
    gate.entrance.uses.write(gate.engine)

    assert (len(left), len(gate.entrance.uses.waiting)) == (1, 0)

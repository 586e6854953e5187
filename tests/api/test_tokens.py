"""Tokens through the door: made with no more than one has, shown once, listed, revoked with all that came of them."""

from datetime import timedelta

import pytest

from api.ids import encode
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.access.clients import add_secret, make_client
from timebank.core.database import transaction
from timebank.people.access_events import events
from timebank.people.tokens import OPERATOR, issue_token

CREATE = """mutation M($input: TokenInput!, $key: String!) { createToken(input: $input, idempotencyKey: $key) {
  ... on TokenCreated { plain token { id name begins scopes madeBy madeAt expiresAt lastUsedAt revokedAt } }
  ... on Refused { code message } } }"""
REVOKE = """mutation M($id: ID!) { revokeToken(id: $id) {
  ... on TokenRevoked { count token { id revokedAt } } ... on Refused { code } } }"""
TOKENS = """query Q($after: String) { tokens(first: 2, after: $after) {
  edges { cursor node { id name } } pageInfo { hasNextPage endCursor } } }"""
CLIENTS = """query Q($after: String) { clients(first: 2, after: $after) {
  edges { cursor node { id clientId name scopes credentials { way shown revokedAt } } }
  pageInfo { hasNextPage endCursor } } }"""
CODE = """mutation M($person: String!) { createSignInCode(person: $person) {
  ... on CodeMade { plain expiresAt } ... on Refused { code } } }"""


def _made(door: Door, who: str, key: str = "k", **parts: object) -> Json:
    asked = {"scopes": ["tokens:read"], "name": "phone", "days": 7} | parts
    made: Json = door.data(who, CREATE, input=asked, key=key)["createToken"]
    return made


def _viewer(door: Door, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return door.send(json={"query": "{ viewer { scopes } }"}, headers=headers).status_code


def test_token_is_shown_once_and_opens_what_it_says(door: Door) -> None:
    """Its text is in the first answer and in no other; what it may do is what was asked for."""
    made = _made(door, "volunteer")
    again = _made(door, "volunteer")
    headers = {"authorization": f"Bearer {made['plain']}"}

    viewer = door.send(json={"query": "{ viewer { scopes } }"}, headers=headers).json()["data"]["viewer"]

    assert again == {"plain": None, "token": made["token"]}
    assert viewer == {"scopes": ["tokens:read"]}
    assert made["plain"].startswith(made["token"]["begins"])
    assert made["token"]["expiresAt"] == (NOON + timedelta(days=7)).isoformat()


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"name": "another"}, "KeyConflict"),
        ({"days": 8}, "KeyConflict"),
        ({"scopes": ["tokens:write"]}, "KeyConflict"),
    ],
    ids=str,
)
def test_key_is_used_for_one_token(door: Door, parts: dict[str, object], code: str) -> None:
    """The same key with other content is another token that nobody asked for."""
    _made(door, "volunteer")

    assert _made(door, "volunteer", **parts)["code"] == code  # type: ignore[arg-type]  # parts of an input, by name


@pytest.mark.parametrize(
    "parts",
    [
        {"scopes": ["matches:run"]},
        {"scopes": ["everything"]},
        {"days": 0},
        {"days": 367},
        {"name": "x" * 81},
        {"key": ""},
        {"key": "x" * 201},
    ],
    ids=lambda parts: str(parts)[:30],
)
def test_token_that_cannot_be_is_refused(window: Door, parts: dict[str, object]) -> None:
    """Above all nobody makes a token that may do more than their own."""
    assert _made(window, "volunteer", **parts)["code"] == "WrongInput"  # type: ignore[arg-type]  # wrong on purpose


def test_revoked_token_takes_with_it_what_was_made_with_it(door: Door) -> None:
    """A thief who made a token of a stolen one loses both; the thief's mother token is out at once."""
    first = _made(door, "volunteer", scopes=["tokens:read", "tokens:write"])
    door.served.tokens["phone"] = first["plain"]
    second = _made(door, "phone")
    before = [_viewer(door, one["plain"]) for one in (first, second)]

    revoked = door.data("volunteer", REVOKE, id=first["token"]["id"])["revokeToken"]

    assert before == [200, 200]
    assert revoked["count"] == 2
    assert [_viewer(door, one["plain"]) for one in (first, second)] == [401, 401]


@pytest.mark.parametrize("who", ["east", "other_volunteer"])
def test_token_of_another_is_not_there(door: Door, who: str) -> None:
    """Nobody revokes, or learns of, what is another's."""
    made = _made(door, "volunteer")

    foreign, unknown = made["token"]["id"], encode("token", 999_999)
    told = [door.data(who, REVOKE, id=number)["revokeToken"] for number in (foreign, unknown)]

    assert told == [{"code": "NotFound"}] * 2
    assert door.codes(who, "query Q($id: ID!) { node(id: $id) { id } }", id=foreign) == ["NotFound"]
    assert _viewer(door, made["plain"]) == 200


def test_tokens_are_walked_newest_first(door: Door) -> None:
    """Mine and nobody else's, each once."""
    for number in range(4):
        _made(door, "other_volunteer", key=str(number), name=f"token {number}")

    pages = door.walk("other_volunteer", TOKENS, "tokens")

    assert [[row["name"] for row in page] for page in pages] == [["token 3", "token 2"], ["token 1", "token 0"], [""]]


def test_last_use_is_told(door: Door) -> None:
    """Who looks for forgotten tokens sees which are alive."""
    door.data("volunteer", "{ viewer { scopes } }")

    found = door.data("volunteer", "{ tokens(first: 1) { edges { node { lastUsedAt } } } }")["tokens"]["edges"]

    assert found == [{"node": {"lastUsedAt": NOON.isoformat()}}]


def test_clients_are_walked_with_their_secrets(door: Door) -> None:
    """An organisation sees its own programs, and of their secrets the first letters."""
    with transaction(door.engine) as session:
        for number, code in enumerate(("EAST", "WEST", "EAST", "EAST")):
            client = make_client(
                session,
                organisation_id=door.world.organisations[code],
                name=f"program {number}",
                scopes=frozenset({"matches:read"}),
                actor=OPERATOR,
                now=NOON,
            )
            add_secret(session, client, actor=OPERATOR, now=NOON)

    pages = door.walk("east", CLIENTS, "clients")

    assert [[row["name"] for row in page] for page in pages] == [["program 3", "program 2"], ["program 0"]]
    assert {len(row["credentials"][0]["shown"]) for page in pages for row in page} == {9}
    number = pages[0][0]["id"]
    assert door.codes("west", "query Q($id: ID!) { node(id: $id) { id } }", id=number) == ["NotFound"]
    assert door.data("east", "query Q($id: ID!) { node(id: $id) { id } }", id=number) == {"node": {"id": number}}


def test_desk_gives_codes_to_its_own_people(door: Door) -> None:
    """EAST signs in a senior of its streets; who is WEST's looks as if they were not there."""
    made = door.data("east", CODE, person="S1")["createSignInCode"]
    told = [door.data("east", CODE, person=person)["createSignInCode"] for person in ("S5", "V3", "nobody")]
    more = [door.data("east", CODE, person="S1")["createSignInCode"] for _ in range(5)]

    assert len(made["plain"]) == 8
    assert told == [{"code": "NotFound"}] * 3
    assert more[-1] == {"code": "TooManyCodes"}


def test_who_made_and_revoked_what_stays_told(door: Door) -> None:
    """The trail names the token that did it, and holds no secret."""
    made = _made(door, "volunteer")
    door.data("volunteer", REVOKE, id=made["token"]["id"])

    with transaction(door.engine, read_only=True) as session:
        told = events(session, holder=f"person:{door.world.volunteers['V1']}", first=2)
    assert [event.kind for event in told] == ["token_revoked", "token_made"]
    assert len({event.actor for event in told} - {OPERATOR}) == 1
    assert made["plain"] not in str([event.detail for event in told])


@pytest.mark.parametrize(("person", "organisation"), [("V1", None), (None, "EAST")])
def test_token_of_an_operator_is_listed_too(door: Door, person: str | None, organisation: str | None) -> None:
    """Whoever made it, it opens my door."""
    volunteer = door.world.volunteers[person] if person else None
    east = door.world.organisations[organisation] if organisation else None
    with transaction(door.engine) as session:
        issue_token(session, scopes=frozenset(), now=NOON, person_id=volunteer, organisation_id=east)

    who = "volunteer" if person else "east"
    found = door.data(who, "{ tokens(first: 1) { edges { node { madeBy scopes } } } }")["tokens"]["edges"]

    assert found == [{"node": {"madeBy": "operator", "scopes": []}}]

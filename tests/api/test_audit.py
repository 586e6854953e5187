"""GraphQL over HTTP, rule by rule, against a real server: what the specification says MUST, SHOULD and MAY be.

The rules are those that the reference audit of the specification looks at, 61 of them, in our own words; none is met by
a lesser answer than the one it wishes for.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.api.door import ANSWER_TYPE, Door, Json
from tests.api.real import listening

JSON_TYPE = "application/json"
PLAIN = "{ __typename }"
NAMED = "query Query { __typename }"
BY_NAME = "query Type($name: String!) { __type(name: $name) { name } }"
TYPENAME = {"__typename": "Query"}
WRONG_VALUES: list[tuple[str, Any]] = [
    ("an object", {"a": 1}),
    ("a number", 7),
    ("a boolean", True),
    ("a list", ["a"]),
]
NO_MAPS: list[tuple[str, Any]] = [("a text", "a"), ("a number", 7), ("a boolean", True), ("a list", ["a"])]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule, a request that looks at it, and the only answer that meets it."""

    says: str
    accept: str | None = ANSWER_TYPE
    kind: str | None = JSON_TYPE
    body: Json | str | None = None
    params: Json | None = None
    statuses: tuple[int, ...] = (200,)
    media: str | None = None
    data: Json | None = None
    lacks: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.says


def _both(says: str, **parts: Any) -> list[Rule]:
    """Return a rule for each media type."""
    return [Rule(says=f"{says}, answered as {accept}", accept=accept, **parts) for accept in (ANSWER_TYPE, JSON_TYPE)]


BAD: dict[str, Any] = {"statuses": (400,), "lacks": ("data",)}
MEDIA = [
    Rule(says="the new media type is answered in", body={"query": PLAIN}, media=ANSWER_TYPE),
    Rule(says="JSON is answered in", accept=JSON_TYPE, body={"query": PLAIN}, media=JSON_TYPE),
    Rule(says="whoever takes anything gets JSON", accept="*/*", body={"query": PLAIN}, media=JSON_TYPE),
    Rule(says="whoever says nothing gets JSON", accept=None, body={"query": PLAIN}, media=JSON_TYPE),
    Rule(says="an answer is UTF-8 and says so", body={"query": PLAIN}, media=f"{ANSWER_TYPE}; charset=utf-8"),
    Rule(
        says="a request may say it is UTF-8", kind=f"{JSON_TYPE}; charset=utf-8", body={"query": PLAIN}, data=TYPENAME
    ),
    Rule(says="a request that says nothing is UTF-8", body='{"query": "{ __typename } # 沪"}', data=TYPENAME),
]
METHODS = [
    Rule(says="POST is accepted", body={"query": PLAIN}, data=TYPENAME),
    Rule(says="GET is accepted", params={"query": PLAIN}, data=TYPENAME),
    Rule(says="GET changes nothing", params={"query": "mutation { __typename }"}, statuses=(405,), lacks=("data",)),
    Rule(says="a body without a type is refused", kind=None, body={"query": PLAIN}, statuses=(415,), lacks=("data",)),
    Rule(says="JSON is accepted by POST", body={"query": PLAIN}, data=TYPENAME),
    Rule(says="a body that is missing is refused", body="", **BAD),
]
QUERY = [
    Rule(says="a query that is missing is refused", body={"notquery": PLAIN}, **BAD),
    *(Rule(says=f"a query that is {what} is refused", body={"query": value}, **BAD) for what, value in WRONG_VALUES),
    *_both("a query is a text", body={"query": PLAIN}, data=TYPENAME),
]
NAME = [
    *(
        Rule(says=f"a name that is {what} is refused", body={"query": PLAIN, "operationName": value}, **BAD)
        for what, value in WRONG_VALUES
    ),
    *_both("a name is a text", body={"query": NAMED, "operationName": "Query"}, data=TYPENAME),
]
NOTHING = [
    rule
    for part in ("variables", "operationName", "extensions")
    for rule in _both(f"{part} may be null", body={"query": PLAIN, part: None}, data=TYPENAME)
]
VARIABLES = [
    *(
        Rule(says=f"variables that are {what} are refused", body={"query": PLAIN, "variables": value}, **BAD)
        for what, value in NO_MAPS
    ),
    *_both(
        "variables are an object",
        body={"query": BY_NAME, "variables": {"name": "Query"}},
        data={"__type": {"name": "Query"}},
    ),
    *_both(
        "variables stand in an address as JSON",
        params={"query": BY_NAME, "variables": '{"name": "Query"}'},
        data={"__type": {"name": "Query"}},
    ),
]
EXTENSIONS = [
    *(
        Rule(says=f"extensions that are {what} are refused", body={"query": PLAIN, "extensions": value}, **BAD)
        for what, value in NO_MAPS
    ),
    *_both("extensions are an object", body={"query": PLAIN, "extensions": {"a": {"b": 1}}}, data=TYPENAME),
]
FAULTS = [
    Rule(says="a body that is no JSON is a fault of the caller", body="{ 'not a JSON", **BAD),
    Rule(says="a body that is no JSON is a bad request", body="{ 'not a JSON", statuses=(400,)),
    Rule(says="parameters that are wrong are a fault of the caller", body={"qeury": PLAIN}, **BAD),
    Rule(says="parameters that are wrong are a bad request", body={"qeury": PLAIN}, statuses=(400,)),
    Rule(says="extensions that nobody knows are taken", body={"query": PLAIN, "extensions": {"a": "b"}}, data=TYPENAME),
]
OLD: dict[str, Any] = {"accept": JSON_TYPE, "lacks": ("data",), "media": JSON_TYPE}
DOCUMENTS = [
    Rule(says="a text that is no document is 200 in JSON", body={"query": "{"}, **OLD),
    Rule(says="an invalid document is 200 in JSON", body={"query": "{ 8f31403d }"}, **OLD),
    Rule(says="variables that do not fit are 200 in JSON", body={"query": BY_NAME, "variables": {"name": None}}, **OLD),
    Rule(says="a text that is no document is a fault of the caller", body={"query": "{"}, **BAD),
    Rule(says="a text that is no document is 400", body={"query": "{"}, statuses=(400,)),
    Rule(says="a text that is no document has no data", body={"query": "{"}, **BAD),
    Rule(says="an invalid document is a fault of the caller", body={"query": "{ 8f31403d }"}, **BAD),
    Rule(says="an invalid document is 400", body={"query": "{ nothing }"}, statuses=(400,)),
    Rule(says="an invalid document has no data", body={"query": "{ nothing }"}, **BAD),
    Rule(
        says="variables that do not fit are 400", body={"query": BY_NAME, "variables": {"name": None}}, statuses=(400,)
    ),
]
RULES = [*MEDIA, *METHODS, *QUERY, *NAME, *NOTHING, *VARIABLES, *EXTENSIONS, *FAULTS, *DOCUMENTS]


@pytest.fixture(scope="module")
def address(window: Door) -> Iterator[str]:
    """Address of a real server over the served district."""
    with listening(window.app) as address:
        yield address


def _request(rule: Rule, token: str) -> dict[str, Any]:
    """Return what a rule sends, with a partner's token."""
    said = {"authorization": f"Bearer {token}", "accept": rule.accept, "content-type": rule.kind}
    headers = {name: value for name, value in said.items() if value is not None}
    content = rule.body if isinstance(rule.body, str) else json.dumps(rule.body)
    asking = (
        {"method": "GET", "params": rule.params} if rule.params else {"method": "POST", "content": content.encode()}
    )
    return asking | {"headers": headers}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_rule_is_met(window: Door, address: str, rule: Rule) -> None:
    """Clients of every make are written to these rules; one that is missed is one client that fails."""
    with httpx.Client() as client:
        del client.headers["accept"]

        answer = client.request(url=address, **_request(rule, window.served.tokens["east"]))

    body = answer.json()
    assert answer.status_code in rule.statuses
    assert answer.headers["content-type"].startswith(rule.media or "application/")
    assert body.get("data") == rule.data or rule.data is None
    assert not set(rule.lacks) & set(body)
    assert all(error["extensions"]["code"] for error in body.get("errors", []))


def test_there_are_as_many_rules_as_the_audit_has() -> None:
    """One that is dropped by accident would not be missed by itself; none is looked at by the same request twice."""
    assert len(RULES) == len({rule.says for rule in RULES}) == 61

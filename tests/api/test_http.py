"""GraphQL over HTTP as the specification wants it: media types, statuses, methods, bodies; an error is always ours."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.api.door import ANSWER_TYPE, Door

JSON_TYPE = "application/json"
VIEWER = "{ viewer { scopes } }"
MUTATION = 'mutation { startMatchRun(idempotencyKey: "g", input: { startsOn: "2026-03-02" }) { __typename } }'


def _post(door: Door, content: Any, **headers: str) -> httpx.Response:
    """Send a body as it is, with a live token."""
    said = (
        door.headers("east") | {"content-type": JSON_TYPE} | {name.replace("_", "-"): v for name, v in headers.items()}
    )
    return door.send(content=content, headers=said)


def _body(**parts: Any) -> bytes:
    return json.dumps({"query": VIEWER} | parts).encode()


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("", 200, JSON_TYPE),
        ("*/*", 200, JSON_TYPE),
        ("application/*", 200, JSON_TYPE),
        (JSON_TYPE, 200, JSON_TYPE),
        (ANSWER_TYPE, 200, ANSWER_TYPE),
        (f"{ANSWER_TYPE}, {JSON_TYPE}", 200, ANSWER_TYPE),
        (f"{JSON_TYPE}, {ANSWER_TYPE}", 200, ANSWER_TYPE),
        (f"{ANSWER_TYPE};q=0.5, {JSON_TYPE}", 200, JSON_TYPE),
        (f"{ANSWER_TYPE}; charset=utf-8, {JSON_TYPE}; charset=utf-8;q=0.9", 200, ANSWER_TYPE),
        (f"text/html, {ANSWER_TYPE};q=0, */*;q=0.1", 200, JSON_TYPE),
        (f"{JSON_TYPE};q=high", 200, JSON_TYPE),
        ("text/html", 406, JSON_TYPE),
        (f"{JSON_TYPE};q=0, text/plain", 406, JSON_TYPE),
    ],
)
def test_the_answer_comes_in_the_media_type_that_is_wished(window: Door, accept: str, status: int, media: str) -> None:
    """Old clients read application/json, new ones name their own; who wants a page gets none."""
    answer = _post(window, _body(), accept=accept)

    assert (answer.status_code, answer.headers["content-type"]) == (status, f"{media}; charset=utf-8")
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"query": "{ viewer { scopes } }", "variables": NaN}', "no JSON"),
        (b'{"query": "\\ud800"}', "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b"[]", "one JSON object"),
        (b'[{"query": "{ viewer { scopes } }"}]', "one JSON object"),
        (b"null", "one JSON object"),
        (b"{}", "needs a query"),
        (_body(query=7), "needs a query"),
        (_body(query=["{a}"]), "needs a query"),
        (_body(query=" "), "needs a query"),
        (_body(variables="{}"), "are objects"),
        (_body(variables=[1]), "are objects"),
        (_body(extensions="{}"), "are objects"),
        (_body(operationName=7), "is a text"),
        (_body(query="{ viewer { scopes } }\x00"), "no NUL"),
        (_body(variables={"a": {"b": ["\x00"]}}), "no NUL"),
        (_body(variables={"a\x00": 1}), "no NUL"),
    ],
    ids=lambda value: repr(value)[:50],
)
@pytest.mark.parametrize("accept", [JSON_TYPE, ANSWER_TYPE])
def test_what_is_no_request_is_400(window: Door, body: bytes, said: str, accept: str) -> None:
    """Whoever writes a client is told what the body should have been."""
    answer = _post(window, body, accept=accept)

    assert answer.status_code == 400
    assert "data" not in answer.json()
    assert said in answer.json()["errors"][0]["message"]
    assert answer.json()["errors"][0]["extensions"]["code"] == "BadRequest"


WRONG_DOCUMENTS = [
    ("{", None, "Syntax Error"),
    ("{ nothing }", None, "Cannot query field"),
    ("{ ...Nope }", None, "Unknown fragment"),
    ("fragment A on Query { viewer { scopes } }", None, "no operation"),
    ("type Query { a: Int }", None, "no operation"),
    (f"query A {VIEWER} query B {VIEWER}", None, "several operations"),
    (f"query A {VIEWER}", {"operationName": "B"}, "no operation of that name"),
    ("subscription { runs }", None, "subscription"),
    ("query Q($first: Int!) { pairs(first: $first) { edges { cursor } } }", None, "$first"),
    ("query Q($first: Int!) { pairs(first: $first) { edges { cursor } } }", {"variables": {"first": "x"}}, "$first"),
    ('{ node(id: "\\u0000") { id } }', None, "no NUL"),
    ('{ node(id: "\\u{0}") { id } }', None, "no NUL"),
    ('{ node(id: "\\uD800") { id } }', None, "Syntax Error"),
]


@pytest.mark.parametrize(("query", "parts", "said"), WRONG_DOCUMENTS, ids=lambda value: str(value)[:50])
@pytest.mark.parametrize(("accept", "status"), [(ANSWER_TYPE, 400), (JSON_TYPE, 200)])
def test_a_document_that_cannot_run_has_no_data(
    window: Door, query: str, parts: dict[str, Any] | None, said: str, accept: str, status: int
) -> None:
    """The newer media type says by its status what the older one says in the body alone."""
    answer = _post(window, _body(query=query, **(parts or {})), accept=accept)

    assert answer.status_code == status
    assert "data" not in answer.json()
    assert said in answer.json()["errors"][0]["message"]
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"BadRequest"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_405(window: Door, method: str) -> None:
    """What may be sent is said in the header that is made for it."""
    answer = window.send(method, headers=window.headers("east"))

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/plain", "identity"),
        ("application/x-www-form-urlencoded", "identity"),
        ("multipart/form-data; boundary=x", "identity"),
        ("application/jsonp", "identity"),
        ("", "identity"),
        (JSON_TYPE, "gzip"),
    ],
)
def test_other_bodies_are_415(window: Door, content_type: str, encoding: str) -> None:
    """A form that a page of someone else sends with my browser is never read."""
    answer = _post(window, _body(), content_type=content_type, content_encoding=encoding)

    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"]["code"] == "BadRequest"


@pytest.mark.parametrize("content_type", [JSON_TYPE, "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_read_however_it_is_written(window: Door, content_type: str) -> None:
    """Clients write the type in many ways."""
    assert _post(window, _body(), content_type=content_type).json()["data"]


async def _without_end() -> AsyncIterator[bytes]:
    """Yield ten megabytes without saying so before."""
    for _ in range(160):
        yield b" " * 65536


@pytest.mark.parametrize(
    "content",
    [lambda: b" " * 10_000_000, lambda: _body(variables={"a": "x" * 10_000_000}), _without_end],
    ids=["ten megabytes", "ten megabytes in a variable", "ten megabytes that do not say so"],
)
def test_a_body_has_a_bound(window: Door, content: Callable[[], Any]) -> None:
    """Memory is not the caller's to fill."""
    answer = _post(window, content())

    assert answer.status_code == 413
    assert "131072 bytes" in answer.json()["errors"][0]["message"]


def test_variables_have_a_bound(window: Door) -> None:
    """A hundred thousand nothings fit in the body and would be looked at one by one."""
    assert _post(window, _body(variables={"a": [0] * 20_001})).status_code == 413


def test_queries_can_be_read_by_get(window: Door) -> None:
    """A query in an address can be tried in any client."""
    parts = {
        "query": "query Q($first: Int!) { pairs(first: $first) { edges { cursor } } }",
        "variables": '{"first": 1}',
    }

    answer = window.send("GET", headers=window.headers("east"), params=parts)

    assert len(answer.json()["data"]["pairs"]["edges"]) == 1


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"query": MUTATION}, 405),
        ({"query": f"query Q {VIEWER} {MUTATION.replace('mutation', 'mutation M')}", "operationName": "M"}, 405),
        ({"query": VIEWER, "variables": "{"}, 400),
        ({"query": VIEWER, "variables": "[]"}, 400),
        ({"query": VIEWER, "extensions": "7"}, 400),
        ({}, 400),
    ],
)
def test_get_changes_nothing(window: Door, params: dict[str, str], status: int) -> None:
    """An address that is opened, or opened ahead by a browser, must not act."""
    answer = window.send("GET", headers=window.headers("east"), params=params)

    assert answer.status_code == status
    assert "data" not in answer.json()


def test_the_other_operation_of_a_document_can_be_read_by_get(window: Door) -> None:
    """What will run decides, not what else is written."""
    params = {"query": f"query Q {VIEWER} {MUTATION.replace('mutation', 'mutation M')}", "operationName": "Q"}

    assert window.send("GET", headers=window.headers("east"), params=params).json()["data"]["viewer"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic dTpw", "hhtb_x"],
)
def test_no_token_is_401(window: Door, authorization: str) -> None:
    """Who forgot the header is told how it is written."""
    answer = window.send(json={"query": VIEWER}, headers={"authorization": authorization.encode("latin-1")})

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["errors"][0]["message"] == "请在 Authorization 头中提供有效令牌：Bearer hhtb_…"


@pytest.mark.parametrize("token", ["hhtb_\u00e9_00000000", "x" * 9000, "x", "a.b.c", "\u00e9.\u00e9.\u00e9"])
def test_what_is_no_token_is_refused_with_the_reason(window: Door, token: str) -> None:
    """Who sends something reads that it is not taken, and nothing of it comes back."""
    answer = window.send(json={"query": VIEWER}, headers={"authorization": f"Bearer {token}".encode("latin-1")})

    challenge = 'Bearer error="invalid_token", error_description="it is no token that is known here"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["errors"][0]["extensions"]["code"] == "TokenRefused"
    assert answer.json()["errors"][0]["message"] == "令牌无效：它不是本系统认识的令牌。"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_is_written_in_any_case(window: Door, scheme: str) -> None:
    """The standard says so, and clients differ."""
    headers = {"authorization": f"{scheme} {window.served.tokens['east']}"}

    assert window.send(json={"query": VIEWER}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.5, en;q=0.9", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "zh"),
        ("*", "zh"),
        ("en;q=0.5, *;q=0.7", "zh"),
        ("," * 10_000, "zh"),
    ],
)
def test_the_language_is_the_one_wished_most(window: Door, accepted: str, language: str) -> None:
    """Chinese unless English is wished more."""
    answer = window.send(json={"query": VIEWER}, headers={"accept-language": accepted})

    assert ("有效令牌" in answer.json()["errors"][0]["message"]) == (language == "zh")


def test_answers_are_not_kept_by_anyone_between(window: Door) -> None:
    """An answer belongs to one token; a cache must not give it to the next."""
    headers = window.ask("east", VIEWER).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "text", ["沪助养老时光汇", "Hu-Help Time Bank", "代表处创建公益项目", "the charity office creates projects"]
)
def test_the_start_page_says_in_both_languages_what_this_is(window: Door, text: str) -> None:
    """Whoever opens the address in a browser is not met by an error."""
    page = window.send("GET", "/")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert text in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_health_asks_the_database(window: Door) -> None:
    """A process that is up over a database that is not is not well."""
    assert (window.send("GET", "/health").status_code, window.send("GET", "/health").text) == (200, "ok")

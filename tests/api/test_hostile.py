"""Hostile documents and bodies: each is answered with a code, in work that is counted and bounded."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLError

from api.documents import Documents
from api.guard import DocumentTooLarge
from api.http import DOCUMENTS
from tests.api.door import ANSWER_TYPE, Door
from timebank.core.errors import Refusal

VIEWER = "{ viewer { scopes } }"
MOST_CALLS = 1_000_000
"""Calls of functions to read and validate the worst document: about fifty milliseconds."""


def _many(count: int, text: str, join: str = " ") -> str:
    """Repeat a text, its number in it."""
    return join.join(text.replace("#", str(n)) for n in range(count))


def _fragments(count: int, spread: Callable[[int], str]) -> str:
    return " ".join(f"fragment F{n} on Viewer {{ {spread(n)} }}" for n in range(count))


DOCUMENTS_BY_KIND = {
    "one field five hundred times": f"{{ viewer {{ {'scopes ' * 495} }} }}",
    "a chain of fragments": f"{{ viewer {{ ...F0 }} }} {_fragments(150, lambda n: f'scopes ...F{n + 1}')} "
    "fragment F150 on Viewer { scopes }",
    "a chain of fragments that ends in a circle": "{ viewer { ...F0 } } "
    + _fragments(99, lambda n: f"...F{(n + 1) % 99}"),
    "fragments that spread all others": "{ viewer { ...F0 } } "
    + _fragments(30, lambda n: " ".join(f"...F{m}" for m in range(n + 1, 30)) + " scopes"),
    "fragments that nobody spreads": f"{VIEWER} "
    + _fragments(36, lambda n: " ".join(f"...F{m}" for m in range(n + 1, 36)) + " scopes"),
    "a bomb": "{ viewer { ...F0 } } "
    + _fragments(60, lambda n: f"...F{n + 1} ...F{n + 1}")
    + " fragment F60 on Viewer { scopes }",
    "inline fragments in inline fragments": f"{{ viewer {{ {'... { ' * 180} scopes {'}' * 180} }} }}",
    "a thousand directives": f"{{ viewer {'@include(if: true) ' * 390} {{ scopes }} }}",
    "a thousand unknown directives": f"{{ viewer {'@a ' * 900} {{ scopes }} }}",
    "four hundred unknown fields": f"{{ viewer {{ {_many(450, 'x#')} }} }}",
    "four hundred aliases": f"{{ viewer {{ {_many(450, 'a#: scopes')} }} }}",
    "four hundred variables": f"query({_many(450, '$a#: Int')}) {VIEWER}",
    "a list of two thousand": f"{{ node(id: [{'1 ' * 1900}]) {{ id }} }}",
    "objects in objects": f"{{ pairs(first: 1, filter: {'{a: ' * 150}1{'}' * 150}) {{ edges {{ cursor }} }} }}",
    "lists in lists": f"{{ node(id: {'[' * 190}{']' * 190}) {{ id }} }}",
    "thirty thousand digits": f"{{ pairs(first: {'9' * 30_000}) {{ edges {{ cursor }} }} }}",
    "thirty thousand digits after the point": f"{{ pairs(first: 1.{'9' * 30_000}) {{ edges {{ cursor }} }} }}",
    "a number beyond all": "{ pairs(first: 1e999) { edges { cursor } } }",
    "a text of thirty thousand letters": f'{{ node(id: "{"x" * 32_000}") {{ id }} }}',
    "names that differ by nothing": "{ viewer { scopes } } " + _fragments(99, lambda _: "scopes").replace("F1 ", "F2 "),
    "half a letter": '{ node(id: "\\uD83D") { id } }',
    "a letter that is none": '{ node(id: "\\u{FFFFFFFF}") { id } }',
    "a letter written backwards": "{ viewer { \u202escopes } }",
    "words of another alphabet": "{ viewеr { scopes } }",
    "a cursor of rubbish": '{ pairs(first: 1, after: "\\u0001\\u0002") { edges { cursor } } }',
    "an id of rubbish": '{ node(id: "////") { id } }',
    "an empty id": '{ node(id: "") { id } }',
    "a page of less than nothing": "{ pairs(first: -49) { edges { cursor } } }",
    "a type of the schema as an operation": "subscription { __typename }",
    "only fragments": "fragment F on Viewer { scopes }",
}
HONEST_AT_LENGTH = {
    "thirty thousand letters of comment": f"#{'x' * 32_000}\n{VIEWER}",
    "thirty thousand commas": f"{VIEWER}{',' * 32_000}",
    "twenty fragments that are small": f"{{ viewer {{ {_many(20, '...F#')} }} }} {_fragments(20, lambda _: 'scopes')}",
}


@pytest.mark.parametrize("kind", DOCUMENTS_BY_KIND)
def test_a_hostile_document_is_answered_with_a_code(window: Door, kind: str) -> None:
    """A program at the other end must be able to tell what was wrong, and ours must be there for the next caller."""
    answer = window.ask("east", DOCUMENTS_BY_KIND[kind])

    errors = answer.json().get("errors", [])
    assert answer.status_code in (200, 400)
    assert errors or kind in (
        "one field five hundred times",
        "a chain of fragments",
        "inline fragments in inline fragments",
    )
    assert {error["extensions"]["code"] for error in errors} <= {
        "BadRequest",
        "DocumentTooLarge",
        "NotFound",
        "WrongInput",
    }
    assert len(answer.text) < 6_000


@pytest.mark.parametrize("kind", HONEST_AT_LENGTH)
def test_a_long_document_that_asks_little_is_answered(window: Door, kind: str) -> None:
    """What costs nothing to read is no offence."""
    assert window.data("east", HONEST_AT_LENGTH[kind])["viewer"]["scopes"]


def _calls(act: Callable[[], object]) -> int:
    """Count the calls of functions while something is done."""
    counted = [0]

    def count(_frame: object, event: str, _argument: object) -> None:
        counted[0] += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with suppress(GraphQLError, Refusal):
            act()
    finally:
        sys.setprofile(before)
    return counted[0]


def _read(query: str) -> None:
    """Read and validate a document that was never seen."""
    documents = Documents(DOCUMENTS.schema)
    documents.faults(documents.read(query, {}, None))


@pytest.mark.parametrize("kind", DOCUMENTS_BY_KIND)
def test_the_work_of_reading_a_document_is_bounded(kind: str) -> None:
    """Counted in calls, which are the same on every machine; a fragment more must never double it."""
    known = _calls(lambda: Documents(DOCUMENTS.schema))

    assert _calls(lambda: _read(DOCUMENTS_BY_KIND[kind])) - known < MOST_CALLS


def test_a_document_that_was_read_before_costs_nothing_to_read() -> None:
    """A client sends the same few documents for ever."""
    documents = Documents(DOCUMENTS.schema)
    query = DOCUMENTS_BY_KIND["a chain of fragments"]

    first = _calls(lambda: documents.faults(documents.read(query, {}, None)))
    second = _calls(lambda: documents.faults(documents.read(query, {}, None)))

    assert first > 10_000
    assert second < 500


def test_what_is_remembered_of_documents_is_bounded() -> None:
    """Whoever sends a new document each time fills no memory; what was asked last is kept."""
    documents = Documents(DOCUMENTS.schema, most_bytes=1_000)
    queries = [f"{VIEWER} # {'x' * 200} {n}" for n in range(50)]

    for query in queries:
        documents.read(query, {}, None)

    kept = vars(documents)["_kept"]
    assert list(kept) == queries[-4:]


def test_a_refused_document_is_refused_again_from_memory() -> None:
    """What is remembered is what was found, not that it was sent before."""
    documents = Documents(DOCUMENTS.schema)
    first = documents.faults(documents.read("{ nothing }", {}, None))

    assert documents.faults(documents.read("{ nothing }", {}, None)) == first != []
    with pytest.raises(DocumentTooLarge):
        documents.read(DOCUMENTS_BY_KIND["a bomb"], {}, None)
    with pytest.raises(DocumentTooLarge):
        documents.read(DOCUMENTS_BY_KIND["a bomb"], {}, None)


def test_sizes_of_pages_are_remembered_apart() -> None:
    """A document that was cheap with one row must not stay cheap with a hundred."""
    documents = Documents(DOCUMENTS.schema)
    query = "query Q($n: Int!) { pairs(first: $n) { edges { node { id } } } }"

    costs = [documents.read(query, {"n": n}, None).cost for n in (1, 100, 1, 1_000)]

    assert costs == [2, 110, 2, 110]


BODIES: dict[str, Any] = {
    "ten megabytes of variables": lambda: json.dumps({"query": VIEWER, "variables": {"a": ["x" * 1000] * 10_000}}),
    "a batch": lambda: json.dumps([{"query": VIEWER}] * 10),
    "a name twice": lambda: f'{{"query": "{VIEWER}", "query": "{VIEWER}"}}',
    "a variable twice": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": 1, "a": 2}}}}',
    "a name twice, once escaped": lambda: f'{{"query": "{VIEWER}", "quer\\u0079": "{VIEWER}"}}',
    "a hundred thousand digits": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": {"9" * 100_000}}}}}',
    "a hundred thousand digits after the point": lambda: (
        f'{{"query": "{VIEWER}", "variables": {{"a": 0.{"9" * 100_000}}}}}'
    ),
    "a number beyond all": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": 1e99999}}}}',
    "no number": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": NaN}}}}',
    "a NUL": lambda: json.dumps({"query": VIEWER, "variables": {"a": "\x00"}}),
    "a raw NUL": lambda: b'{"query": "\x00"}',
    "bytes that are no letters": lambda: b'{"query": "\xc3\x28"}',
    "letters of another encoding": lambda: json.dumps({"query": VIEWER}).encode("utf-16"),
    "a mark before the first letter": lambda: b"\xef\xbb\xbf" + json.dumps({"query": VIEWER}).encode(),
    "half a letter": lambda: b'{"query": "{ viewer { scopes } }", "variables": {"a": "\\ud800"}}',
    "lists without end": lambda: b"[" * 100_000,
    "a depth of two thousand": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": {"[" * 2000}{"]" * 2000}}}}}',
    "a depth of nine hundred": lambda: f'{{"query": "{VIEWER}", "variables": {{"a": {"[" * 900}{"]" * 900}}}}}',
    "fifty thousand values": lambda: json.dumps({"query": VIEWER, "variables": {"a": [0] * 50_000}}),
}
ANSWERED = {"a depth of nine hundred", "a hundred thousand digits after the point"}
"""Bodies that are long and odd and no fault: a variable that nobody asks for is not looked at."""


@pytest.mark.parametrize("kind", BODIES)
def test_a_hostile_body_is_answered_with_a_code(window: Door, kind: str) -> None:
    """Whatever the bytes are, they end at the first look."""
    headers = window.headers("east") | {"content-type": "application/json", "accept": ANSWER_TYPE}

    answer = window.send(content=BODIES[kind](), headers=headers)

    codes = [error["extensions"]["code"] for error in answer.json().get("errors", [])]
    assert (answer.status_code in (400, 413), codes) == ((False, []) if kind in ANSWERED else (True, ["BadRequest"]))
    assert len(answer.text) < 1_000


def test_a_name_twice_in_an_address_is_refused(window: Door) -> None:
    """Whoever looked at the request before us could have seen the other one."""
    answer = window.send(
        "GET", headers=window.headers("east"), params=[("query", VIEWER), ("query", "{ areas { code } }")]
    )

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BadRequest")


VARIABLES = """query Q($first: Int!, $filter: MatchFilter, $after: String) {
    pairs(first: $first, filter: $filter, after: $after) { edges { cursor } } }"""


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"first": None},
        {"first": "1"},
        {"first": 1.5},
        {"first": 2**63},
        {"first": True},
        {"first": [1]},
        {"first": 1, "filter": {"nothing": 1}},
        {"first": 1, "filter": [[[]]]},
        {"first": 1, "filter": {"plan": {"a": 1}}},
        {"first": 1, "filter": {"plan": "x" * 9_000}},
        {"first": 1, "after": {"a": 1}},
        {"first": 1, "after": "\ufffd" * 100},
        {"first": 0},
    ],
    ids=lambda value: str(value)[:50],
)
def test_variables_that_do_not_fit_are_answered_with_a_code(window: Door, variables: dict[str, Any]) -> None:
    """What the library says of a value has no code by itself."""
    answer = window.ask("east", VARIABLES, variables)

    errors = answer.json()["errors"]
    assert {error["extensions"]["code"] for error in errors} <= {"BadRequest", "WrongInput", "NotFound"}
    assert {error["extensions"]["requestId"] for error in errors} == {answer.headers["x-request-id"]}

"""The guard: bounds that hostile documents meet and honest ones do not, in work that grows no faster than the text."""

import pytest
from graphql import get_introspection_query, parse

from api.guard import DocumentTooLarge, Measure, Size
from api.http import DOCUMENTS
from tests.api.door import Door, Json
from timebank.demo.told import QUERIES

START = 'startMatchRun(idempotencyKey: "k", input: { startsOn: "2026-03-02" }) { __typename }'


def bomb(n: int) -> str:
    """Return a bomb: n fragments, each spread twice by the one before it; as a tree it has 2**n leaves."""
    links = [f"fragment F{i} on Viewer {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n)]
    return "{ viewer { ...F0 } } " + " ".join(links) + f" fragment F{n} on Viewer {{ scopes }}"


def aliased(n: int, field: str) -> str:
    """Return a selection of a field under n names."""
    return "{ " + " ".join(f"a{i}: {field}" for i in range(n)) + " }"


def deep(n: int) -> str:
    """Return a document of n levels, by the one circle there is in the schema."""
    return '{ __type(name: "Query") { ' + "ofType { " * (n - 2) + "name" + " }" * n


def full(n: int, size: str = "100") -> str:
    """Return the roots of n pages, each of 100 rows with 20 values."""
    rows = "id " + "reason " * 17
    return " ".join(f"a{i}: pairs(first: {size}) {{ edges {{ node {{ {rows} }} }} }}" for i in range(n))


SCOPES = "viewer { scopes } "
HOSTILE = {
    "levels": (deep(17), "levels"),
    "aliases": ("{ viewer " + aliased(31, "scopes") + " }", "aliases"),
    "roots": ("{ " + SCOPES * 21 + "}", "fields at the top"),
    "roots in a fragment": ("{ ...F } fragment F on Query { " + SCOPES * 21 + "}", "fields at the top"),
    "roots in fragments inline": ("{ ... { ... on Query { " + SCOPES * 21 + "} } }", "fields at the top"),
    "mutations": (f"mutation {aliased(5, START)}", "fields at the top"),
    "mutations in a fragment": (f"mutation {{ ...M }} fragment M on Mutation {aliased(5, START)}", "fields at the top"),
    "fields": ("{ viewer { " + "scopes " * 500 + "} }", "fields"),
    "full pages": ("{ " + full(20) + " }", "values that it may answer"),
    "full pages by a variable": ("query($n: Int!) { " + full(20, "$n") + " }", "values that it may answer"),
    "full pages by a default": ("query($m: Int! = 100) { " + full(20, "$m") + " }", "values that it may answer"),
    "pages in pages": (
        "{ pairs(first: 100) { edges { pairs(first: 100) { edges { a b c } } } } }",
        "values that it may answer",
    ),
    "directives": ("{ viewer " + "@include(if: true) " * 9 + "{ scopes } }", "directives"),
    "directives of the operation": ("query " + "@a " * 9 + "{ viewer { scopes } }", "directives"),
    "directives of a variable": ("query($a: Int " + "@a " * 9 + ") { viewer { scopes } }", "directives"),
    "directives of a fragment": ("{ ...F } fragment F on Query " + "@a " * 9 + "{ viewer { scopes } }", "directives"),
    "bomb of 20 fragments": (bomb(20), "fields"),
    "bomb of 60 fragments": (bomb(60), "fields"),
    "bytes": ("{ viewer { scopes } } #" + "x" * 32_768, "bytes"),
    "bytes of Chinese": ("{ viewer { scopes } } #" + "沪" * 11_000, "bytes"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents_are_refused_by_measure(window: Door, case: str) -> None:
    """A caller hears what there is too much of, before anything is looked up."""
    query, measure = HOSTILE[case]

    answer = window.ask("east", query, {"n": 100})

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (400, "DocumentTooLarge")
    assert f" {measure}; " in error["message"]


def test_a_refusal_of_the_guard_is_said_in_chinese(window: Door) -> None:
    """The district reads Chinese."""
    error = window.ask("east", deep(17), locale="zh").json()["errors"][0]

    assert error["message"] == "查询过大：嵌套层数为 17，上限 16。"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ viewer { " + "scopes " * 2_000 + "} }", "more than 2000 tokens"),
        ("query(" + "$a: Int " * 700 + ") { viewer { scopes } }", "more than 2000 tokens"),
        ("{" + "a{" * 300 + "b" + "}" * 301, "nested too deeply"),
        ("{ node(id: " + "[" * 900 + "]" * 900 + ") { id } }", "nested too deeply"),
        ("query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { viewer { scopes } }", "nested too deeply"),
        ("{ ...A } fragment A on Query { ...A }", "in a circle: A -> A"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ... { ...A } }", "in a circle: "),
        ("{ viewer { scopes } } fragment A on Query { ...B } fragment B on Query { ...A }", "in a circle: "),
    ],
    ids=[
        "tokens",
        "variables",
        "levels",
        "lists",
        "types",
        "a circle of one",
        "a circle of two",
        "a circle that is not used",
    ],
)
def test_what_cannot_be_measured_is_no_document(window: Door, query: str, said: str) -> None:
    """A circle would be walked for ever; a text without end would be read for ever."""
    answer = window.ask("east", query)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BadRequest")
    assert said in answer.json()["errors"][0]["message"]


def test_a_deep_walk_through_the_schema_is_refused(window: Door) -> None:
    """The schema describes itself in a circle; each round would multiply the answer."""
    query = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"

    assert window.codes("east", query) == ["BadRequest"]


@pytest.mark.parametrize(("who", "code"), [("nobody", "TokenMissing"), ("expired", "TokenRefused")])
def test_nothing_is_measured_for_a_stranger(window: Door, who: str, code: str) -> None:
    """Work begins with a live token."""
    assert window.codes(who, bomb(60)) == [code]


def _measure(query: str, **variables: int) -> Measure:
    return Measure(parse(query), variables, DOCUMENTS.prices, DOCUMENTS.roots)


def _visited(query: str) -> int:
    measure = _measure(query)
    measure.operations()
    return measure.visited


def test_measuring_a_bomb_takes_steps_like_its_length() -> None:
    """Twenty fragments that spread twice would be a million looks if each was followed; they are 82."""
    steps = [_visited(bomb(n)) for n in (20, 40, 60)]

    assert steps == [2 * 2 * n + 4 for n in (20, 40, 60)]


def test_measuring_a_plain_document_looks_at_each_field_once() -> None:
    """What honest callers send costs least."""
    assert _visited("{ viewer { scopes organisation { code } } services { code } }") == 6


def test_sizes_are_those_of_the_document_with_its_fragments_spread() -> None:
    """The numbers that the bounds are held against, on a document small enough to count by hand."""
    query = """query($n: Int) { a: pairs(first: $n) { edges { node { ...P } } }
      ... { services { code @skip(if: false) } } }
      fragment P on Pair @b { id again: id }"""

    ((_, size),) = _measure(query, n=10).operations()

    values = 1 + 1 + 10 * (1 + 2) + 1 + 20 * 1
    tenths = 10 * (10 + 2) + 20 * (10 + 1)
    assert size == Size(levels=4, roots=2, fields=7, values=values, tenths=tenths, aliases=2, directives=2)


@pytest.mark.parametrize(
    ("first", "values"),
    [
        ("7", 9),
        ("0", 3),
        ("-5", 3),
        ("100", 102),
        ("101", 102),
        ("99999999999999999999", 102),
        ("$n", 10),
        ("$none", 102),
        ('"x"', 102),
    ],
)
def test_a_page_counts_as_many_rows_as_it_can_have(first: str, values: int) -> None:
    """A size that cannot be told, or that will be refused, counts as the largest page."""
    ((_, size),) = _measure(f"{{ pairs(first: {first}) {{ edges {{ cursor }} }} }}", n=8).operations()

    assert size.values == values


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(),
        "{ " + full(13) + " }",
        "{ " + SCOPES * 20 + "}",
        aliased(4, START).join(["mutation ", ""]),
        "{ viewer { ...F0 } } " + bomb(8).split("} }", 1)[1],
        "{ viewer @include(if: true) { scopes @skip(if: false) } }",
        *(query.replace('\\"', '"') for query in QUERIES.values()),
    ],
    ids=["introspection", "many pages", "many roots", "four mutations", "small fragments", "directives", *QUERIES],
)
def test_honest_documents_are_read(query: str) -> None:
    """A bound that stops honest work is a fault of the bound."""
    assert DOCUMENTS.read(query, {}, None).document.definitions


def test_the_operation_that_runs_is_the_one_named() -> None:
    """A document may hold several; what is measured, and whether it only reads, follows the choice."""
    query = "query A { viewer { scopes } } mutation B { publishPlan(id: 1) { __typename } }"

    assert DOCUMENTS.read(query, {}, "A").is_query
    assert not DOCUMENTS.read(query, {}, "B").is_query


def test_every_operation_is_measured_not_only_the_one_that_runs() -> None:
    """What does not run is validated all the same, and that is work too."""
    query = "query A { viewer { scopes } } query B { viewer { " + "scopes " * 500 + "} }"

    with pytest.raises(DocumentTooLarge) as refusal:
        DOCUMENTS.read(query, {}, "A")

    assert (refusal.value.measure, refusal.value.found, refusal.value.most) == ("fields", 501, 500)


@pytest.mark.parametrize("variables", [{"filter": {"service": ["x"] * 10_000}}, {"filter": {"service": {"a": {}}}}])
def test_huge_and_odd_variables_are_a_fault_of_the_request(window: Door, variables: Json) -> None:
    """What does not fit the type is told shortly, however long it is."""
    query = "query Q($filter: MatchFilter) { pairs(first: 1, filter: $filter) { edges { cursor } } }"

    answer = window.ask("east", query, variables)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BadRequest")
    assert len(answer.text) < 1500

"""What an operation costs: told before it runs from the types alone, and counted after it from what was answered."""

from dataclasses import dataclass

import pytest
from graphql import build_schema, parse
from graphql.language import OperationDefinitionNode, OperationType

from api.cost import bill_of, points, price_list, spent_tenths
from api.documents import Documents
from api.guard import MOST_COST, DocumentTooLarge, Measure
from api.http import DOCUMENTS
from api.limits import MOST_POINTS
from tests.api.documented import QUERIES, Step
from tests.api.door import Door

SDL = """
interface Node { id: ID! }
type Query { thing: Thing many: [Thing!]! few(first: Int!): [Thing!]! pages(first: Int = 7): ThingPages! named: Named
  nothing: Int node: Node }
type Mutation { change: Thing count: Int }
type Thing implements Node { id: ID! name: String words: [String!]! part: Thing parts(last: Int!): ThingPages! }
type ThingPages { edges: [ThingEdge!]! nodes: [Thing!]! pageInfo: PageInfo! totalCount: Int! }
type ThingEdge { node: Thing! cursor: String! }
type PageInfo { endCursor: String }
type Other { size: Int }
union Named = Thing | Other
"""
"""A schema of none of our types: what is new is counted like what is known."""
SCHEMA = build_schema(SDL)
PRICES = price_list(SCHEMA)
ROOTS = {OperationType.QUERY: "Query", OperationType.MUTATION: "Mutation"}


@dataclass(frozen=True)
class Case:
    """A document, what it costs at most in tenths, some data, and what that cost."""

    query: str
    tenths: int
    data: object
    spent: int

    def __str__(self) -> str:
        return self.query


THING = {"name": "a"}
EDGES = {"edges": [{"cursor": "", "node": THING}]}
NO_ROWS = {"nodes": [], "pageInfo": {"endCursor": ""}}
CASES = [
    Case("{ nothing }", 1, {"nothing": 1}, 1),
    Case("{ thing { name words } }", 12, {"thing": {"name": "a", "words": ["a", "b", "c"]}}, 12),
    Case("{ thing { part { part { name } } } }", 31, {"thing": {"part": None}}, 10),
    Case("{ many { name } }", 10 * 11, {"many": [THING] * 3}, 3 * 11),
    Case("{ few(first: 4) { name } }", 4 * 11, {"few": [THING] * 3}, 3 * 11),
    Case("{ pages { edges { cursor node { name } } } }", 7 * 12, {"pages": EDGES}, 12),
    Case("{ pages(first: 2) { nodes { name } pageInfo { endCursor } } }", 23, {"pages": NO_ROWS}, 1),
    Case("{ pages(first: 2) { totalCount } }", 100, {"pages": {"totalCount": 3}}, 100),
    Case(
        "{ pages(first: 3) { ...P } } fragment P on ThingPages { edges { cursor node { name } } }",
        36,
        {"pages": EDGES},
        12,
    ),
    Case(
        "{ pages(first: 3) { nodes { parts(last: 5) { nodes { name } } } } }",
        3 * (10 + 5 * 11),
        {"pages": {"nodes": [{"parts": {"nodes": [THING, THING]}}]}},
        10 + 2 * 11,
    ),
    Case("{ named { ... on Thing { name } ... on Other { size } } }", 12, {"named": {"size": 1}}, 11),
    Case("{ node { id ... on Thing { part { name } } } }", 22, {"node": {"id": "1", "part": THING}}, 22),
    Case("{ a: thing { name } b: thing { name @skip(if: true) } }", 22, {"a": THING, "b": {}}, 21),
    Case("{ thing { name } ... { thing { part { name } } } }", 32, {"thing": {"name": "a", "part": THING}}, 22),
    Case("mutation { change { name } count }", 110 + 1 + 101, {"change": THING, "count": 1}, 110 + 1 + 101),
    Case("{ pages(first: 1) { nothing { more } } }", 2, None, 0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_cost_at_most_follows_from_the_types_alone(case: Case) -> None:
    """Sums that are made by hand, on types that nobody entered anywhere."""
    ((_, size),) = Measure(parse(case.query), {}, PRICES, ROOTS).operations()

    assert size.tenths == case.tenths


@pytest.mark.parametrize("case", CASES[:-1], ids=str)
def test_the_cost_in_fact_is_of_what_was_answered(case: Case) -> None:
    """Rows that were not there and parts that were left out cost nothing."""
    document = parse(case.query)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    root = ROOTS[operation.operation]

    spent = spent_tenths(case.data, bill_of(document, operation, PRICES, root))

    assert spent == case.spent
    assert spent <= case.tenths


@pytest.mark.parametrize(("tenths", "whole"), [(0, 1), (1, 1), (10, 1), (10.5, 2), (11, 2), (1000, 100)])
def test_points_are_whole_and_one_at_least(tenths: float, whole: int) -> None:
    """A call that rounds to nothing could be made for ever."""
    assert points(tenths) == whole


READS = [step for step in QUERIES if not step.query.lstrip().startswith("mutation")]


@pytest.mark.parametrize("step", READS, ids=str)
def test_no_documented_query_costs_more_than_it_was_taken_for(window: Door, step: Step) -> None:
    """Who is told a price before must not be charged more after."""
    cost = window.ask(step.who, step.query).json()["extensions"]["cost"]

    assert 1 <= cost["actual"] <= cost["requested"] < MOST_COST < MOST_POINTS == cost["maximum"]


def test_what_costs_too_much_is_refused_whatever_is_left() -> None:
    """A bucket that is full could pay for it, and the district would wait."""
    pages = " ".join(f"p{n}: pairs(first: 100) {{ edges {{ node {{ __typename }} }} }}" for n in range(18))
    pages += " " + " ".join(f"r{n}: matchRuns(first: 100) {{ edges {{ node {{ plan {{ id }} }} }} }}" for n in range(2))
    dear = "{ " + pages.replace("__typename", "a: __typename") + " }"

    with pytest.raises(DocumentTooLarge) as refusal:
        Documents(SCHEMA).read("{ pages(first: 100) { nodes { a: parts(last: 50) { nodes { name } } } } }", {}, None)

    assert DOCUMENTS.read(dear.replace("a: __typename", "id"), {}, None).cost < MOST_COST
    assert (refusal.value.measure, refusal.value.found, refusal.value.most) == ("points", 5600, MOST_COST)

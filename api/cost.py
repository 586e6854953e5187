"""What an operation costs, in points: told before it runs, by the types of the schema and the sizes of its pages.

A value costs a tenth of a point, a thing one point, each row of a page as much as what is asked of it, and a change ten
points more. Nothing need be entered for a new field: what it costs follows from its type.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_named_type,
    is_leaf_type,
)
from graphql.language import OperationType

VALUE_TENTHS = 1
THING_TENTHS = 10
CHANGE_TENTHS = 100
LARGEST_PAGE = 100
USUAL_ROWS = 10
"""Rows that a list without pages is taken to have, unless it is named below."""
ROWS_BY_FIELD = {
    "AlarmAccounts.closedByOutcome": 20,
    "CareMonth.streets": 40,
    "PlacesAllocated.given": 100,
    "PlacesAllocated.left": 100,
    "Programme.quotas": 20,
    "ProjectLife.lines": 20,
    "Event.facts": 3,
    "Query.areas": 20,
    "Query.beneficiaryFile": 100,
    "Query.careCoverage": 20,
    "Query.lateReferrals": 100,
    "Query.projectOutcome": 30,
    "Query.services": 20,
    "Query.visitRates": 20,
    "Query.shortage": 100,
    "Query.surveyProgress": 300,
    "Query.weeklyShortage": 100,
    "Referral.steps": 20,
    "UnmetNeed.taken": 7,
    "WebhookDelivery.attempts": 20,
    "__Type.ofType": 0.5,  # most types are wrapped once or not at all
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
    "__Type.enumValues": 1,
    "__Type.inputFields": 1,
    "__Field.args": 1,
    "__Directive.args": 1,
}
TENTHS_BY_FIELD = {"totalCount": 100}
"""Fields that cost more than their type says, by their name in whatever type: to count is to read all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What is known of a field: the type below it, what its value costs, and how many rows it has.

    ``is_paged`` is a field that takes the size of a page, ``of_page`` a list whose rows that size counts.
    """

    below: str = ""
    tenths: int = VALUE_TENTHS
    rows: float = 1
    is_list: bool = False
    is_paged: bool = False
    of_page: bool = False
    usual_page: int = LARGEST_PAGE


UNKNOWN = Price()
"""A field that the schema has not; validation says so later."""
Prices = Mapping[str, Mapping[str, Price]]


def price_list(schema: GraphQLSchema) -> dict[str, dict[str, Price]]:
    """Read the price of every field from the types of a schema."""
    pages = _page_types(schema)
    prices = {
        name: {
            field_name: _price(f"{name}.{field_name}", found, pages=pages, in_page=name in pages)
            for field_name, found in kind.fields.items()
        }
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    }
    changes = root_type(schema, OperationType.MUTATION)
    for name, price in prices.get(changes, {}).items():
        prices[changes][name] = replace(price, tenths=price.tenths + CHANGE_TENTHS)
    if schema.query_type is not None:
        root = prices[schema.query_type.name]
        root["__schema"] = _price("Query.__schema", SchemaMetaFieldDef, pages=pages, in_page=False)
        root["__type"] = _price("Query.__type", TypeMetaFieldDef, pages=pages, in_page=False)
    types = prices.get("__Schema")
    if types is not None:
        described = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
        fields = sum(len(kind.fields) for kind in described)
        types["types"] = replace(types["types"], rows=len(schema.type_map))
        types["directives"] = replace(types["directives"], rows=len(schema.directives))
        own = prices["__Type"]
        own["fields"] = replace(own["fields"], rows=max(1, round(fields / len(schema.type_map))))
    return prices


def root_type(schema: GraphQLSchema, operation: OperationType) -> str:
    """Return the name of the type that an operation begins at; empty where the schema has no such operation."""
    kind = schema.get_root_type(operation)
    return kind.name if kind is not None else ""


def _page_types(schema: GraphQLSchema) -> set[str]:
    """Return the types that a field with the size of a page answers."""
    return {
        get_named_type(found.type).name
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for found in kind.fields.values()
        if _takes_size(found) and not _is_list(found.type) and not is_leaf_type(get_named_type(found.type))
    }


def _price(name: str, found: GraphQLField, *, pages: set[str], in_page: bool) -> Price:
    kind = get_named_type(found.type)
    is_list, is_leaf = _is_list(found.type), is_leaf_type(kind)
    is_paged = _takes_size(found) and not is_leaf
    is_of_page = in_page and is_list and not is_leaf
    rows: float = USUAL_ROWS if is_list and not is_leaf and not is_paged and not is_of_page else 1
    return Price(
        below="" if is_leaf else kind.name,
        tenths=_tenths(name, kind, is_free=in_page and not is_list, pages=pages),
        rows=ROWS_BY_FIELD.get(name, rows),
        is_list=is_list,
        is_paged=is_paged,
        of_page=is_of_page,
        usual_page=_usual_page(found),
    )


def _tenths(name: str, kind: GraphQLNamedType, *, is_free: bool, pages: set[str]) -> int:
    """Return what one value costs: what only holds a page together costs nothing of its own."""
    last = name.rpartition(".")[2]
    if last in TENTHS_BY_FIELD:
        return TENTHS_BY_FIELD[last]
    if is_leaf_type(kind) or kind.name.startswith("__"):
        return VALUE_TENTHS
    is_edge = isinstance(kind, GraphQLObjectType) and {"node", "cursor"} <= kind.fields.keys()
    return 0 if is_free or is_edge or kind.name in pages else THING_TENTHS


def _takes_size(found: GraphQLField) -> bool:
    return any(
        isinstance(kind := get_named_type(found.args[name].type), GraphQLScalarType) and kind.name == "Int"
        for name in ("first", "last")
        if name in found.args
    )


def _usual_page(found: GraphQLField) -> int:
    """Return the size of a page that is not said: its default, wherever the library keeps it."""
    size = found.args.get("first")
    usual = getattr(size, "default_value", None)
    literal = getattr(getattr(size, "default", None), "literal", None)
    if isinstance(literal, IntValueNode):
        usual = int(literal.value)
    return usual if isinstance(usual, int) else LARGEST_PAGE


def _is_list(kind: GraphQLOutputType) -> bool:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(inner, GraphQLList)


@dataclass(slots=True)
class Bill:
    """How the data of one selection is counted: what a thing costs, and the bills of what lies in it, by their keys."""

    tenths: int
    below: "dict[str, Bill]" = field(default_factory=dict)
    dearer: dict[str, int] = field(default_factory=dict)


Selected = list[tuple[str, SelectionSetNode]]


def bill_of(document: DocumentNode, operation: OperationDefinitionNode, prices: Prices, root: str) -> Bill:
    """Prepare to count what an operation's data costs; the document is within its bounds, so it may be spread."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return _bill(0, [(root, operation.selection_set)], fragments, prices)


def _bill(tenths: int, selected: Selected, fragments: Mapping[str, FragmentDefinitionNode], prices: Prices) -> Bill:
    bill = Bill(tenths)
    below: dict[str, Selected] = {}
    price_by_key: dict[str, Price] = {}
    for kind, node in _fields(selected, fragments):
        key = node.alias.value if node.alias else node.name.value
        price = prices.get(kind, {}).get(node.name.value, UNKNOWN)
        if node.selection_set is not None:
            below.setdefault(key, []).append((price.below, node.selection_set))
            price_by_key.setdefault(key, price)
        elif price.tenths != VALUE_TENTHS:
            bill.dearer[key] = price.tenths - VALUE_TENTHS
    for key, sets in below.items():
        bill.below[key] = _bill(price_by_key[key].tenths, sets, fragments, prices)
    return bill


def _fields(selected: Selected, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterable[tuple[str, FieldNode]]:
    """Give each field of some selections with the type it stands in, fragments spread."""
    waiting = list(reversed(selected))
    while waiting:
        kind, selections = waiting.pop()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield kind, node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                waiting.append((condition.name.value if condition else kind, node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                waiting.append((fragment.type_condition.name.value, fragment.selection_set))


def spent_tenths(data: Any, bill: Bill) -> int:
    """Count what some data costs, as it was answered: rows that were not there and parts left out cost nothing."""
    if isinstance(data, list):
        return sum([spent_tenths(row, bill) for row in data])
    if not isinstance(data, dict):
        return 0
    spent = bill.tenths + VALUE_TENTHS * len(data)
    for key, below in bill.below.items():
        if key in data:
            spent += spent_tenths(data[key], below) - VALUE_TENTHS
    for key, more in bill.dearer.items():
        spent += more if key in data else 0
    return spent


def points(tenths: float) -> int:
    """Return whole points, rounded up; whatever is asked costs one at least."""
    return max(1, -int(-tenths // 10))

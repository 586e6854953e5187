"""One linear look at a document before anything else reads it: bounds that no honest query meets, and what it costs.

Each fragment is measured once, after those it spreads, so a document that spreads fragments in fragments costs no more
than its own length.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    StringValueNode,
    VariableNode,
    parse,
)
from graphql.language import OperationType, Visitor, visit

from api.cost import LARGEST_PAGE, UNKNOWN, Price, Prices, points
from timebank.core.errors import Refusal

MOST_BYTES = 32 * 1024
MOST_TOKENS = 2_000
MOST_LEVELS = 16
"""Deep enough for the introspection query that tools send; data lies six levels deep at most."""
MOST_FIELDS = 500
MOST_VALUES = 25_000
"""Values of an answer when every page is full: about half a second of work."""
MOST_COST = 5_000
"""Points of one operation; a caller has more at once, so none is too dear to be asked ever."""
MOST_ALIASES = 30
MOST_ROOT_FIELDS = 20
MOST_MUTATIONS = 4
MOST_DIRECTIVES = 8
NO_PRICES: Mapping[str, Price] = {}


class DocumentTooLarge(Refusal):
    """A document passes one of the bounds."""

    def __init__(self, *, measure: str, found: int, most: int) -> None:
        self.measure, self.found, self.most = measure, min(found, 10**9), most
        super().__init__(f"The document has {found} {measure}; at most {most} are read.")


@dataclass(slots=True)
class Size:
    """Size of selections with everything that they spread; ``roots`` are the fields of the selections themselves.

    What lies in the rows of a page is kept apart, ``row_values`` and ``row_tenths``, until the size of the page is
    known: that is an argument of the field above.
    """

    levels: int = 0
    roots: int = 0
    fields: int = 0
    values: float = 0
    tenths: float = 0
    row_values: float = 0
    row_tenths: float = 0
    aliases: int = 0
    directives: int = 0

    @property
    def cost(self) -> int:
        """Return what the operation costs at most, in points."""
        return points(self.tenths)


@dataclass(slots=True)
class Measure:
    """Measures the selections of a document; ``visited`` counts every look at one.

    ``sizes_by`` gathers the variables that say how long a page is: with the same ones the sizes are the same.
    """

    document: DocumentNode
    variables: Mapping[str, Any]
    prices: Prices
    roots: Mapping[OperationType, str]
    visited: int = 0
    by_fragment: dict[str, Size] = field(default_factory=dict)
    sizes_by: set[str] = field(default_factory=set)

    def operations(self) -> list[tuple[OperationDefinitionNode, Size]]:
        """Measure each operation.

        Raises
        ------
        GraphQLError
            When fragments spread each other in a circle.
        """
        for fragment in self._fragments():
            self.by_fragment[fragment.name.value] = self._definition(fragment, fragment.type_condition.name.value)
        found = [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
        return [(node, self._definition(node, self.roots.get(node.operation, ""))) for node in found]

    def _fragments(self) -> list[FragmentDefinitionNode]:
        """Return the fragments, each after those that it spreads."""
        fragments = {
            node.name.value: node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        spreads = {name: self._spreads(node.selection_set.selections) for name, node in fragments.items()}
        try:
            order = list(TopologicalSorter(spreads).static_order())
        except CycleError as fault:
            circle = " -> ".join(reversed(fault.args[1]))[:200]
            message = f"Fragments spread each other in a circle: {circle}."
            raise GraphQLError(message) from None
        return [fragments[name] for name in order if name in fragments]

    def _spreads(self, selections: Iterable[SelectionNode]) -> set[str]:
        found, waiting = set(), list(selections)
        while waiting:
            node = waiting.pop()
            self.visited += 1
            if isinstance(node, FragmentSpreadNode):
                found.add(node.name.value)
            else:
                waiting += _below(node)
        return found

    def _definition(self, node: FragmentDefinitionNode | OperationDefinitionNode, kind: str) -> Size:
        size = self._selections(node.selection_set.selections, kind)
        size.directives += len(node.directives or ())
        size.directives += sum(len(variable.directives or ()) for variable in node.variable_definitions or ())
        return size

    def _selections(self, selections: Iterable[SelectionNode], kind: str) -> Size:
        total = Size()
        price_by_field = self.prices.get(kind, NO_PRICES)
        for node in selections:
            self.visited += 1
            if isinstance(node, FieldNode):
                price = price_by_field.get(node.name.value, UNKNOWN)
                below = self._selections(_below(node), price.below) if node.selection_set else Size()
                total.levels = max(total.levels, below.levels + 1)
                total.roots += 1
                total.fields += below.fields + 1
                total.aliases += below.aliases + (node.alias is not None)
                self._count(total, node, price, below)
            else:
                below = self._spread(node, kind)
                total.levels = max(total.levels, below.levels)
                total.roots += below.roots
                total.fields += below.fields
                total.values += below.values
                total.tenths += below.tenths
                total.row_values += below.row_values
                total.row_tenths += below.row_tenths
                total.aliases += below.aliases
            total.directives += below.directives + len(node.directives or ())
        return total

    def _spread(self, node: SelectionNode, kind: str) -> Size:
        """Return the size of a fragment that stands among fields; one that is unknown is left to validation."""
        if isinstance(node, FragmentSpreadNode):
            return self.by_fragment.get(node.name.value, Size())
        condition = node.type_condition if isinstance(node, InlineFragmentNode) else None
        return self._selections(_below(node), condition.name.value if condition else kind)

    def _count(self, total: Size, node: FieldNode, price: Price, below: Size) -> None:
        """Add the values of a field and what they cost, for as many rows as it can have."""
        values, tenths = below.values, price.tenths + below.tenths
        size = _argument(node, "first", "last") if price.is_paged or price is UNKNOWN else None
        page = self._page(size, price) if price.is_paged or size is not None else LARGEST_PAGE
        # the rows of a page stand in the field itself where it is a list, or where no type says where they are
        is_list_of_page = price.is_paged and price.is_list
        in_rows = page if is_list_of_page or (price is UNKNOWN and size is not None) else price.rows
        values = in_rows * (values + page * below.row_values)
        tenths = in_rows * (tenths + page * below.row_tenths)
        if price.of_page:
            total.values += 1
            total.row_values += values
            total.row_tenths += tenths
        else:
            total.values += 1 + values
            total.tenths += tenths

    def _page(self, size: Any, price: Price) -> int:
        """Return how many rows a page can have; a size that cannot be told counts as the largest."""
        asked: Any = price.usual_page if size is None else LARGEST_PAGE
        if isinstance(size, IntValueNode):
            asked = int(size.value[:10])
        elif isinstance(size, VariableNode):
            self.sizes_by.add(size.name.value)
            asked = self.variables.get(size.name.value)
        return rows_asked(asked)


def rows_asked(size: object) -> int:
    """Return how many rows a page of a size counts as; a size that is none counts as the largest."""
    return max(1, min(size, LARGEST_PAGE)) if isinstance(size, int) else LARGEST_PAGE


def _argument(node: FieldNode, *names: str) -> Any:
    for argument in node.arguments or ():
        if argument.name.value in names:
            return argument.value
    return None


def _below(node: SelectionNode) -> tuple[SelectionNode, ...]:
    below = getattr(node, "selection_set", None)
    return tuple(below.selections) if below else ()


class _NoNul(Visitor):
    """Refuses a NUL that a document writes as an escape; no database stores one."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if "\x00" in node.value:
            message = "A text holds no NUL character."
            raise GraphQLError(message, node)


def parsed(query: str) -> DocumentNode:
    """Parse a document of no more than so many bytes and tokens.

    Raises
    ------
    DocumentTooLarge
        When it has too many bytes.
    GraphQLError
        When it is no GraphQL, or has too many tokens.
    """
    size = len(query.encode())
    if size > MOST_BYTES:
        raise DocumentTooLarge(measure="bytes", found=size, most=MOST_BYTES)
    try:
        document = parse(query, max_tokens=MOST_TOKENS)
        if "\\u" in query:
            visit(document, _NoNul())
    except RecursionError:
        raise DocumentTooLarge(measure="levels", found=MOST_TOKENS, most=MOST_LEVELS) from None
    return document


def bound(operation: OperationDefinitionNode, size: Size, *, most_values: int = MOST_VALUES) -> None:
    """Refuse an operation that passes one of the bounds.

    Raises
    ------
    DocumentTooLarge
        Naming what there is too much of.
    """
    most_roots = MOST_ROOT_FIELDS if operation.operation == OperationType.QUERY else MOST_MUTATIONS
    for measure, found, most in (
        ("levels", size.levels, MOST_LEVELS),
        ("fields", size.fields, MOST_FIELDS),
        ("values", int(size.values), most_values),
        ("aliases", size.aliases, MOST_ALIASES),
        ("directives", size.directives, MOST_DIRECTIVES),
        ("roots", size.roots, most_roots),
        ("points", size.cost, MOST_COST),
    ):
        if found > most:
            raise DocumentTooLarge(measure=measure, found=found, most=most)


def chosen(operations: Iterable[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    """Return the operation that will run.

    Raises
    ------
    GraphQLError
        When there is none of the name, or several and no name.
    """
    named = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(named) == 1:
        return named[0]
    if not named:
        message = "The document has no operation." if name is None else "The document has no operation of that name."
    else:
        message = "The document has several operations; say by operationName which is to run."
    raise GraphQLError(message)

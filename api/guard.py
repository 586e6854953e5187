"""One linear look at a document before anything else reads it: bounds that no honest query meets.

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
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    StringValueNode,
    VariableNode,
    parse,
)
from graphql.language import OperationType, Visitor, visit

from timebank.core.errors import Refusal

MOST_BYTES = 32 * 1024
MOST_TOKENS = 2_000
MOST_LEVELS = 16
"""Deep enough for the introspection query that tools send; data lies six levels deep at most."""
MOST_FIELDS = 500
MOST_VALUES = 25_000
"""Values of an answer when every page is full: about half a second of work."""
MOST_ALIASES = 30
MOST_ROOT_FIELDS = 20
MOST_MUTATIONS = 4
MOST_DIRECTIVES = 8
LARGEST_PAGE = 100
ROWS_BY_FIELD = {
    "areas": 20,
    "candidates": 10,
    "openByState": 4,
    "closedByOutcome": 20,
    "services": 20,
    "shortage": 100,
    "careCoverage": 20,
    "weeklyShortage": 100,
    "reasons": 10,
    "beneficiaryFile": 100,
    "projectOutcome": 30,
    "lines": 20,
    "given": 100,
    "left": 100,
    "resources": 10,
    "taken": 7,
    "lateReferrals": 100,
    "steps": 20,
    "shared": 10,
    "figures": 12,
    "types": 60,
    "fields": 3,
    "args": 1,
    "inputFields": 1,
    "enumValues": 1,
    "interfaces": 1,
    "possibleTypes": 1,
    "directives": 8,
}
"""Rows that a list of things without pages is taken to have: in a district, and in the schema itself."""


class DocumentTooLarge(Refusal):
    """A document passes one of the bounds."""

    def __init__(self, *, measure: str, found: int, most: int) -> None:
        self.measure, self.found, self.most = measure, min(found, 10**9), most
        super().__init__(f"The document has {found} {measure}; at most {most} are read.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document within the bounds, and the operation of it that will run."""

    document: DocumentNode
    operation: OperationDefinitionNode

    @property
    def is_query(self) -> bool:
        """Tell whether the operation only reads."""
        return self.operation.operation == OperationType.QUERY


@dataclass(slots=True)
class Size:
    """Size of selections with everything that they spread; ``roots`` are the fields of the selections themselves."""

    levels: int = 0
    roots: int = 0
    fields: int = 0
    values: int = 0
    aliases: int = 0
    directives: int = 0


@dataclass(slots=True)
class Measure:
    """Measures the selections of a document; ``visited`` counts every look at one."""

    document: DocumentNode
    variables: Mapping[str, Any]
    visited: int = 0
    by_fragment: dict[str, Size] = field(default_factory=dict)

    def operations(self) -> list[tuple[OperationDefinitionNode, Size]]:
        """Measure each operation.

        Raises
        ------
        GraphQLError
            When fragments spread each other in a circle.
        """
        for fragment in self._fragments():
            self.by_fragment[fragment.name.value] = self._definition(fragment)
        found = [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
        return [(node, self._definition(node)) for node in found]

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

    def _definition(self, node: FragmentDefinitionNode | OperationDefinitionNode) -> Size:
        size = self._selections(node.selection_set.selections)
        size.directives += len(node.directives or ())
        size.directives += sum(len(variable.directives or ()) for variable in node.variable_definitions or ())
        return size

    def _selections(self, selections: Iterable[SelectionNode]) -> Size:
        total = Size()
        for node in selections:
            self.visited += 1
            below = (
                self.by_fragment.get(node.name.value, Size())  # one that is unknown is left to validation
                if isinstance(node, FragmentSpreadNode)
                else self._selections(_below(node))
            )
            is_field = isinstance(node, FieldNode)
            rows = self._rows(node) if isinstance(node, FieldNode) else 1
            total.levels = max(total.levels, below.levels + is_field)
            total.roots += 1 if is_field else below.roots
            total.fields += below.fields + is_field
            total.values += rows * below.values + is_field
            total.aliases += below.aliases + bool(is_field and getattr(node, "alias", None))
            total.directives += below.directives + len(node.directives or ())
        return total

    def _rows(self, node: FieldNode) -> int:
        """Return how many rows a field can answer: its page, or what a list without pages is taken to have."""
        for argument in node.arguments or ():
            if argument.name.value == "first":
                asked: Any = LARGEST_PAGE
                if isinstance(argument.value, IntValueNode):
                    asked = int(argument.value.value[:10])
                elif isinstance(argument.value, VariableNode):
                    asked = self.variables.get(argument.value.name.value)
                return max(1, min(asked, LARGEST_PAGE)) if isinstance(asked, int) else LARGEST_PAGE
        return ROWS_BY_FIELD.get(node.name.value, 1)


def _below(node: SelectionNode) -> tuple[SelectionNode, ...]:
    below = getattr(node, "selection_set", None)
    return tuple(below.selections) if below else ()


class _NoNul(Visitor):
    """Refuses a NUL that a document writes as an escape; no database stores one."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if "\x00" in node.value:
            message = "A text holds no NUL character."
            raise GraphQLError(message, node)


def read_document(query: str, variables: Mapping[str, Any], operation_name: str | None) -> Read:
    """Parse a document, refuse what passes the bounds, and choose the operation that will run.

    Raises
    ------
    DocumentTooLarge
        Naming what there is too much of.
    GraphQLError
        When it is no GraphQL, has too many tokens, or has not the operation.
    """
    size = len(query.encode())
    if size > MOST_BYTES:
        raise DocumentTooLarge(measure="bytes", found=size, most=MOST_BYTES)
    try:
        document = parse(query, max_tokens=MOST_TOKENS)
        visit(document, _NoNul())
        operations = Measure(document, variables).operations()
    except RecursionError:
        raise DocumentTooLarge(measure="levels", found=MOST_TOKENS, most=MOST_LEVELS) from None
    for operation, measured in operations:
        _bound(operation, measured)
    return Read(document=document, operation=_chosen([operation for operation, _ in operations], operation_name))


def _bound(operation: OperationDefinitionNode, size: Size) -> None:
    most_roots = MOST_ROOT_FIELDS if operation.operation == OperationType.QUERY else MOST_MUTATIONS
    for measure, found, most in (
        ("levels", size.levels, MOST_LEVELS),
        ("fields", size.fields, MOST_FIELDS),
        ("values", size.values, MOST_VALUES),
        ("aliases", size.aliases, MOST_ALIASES),
        ("directives", size.directives, MOST_DIRECTIVES),
        ("roots", size.roots, most_roots),
    ):
        if found > most:
            raise DocumentTooLarge(measure=measure, found=found, most=most)


def _chosen(operations: list[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    named = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(named) == 1:
        return named[0]
    if not named:
        message = "The document has no operation." if name is None else "The document has no operation of that name."
    else:
        message = "The document has several operations; say by operationName which is to run."
    raise GraphQLError(message)

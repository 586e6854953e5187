"""One linear look at a document before anything else reads it: bounds that no honest query meets.

Fragments are measured once and remembered, so a document that spreads fragments in fragments costs no more than
its own length.
"""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from graphql.language import OperationType

from timebank.core.errors import Refusal

MOST_BYTES = 32 * 1024
MOST_TOKENS = 2_000
MOST_DEPTH = 10
MOST_FIELDS = 2_000
MOST_ALIASES = 30
MOST_ROOT_FIELDS = 20
MOST_MUTATIONS = 4
MOST_DIRECTIVES = 8
DEEPEST_SELECTION = 60
"""Selections nest no deeper than this before they are even measured, so that no walk runs out of stack."""


class DocumentTooLarge(Refusal):
    """A document passes one of the bounds."""

    def __init__(self, *, measure: str, found: int, most: int) -> None:
        self.measure, self.found, self.most = measure, found, most
        super().__init__(f"The document has {found} {measure}; at most {most} are read.")


@dataclass(slots=True)
class _Measure:
    """Size of a selection set with everything that it spreads."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0


@dataclass(slots=True)
class _Walk:
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, _Measure] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def of(self, selections: SelectionSetNode | None, nested: int = 0) -> _Measure:
        total = _Measure()
        if nested > DEEPEST_SELECTION:
            raise DocumentTooLarge(measure="levels", found=nested, most=MOST_DEPTH)
        for node in selections.selections if selections else ():
            total.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                below = self.fragment(node.name.value, nested + 1)
            else:
                below = self.of(getattr(node, "selection_set", None), nested + 1)
            is_field = isinstance(node, FieldNode)
            total.fields += below.fields + is_field
            total.aliases += below.aliases + bool(is_field and getattr(node, "alias", None))
            total.directives += below.directives
            total.depth = max(total.depth, below.depth + is_field)
        return total

    def fragment(self, name: str, nested: int = 0) -> _Measure:
        """Measure a fragment once; one that is unknown or spreads itself is left to validation."""
        if name in self.known:
            return self.known[name]
        if name in self.open or name not in self.fragments:
            return _Measure()
        self.open.add(name)
        self.known[name] = self.of(self.fragments[name].selection_set, nested)
        self.open.discard(name)
        return self.known[name]


def read_document(query: str) -> DocumentNode:
    """Parse a document and refuse what passes the bounds.

    Raises
    ------
    DocumentTooLarge
        Naming what there is too much of.
    GraphQLSyntaxError
        When it is no GraphQL, or has too many tokens.
    """
    size = len(query.encode())
    if size > MOST_BYTES:
        raise DocumentTooLarge(measure="bytes", found=size, most=MOST_BYTES)
    try:
        document = parse(query, max_tokens=MOST_TOKENS, no_location=False)
    except RecursionError as fault:
        raise DocumentTooLarge(measure="levels", found=MOST_TOKENS, most=MOST_DEPTH) from fault
    walk = _Walk({node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)})
    for name in walk.fragments:
        walk.fragment(name)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _bound(node, walk)
    return document


def _bound(operation: OperationDefinitionNode, walk: _Walk) -> None:
    size = walk.of(operation.selection_set)
    roots = len(operation.selection_set.selections)
    most_roots = MOST_MUTATIONS if operation.operation == OperationType.MUTATION else MOST_ROOT_FIELDS
    for measure, found, most in (
        ("levels", size.depth, MOST_DEPTH),
        ("fields", size.fields, MOST_FIELDS),
        ("aliases", size.aliases, MOST_ALIASES),
        ("directives", size.directives, MOST_DIRECTIVES),
        ("root fields", roots, most_roots),
    ):
        if found > most:
            raise DocumentTooLarge(measure=measure, found=found, most=most)


def is_read_only(document: DocumentNode, operation_name: str | None) -> bool:
    """Tell whether the operation that will run is a query."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [
        node for node in operations if operation_name is None or (node.name and node.name.value == operation_name)
    ]
    return all(node.operation == OperationType.QUERY for node in chosen)

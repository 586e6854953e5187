"""Documents that were read before: parsed, measured and validated once, and kept up to a bound.

A document says nothing of who asks, so what is known of it holds for all; what depends on the sizes of its pages is
kept by those sizes.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
    validate,
)
from graphql.language import OperationType

from api.cost import Bill, Prices, bill_of, price_list, root_type
from api.guard import (
    MOST_LEVELS,
    MOST_TOKENS,
    MOST_VALUES,
    DocumentTooLarge,
    Measure,
    Size,
    bound,
    chosen,
    parsed,
    rows_asked,
)

MOST_KEPT_BYTES = 2 * 1024 * 1024
"""Length of all the texts that are kept; what is known of one takes about fifty times as much memory."""
MOST_KEPT_SIZES = 50
"""Sizes of pages for which a document's measures are kept."""
MOST_ERRORS = 20

Sized = list[tuple[OperationDefinitionNode, Size]]


@dataclass(slots=True)
class Known:
    """What is known of a document, whoever sends it."""

    document: DocumentNode
    length: int
    sizes_by: tuple[str, ...] = ()
    sized: dict[tuple[int, ...], Sized] = field(default_factory=dict)
    faults: list[GraphQLError] | None = None
    bills: dict[int, Bill] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document within the bounds, and the operation of it that will run, which costs at most ``cost`` points."""

    known: Known
    operation: OperationDefinitionNode
    cost: int

    @property
    def document(self) -> DocumentNode:
        """Return the document itself."""
        return self.known.document

    @property
    def is_query(self) -> bool:
        """Tell whether the operation only reads."""
        return self.operation.operation == OperationType.QUERY


class Documents:
    """Reads the documents of one schema; keeps those that were asked last and are no longer in all than a bound."""

    def __init__(self, schema: GraphQLSchema, *, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self.schema, self.most_bytes = schema, most_bytes
        self.prices: Prices = price_list(schema)
        self.roots: Mapping[OperationType, str] = {kind: root_type(schema, kind) for kind in OperationType}
        self.most_values = max(MOST_VALUES, self._values_of_schema())
        self._kept: OrderedDict[str, Known] = OrderedDict()
        self._kept_bytes = 0
        self._turn = Lock()

    def _values_of_schema(self) -> int:
        """Return what the query takes by which tools read the whole schema: however large, they must be able to."""
        question = get_introspection_query(
            specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
        )
        ((_, size),) = Measure(parse(question), {}, self.prices, self.roots).operations()
        return int(size.values)

    def read(self, query: str, variables: Mapping[str, Any], operation_name: str | None) -> Read:
        """Read a document, refuse what passes the bounds, and choose the operation that will run.

        Raises
        ------
        DocumentTooLarge
            Naming what there is too much of.
        GraphQLError
            When it is no GraphQL, has too many tokens, or has not the operation.
        """
        known = self._find(query)
        if known is None:
            known = Known(parsed(query), len(query))
        sized = self._sized(known, variables)
        for operation, size in sized:
            bound(operation, size, most_values=self.most_values)
        operation = chosen([operation for operation, _ in sized], operation_name)
        cost = next(size.cost for found, size in sized if found is operation)
        self._keep(query, known)
        return Read(known=known, operation=operation, cost=cost)

    def _sized(self, known: Known, variables: Mapping[str, Any]) -> Sized:
        key = tuple([rows_asked(variables.get(name)) for name in known.sizes_by])
        found = known.sized.get(key)
        if found is None:
            measure = Measure(known.document, variables, self.prices, self.roots)
            try:
                found = measure.operations()
            except RecursionError:
                raise DocumentTooLarge(measure="levels", found=MOST_TOKENS, most=MOST_LEVELS) from None
            known.sizes_by = tuple(sorted(measure.sizes_by))
            if len(known.sized) < MOST_KEPT_SIZES:
                known.sized[tuple([rows_asked(variables.get(name)) for name in known.sizes_by])] = found
        return found

    def faults(self, read: Read) -> list[GraphQLError]:
        """Validate a document, or remember what that came to."""
        if read.known.faults is None:
            read.known.faults = validate(self.schema, read.document, max_errors=MOST_ERRORS)
        return read.known.faults

    def bill(self, read: Read) -> Bill:
        """Return how the data of an operation is counted."""
        place = id(read.operation)
        bill = read.known.bills.get(place)
        if bill is None:
            bill = bill_of(read.document, read.operation, self.prices, self.roots[read.operation.operation])
            read.known.bills[place] = bill
        return bill

    def _find(self, query: str) -> Known | None:
        with self._turn:
            known = self._kept.get(query)
            if known is not None:
                self._kept.move_to_end(query)
            return known

    def _keep(self, query: str, known: Known) -> None:
        with self._turn:
            if query in self._kept:
                return
            self._kept[query] = known
            self._kept_bytes += known.length
            while self._kept_bytes > self.most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= oldest.length

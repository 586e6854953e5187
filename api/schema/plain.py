"""Fields that show an attribute, or ask their own thing alone, without what the library puts around every value.

A page of a hundred rows has a thousand of them. Whatever takes arguments, the request, or an extension stays as the
library made it, and so does the executor.
"""

import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
)
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField
from typing_extensions import override

DEFINITION = "strawberry-definition"
ABOUT = "plain-info"


class PlainExecution(StrawberryGraphQLCoreExecutionContext):
    """The library's executor, which writes no note on the request for a value that asks nothing of it."""

    @override
    def build_resolve_info(
        self, field_def: GraphQLField, field_nodes: list[FieldNode], parent_type: GraphQLObjectType, path: Path
    ) -> GraphQLResolveInfo[Any]:
        """Return the note that a resolver gets: one for all where nothing but an error reads it."""
        about: GraphQLResolveInfo[Any] | None = field_def.extensions.get(ABOUT)
        if about is not None:
            return about
        return super().build_resolve_info(field_def, field_nodes, parent_type, path)


def read_plainly(schema: GraphQLSchema) -> int:
    """Let plain fields be read at once; returns how many there are."""
    found = 0
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            read = _reader(field.extensions.get(DEFINITION))
            if read is not None:
                field.resolve = _resolver(read)
                if is_leaf_type(get_nullable_type(field.type)):
                    field.extensions = field.extensions | {ABOUT: _about(name, field, kind, schema)}
                found += 1
    return found


def _about(name: str, field: GraphQLField, parent: GraphQLObjectType, schema: GraphQLSchema) -> GraphQLResolveInfo[Any]:
    """Return what is said of a plain value wherever it is asked: its names, for the words of an error."""
    empty: Any = None
    about = dict.fromkeys(GraphQLResolveInfo._fields, empty)
    about |= {"field_name": name, "return_type": field.type, "parent_type": parent, "schema": schema}
    return GraphQLResolveInfo(**about)


def _reader(definition: object) -> Callable[[Any], Any] | None:
    """Return what reads a field from its thing; nothing where more is to be done."""
    if not isinstance(definition, StrawberryField) or definition.extensions:
        return None
    resolver = definition.base_resolver
    if resolver is None:
        return attrgetter(definition.python_name) if definition.default_resolver is getattr else None
    function = resolver.wrapped_func
    if isinstance(function, staticmethod | classmethod) or inspect.iscoroutinefunction(function):
        return None
    return function if list(inspect.signature(function).parameters) == ["self"] else None


def _resolver(read: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda source, _info: read(source)

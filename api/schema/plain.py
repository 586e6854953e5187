"""Fields that show an attribute, or ask their own thing alone, without what the library puts around every value.

A page of a hundred rows has a thousand of them. Whatever takes arguments, the request, or an extension stays as the
library made it, and so does the executor.
"""

import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.types.field import StrawberryField

DEFINITION = "strawberry-definition"


def read_plainly(schema: GraphQLSchema) -> int:
    """Let plain fields be read at once; returns how many there are."""
    found = 0
    for kind in schema.type_map.values():
        for field in kind.fields.values() if isinstance(kind, GraphQLObjectType) else ():
            read = _reader(field.extensions.get(DEFINITION))
            if read is not None:
                field.resolve = _resolver(read)
                found += 1
    return found


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

"""The schema is the promise to partners: written down, described, and readable with a token."""

from collections.abc import Iterator

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_nullable_type,
    is_composite_type,
    is_specified_scalar_type,
    lexicographic_sort_schema,
    print_schema,
)

from api.guard import ROWS_BY_FIELD
from api.schema import print_schema as print_ours
from api.schema.refusals import SHOWN
from tests.api.door import Door
from tests.api.renew import HOW, SCHEMA_FILE

SCHEMA = build_schema(print_ours())


def _fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, object]]:
    """Yield type, name and definition of every field, argument and input field, those of introspection too."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in kind.fields.items():
                yield kind.name, name, field
                for argument, definition in getattr(field, "args", {}).items():
                    yield f"{kind.name}.{name}", argument, definition


def _lists_without_pages() -> set[str]:
    """Return the names of fields that answer a list of things and take no page size."""
    return {
        name
        for owner, name, field in _fields(SCHEMA)
        if name != "edges"
        and "first" not in getattr(field, "args", {"first": None})
        and isinstance(get_nullable_type(getattr(field, "type", None)), GraphQLList)
        and is_composite_type(get_nullable_type(get_nullable_type(field.type).of_type))  # type: ignore[attr-defined]  # a field has a type
        and owner != "Subscription"
    }


def _sorted(schema: GraphQLSchema) -> str:
    return print_schema(lexicographic_sort_schema(schema))


def test_schema_is_written_down() -> None:
    """A partner reads schema.graphql; a change that is not in it is a change that nobody was told of."""
    written = SCHEMA_FILE.read_text(encoding="utf-8")

    assert written == print_ours(), f"schema.graphql is not the schema of the code. {HOW}"


def test_every_type_is_described() -> None:
    """A name alone does not tell a stranger what is meant."""
    undescribed = {
        name
        for name, kind in SCHEMA.type_map.items()
        if not kind.description and not name.startswith("__") and not is_specified_scalar_type(kind)
    }

    assert undescribed == set()


def test_every_field_and_argument_is_described() -> None:
    """Units, bounds and meanings stand where the name is used."""
    undescribed = {
        f"{owner}.{name}"
        for owner, name, field in _fields(SCHEMA)
        if not getattr(field, "description", None) and not owner.startswith("__")
    }

    assert undescribed == set()


def test_every_refusal_of_a_mutation_has_its_type() -> None:
    """A program tells one no from another by its type, not by its words."""
    refused = {kind.name for kind in SCHEMA.get_implementations(SCHEMA.type_map["Refused"]).objects}  # type: ignore[arg-type]  # it is an interface

    assert refused == {refusal.__name__ for refusal in SHOWN}


def test_every_list_is_bounded() -> None:
    """A list without pages is counted by the guard at a size of its own; one that is not would be free."""
    assert _lists_without_pages() <= set(ROWS_BY_FIELD)
    assert {"resources", "taken", "types", "possibleTypes"} <= _lists_without_pages()


def test_signed_in_tools_can_read_the_whole_schema(window: Door) -> None:
    """Clients and editors begin with the standard introspection query; a bound that stops it stops them all."""
    read = window.data("east", get_introspection_query(input_value_deprecation=True))

    assert _sorted(build_client_schema(read)) == _sorted(SCHEMA)  # type: ignore[arg-type]  # data of introspection


def test_strangers_cannot_read_the_schema(window: Door) -> None:
    """What can be asked is nobody's business without a token."""
    assert window.codes("nobody", "{ __schema { types { name } } }") == ["TokenMissing"]

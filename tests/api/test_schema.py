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
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_specified_scalar_type,
    lexicographic_sort_schema,
    print_schema,
)

from api.cost import ROWS_BY_FIELD, USUAL_ROWS
from api.http import DOCUMENTS
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


def _lists() -> set[str]:
    """Return the fields that answer a list of things, those of introspection too."""
    return {
        f"{kind.name}.{name}"
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in kind.fields.items()
        if isinstance(found := get_nullable_type(field.type), GraphQLList) and is_composite_type(get_named_type(found))
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


def test_every_list_is_counted_by_its_rows() -> None:
    """A list that counted as one thing would be free, however long it is; a new one is counted without being named."""
    prices = {f"{owner}.{name}": price for owner, of in DOCUMENTS.prices.items() for name, price in of.items()}
    of_pages = {name for name in _lists() if prices[name].of_page}
    described = {"__Schema.types", "__Schema.directives", "__Type.fields"}

    counted = {name for name in _lists() - of_pages if prices[name].rows == USUAL_ROWS or name in ROWS_BY_FIELD}

    assert _lists() - of_pages - counted == described
    assert of_pages == {name for name in _lists() if name.endswith("Connection.edges")}
    assert prices["__Schema.types"].rows == len(SCHEMA.type_map)


def test_every_named_count_is_of_a_field_that_is_there() -> None:
    """A field that was renamed would fall back to the usual count, and nobody would see it."""
    assert {name for name in ROWS_BY_FIELD if not name.startswith("__")} <= _lists()


def test_signed_in_tools_can_read_the_whole_schema(window: Door) -> None:
    """Clients and editors begin with the standard introspection query; a bound that stops it stops them all."""
    read = window.data("east", get_introspection_query(input_value_deprecation=True))

    assert _sorted(build_client_schema(read)) == _sorted(SCHEMA)  # type: ignore[arg-type]  # data of introspection


def test_strangers_cannot_read_the_schema(window: Door) -> None:
    """What can be asked is nobody's business without a token."""
    assert window.codes("nobody", "{ __schema { types { name } } }") == ["TokenMissing"]

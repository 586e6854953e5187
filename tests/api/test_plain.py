"""Fields that are read plainly: only those behind which there is nothing but an attribute or a thing's own method."""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLObjectType
from strawberry.extensions import FieldExtension
from typing_extensions import override

from api.http import DOCUMENTS
from api.schema.plain import PlainExecution, read_plainly


class Loud(FieldExtension):
    """Says a text louder."""

    @override
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        """Say it louder."""
        return str(next_(source, info, **kwargs)).upper()


@strawberry.type
class Thing:
    """A thing with a field of every kind."""

    name: str

    @strawberry.field
    def own(self) -> str:
        """Say its name."""
        return f"own {self.name}"

    @strawberry.field
    def asked(self, word: str = "x") -> str:
        """Say a word with its name."""
        return f"{word} {self.name}"

    @strawberry.field
    def knowing(self, info: strawberry.Info) -> str:
        """Say who asks."""
        return f"{info.context} {self.name}"

    @strawberry.field(extensions=[Loud()])  # type: ignore[untyped-decorator]  # as the library says it
    def loud(self) -> str:
        """Say its name aloud."""
        return self.name


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    def thing(self) -> Thing:
        """Return the thing."""
        return Thing(name="a")


ALL = '{ thing { name own asked(word: "w") knowing loud } }'


def test_plain_fields_answer_as_before() -> None:
    """What is left out around a value must not be missed by it."""
    before, after = strawberry.Schema(Query), strawberry.Schema(Query)
    plain = read_plainly(after._schema)  # noqa: SLF001  # the library shows its types by no other name

    answers = [schema.execute_sync(ALL, context_value="me") for schema in (before, after)]

    assert plain == 3
    assert (
        answers[1].data
        == answers[0].data
        == {"thing": {"name": "a", "own": "own a", "asked": "w a", "knowing": "me a", "loud": "A"}}
    )
    assert [answer.errors for answer in answers] == [None, None]


@strawberry.type
class Broken:
    """What has no name, though it must have one."""

    name: str


@strawberry.type
class BrokenQuery:
    """What can be asked of it."""

    @strawberry.field
    def broken(self) -> Broken:
        """Return what is broken."""
        return Broken(name=None)  # type: ignore[arg-type]  # that is what is wrong with it


def test_an_error_names_its_field_where_values_share_their_note() -> None:
    """The note is written once for all values of a field, and must say which field that is."""
    schema = strawberry.Schema(BrokenQuery, execution_context_class=PlainExecution)
    read_plainly(schema._schema)  # noqa: SLF001  # the library shows its types by no other name

    answer = schema.execute_sync("{ broken { other: name } }")

    (error,) = answer.errors or []
    assert error.message == "Cannot return null for non-nullable field Broken.name."
    assert error.path == ["broken", "other"]


def test_the_door_reads_most_of_its_fields_plainly() -> None:
    """A change of the library that hides its fields from us would make every page slow, and nothing else would tell."""
    kinds = [kind for kind in DOCUMENTS.schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
    resolvers = [field.resolve for kind in kinds for field in kind.fields.values() if not kind.name.startswith("__")]

    plain = [resolve for resolve in resolvers if resolve and resolve.__module__ == "api.schema.plain"]

    assert len(plain) > len(resolvers) / 2

"""``python -m api.promise``: what partners were promised; a break of ``released.graphql`` fails ``make check``.

A field or value may go once it was deprecated in the released schema with a day that has come, as
``@deprecated(reason: "Use x. Removed 2027-07-01.")`` says it. ``python -m api.promise release`` promises the schema as
it is now.
"""

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema
from graphql.utilities import BreakingChangeType, find_breaking_changes, find_dangerous_changes

from api.schema import print_schema

RELEASED = Path(__file__).parents[1] / "released.graphql"
REMOVED_ON = re.compile(r"Removed (\d{4}-\d{2}-\d{2})\.$")
"""How the reason of a deprecation ends: the first day on which the thing may be gone."""
CAN_END = {BreakingChangeType.FIELD_REMOVED, BreakingChangeType.VALUE_REMOVED_FROM_ENUM}


def breaks(released: GraphQLSchema, now: GraphQLSchema, *, today: date) -> list[str]:
    """Return every change that breaks a client that was written for the released schema.

    What can change answers that a client reads with care (a new value of an enum, a new member of a union) is no break.
    """
    ended = {place for place, day in deprecations(released) if day is not None and day <= today}
    found = find_breaking_changes(released, now)
    return [
        change.description
        for change in found
        if change.type not in CAN_END or not any(change.description.endswith(place) for place in ended)
    ]


def new_cares(released: GraphQLSchema, now: GraphQLSchema) -> list[str]:
    """Return the changes that a client should know of, though they break nothing by themselves."""
    return [change.description for change in find_dangerous_changes(released, now)]


def deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, date | None]]:
    """Yield what is deprecated, written as breaks are described, with the first day on which it may be gone."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, definition in kind.fields.items():
                if definition.deprecation_reason is not None:
                    yield f"{name}.{field} was removed.", _day_of(definition.deprecation_reason)
        elif isinstance(kind, GraphQLEnumType):
            for value, item in kind.values.items():
                if item.deprecation_reason is not None:
                    yield f"{name}.{value} was removed.", _day_of(item.deprecation_reason)


def _day_of(reason: str) -> date | None:
    found = REMOVED_ON.search(reason)
    return date.fromisoformat(found[1]) if found else None


def without_day(schema: GraphQLSchema) -> list[str]:
    """Return what is deprecated without saying when it goes and what to use instead."""
    return [place for place, day in deprecations(schema) if day is None]


def main(words: list[str]) -> int:
    """Compare, or promise; returns 0 when nothing is broken."""
    schema = build_schema(print_schema())
    if words == ["release"]:
        RELEASED.write_text(print_schema(), encoding="utf-8")
        return 0
    released = build_schema(RELEASED.read_text(encoding="utf-8"))
    faults = [*breaks(released, schema, today=date.today()), *without_day(schema)]  # noqa: DTZ011  # the day of who checks
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        sys.stderr.write(
            "Partners were promised this. Deprecate first, with the day and what to use instead "
            '(reason: "Use x. Removed 2027-07-01."), release, and take it away after that day.\n'
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

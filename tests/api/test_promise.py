"""The promise to partners: nothing they use goes away before they were told, and until the day they were told."""

from datetime import date

import pytest
from graphql import build_schema

from api.promise import breaks, main, new_cares, without_day

BEFORE = """
type Query { viewer(first: Int!): String  color: Color
  old: String @deprecated(reason: "Use viewer. Removed 2027-07-01.") }
enum Color { RED  GREEN @deprecated(reason: "Use RED. Removed 2027-07-01.") }
"""
LATER = date(2027, 7, 1)
EARLIER = date(2027, 6, 30)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("type Query { viewer(first: Int!): String old: String } enum Color { RED GREEN }", "Query.color was removed"),
        ("type Query { viewer(first: Int!): Int old: String color: Color } enum Color { RED GREEN }", "changed type"),
        (
            "type Query { viewer: String old: String color: Color n: Int } enum Color { RED GREEN }",
            "viewer(first:) was removed",
        ),
        (
            "type Query { viewer(first: Int!, a: Int!): String old: String color: Color } enum Color { RED GREEN }",
            "argument",
        ),
        ("type Query { viewer(first: Int!): String old: String color: Color } enum Color { GREEN }", "RED was removed"),
    ],
)
def test_what_breaks_a_client_is_found(after: str, said: str) -> None:
    """A partner's program must not fail on a Monday because we tidied up on a Sunday."""
    found = breaks(build_schema(BEFORE), build_schema(after), today=LATER)

    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(("today", "count"), [(EARLIER, 2), (LATER, 0)], ids=["too early", "on the day"])
def test_what_was_deprecated_may_go_on_its_day(today: date, count: int) -> None:
    """A day that was told is kept, on both sides."""
    after = "type Query { viewer(first: Int!): String color: Color } enum Color { RED }"

    assert len(breaks(build_schema(BEFORE), build_schema(after), today=today)) == count


def test_what_is_added_breaks_nothing() -> None:
    """Fields come as the district needs them; a new value of an enum is told as one to look out for."""
    after = BEFORE.replace("RED ", "RED BLUE ").replace("old:", "young: String old:")

    assert breaks(build_schema(BEFORE), build_schema(after), today=EARLIER) == []
    assert len(new_cares(build_schema(BEFORE), build_schema(after))) == 1


def test_deprecation_says_when_it_ends() -> None:
    """A warning without a day is heeded by nobody."""
    schema = build_schema('type Query { a: Int  b: Int @deprecated(reason: "Use a.") }')

    assert without_day(schema) == ["Query.b was removed."]


def test_today_nothing_that_was_promised_is_broken() -> None:
    """The very check of ``make check``."""
    assert main([]) == 0

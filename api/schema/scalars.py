"""Scalars and enums that several nouns use."""

from enum import Enum
from typing import Annotated, NewType

import strawberry

from timebank.core.texts import Locale as TextLocale

BigInt = NewType("BigInt", int)
LARGEST = 2**53
"""Largest whole number that every client's JSON keeps exactly."""


def _read(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        message = f"A BigInt is a whole number within 2^53, not {str(value)[:40]}."
        raise ValueError(message)
    return value


BIG_INT = strawberry.scalar(
    name="BigInt",
    description="A whole number of up to 53 bits: metres of a whole plan, cents of a budget.",
    serialize=int,
    parse_value=_read,
)


@strawberry.enum(description="Language of a text. Without it, texts follow Accept-Language; zh is the default.")
class Locale(Enum):
    """Language of a text."""

    ZH = "zh"
    EN = "en"


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    """A day of the week; the value is its bit."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 4
    THURSDAY = 8
    FRIDAY = 16
    SATURDAY = 32
    SUNDAY = 64


def chosen(asked: Locale | None, default: TextLocale) -> TextLocale:
    """Return the language that was asked for, or the request's."""
    if asked is None:
        return default
    return "en" if asked is Locale.EN else "zh"


First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="An id as it was given out.")]
IdempotencyKey = Annotated[
    str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
]
After = Annotated[str | None, strawberry.argument(description="The endCursor of the page before.")]
InLocale = Annotated[Locale | None, strawberry.argument(description="Language of the text.")]

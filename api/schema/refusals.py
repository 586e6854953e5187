"""Refusals as types: one for each that a mutation can meet, all with a code and a message for people."""

from collections.abc import Callable
from typing import TypeVar

import strawberry

from api.context import Context, Info
from api.schema.scalars import InLocale, chosen
from timebank.core import errors
from timebank.core.texts import say_refusal

Result = TypeVar("Result")


@strawberry.interface(description="The bank said no; nothing has changed.")
class Refused:
    """The bank said no."""

    code: str
    refusal: strawberry.Private[errors.Refusal]

    @strawberry.field(description="What happened and what would be right, for the person who meets it.")
    def message(self, info: Info, locale: InLocale = None) -> str:
        """Write the refusal."""
        return say_refusal(self.refusal, chosen(locale, info.context.locale))


@strawberry.type(description="The token or the role does not reach this.")
class NotAllowed(Refused):
    """The token or the role does not reach this."""

    action: str
    needed: str


@strawberry.type(description="There is no such thing, or it may not be seen.")
class NotFound(Refused):
    """There is no such thing, or it may not be seen."""

    kind: str


@strawberry.type(description="The thing is not in a state that allows this.")
class WrongState(Refused):
    """The thing is not in a state that allows this."""

    kind: str
    state: str
    allowed: str


@strawberry.type(description="A value cannot be.")
class WrongInput(Refused):
    """A value cannot be."""

    field: str
    value: str
    right: str


@strawberry.type(description="The same idempotency key came with other content.")
class KeyConflict(Refused):
    """The same idempotency key came with other content."""

    key: str


SHOWN: dict[type[errors.Refusal], tuple[type[Refused], tuple[str, ...]]] = {
    errors.NotAllowed: (NotAllowed, ("action", "needed")),
    errors.NotFound: (NotFound, ("kind",)),
    errors.WrongState: (WrongState, ("kind", "state", "allowed")),
    errors.WrongInput: (WrongInput, ("field", "value", "right")),
    errors.KeyConflict: (KeyConflict, ("key",)),
}
"""Refusals that mutations answer with, and what is shown of each."""


def refused_or(context: Context, act: Callable[[], Result]) -> Result | Refused:
    """Act within a transaction of its own; a refusal takes back what was begun and is the answer."""
    try:
        with context.session.begin_nested():
            return act()
    except tuple(SHOWN) as refusal:
        kind, names = SHOWN[type(refusal)]
        return kind(code=refusal.code, refusal=refusal, **{name: getattr(refusal, name) for name in names})

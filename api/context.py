"""What every resolver gets: one session, who asks, the moment, and the language."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import strawberry
from graphql import DocumentNode
from sqlmodel import Session

from timebank.core.errors import NotAllowed
from timebank.core.texts import Locale, Phrase
from timebank.people.tokens import Holder

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Context:
    """One request: one transaction, one holder of a token, one document that was read already."""

    session: Session
    holder: Holder
    now: datetime
    locale: Locale
    document: DocumentNode
    _kept: dict[str, Any] = field(default_factory=dict)

    def organisation(self, *scopes: str, kind: str | None = None) -> int:
        """Return the organisation that asks, with one of some scopes.

        Raises
        ------
        NotAllowed
            When the token lacks the scope, or is no organisation's of the kind.
        """
        action = scopes[0]
        self._check(*scopes)
        if self.holder.organisation_id is None or (kind is not None and self.holder.organisation_kind != kind):
            raise NotAllowed(action=action, needed=Phrase(f"needed_{kind or 'organisation'}"))
        return self.holder.organisation_id

    def person(self, *scopes: str) -> int:
        """Return the person who asks, with one of some scopes if any is named.

        Raises
        ------
        NotAllowed
            When the token lacks the scope, or is no person's.
        """
        self._check(*scopes)
        if self.holder.person_id is None:
            raise NotAllowed(action=scopes[0] if scopes else "me", needed=Phrase("needed_person"))
        return self.holder.person_id

    def anyone(self, *scopes: str) -> Holder:
        """Return who asks, an organisation or a person, with one of some scopes.

        Raises
        ------
        NotAllowed
            When the token lacks the scope.
        """
        self._check(*scopes)
        return self.holder

    def asker(self, *scopes: str) -> dict[str, Any]:
        """Return who asks as the library's functions name them: a volunteer with own rows, else an organisation.

        Raises
        ------
        NotAllowed
            When the token lacks the scope.
        """
        if self.holder.person_id is not None:
            return {"volunteer_id": self.person(*scopes)}
        return {"organisation_id": self.organisation(*scopes)}

    def _check(self, *scopes: str) -> None:
        if scopes and not self.holder.scopes & set(scopes):
            raise NotAllowed(action=scopes[0], needed=Phrase("needed_scope", scope=" / ".join(scopes)))

    def once(self, what: str, read: Callable[[], Kept]) -> Kept:
        """Read something once for the whole request, however many rows ask for it."""
        if what not in self._kept:
            self._kept[what] = read()
        kept: Kept = self._kept[what]
        return kept


Info = strawberry.Info[Context, None]

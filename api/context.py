"""What every resolver gets: one session, who asks, the moment, and the language."""

from dataclasses import dataclass
from datetime import datetime

import strawberry
from sqlmodel import Session

from timebank.core.errors import NotAllowed
from timebank.core.texts import Locale
from timebank.people.tokens import Holder


@dataclass(frozen=True, slots=True)
class Context:
    """One request: one transaction, one holder of a token."""

    session: Session
    holder: Holder
    now: datetime
    locale: Locale

    def organisation(self, scope: str, *, kind: str | None = None) -> int:
        """Return the organisation that asks.

        Raises
        ------
        NotAllowed
            When the token lacks the scope, or is no organisation's of the kind.
        """
        holder = self.holder
        if scope not in holder.scopes:
            raise NotAllowed(action=scope, needed=f"a token with the scope {scope}")
        if holder.organisation_id is None or (kind is not None and holder.organisation_kind != kind):
            raise NotAllowed(action=scope, needed=f"a token of {kind or 'an organisation'}")
        return holder.organisation_id

    def person(self, scope: str) -> int:
        """Return the person who asks.

        Raises
        ------
        NotAllowed
            When the token lacks the scope, or is no person's.
        """
        if scope not in self.holder.scopes:
            raise NotAllowed(action=scope, needed=f"a token with the scope {scope}")
        if self.holder.person_id is None:
            raise NotAllowed(action=scope, needed="a token of a person")
        return self.holder.person_id


Info = strawberry.Info[Context, None]

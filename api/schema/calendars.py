"""The secret address of a volunteer's own calendar."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.context import Info
from api.schema.refusals import NotFound, WrongInput, WrongState, refused_or
from api.schema.scalars import IdempotencyKey
from timebank.core import errors
from timebank.exchange.feeds import feed_of, renew_feed, revoke_feed

SCOPE = "calendar:write"


@strawberry.type(description="That I have a secret address for my calendar; the address itself was told once.")
class CalendarFeed:
    """That somebody has a secret address for their calendar."""

    issued_at: datetime = strawberry.field(description="Since when it is good, UTC.")


@strawberry.type(description="The new address; the one before is dead.")
class CalendarRenewed:
    """The new address."""

    path: str = strawberry.field(description="Path of the address, told this once: a phone subscribes to it.")
    issued_at: datetime = strawberry.field(description="Since when it is good, UTC.")


@strawberry.type(description="The address is dead.")
class CalendarRevoked:
    """The address is dead."""

    was_live: bool = strawberry.field(description="Whether there was one.")


RenewCalendarPayload = Annotated[
    CalendarRenewed | NotFound | WrongInput | WrongState,
    strawberry.union("RenewCalendarPayload", description="The address, or why there is none."),
]


@strawberry.type
class CalendarQueries:
    """What can be asked of one's calendar."""

    @strawberry.field(description="Whether my calendar has an address; for a volunteer's token.")
    def my_calendar(self, info: Info) -> CalendarFeed | None:
        """Return that there is an address."""
        context = info.context
        feed = feed_of(context.session, context.person(SCOPE))
        return CalendarFeed(issued_at=feed.issued_at) if feed else None


@strawberry.type
class CalendarMutations:
    """What can be done with one's calendar."""

    @strawberry.mutation(description="Give my calendar a new secret address; the one before is dead at once.")
    def renew_my_calendar(self, info: Info, idempotency_key: IdempotencyKey) -> RenewCalendarPayload:
        """Give a new address."""
        context = info.context
        person = context.person(SCOPE)

        def act() -> CalendarRenewed:
            issued = renew_feed(context.session, person, idempotency_key=idempotency_key, now=context.now)
            return CalendarRenewed(path=f"/calendar/{issued.secret}.ics", issued_at=issued.feed.issued_at)

        return refused_or(context, act, errors.NotFound, errors.WrongInput, errors.WrongState)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="End the secret address of my calendar at once.")
    def revoke_my_calendar(self, info: Info) -> CalendarRevoked:
        """End the address."""
        context = info.context
        return CalendarRevoked(was_live=revoke_feed(context.session, context.person(SCOPE), now=context.now))

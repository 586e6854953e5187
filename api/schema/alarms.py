"""Alarms: an organisation's orders with every step, and those that ask a volunteer; nobody is named."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.scalars import After, First, InLocale, chosen
from timebank.alarms import life
from timebank.alarms.kinds import kinds
from timebank.alarms.orders import accounts, address_for, asks_of, events_of, list_orders
from timebank.alarms.told import kind_name, state_words
from timebank.core import errors
from timebank.core.naming import number_of
from timebank.people.tables import Senior

READ, WRITE = "alarms:read", "alarms:write"
AlarmId = Annotated[strawberry.ID, strawberry.argument(description="Id of the order.")]
Note = Annotated[str, strawberry.argument(description="What is to be known of it, up to 1000 characters; encrypted.")]


@strawberry.type(description="A step of an order; none is ever changed.")
class AlarmStep:
    """A step of an order."""

    kind: str = strawberry.field(
        description="received, settled, asked, accepted, declined, no_answer, escalated, overdue, reminded, confirmed "
        "or closed."
    )
    asks: str = strawberry.field(description="Whom the order asks after it, such as responder or committee.")
    turn: int = strawberry.field(description="Which of the volunteers, 1 is the nearest; 0 where an office is asked.")
    happened_at: datetime = strawberry.field(description="When, UTC.")


@strawberry.type(description="A volunteer who can be asked, in their turn.")
class AlarmAsk:
    """A volunteer who can be asked."""

    volunteer_ref: str = strawberry.field(description="Reference of the volunteer.")
    turn: int = strawberry.field(description="Place in the turn; 1 is the nearest who can come.")
    distance_m: int = strawberry.field(description="Metres on foot, to ten metres.")
    state: str = strawberry.field(description="waiting, asked, accepted, declined, no_answer or passed.")


@strawberry.type(description="An order: a call or an alarm of a water meter, from what was heard until it is closed.")
class Alarm(Node):
    """An order."""

    id: strawberry.ID = strawberry.field(description="Id of the order.")
    kind: str = strawberry.field(description="Code of its kind, such as rescue.")
    state: str = strawberry.field(description="unknown, asked, accepted, confirmed or closed.")
    senior_ref: str | None = strawberry.field(description="Reference of the senior; none for an unknown household.")
    heard: str = strawberry.field(description="Code of a device that nobody knows; empty otherwise.")
    asks: str = strawberry.field(description="Whom it asks now, such as responder or committee.")
    turn: int = strawberry.field(description="Which of the volunteers, 1 is the nearest; 0 where an office is asked.")
    received_at: datetime = strawberry.field(description="When it was heard, UTC.")
    due_at: datetime | None = strawberry.field(description="When its clock runs out; none once it is closed.")
    finding: str = strawberry.field(description="What was found, such as with_family; empty until it is confirmed.")
    outcome: str = strawberry.field(description="How it ended; empty until it is closed.")
    closed_at: datetime | None = strawberry.field(description="When it was closed.")
    row: strawberry.Private[Row[Any]]

    @strawberry.field(description="Name of its kind.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        """Name its kind."""
        return kind_name(kinds().of(self.kind), chosen(locale, info.context.locale))

    @strawberry.field(description="Where it stands, in words.")
    def standing(self, info: Info, locale: InLocale = None) -> str:
        """Say where it stands."""
        return state_words(self.row, chosen(locale, info.context.locale))

    @strawberry.field(description="Name of the sub-district; none for an unknown household.")
    def subdistrict(self, info: Info, locale: InLocale = None) -> str | None:
        """Name the sub-district."""
        name: str | None = self.row.area_zh if chosen(locale, info.context.locale) == "zh" else self.row.area_en
        return name

    @strawberry.field(description="Where to go: for the volunteer who took it on, until it is closed.")
    def address(self, info: Info) -> str | None:
        """Return the address, for whoever is on the way."""
        who = info.context.holder.person_id
        return None if who is None else address_for(info.context.session, self.row.id, who)

    @strawberry.field(description="Every step, in their order.")
    def steps(self, info: Info) -> list[AlarmStep]:
        """Return every step."""
        chain = kinds().of(self.kind).steps
        return [
            AlarmStep(kind=one.kind, asks=chain[one.step].who, turn=one.turn, happened_at=one.happened_at)
            for one in events_of(info.context.session, self.row.id)
        ]

    @strawberry.field(description="Volunteers who were or can be asked; for an organisation.")
    def candidates(self, info: Info) -> list[AlarmAsk]:
        """Return the volunteers in their turn."""
        if info.context.holder.organisation_id is None:
            return []
        return [
            AlarmAsk(volunteer_ref=one.external_ref, turn=one.turn, distance_m=one.distance_m, state=one.state)
            for one in asks_of(info.context.session, self.row.id)
        ]


@strawberry.type(description="How many orders there are of a state or with an outcome.")
class AlarmCount:
    """How many orders there are."""

    code: str = strawberry.field(description="State or outcome.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="Every order that was ever received: open by state, closed by outcome.")
class AlarmAccounts:
    """Every order that was ever received."""

    received: int = strawberry.field(description="How many were received.")
    open_by_state: list[AlarmCount] = strawberry.field(description="Those that are open.")
    closed_by_outcome: list[AlarmCount] = strawberry.field(description="Those that are closed.")
    is_balanced: bool = strawberry.field(description="Whether both together are what was received.")


@strawberry.type(description="The order as it stands after the step.")
class AlarmChanged:
    """The order as it stands after the step."""

    alarm: Alarm = strawberry.field(description="The order.")


AlarmPayload = Annotated[
    AlarmChanged | NotFound | WrongState | WrongInput,
    strawberry.union("AlarmPayload", description="The order after the step, or why there was none."),
]


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        id=strawberry.ID(encode("alarm", row.id)),
        kind=row.kind,
        state=row.state,
        senior_ref=row.senior_ref,
        heard=row.heard,
        asks=kinds().of(row.kind).steps[row.step].who,
        turn=row.turn,
        received_at=row.received_at,
        due_at=row.due_at,
        finding=row.finding,
        outcome=row.outcome,
        closed_at=row.closed_at,
        row=row,
    )


def alarm_shown(context: Context, number: int) -> Alarm:
    """Return an order that the asker may see."""
    rows = list_orders(context.session, first=1, order_id=number, **context.asker(READ))
    if not rows:
        raise errors.NotFound(kind="alarm", key=str(number))
    return _alarm(rows[0])


def _change(info: Info, id: str, act: Callable[[int, dict[str, Any]], object]) -> AlarmChanged | Refused:
    """Take one step with an order, within what the asker may do."""
    context = info.context
    asker = context.asker(WRITE)
    kind, number = next(iter(asker.items()))
    actor = f"{'person' if kind == 'volunteer_id' else 'organisation'}:{number}"

    def change(order: int) -> AlarmChanged:
        act(order, asker | {"actor": actor, "now": context.now})
        rows = list_orders(context.session, first=1, order_id=order)
        return AlarmChanged(alarm=_alarm(rows[0]))

    return refused_or(
        context, lambda: found_by("alarm", id, change), errors.NotFound, errors.WrongState, errors.WrongInput
    )


@strawberry.type
class AlarmQueries:
    """What can be asked of alarms."""

    @strawberry.field(description="Orders of my sub-districts, newest first; for a volunteer, those that ask them.")
    def alarms(
        self,
        info: Info,
        first: First,
        after: After = None,
        is_open: Annotated[bool | None, strawberry.argument(description="Open or closed ones alone.")] = None,
        kind: Annotated[str | None, strawberry.argument(description="One kind alone, such as rescue.")] = None,
    ) -> Connection[Alarm]:
        """Return a page of orders."""
        session, asker = info.context.session, info.context.asker(READ)
        if kind is not None:
            kinds().of(kind)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            before = last[0] if last else None
            return list_orders(session, first=count, before_id=before, is_open=is_open, kind=kind, **asker)

        return page("alarms", first, after, read=read, key=lambda row: (row.id,), node=_alarm)

    @strawberry.field(description="An order of my sub-districts; for a volunteer, one that asks them.")
    def alarm(self, info: Info, id: AlarmId) -> Alarm | None:
        """Return an order."""
        return found_by("alarm", id, lambda number: alarm_shown(info.context, number))

    @strawberry.field(description="Every order of my sub-districts that was ever received, accounted for.")
    def alarm_accounts(self, info: Info) -> AlarmAccounts:
        """Account for every order."""
        told = accounts(info.context.session, organisation_id=info.context.organisation(READ))
        return AlarmAccounts(
            received=told.received,
            open_by_state=[AlarmCount(code=code, count=count) for code, count in told.open_by_state.items()],
            closed_by_outcome=[AlarmCount(code=code, count=count) for code, count in told.closed_by_outcome.items()],
            is_balanced=told.is_balanced,
        )


@strawberry.type
class AlarmMutations:
    """What can be done with alarms; the same step by the same asker again changes nothing."""

    @strawberry.mutation(description="Take an order on: the volunteer whose turn it is, or the organisation.")
    def accept_alarm(self, info: Info, id: AlarmId) -> AlarmPayload:
        """Take an order on."""
        session = info.context.session
        return _change(info, id, lambda order, by: life.accept(session, order, **by))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Say that whoever is asked cannot; the next is asked at once.")
    def decline_alarm(self, info: Info, id: AlarmId, note: Note = "") -> AlarmPayload:
        """Decline an order."""
        session = info.context.session
        return _change(info, id, lambda order, by: life.decline(session, order, note=note, **by))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Go on to the next step by hand; for an organisation.")
    def escalate_alarm(self, info: Info, id: AlarmId, note: Note = "") -> AlarmPayload:
        """Escalate an order."""
        info.context.organisation(WRITE)
        session = info.context.session
        return _change(info, id, lambda order, by: life.escalate(session, order, note=note, **by))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Say what was found, by telephone or at the door.")
    def confirm_alarm(
        self,
        info: Info,
        id: AlarmId,
        finding: Annotated[str, strawberry.argument(description="One of the findings of its kind.")],
        note: Note = "",
    ) -> AlarmPayload:
        """Confirm an order."""
        session = info.context.session
        return _change(info, id, lambda order, by: life.confirm(session, order, finding, note=note, **by))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Close an order with its outcome; it is never changed after.")
    def close_alarm(
        self,
        info: Info,
        id: AlarmId,
        outcome: Annotated[str, strawberry.argument(description="One of the outcomes of its kind.")],
        note: Note = "",
    ) -> AlarmPayload:
        """Close an order."""
        session = info.context.session
        return _change(info, id, lambda order, by: life.close(session, order, outcome, note=note, **by))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Say whose device an unknown one is; for an organisation.")
    def settle_alarm(
        self,
        info: Info,
        id: AlarmId,
        senior_ref: Annotated[str, strawberry.argument(description="Reference of the senior.")],
    ) -> AlarmPayload:
        """Settle an order of an unknown household."""
        info.context.organisation(WRITE)
        session = info.context.session

        def act(order: int, by: dict[str, Any]) -> object:
            senior = number_of(session, Senior, senior_ref, name="external_ref", number="person_id")
            return life.settle(session, order, senior, **by)

        return _change(info, id, act)  # type: ignore[return-value]  # refusals are of the union

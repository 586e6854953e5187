"""Places of baths and trips: asked for at a desk, decided with reasons, called off, recorded; nobody is named."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.places import (
    DeskNotice,
    FreePlace,
    NoticeDone,
    NoticePayload,
    PlaceChanged,
    PlaceInput,
    PlacePayload,
    PlaceRequest,
)
from api.schema.refusals import Refused, refused_or
from api.schema.scalars import After, First, Id, IdempotencyKey
from timebank.bookings import refusals
from timebank.bookings.endings import call_off
from timebank.bookings.listing import FreeSlot, free_slots, places_had, requests_in
from timebank.bookings.notices import notice_done, notices_of
from timebank.bookings.outcomes import record_one
from timebank.bookings.requests import Asked, Destination, ask_place
from timebank.bookings.steps import request_number, request_of
from timebank.bookings.tables import DeskNotice as NoticeRow
from timebank.bookings.tables import PlaceRequest as RequestRow
from timebank.core import errors
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.tables import Senior
from timebank.projects.tables import Resource

READ, WRITE = "bookings:read", "bookings:write"
LONGEST_DAYS = 31


REFUSALS = (
    errors.NotFound,
    errors.WrongState,
    errors.WrongInput,
    errors.KeyConflict,
    refusals.AlreadyBooked,
    refusals.NotForThisSenior,
    refusals.NoticeTooShort,
    refusals.TooFarAhead,
    refusals.OutsideProjects,
    refusals.NoSuchTime,
    refusals.BudgetUsedUp,
    refusals.NotYet,
)


def _scope(context: Context, scope: str) -> dict[str, int]:
    """Return whose requests may be seen: those of an organisation's streets, or a person's own."""
    if context.holder.person_id is not None:
        return {"person_id": context.person(scope)}
    return {"organisation_id": context.organisation(scope)}


def _shown(context: Context, rows: list[RequestRow]) -> list[PlaceRequest]:
    session = context.session
    had = places_had(session, [request_number(row) for row in rows])
    return [
        PlaceRequest(
            id=strawberry.ID(encode("place_request", request_number(row))),
            senior_ref=session.get_one(Senior, row.senior_id).external_ref,
            service=session.get_one(Service, row.service_id).code,
            source=row.source,
            asker_relation=row.asker_relation,
            from_day=row.from_day,
            to_day=row.to_day,
            is_series=bool(row.weekdays),
            status=row.status,
            row=row,
            had=had.get(request_number(row), []),
        )
        for row in rows
    ]


def place_request_shown(context: Context, number: int) -> PlaceRequest:
    """Return a request."""
    row = request_of(context.session, number, **_scope(context, READ))
    return _shown(context, [row])[0]


def _notice(row: NoticeRow) -> DeskNotice:
    return DeskNotice(
        id=strawberry.ID(encode("desk_notice", row.id or 0)),
        kind=row.kind,
        request=strawberry.ID(encode("place_request", row.request_id)),
        day=row.day,
    )


def _free(context: Context, one: FreeSlot) -> FreePlace:
    code = context.session.get_one(Resource, one.resource_id).code
    return FreePlace(
        resource=code,
        day=one.day,
        starts_min=one.starts_min,
        ends_min=one.ends_min,
        places=one.places,
        free=one.free,
        free_wheelchairs=one.free_wheelchairs,
    )


@strawberry.type
class BookingQueries:
    """What can be asked of places."""

    @strawberry.field(description="Requests for places, newest first: of my sub-districts, or my own.")
    def place_requests(
        self,
        info: Info,
        first: First,
        after: After = None,
        status: Annotated[
            str | None, strawberry.argument(description="received, waiting, placed, done, withdrawn or lapsed.")
        ] = None,
    ) -> Connection[PlaceRequest]:
        """Return a page of requests."""
        context, scope = info.context, _scope(info.context, READ)

        def read(count: int, last: Key | None) -> list[RequestRow]:
            before = last[0] if last else None
            return requests_in(context.session, first=count, before_id=before, status=status, **scope)

        return page(
            "place_requests",
            first,
            after,
            read=read,
            key=lambda row: (request_number(row),),
            node=lambda row: _shown(context, [row])[0],
        )

    @strawberry.field(description="A request for a place.")
    def place_request(self, info: Info, id: Id) -> PlaceRequest | None:
        """Return a request."""
        return found_by("place_request", id, lambda number: place_request_shown(info.context, number))

    @strawberry.field(description="What is free of a service, by day and time.")
    def free_places(
        self,
        info: Info,
        service: Annotated[str, strawberry.argument(description="Code of the service.")],
        from_day: Annotated[date, strawberry.argument(description="First day.")],
        days: Annotated[int, strawberry.argument(description="How many days, 1 to 31.")] = 7,
    ) -> list[FreePlace]:
        """Return what is free."""
        context = info.context
        context.organisation(READ)
        if not 1 <= days <= LONGEST_DAYS:
            right = Phrase("right_range", least=1, most=LONGEST_DAYS)
            raise errors.WrongInput(field="days", value=str(days), right=right)
        number = number_of(context.session, Service, service)
        found = free_slots(context.session, number, (from_day, from_day + timedelta(days=days)))
        return [_free(context, one) for one in found]

    @strawberry.field(description="Whom my desk has to call, oldest first.")
    def desk_notices(self, info: Info, first: First, after: After = None) -> Connection[DeskNotice]:
        """Return a page of notices."""
        context = info.context
        organisation = context.organisation(READ)

        def read(count: int, last: Key | None) -> list[NoticeRow]:
            return notices_of(context.session, organisation, first=count, after_id=last[0] if last else 0)

        return page("desk_notices", first, after, read=read, key=lambda row: (row.id or 0,), node=_notice)


def _asked(context: Context, organisation: int, given: PlaceInput) -> Asked:
    """Say it in the library's words."""
    session, to = context.session, given.destination
    parts: dict[str, Any] = {
        name: getattr(given, name)
        for name in ("from_day", "to_day", "source", "asker_relation", "window_start_min", "window_end_min")
    }
    return Asked(
        **parts,
        organisation_id=organisation,
        senior_id=number_of(session, Senior, given.senior_ref, name="external_ref", number="person_id"),
        service_id=number_of(session, Service, given.service),
        recorded_by=f"organisation:{organisation}",
        weekdays=sum({day.value for day in given.weekdays}),
        wheelchairs=int(given.has_wheelchair),
        is_short_notice=given.is_short_notice,
        also=tuple(number_of(session, Service, code) for code in given.also),
        destination=Destination(**vars(to)) if to else None,
    )


def _changed(info: Info, id: str, act: Callable[[RequestRow, str], object]) -> PlaceChanged | Refused:  # it is the id
    """Do something to a request of one's own, and return it as it stands."""
    context = info.context
    organisation = context.organisation(WRITE)

    def change(number: int) -> PlaceChanged:
        row = request_of(context.session, number, organisation_id=organisation)
        act(row, f"organisation:{organisation}")
        row = request_of(context.session, number, organisation_id=organisation)
        return PlaceChanged(request=_shown(context, [row])[0])

    return refused_or(context, lambda: found_by("place_request", id, change), *REFUSALS)


@strawberry.type
class BookingMutations:
    """What can be done about places."""

    @strawberry.mutation(description="Ask for a place for a senior of my sub-districts; it is placed, or waits.")
    def ask_place(
        self,
        info: Info,
        input: Annotated[PlaceInput, strawberry.argument(description="What is asked for.")],
        idempotency_key: IdempotencyKey,
    ) -> PlacePayload:
        """Ask for a place."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act() -> PlaceChanged:
            asked = _asked(context, organisation, input)
            row = ask_place(context.session, asked, idempotency_key=idempotency_key, now=context.now)
            return PlaceChanged(request=_shown(context, [row])[0])

        return refused_or(context, act, *REFUSALS)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Call a request off, or one date of it; its place goes to the next on the list.")
    def cancel_place(
        self,
        info: Info,
        id: Id,
        reason: Annotated[str, strawberry.argument(description="In a few words.")],
        day: Annotated[date | None, strawberry.argument(description="One date of a series; else all.")] = None,
    ) -> PlacePayload:
        """Call a request off."""
        context = info.context
        return _changed(  # type: ignore[return-value]  # refusals are of the union
            info,
            id,
            lambda row, actor: call_off(context.session, row, actor=actor, reason=reason, now=context.now, day=day),
        )

    @strawberry.mutation(description="Record what became of a place on a day, once.")
    def record_place(
        self,
        info: Info,
        id: Id,
        day: Annotated[date, strawberry.argument(description="The day of the place.")],
        status: Annotated[str, strawberry.argument(description="used or missed.")],
        minutes: Annotated[int, strawberry.argument(description="How long it took; 0 when it was missed.")] = 0,
    ) -> PlacePayload:
        """Record what became of a place."""
        context = info.context
        return _changed(  # type: ignore[return-value]  # refusals are of the union
            info,
            id,
            lambda row, actor: record_one(
                context.session, request_number(row), day, status, served_min=minutes, actor=actor, now=context.now
            ),
        )

    @strawberry.mutation(description="Say that a call was made.")
    def close_notice(self, info: Info, id: Id) -> NoticePayload:
        """Say that a call was made."""
        context = info.context
        organisation = context.organisation(WRITE)

        def close(number: int) -> NoticeDone:
            actor = f"organisation:{organisation}"
            row = notice_done(context.session, number, organisation_id=organisation, actor=actor, now=context.now)
            return NoticeDone(notice=_notice(row))

        return refused_or(context, lambda: found_by("desk_notice", id, close), errors.NotFound)  # type: ignore[return-value]  # refusals are of the union

"""What is told of places and how they are asked for: requests, places, what is free, calls to make."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Info
from api.schema.nodes import Node
from api.schema.refusals import (
    AlreadyBooked,
    BudgetUsedUp,
    KeyConflict,
    NoSuchTime,
    NotForThisSenior,
    NotFound,
    NoticeTooShort,
    NotYet,
    OutsideProjects,
    TooFarAhead,
    WrongInput,
    WrongState,
)
from api.schema.scalars import BigInt, InLocale, Weekday, chosen
from timebank.bookings.listing import Had
from timebank.bookings.steps import request_number
from timebank.bookings.tables import PlaceRequest as RequestRow
from timebank.bookings.told import last_decision, why_said


@strawberry.type(description="A place that a request was given.")
class Place:
    """A place that a request was given."""

    resource: str = strawberry.field(description="Code of the resource.")
    day: date = strawberry.field(description="Its day.")
    starts_min: int = strawberry.field(description="Minute of the day it starts.")
    ends_min: int = strawberry.field(description="Minute of the day it has ended.")
    status: str = strawberry.field(description="booked, used, missed or cancelled.")
    served_min: int = strawberry.field(description="How long it took; 0 before it is recorded.")
    cost_cents: BigInt = strawberry.field(description="What it cost, in cents; 0 before it is recorded.")


@strawberry.type(description="A place that is asked for, once or as a series.")
class PlaceRequest(Node):
    """A place that is asked for."""

    id: strawberry.ID = strawberry.field(description="Id of the request.")
    senior_ref: str = strawberry.field(description="Reference of the senior.")
    service: str = strawberry.field(description="Code of the service.")
    source: str = strawberry.field(description="page, phone, paper, relative or home_visit.")
    asker_relation: str = strawberry.field(description="Who asked, such as child.")
    from_day: date = strawberry.field(description="First day that would suit.")
    to_day: date = strawberry.field(description="First day after those that would suit.")
    is_series: bool = strawberry.field(description="Whether it is one place on each of some weekdays.")
    status: str = strawberry.field(description="received, waiting, placed, done, withdrawn or lapsed.")
    row: strawberry.Private[RequestRow]
    had: strawberry.Private[list[Had]]

    @strawberry.field(description="Its places, in the order of their days.")
    def places(self) -> list[Place]:
        """Return its places."""
        return [
            Place(
                resource=one.resource,
                day=one.day,
                starts_min=one.starts_min,
                ends_min=one.ends_min,
                status=one.status,
                served_min=one.served_min,
                cost_cents=BigInt(one.cost_cents),
            )
            for one in self.had
        ]

    @strawberry.field(description="Place on the list; none when it does not wait.")
    def position(self, info: Info) -> int | None:
        """Return the place on the list."""
        decision = last_decision(info.context.session, request_number(self.row))
        return decision.position if decision is not None and self.status == "waiting" else None

    @strawberry.field(description="Why it was given a place, or why not and what stands before; none undecided.")
    def why(self, info: Info, locale: InLocale = None) -> str | None:
        """Say why."""
        decision = last_decision(info.context.session, request_number(self.row))
        return None if decision is None else why_said(decision, chosen(locale, info.context.locale))


@strawberry.type(description="A dated slot with what is free of it.")
class FreePlace:
    """A dated slot with what is free of it."""

    resource: str = strawberry.field(description="Code of the resource.")
    day: date = strawberry.field(description="Its day.")
    starts_min: int = strawberry.field(description="Minute of the day it starts.")
    ends_min: int = strawberry.field(description="Minute of the day it has ended.")
    places: int = strawberry.field(description="How many seniors it takes.")
    free: int = strawberry.field(description="How many of these are free.")
    free_wheelchairs: int = strawberry.field(description="How many of these are free for a wheelchair.")


@strawberry.type(description="Somebody whom the desk has to call.")
class DeskNotice:
    """Somebody whom the desk has to call."""

    id: strawberry.ID = strawberry.field(description="Id of the notice.")
    kind: str = strawberry.field(description="placed, listed, lost, lapsed or not_driven.")
    request: strawberry.ID = strawberry.field(description="Id of the request.")
    day: date = strawberry.field(description="The day on which it happened.")


@strawberry.input(description="Where a trip goes (WGS-84).")
class DestinationInput:
    """Where a trip goes."""

    name: str = strawberry.field(description="Its name; encrypted.")
    lat_deg: float = strawberry.field(description="Latitude in degrees.")
    lon_deg: float = strawberry.field(description="Longitude in degrees.")
    arrive_min: int | None = strawberry.field(default=None, description="Minute of the day to be there.")
    back_min: int | None = strawberry.field(default=None, description="Minute of the day the way back begins.")


@strawberry.input(description="A place to be asked for; toDay is the first day that does not suit any more.")
class PlaceInput:
    """A place to be asked for."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    service: str = strawberry.field(description="Code of the service, such as bath.")
    from_day: date = strawberry.field(description="First day that would suit.")
    to_day: date = strawberry.field(description="First day after those that would suit.")
    source: str = strawberry.field(default="phone", description="page, phone, paper, relative or home_visit.")
    asker_relation: str = strawberry.field(
        default="self", description="self, spouse, child, relative, neighbour or staff."
    )
    weekdays: list[Weekday] = strawberry.field(
        default_factory=list, description="A series on each of these; empty is any one of the days."
    )
    window_start_min: int = strawberry.field(default=420, description="Not before this minute of the day.")
    window_end_min: int = strawberry.field(default=1140, description="Over by this minute of the day.")
    has_wheelchair: bool = strawberry.field(default=False, description="Takes a place for a wheelchair.")
    is_short_notice: bool = strawberry.field(default=False, description="Can come on the very day.")
    also: list[str] = strawberry.field(
        default_factory=list, description="Codes of services at the same time: both or none."
    )
    destination: DestinationInput | None = strawberry.field(default=None, description="Where a trip goes.")


@strawberry.type(description="The request as it stands.")
class PlaceChanged:
    """The request as it stands."""

    request: PlaceRequest = strawberry.field(description="The request.")


@strawberry.type(description="The call was made.")
class NoticeDone:
    """The call was made."""

    notice: DeskNotice = strawberry.field(description="The notice.")


PlacePayload = Annotated[
    PlaceChanged
    | NotFound
    | WrongState
    | WrongInput
    | KeyConflict
    | AlreadyBooked
    | NotForThisSenior
    | NoticeTooShort
    | TooFarAhead
    | OutsideProjects
    | NoSuchTime
    | BudgetUsedUp
    | NotYet,
    strawberry.union("PlacePayload", description="The request after the step, or why there was none."),
]
NoticePayload = Annotated[
    NoticeDone | NotFound, strawberry.union("NoticePayload", description="The notice, or that there is none.")
]

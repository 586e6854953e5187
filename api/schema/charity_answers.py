"""What mutations of charity projects take and answer: inputs, and unions with every no of the room."""

from datetime import date
from typing import Annotated

import strawberry

from api.schema.charity import ProjectApplication, ProjectLife
from api.schema.refusals import (
    KeyConflict,
    NoShortage,
    NotByRules,
    NotEligible,
    NotFound,
    NothingLeft,
    OutsidePeriod,
    OverBudget,
    OwnDecision,
    StillOpen,
    StreetNotYours,
    WrongInput,
    WrongState,
)
from api.schema.scalars import BigInt


@strawberry.type(description="It is done; the project as it is now, and the id of what was made, if it has one.")
class ProjectDone:
    """It is done."""

    project: ProjectLife = strawberry.field(description="How far the project has come, and its budget.")
    made: strawberry.ID | None = strawberry.field(description="Commitment, contribution, handout or transfer made.")


@strawberry.type(description="The application as it stands.")
class ApplicationStands:
    """The application as it stands."""

    application: ProjectApplication = strawberry.field(description="The application.")


@strawberry.type(description="A place that somebody was given, and what spoke for them.")
class PlaceGiven:
    """A place that somebody was given."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    resource: str = strawberry.field(description="Code of the resource.")
    day: date = strawberry.field(description="The day.")
    starts_min: int = strawberry.field(description="Minute of the day it starts.")
    reason: str = strawberry.field(description="What spoke for them, in the language of the request.")


@strawberry.type(description="Somebody who was given no place, and why.")
class PlaceRefused:
    """Somebody who was given no place."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    reason: str = strawberry.field(description="Why, in the language of the request.")


@strawberry.type(description="Who was given a place of a project, by the engine, and up to a hundred who were not.")
class PlacesAllocated:
    """Who was given a place."""

    given: list[PlaceGiven] = strawberry.field(description="Places given.")
    left: list[PlaceRefused] = strawberry.field(description="Those without.")


@strawberry.input(description="Something to be paid.")
class PromiseInput:
    """Something to be paid."""

    line: str = strawberry.field(description="Code of the budget line.")
    what: str = strawberry.field(description="What for.")
    party: str = strawberry.field(description="To whom.")
    amount_cents: BigInt = strawberry.field(description="How much, in cents.")


@strawberry.input(description="What a donor or a company brings.")
class ContributionInput:
    """What a donor brings."""

    donor_kind: str = strawberry.field(description="person, company, organisation or foundation.")
    donor: str = strawberry.field(description="Who; stored encrypted.")
    kind: str = strawberry.field(description="money, goods or service.")
    what: str = strawberry.field(description="What it is.")
    received_on: date = strawberry.field(description="When it came.")
    unit: str = strawberry.field(default="", description="Unit of the quantity.")
    quantity: int = strawberry.field(default=1, description="How much; money counts in cents of its value.")
    value_cents: BigInt = strawberry.field(default=BigInt(0), description="Its value in cents.")
    for_category: str = strawberry.field(default="", description="For a category of seniors alone.")
    for_subdistrict: str = strawberry.field(default="", description="For a sub-district alone, by code.")


@strawberry.input(description="Which shortage is to be met, from when, for how long, at which cost.")
class ShortageDraftInput:
    """Which shortage is to be met."""

    day: date = strawberry.field(description="A day of the week that was looked at.")
    service: str = strawberry.field(description="Code of the service that was missing.")
    starts_on: date = strawberry.field(description="First day of the project.")
    subdistricts: list[str] = strawberry.field(default_factory=list, description="Codes; else all short ones of mine.")
    weeks: int = strawberry.field(default=13, description="How many weeks, 1 to 156.")
    cost_cents: BigInt = strawberry.field(default=BigInt(0), description="Cents of a place, or of an hour.")


ProjectActPayload = Annotated[
    ProjectDone
    | NotFound
    | WrongState
    | WrongInput
    | KeyConflict
    | OverBudget
    | OutsidePeriod
    | NotEligible
    | OwnDecision
    | StillOpen
    | StreetNotYours
    | NothingLeft
    | NoShortage
    | NotByRules,
    strawberry.union("ProjectActPayload", description="What was done, or why not."),
]
ApplicationPayload = Annotated[
    ApplicationStands | NotFound | WrongState | WrongInput | KeyConflict,
    strawberry.union("ApplicationPayload", description="The application, or why it does not stand."),
]
AllocatePayload = Annotated[
    PlacesAllocated | NotFound | WrongState | WrongInput | OutsidePeriod,
    strawberry.union("AllocatePayload", description="Who was given a place, or why nobody was."),
]

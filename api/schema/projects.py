"""Charity projects of the office that asks."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import KeyConflict, NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.scalars import BigInt, Weekday
from timebank.charity.life import Asked, take_step
from timebank.core import errors
from timebank.core.clock import day_of
from timebank.projects.eligibility import count_reached, kinds_of_seniors
from timebank.projects.listing import Brought, list_projects, resources_of
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    project_of,
)
from timebank.projects.tables import Project as ProjectRow


@strawberry.type(description="Something a project brings, with its dated slots.")
class Resource:
    """Something a project brings."""

    code: str = strawberry.field(description="Code of the resource.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    service: str = strawberry.field(description="Code of the service it gives.")
    subdistrict: str = strawberry.field(description="Name of its sub-district, in Chinese.")
    slots: int = strawberry.field(description="Dated slots.")
    places: int = strawberry.field(description="Places of all slots together.")


@strawberry.type(description="Who may be helped; an empty part asks for nothing.")
class Eligibility:
    """Who may be helped."""

    categories: list[str] = strawberry.field(description="One of these categories must hold.")
    subdistricts: list[str] = strawberry.field(description="Codes of sub-districts; the home must be in one.")
    min_age: int = strawberry.field(description="Least age in years.")


@strawberry.type(description="A charity project.")
class Project(Node):
    """A charity project."""

    title_zh: str = strawberry.field(description="Title in Chinese.")
    title_en: str = strawberry.field(description="Title in English, if it has one.")
    aims: str = strawberry.field(description="What it is for.")
    status: str = strawberry.field(description="draft, running, closed or cancelled.")
    starts_on: date = strawberry.field(description="First day of the project.")
    ends_on: date = strawberry.field(description="First day after the project.")
    budget_cents: BigInt = strawberry.field(description="Budget in cents of a yuan.")
    eligibility: Eligibility = strawberry.field(description="Who may be helped.")
    resources: list[Resource] = strawberry.field(description="What it brings.")
    row: strawberry.Private[ProjectRow]

    @strawberry.field(description="Dated slots of all resources.")
    def slots(self) -> int:
        """Count the slots."""
        return sum(resource.slots for resource in self.resources)

    @strawberry.field(description="Active seniors of the office's sub-districts whom the project may help today.")
    def eligible_seniors(self, info: Info) -> int:
        """Count whom it may help."""
        context, office = info.context, self.row.organisation_id
        day = day_of(context.now)
        kinds = context.once(f"seniors of {office}", lambda: kinds_of_seniors(context.session, office, day))
        return count_reached(kinds, self.row.eligibility)


@strawberry.input(description="The same times on some weekdays: from, until (minutes of the day), places.")
class SlotInput:
    """The same times on some weekdays."""

    weekdays: list[Weekday] = strawberry.field(description="Days of the week.")
    starts_min: int = strawberry.field(description="Minute of the day it starts, 540 is 09:00.")
    ends_min: int = strawberry.field(description="Minute of the day it has ended.")
    places: int = strawberry.field(description="How many seniors it takes, 1 to 1,000.")


@strawberry.input(description="A resource of a project to be. The place is WGS-84.")
class ResourceInput:
    """A resource of a project to be."""

    code: str = strawberry.field(description="A code that no other resource has.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    service: str = strawberry.field(description="Code of a service that is given in slots, such as bath.")
    subdistrict: str = strawberry.field(description="Code of one of the office's sub-districts.")
    lat_deg: float = strawberry.field(description="Latitude in degrees.")
    lon_deg: float = strawberry.field(description="Longitude in degrees.")
    slots: list[SlotInput] = strawberry.field(description="When it is open, week by week.")


@strawberry.input(description="Who may be helped; what is left out asks for nothing.")
class EligibilityInput:
    """Who may be helped."""

    categories: list[str] = strawberry.field(
        default_factory=list, description="Codes of categories such as childless; one of them must hold."
    )
    subdistricts: list[str] = strawberry.field(
        default_factory=list, description="Codes of sub-districts; the home must be in one of them."
    )
    min_age: int = strawberry.field(default=0, description="Least age in years, 0 to 120.")


@strawberry.input(description="A project to be; endsOn is the first day after it.")
class ProjectInput:
    """A project to be."""

    title_zh: str = strawberry.field(description="Title in Chinese, 1 to 120 characters.")
    starts_on: date = strawberry.field(description="First day.")
    ends_on: date = strawberry.field(description="First day after the project.")
    resources: list[ResourceInput] = strawberry.field(description="What it brings, 1 to 50.")
    title_en: str = strawberry.field(default="", description="Title in English.")
    aims: str = strawberry.field(default="", description="What it is for, at most 2,000 characters.")
    budget_cents: BigInt = strawberry.field(default=BigInt(0), description="Budget in cents of a yuan.")
    eligibility: EligibilityInput = strawberry.field(
        default_factory=EligibilityInput, description="Who may be helped; left out, everyone."
    )

    def draft(self) -> ProjectDraft:
        """Say it in the library's words."""
        return ProjectDraft(
            title_zh=self.title_zh,
            title_en=self.title_en,
            aims=self.aims,
            budget_cents=self.budget_cents,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            categories=tuple(self.eligibility.categories),
            subdistricts=tuple(self.eligibility.subdistricts),
            min_age=self.eligibility.min_age,
            resources=tuple(_resource(resource) for resource in self.resources),
        )


def _resource(asked: ResourceInput) -> ResourceDraft:
    slots = tuple(
        SlotPattern(
            weekdays=sum({day.value for day in slot.weekdays}),
            starts_min=slot.starts_min,
            ends_min=slot.ends_min,
            places=slot.places,
        )
        for slot in asked.slots
    )
    return ResourceDraft(
        code=asked.code,
        name_zh=asked.name_zh,
        service=asked.service,
        subdistrict=asked.subdistrict,
        lat_deg=asked.lat_deg,
        lon_deg=asked.lon_deg,
        slots=slots,
    )


@strawberry.type(description="The project that was created, or that the same key created before.")
class ProjectCreated:
    """The project that was created."""

    project: Project = strawberry.field(description="The project, a draft until it is started.")


@strawberry.type(description="The project runs; its places can be given out.")
class ProjectStarted:
    """The project runs."""

    project: Project = strawberry.field(description="The project, now running.")


CreateProjectPayload = Annotated[
    ProjectCreated | WrongInput | KeyConflict,
    strawberry.union("CreateProjectPayload", description="The project, or why there is none."),
]
StartProjectPayload = Annotated[
    ProjectStarted | NotFound | WrongState,
    strawberry.union("StartProjectPayload", description="The running project, or why it does not run."),
]


def _shown(rows: list[ProjectRow], context: Context) -> dict[int, Project]:
    """Show projects with their resources, which are read in one query."""
    brought = resources_of(context.session, [project_number(row) for row in rows])
    return {project_number(row): _project(row, brought.get(project_number(row), [])) for row in rows}


def _project(row: ProjectRow, brought: list[Brought]) -> Project:
    rule = row.eligibility
    return Project(
        id=strawberry.ID(encode("project", project_number(row))),
        title_zh=row.title_zh,
        title_en=row.title_en,
        aims=row.aims,
        status=row.status,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        budget_cents=BigInt(row.budget_cents),
        eligibility=Eligibility(
            categories=list(rule.get("categories", ())),
            subdistricts=list(rule.get("subdistricts", ())),
            min_age=int(rule.get("min_age", 0)),
        ),
        resources=[Resource(**resource._asdict()) for resource in brought],
        row=row,
    )


def project_shown(context: Context, number: int) -> Project:
    """Return a project of the office."""
    organisation = context.organisation("projects:read", kind="charity_office")
    row = project_of(context.session, organisation, number)
    return _shown([row], context)[number]


def projects(info: Info, first: int, after: str | None) -> Connection[Project]:
    """Return a page of the office's projects, newest first."""
    context = info.context
    organisation = context.organisation("projects:read", kind="charity_office")

    def read(count: int, last: Key | None) -> list[tuple[int, Project]]:
        rows = list_projects(context.session, organisation, first=count, before_id=last[0] if last else None)
        return list(_shown(rows, context).items())

    return page("projects", first, after, read=read, key=lambda row: (row[0],), node=lambda row: row[1])


def create(info: Info, asked: ProjectInput, idempotency_key: str) -> ProjectCreated | Refused:
    """Create a project with all it brings, or nothing."""
    context = info.context
    organisation = context.organisation("projects:write", kind="charity_office")

    def act() -> ProjectCreated:
        row = create_project(
            context.session, organisation, asked.draft(), idempotency_key=idempotency_key, now=context.now
        )
        return ProjectCreated(project=_shown([row], context)[project_number(row)])

    return refused_or(context, act, errors.WrongInput, errors.KeyConflict)


def start(info: Info, project: str) -> ProjectStarted | Refused:
    """Let a drafted project run."""
    context = info.context
    organisation = context.organisation("projects:write", kind="charity_office")

    def let_run(number: int) -> ProjectStarted:
        actor = f"organisation:{organisation} {context.holder.name}"
        row = take_step(context.session, organisation, number, Asked("running", actor, context.now))
        return ProjectStarted(project=_shown([row], context)[number])

    return refused_or(context, lambda: found_by("project", project, let_run), errors.NotFound, errors.WrongState)

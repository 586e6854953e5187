"""Charity projects of the office that asks."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import cursor, decode_as, encode, read_cursor
from api.schema.connections import Connection, checked_first, page
from api.schema.nodes import Node
from api.schema.refusals import KeyConflict, NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.scalars import BigInt, Weekday
from timebank.core.clock import day_of
from timebank.projects.eligibility import count_eligible
from timebank.projects.listing import Brought, list_projects, resources_of
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    project_of,
    start_project,
)
from timebank.projects.tables import Project as ProjectRow


@strawberry.type(description="Something a project brings, with its dated slots.")
class Resource:
    """Something a project brings."""

    code: str
    name_zh: str
    service: str
    subdistrict: str
    slots: int
    places: int = strawberry.field(description="Places of all slots together.")


@strawberry.type(description="Who may be helped; an empty part asks for nothing.")
class Eligibility:
    """Who may be helped."""

    categories: list[str]
    subdistricts: list[str]
    min_age: int


@strawberry.type(description="A charity project.")
class Project(Node):
    """A charity project."""

    title_zh: str
    title_en: str
    aims: str
    status: str
    starts_on: date
    ends_on: date = strawberry.field(description="First day after the project.")
    budget_cents: BigInt
    eligibility: Eligibility
    resources: list[Resource]
    row: strawberry.Private[ProjectRow]

    @strawberry.field(description="Dated slots of all resources.")
    def slots(self) -> int:
        """Count the slots."""
        return sum(resource.slots for resource in self.resources)

    @strawberry.field(description="Active seniors of the office's sub-districts whom the project may help today.")
    def eligible_seniors(self, info: Info) -> int:
        """Count whom it may help."""
        return count_eligible(info.context.session, self.row, day_of(info.context.now))


@strawberry.input(description="The same times on some weekdays: from, until (minutes of the day), places.")
class SlotInput:
    """The same times on some weekdays."""

    weekdays: list[Weekday]
    starts_min: int
    ends_min: int
    places: int


@strawberry.input(description="A resource of a project to be. The place is WGS-84.")
class ResourceInput:
    """A resource of a project to be."""

    code: str
    name_zh: str
    service: str
    subdistrict: str
    lat_deg: float
    lon_deg: float
    slots: list[SlotInput]


@strawberry.input(description="Who may be helped; what is left out asks for nothing.")
class EligibilityInput:
    """Who may be helped."""

    categories: list[str] = strawberry.field(default_factory=list)
    subdistricts: list[str] = strawberry.field(default_factory=list)
    min_age: int = 0


@strawberry.input(description="A project to be; endsOn is the first day after it.")
class ProjectInput:
    """A project to be."""

    title_zh: str
    starts_on: date
    ends_on: date
    resources: list[ResourceInput]
    title_en: str = ""
    aims: str = ""
    budget_cents: BigInt = BigInt(0)
    eligibility: EligibilityInput = strawberry.field(default_factory=EligibilityInput)

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

    project: Project


@strawberry.type(description="The project runs; its places can be given out.")
class ProjectStarted:
    """The project runs."""

    project: Project


CreateProjectPayload = Annotated[ProjectCreated | WrongInput | KeyConflict, strawberry.union("CreateProjectPayload")]
StartProjectPayload = Annotated[ProjectStarted | NotFound | WrongState, strawberry.union("StartProjectPayload")]


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
    last = read_cursor("projects", after)
    rows = list_projects(context.session, organisation, first=checked_first(first), before_id=last[0] if last else None)
    shown = _shown(rows, context)
    return page(
        rows, first, lambda row: shown[project_number(row)], lambda row: cursor("projects", project_number(row))
    )


def create(info: Info, asked: ProjectInput, idempotency_key: str) -> ProjectCreated | Refused:
    """Create a project with all it brings, or nothing."""
    context = info.context
    organisation = context.organisation("projects:write", kind="charity_office")

    def act() -> ProjectCreated:
        row = create_project(
            context.session, organisation, asked.draft(), idempotency_key=idempotency_key, now=context.now
        )
        return ProjectCreated(project=_shown([row], context)[project_number(row)])

    return refused_or(context, act)


def start(info: Info, project: str) -> ProjectStarted | Refused:
    """Let a drafted project run."""
    context = info.context
    organisation = context.organisation("projects:write", kind="charity_office")

    def act() -> ProjectStarted:
        row = start_project(context.session, organisation, decode_as("project", project)[0])
        return ProjectStarted(project=_shown([row], context)[project_number(row)])

    return refused_or(context, act)

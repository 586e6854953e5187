"""Charity projects at work: how far they have come, money, who takes part, who was helped, outcome and shortage."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.scalars import After, BigInt, First
from timebank.charity.applications import applications_of, open_projects
from timebank.charity.budget import lines_of, spoken_for
from timebank.charity.files import Helped, beneficiaries, file_of
from timebank.charity.life import stage_of, steps_of
from timebank.charity.outcome import Compared, Line, compare_projects, outcome_of, trace
from timebank.charity.shortage import Asked, Short, shortage_of
from timebank.projects.projects import project_of
from timebank.projects.tables import Project as ProjectRow
from timebank.projects.tables import ProjectApplication as ApplicationRow

READ = "projects:read"
SOURCES = ("booking", "contribution", "handout", "payment", "senior", "transfer", "visit")
"""Sources of rows in the order of their names: a cursor holds numbers alone."""
Id = Annotated[strawberry.ID, strawberry.argument(description="Id of the project.")]
SeniorRef = Annotated[str, strawberry.argument(description="Reference of the senior in the registry.")]


@strawberry.type(description="A step of a project's life; it is never changed.")
class ProjectStep:
    """A step of a project's life."""

    from_stage: str = strawberry.field(description="The stage before.")
    to_stage: str = strawberry.field(description="The stage after.")
    actor: str = strawberry.field(description="Who took it: the organisation and its token.")
    note: str = strawberry.field(description="Why.")
    taken_at: datetime = strawberry.field(description="When, UTC.")


@strawberry.type(description="A line of a project's budget, in cents of a yuan.")
class BudgetLine:
    """A line of a project's budget."""

    code: str = strawberry.field(description="Code of the line.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    planned_cents: BigInt = strawberry.field(description="Planned.")
    committed_cents: BigInt = strawberry.field(description="Promised and not yet paid.")
    spent_cents: BigInt = strawberry.field(description="Paid.")


@strawberry.type(description="How far a project has come, and what its budget is spoken for.")
class ProjectLife:
    """How far a project has come."""

    id: strawberry.ID = strawberry.field(description="Id of the project.")
    stage: str = strawberry.field(
        description="draft, submitted, returned, approved, recruiting, running, closed or cancelled."
    )
    steps: list[ProjectStep] = strawberry.field(description="The steps so far.")
    budget_cents: BigInt = strawberry.field(description="Budget in cents.")
    left_cents: BigInt = strawberry.field(description="What neither a line nor a place that stands has taken.")
    lines: list[BudgetLine] = strawberry.field(description="Lines of the budget.")


@strawberry.type(description="A project that takes applications.")
class OpenProject:
    """A project that takes applications."""

    id: strawberry.ID = strawberry.field(description="Id of the project.")
    title_zh: str = strawberry.field(description="Title in Chinese.")
    title_en: str = strawberry.field(description="Title in English, if it has one.")
    aims: str = strawberry.field(description="What it is for.")
    starts_on: date = strawberry.field(description="First day.")
    ends_on: date = strawberry.field(description="First day after the project.")
    subdistricts: list[str] = strawberry.field(description="Codes of its sub-districts; empty for all of its office's.")


@strawberry.type(description="Somebody who asks to take part in a project; nobody is named.")
class ProjectApplication:
    """Somebody who asks to take part."""

    id: strawberry.ID = strawberry.field(description="Id of the application.")
    kind: str = strawberry.field(description="volunteer or organisation.")
    offer: str = strawberry.field(description="What they offer, in their words.")
    state: str = strawberry.field(description="applied, accepted, declined or withdrawn.")
    reason: str = strawberry.field(description="Why, when it was declined.")


@strawberry.type(description="A senior whom a project helped, by reference.")
class Beneficiary:
    """A senior whom a project helped."""

    senior_ref: str = strawberry.field(description="Reference of the senior; nobody is named.")
    things: int = strawberry.field(description="How many things they were given.")
    first_day: date = strawberry.field(description="First day of it.")
    last_day: date = strawberry.field(description="Last day of it.")


@strawberry.type(description="Something that a senior was given through a project.")
class FileEntry:
    """Something that a senior was given."""

    day: date = strawberry.field(description="When.")
    source: str = strawberry.field(description="booking, visit, handout or transfer.")
    what: str = strawberry.field(description="What: a service, or what was handed out.")
    amount: int = strawberry.field(description="Minutes, or pieces.")
    by: str = strawberry.field(description="By whom: a resource, a volunteer by reference, or who acted.")


@strawberry.type(description="A figure of what came of a project.")
class OutcomeFigure:
    """A figure of what came of a project."""

    key: str = strawberry.field(description="Key of the figure, such as services/bath.")
    unit: str = strawberry.field(description="times, min, persons or cents.")
    value: BigInt | None = strawberry.field(description="The figure; empty when there is none.")
    parts: list[str] = strawberry.field(description="Figures that it is worked out from; empty when it counts rows.")


@strawberry.type(description="A row that a figure counts.")
class OutcomeRow:
    """A row that a figure counts."""

    source: str = strawberry.field(description="Kind of the row, such as booking.")
    day: date | None = strawberry.field(description="Its day.")
    senior_ref: str = strawberry.field(description="Reference of the senior, if there is one.")
    what: str = strawberry.field(description="What it was.")
    amount: BigInt = strawberry.field(description="Its part of the figure.")


@strawberry.type(description="A project beside others.")
class ComparedProject:
    """A project beside others."""

    id: strawberry.ID = strawberry.field(description="Id of the project.")
    title_zh: str = strawberry.field(description="Title in Chinese.")
    stage: str = strawberry.field(description="How far it has come.")
    persons: int = strawberry.field(description="Seniors helped, each once.")
    spent_cents: BigInt = strawberry.field(description="What was spent, in cents.")
    cost_cents: BigInt | None = strawberry.field(description="What a person helped cost; empty when nobody was.")


@strawberry.type(description="Unmet minutes that have one reason.")
class ShortageReason:
    """Unmet minutes that have one reason."""

    reason: str = strawberry.field(description="The engine's reason, or missed, called_off, partly, unplanned.")
    minutes: int = strawberry.field(description="Unmet minutes.")


@strawberry.type(description="A service in a street in a week, in minutes.")
class WeeklyShortage:
    """A service in a street in a week."""

    week: date = strawberry.field(description="Monday of the week.")
    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    service: str = strawberry.field(description="Code of the service.")
    needs: int = strawberry.field(description="Needs with something due.")
    unmet: int = strawberry.field(description="Those of them that lack something.")
    needed_min: int = strawberry.field(description="Due.")
    served_min: int = strawberry.field(description="Held.")
    planned_min: int = strawberry.field(description="Still to come.")
    unmet_min: int = strawberry.field(description="Missing, counted need by need.")
    reasons: list[ShortageReason] = strawberry.field(description="Why, most minutes first.")


@strawberry.type
class CharityQueries:
    """What can be asked of charity projects."""

    @strawberry.field(description="Projects that take applications, newest first; for everyone.")
    def open_projects(self, info: Info, first: First, after: After = None) -> Connection[OpenProject]:
        """Return a page of projects that take applications."""
        context = info.context

        def read(count: int, last: Key | None) -> list[ProjectRow]:
            before = last[0] if last else None
            return open_projects(context.session, now=context.now, first=count, before_id=before)

        return page("open_projects", first, after, read=read, key=lambda row: (row.id or 0,), node=_open)

    @strawberry.field(description="How far a project of mine has come, with its steps and its budget.")
    def project_life(self, info: Info, id: Id) -> ProjectLife | None:
        """Return how far a project has come."""
        office = _office(info.context)
        return found_by("project", id, lambda number: life_shown(info.context, office, number))

    @strawberry.field(description="Who asked to take part in a project of mine, the first first.")
    def project_applications(
        self, info: Info, id: Id, first: First, after: After = None
    ) -> Connection[ProjectApplication]:
        """Return a page of applications."""
        session, number = info.context.session, _mine(info.context, id)

        def read(count: int, last: Key | None) -> list[ApplicationRow]:
            return applications_of(session, number, first=count, after=last[0] if last else 0)

        return page("applications", first, after, read=read, key=lambda row: (row.id or 0,), node=application_shown)

    @strawberry.field(description="Whom a project of mine helped, each once.")
    def beneficiaries(self, info: Info, id: Id, first: First, after: After = None) -> Connection[Beneficiary]:
        """Return a page of those helped."""
        session, office, number = info.context.session, _office(info.context), _mine(info.context, id)

        def read(count: int, last: Key | None) -> list[Helped]:
            return beneficiaries(session, office, number, first=count, after=last[0] if last else 0)

        def node(row: Helped) -> Beneficiary:
            days = {"first_day": row.first_day, "last_day": row.last_day}
            return Beneficiary(senior_ref=row.senior_ref, things=row.things, **days)

        return page("beneficiaries", first, after, read=read, key=lambda row: (row.senior_id,), node=node)

    @strawberry.field(description="What a senior was given through a project of mine, when and by whom.")
    def beneficiary_file(self, info: Info, id: Id, senior_ref: SeniorRef) -> list[FileEntry]:
        """Return a senior's file."""
        office, number = _office(info.context), _mine(info.context, id)
        entries = file_of(info.context.session, office, number, senior_ref)
        return [FileEntry(day=e.day, source=e.source, what=e.what, amount=e.amount, by=e.by) for e in entries]

    @strawberry.field(description="What came of a project of mine, figure by figure.")
    def project_outcome(self, info: Info, id: Id) -> list[OutcomeFigure]:
        """Return the figures of a project."""
        found = outcome_of(info.context.session, _office(info.context), _mine(info.context, id))
        return [
            OutcomeFigure(
                key=one.key, unit=one.unit, value=None if one.value is None else BigInt(one.value), parts=[*one.parts]
            )
            for one in found.figures
        ]

    @strawberry.field(description="The rows that a figure of a project of mine counts.")
    def outcome_rows(
        self,
        info: Info,
        id: Id,
        figure: Annotated[str, strawberry.argument(description="Key of the figure.")],
        first: First,
        after: After = None,
    ) -> Connection[OutcomeRow]:
        """Return a page of the rows of a figure."""
        session = info.context.session
        project = project_of(session, _office(info.context), _mine(info.context, id))

        def read(count: int, last: Key | None) -> list[Line]:
            before = (SOURCES[last[0] - 1], last[1]) if last and last[0] <= len(SOURCES) else ("", 0)
            return trace(session, project, figure, first=count, after=before)

        def node(row: Line) -> OutcomeRow:
            parts = {"source": row.source, "senior_ref": row.senior_ref, "what": row.what}
            return OutcomeRow(day=row.day, amount=BigInt(row.amount), **parts)

        def key(row: Line) -> Key:
            return SOURCES.index(row.source) + 1, row.number

        return page("outcome_rows", first, after, read=read, key=key, node=node, parts=2)

    @strawberry.field(description="My projects beside each other, newest first, each with the cost of a person helped.")
    def projects_compared(self, info: Info, first: First, after: After = None) -> Connection[ComparedProject]:
        """Return a page of compared projects."""
        session, office = info.context.session, _office(info.context)

        def read(count: int, last: Key | None) -> list[Compared]:
            return compare_projects(session, office, first=count, before_id=last[0] if last else None)

        return page("compared", first, after, read=read, key=lambda row: (row.project.id or 0,), node=_compared)

    @strawberry.field(description="What is missing in my sub-districts in a week, by street and service, and why.")
    def weekly_shortage(
        self,
        info: Info,
        day: Annotated[date, strawberry.argument(description="A day of the week.")],
        subdistrict: Annotated[str | None, strawberry.argument(description="Code of one of my sub-districts.")] = None,
        service: Annotated[str | None, strawberry.argument(description="Code of a service.")] = None,
    ) -> list[WeeklyShortage]:
        """Return what is missing in a week."""
        own = info.context.organisation(READ, "matches:read")
        asked = Asked(day=day, organisation_id=own, street=subdistrict, service=service)
        return [_short(row) for row in shortage_of(info.context.session, asked)]


def _office(context: Context) -> int:
    return context.organisation(READ, kind="charity_office")


def _mine(context: Context, id: str) -> int:
    """Return the number of a project of the office that asks."""
    office = _office(context)
    return found_by("project", id, lambda number: project_of(context.session, office, number).id or 0)


def life_shown(context: Context, office: int, number: int) -> ProjectLife:
    """Show how far a project of an office has come."""
    session = context.session
    row = project_of(session, office, number)
    spoken = spoken_for(session, row)
    return ProjectLife(
        id=strawberry.ID(encode("project", number)),
        stage=stage_of(session, row),
        steps=[
            ProjectStep(
                from_stage=step.from_stage,
                to_stage=step.to_stage,
                actor=step.actor,
                note=step.note,
                taken_at=step.taken_at,
            )
            for step in steps_of(session, number)
        ],
        budget_cents=BigInt(spoken.budget_cents),
        left_cents=BigInt(spoken.left_cents),
        lines=[
            BudgetLine(
                code=line.code,
                name_zh=line.name_zh,
                planned_cents=BigInt(line.planned_cents),
                committed_cents=BigInt(line.committed_cents),
                spent_cents=BigInt(line.spent_cents),
            )
            for line in lines_of(session, number)
        ],
    )


def application_shown(row: ApplicationRow) -> ProjectApplication:
    """Show an application."""
    return ProjectApplication(
        id=strawberry.ID(encode("application", row.id or 0)),
        kind="organisation" if row.volunteer_id is None else "volunteer",
        offer=row.offer,
        state=row.state,
        reason=row.reason,
    )


def _open(row: ProjectRow) -> OpenProject:
    return OpenProject(
        id=strawberry.ID(encode("project", row.id or 0)),
        title_zh=row.title_zh,
        title_en=row.title_en,
        aims=row.aims,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        subdistricts=list(row.eligibility.get("subdistricts", ())),
    )


def _compared(row: Compared) -> ComparedProject:
    return ComparedProject(
        id=strawberry.ID(encode("project", row.project.id or 0)),
        title_zh=row.project.title_zh,
        stage=row.stage,
        persons=row.persons,
        spent_cents=BigInt(row.spent_cents),
        cost_cents=None if row.cost_cents is None else BigInt(row.cost_cents),
    )


def _short(row: Short) -> WeeklyShortage:
    return WeeklyShortage(
        week=row.week,
        subdistrict=row.street,
        service=row.service,
        needs=row.needs,
        unmet=row.unmet,
        needed_min=row.needed_min,
        served_min=row.served_min,
        planned_min=row.planned_min,
        unmet_min=row.unmet_min,
        reasons=[ShortageReason(reason=reason, minutes=minutes) for reason, minutes in row.by_reason.items()],
    )

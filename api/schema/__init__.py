"""The schema: a file for each noun, put together here."""

from collections.abc import Callable
from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.context import Context, Info
from api.ids import decode, decode_as
from api.schema.accounts import Account, my_account
from api.schema.connections import Connection
from api.schema.district import Area, Service, Shortage, areas, services, shortage
from api.schema.nodes import Node
from api.schema.pairs import MatchFilter, Pair, UnmetNeed, pairs, unmet
from api.schema.plans import (
    MatchRun,
    MatchRunInput,
    Plan,
    PublishPlanPayload,
    StartMatchRunPayload,
    match_runs,
    plan_shown,
    publish,
    run_shown,
    start_match_run,
)
from api.schema.projects import (
    CreateProjectPayload,
    Project,
    ProjectInput,
    StartProjectPayload,
    create,
    project_shown,
    projects,
    start,
)
from api.schema.refusals import Refused
from api.schema.scalars import BIG_INT, After, BigInt, First
from api.schema.viewer import Viewer, viewer
from api.schema.visits import Visit, my_next_visits
from timebank.core.errors import NotFound

Key = Annotated[
    str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
]

SHOWN_BY_KIND: dict[str, Callable[[Context, int], Node]] = {
    "project": project_shown,
    "plan": plan_shown,
    "run": run_shown,
}


@strawberry.type(description="The volunteer who asks.")
class Me:
    """The volunteer who asks."""

    @strawberry.field(description="My account of the time bank.")
    def account(self, info: Info) -> Account:
        """Return my account."""
        return my_account(info)

    @strawberry.field(description="My planned visits, from today on.")
    def next_visits(self, info: Info, first: First, after: After = None) -> Connection[Visit]:
        """Return my next visits."""
        return my_next_visits(info, first, after)


@strawberry.type
class Query:
    """What can be asked."""

    viewer: Viewer = strawberry.field(resolver=viewer, description="Who asks, by the token.")
    areas: list[Area] = strawberry.field(resolver=areas, description="Sub-districts one may see.")
    services: list[Service] = strawberry.field(resolver=services, description="The catalogue.")
    shortage: list[Shortage] = strawberry.field(resolver=shortage, description="Where hands are missing.")

    @strawberry.field(description="The volunteer who asks; for a person's token.")
    def me(self) -> Me:
        """Return the volunteer who asks."""
        return Me()

    @strawberry.field(description="Anything by its id.")
    def node(self, info: Info, id: strawberry.ID) -> Node:
        """Return anything by its id."""
        kind, numbers = decode(id)
        shown = SHOWN_BY_KIND.get(kind)
        if shown is None or len(numbers) != 1:
            raise NotFound(kind="node", key=id[:40])
        return shown(info.context, numbers[0])

    @strawberry.field(description="Pairs of my sub-districts, of the plans in force or of a plan of mine.")
    def pairs(
        self,
        info: Info,
        first: First,
        after: After = None,
        filter: MatchFilter | None = None,
    ) -> Connection[Pair]:
        """Return a page of pairs."""
        return pairs(info, first, after, filter)

    @strawberry.field(description="Needs of my sub-districts that are left unmet, each with its reason.")
    def unmet(
        self,
        info: Info,
        first: First,
        after: After = None,
        filter: MatchFilter | None = None,
    ) -> Connection[UnmetNeed]:
        """Return a page of unmet needs."""
        return unmet(info, first, after, filter)

    @strawberry.field(description="A match run of mine, as it stands.")
    def match_run(self, info: Info, id: strawberry.ID) -> MatchRun:
        """Return a match run."""
        return run_shown(info.context, decode_as("run", id)[0])

    @strawberry.field(description="My match runs, newest first.")
    def match_runs(self, info: Info, first: First, after: After = None) -> Connection[MatchRun]:
        """Return a page of match runs."""
        return match_runs(info, first, after)

    @strawberry.field(description="A plan of mine, or the district's.")
    def plan(self, info: Info, id: strawberry.ID) -> Plan:
        """Return a plan."""
        return plan_shown(info.context, decode_as("plan", id)[0])

    @strawberry.field(description="A project of mine.")
    def project(self, info: Info, id: strawberry.ID) -> Project:
        """Return a project."""
        return project_shown(info.context, decode_as("project", id)[0])

    @strawberry.field(description="My projects, newest first.")
    def projects(self, info: Info, first: First, after: After = None) -> Connection[Project]:
        """Return a page of projects."""
        return projects(info, first, after)


@strawberry.type
class Mutation:
    """What can be done. A refusal is a type of the answer, and nothing has changed then."""

    @strawberry.mutation(description="Create a project with its resources, slots and rule of who may be helped.")
    def create_project(
        self,
        info: Info,
        input: ProjectInput,
        idempotency_key: Key,
    ) -> CreateProjectPayload:
        """Create a project."""
        return create(info, input, idempotency_key)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Let a drafted project run, so that its places can be given out.")
    def start_project(self, info: Info, id: strawberry.ID) -> StartProjectPayload:
        """Let a project run."""
        return start(info, id)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Ask for a match run over the needs that I serve; a worker does it.")
    def start_match_run(
        self,
        info: Info,
        input: MatchRunInput,
        idempotency_key: Key,
    ) -> StartMatchRunPayload:
        """Ask for a match run."""
        return start_match_run(info, input, idempotency_key)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Put a plan of mine into force: its visits take the place of those still planned.")
    def publish_plan(self, info: Info, id: strawberry.ID) -> PublishPlanPayload:
        """Put a plan into force."""
        return publish(info, id)  # type: ignore[return-value]  # refusals are of the union


SCHEMA = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Refused],
    config=StrawberryConfig(scalar_map={BigInt: BIG_INT}),
)


def print_schema() -> str:
    """Write the schema as it stands in ``schema.graphql``."""
    return f"{SCHEMA.as_str()}\n"

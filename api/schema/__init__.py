"""The schema: a file for each noun, put together here."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from graphql.execution.middleware import MiddlewareManager
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from typing_extensions import override

from api.context import Context, Info
from api.ids import decode, found_by
from api.schema.accounts import Account, my_account
from api.schema.alarms import AlarmMutations, AlarmQueries, alarm_shown
from api.schema.bookings import BookingMutations, BookingQueries, place_request_shown
from api.schema.calendars import CalendarMutations, CalendarQueries
from api.schema.care import CareMutations, CareQueries
from api.schema.charity import CharityQueries
from api.schema.charity_acts import CharityMutations
from api.schema.connections import Connection
from api.schema.consents import ConsentMutations, ConsentQueries
from api.schema.district import Area, Service, Shortage, areas, services, shortage
from api.schema.greetings import GreetingMutations, GreetingQueries
from api.schema.nodes import Node
from api.schema.pairs import MatchFilter, Pair, UnmetNeed, pairs, unmet
from api.schema.plain import PlainExecution, read_plainly
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
from api.schema.practices import PracticeMutations, PracticeQueries
from api.schema.programmes import ProgrammeMutations, ProgrammeQueries, programme_shown
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
from api.schema.referrals import ReferralMutations, ReferralQueries, referral_shown
from api.schema.refusals import Refused
from api.schema.registry import RegistryQueries
from api.schema.registry_acts import RegistryMutations
from api.schema.resources import ResourceMutations, ResourceQueries, need_shown, offer_shown
from api.schema.scalars import BIG_INT, After, BigInt, First, Id, IdempotencyKey
from api.schema.tokens import TokenMutations, TokenQueries, client_shown, token_shown
from api.schema.viewer import Viewer, viewer
from api.schema.visits import Visit, my_next_visits
from api.schema.webhooks import WebhookMutations, WebhookQueries, webhook_shown
from timebank.core.errors import NotFound

Where = Annotated[MatchFilter | None, strawberry.argument(description="Which rows are wanted.")]

SHOWN_BY_KIND: dict[str, Callable[[Context, int], Node]] = {
    "alarm": alarm_shown,
    "place_request": place_request_shown,
    "programme": programme_shown,
    "project": project_shown,
    "plan": plan_shown,
    "run": run_shown,
    "webhook": webhook_shown,
    "offer": offer_shown,
    "resource_need": need_shown,
    "referral": referral_shown,
    "token": token_shown,
    "client": client_shown,
}


@strawberry.type(description="The volunteer who asks.")
class Me:
    """The volunteer who asks."""

    @strawberry.field(description="My account of the time bank; empty before my first hour was credited.")
    def account(self, info: Info) -> Account | None:
        """Return my account."""
        return my_account(info)

    @strawberry.field(description="My planned visits, from today on.")
    def next_visits(self, info: Info, first: First, after: After = None) -> Connection[Visit]:
        """Return my next visits."""
        return my_next_visits(info, first, after)


@strawberry.type(description="What can be asked; every answer holds what the token may see and nothing else.")
class Query(
    WebhookQueries,
    TokenQueries,
    AlarmQueries,
    CareQueries,
    RegistryQueries,
    ResourceQueries,
    ReferralQueries,
    ConsentQueries,
    PracticeQueries,
    CharityQueries,
    CalendarQueries,
    BookingQueries,
    ProgrammeQueries,
    GreetingQueries,
):
    """What can be asked."""

    viewer: Viewer = strawberry.field(resolver=viewer, description="Who asks, by the token.")
    areas: list[Area] = strawberry.field(
        resolver=areas, description="Sub-districts of my organisation; all of them for a person."
    )
    services: list[Service] = strawberry.field(resolver=services, description="The service catalogue.")
    shortage: list[Shortage] = strawberry.field(resolver=shortage, description="Where hands are missing.")

    @strawberry.field(description="The volunteer who asks; for a person's token.")
    def me(self, info: Info) -> Me:
        """Return the volunteer who asks."""
        info.context.person()
        return Me()

    @strawberry.field(description="Anything that has an id as a node, by its id.")
    def node(self, info: Info, id: Id) -> Node | None:
        """Return a node by its id."""
        kind, _ = decode(id)
        shown = SHOWN_BY_KIND.get(kind)
        if shown is None:
            raise NotFound(kind="node", key=id)
        return found_by(kind, id, lambda number: shown(info.context, number))

    @strawberry.field(description="Pairs of my sub-districts, of the plans in force or of a plan of mine.")
    def pairs(
        self,
        info: Info,
        first: First,
        after: After = None,
        filter: Where = None,
    ) -> Connection[Pair]:
        """Return a page of pairs."""
        return pairs(info, first, after, filter)

    @strawberry.field(description="Needs of my sub-districts that are left unmet, each with its reason.")
    def unmet(
        self,
        info: Info,
        first: First,
        after: After = None,
        filter: Where = None,
    ) -> Connection[UnmetNeed]:
        """Return a page of unmet needs."""
        return unmet(info, first, after, filter)

    @strawberry.field(description="A match run of mine, as it stands.")
    def match_run(self, info: Info, id: Id) -> MatchRun | None:
        """Return a match run."""
        return found_by("run", id, lambda number: run_shown(info.context, number))

    @strawberry.field(description="My match runs, newest first.")
    def match_runs(self, info: Info, first: First, after: After = None) -> Connection[MatchRun]:
        """Return a page of match runs."""
        return match_runs(info, first, after)

    @strawberry.field(description="A plan of mine, or the district's.")
    def plan(self, info: Info, id: Id) -> Plan | None:
        """Return a plan."""
        return found_by("plan", id, lambda number: plan_shown(info.context, number))

    @strawberry.field(description="A project of mine.")
    def project(self, info: Info, id: Id) -> Project | None:
        """Return a project."""
        return found_by("project", id, lambda number: project_shown(info.context, number))

    @strawberry.field(description="My projects, newest first.")
    def projects(self, info: Info, first: First, after: After = None) -> Connection[Project]:
        """Return a page of projects."""
        return projects(info, first, after)


@strawberry.type(description="What can be done. A refusal is a type of the answer, and nothing has changed then.")
class Mutation(
    WebhookMutations,
    TokenMutations,
    AlarmMutations,
    CareMutations,
    RegistryMutations,
    ResourceMutations,
    ReferralMutations,
    ConsentMutations,
    PracticeMutations,
    CharityMutations,
    CalendarMutations,
    BookingMutations,
    ProgrammeMutations,
    GreetingMutations,
):
    """What can be done. A refusal is a type of the answer, and nothing has changed then."""

    @strawberry.mutation(description="Create a project with its resources, slots and rule of who may be helped.")
    def create_project(
        self,
        info: Info,
        input: Annotated[ProjectInput, strawberry.argument(description="The project to be.")],
        idempotency_key: IdempotencyKey,
    ) -> CreateProjectPayload:
        """Create a project."""
        return create(info, input, idempotency_key)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Let a drafted project run, so that its places can be given out.")
    def start_project(self, info: Info, id: Id) -> StartProjectPayload:
        """Let a project run."""
        return start(info, id)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Ask for a match run over the needs that I serve; a worker does it.")
    def start_match_run(
        self,
        info: Info,
        input: Annotated[MatchRunInput, strawberry.argument(description="What is to be planned.")],
        idempotency_key: IdempotencyKey,
    ) -> StartMatchRunPayload:
        """Ask for a match run."""
        return start_match_run(info, input, idempotency_key)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Put a plan of mine into force: its visits take the place of those still planned.")
    def publish_plan(self, info: Info, id: Id) -> PublishPlanPayload:
        """Put a plan into force."""
        return publish(info, id)  # type: ignore[return-value]  # refusals are of the union


class ReadAlready(SchemaExtension):
    """Runs the very document that was measured and found valid, instead of reading the text again."""

    @override
    def on_parse(self) -> Iterator[None]:
        """Hand the document over."""
        self.execution_context.graphql_document = self.execution_context.context.document
        self.execution_context.pre_execution_errors = []  # validated by the door, and remembered
        yield


def _is_never(_value: object) -> bool:
    return False


class Schema(strawberry.Schema):
    """A schema that logs nothing by itself: faults are logged where their words can be left out."""

    @override
    def _get_middleware_manager(self, extensions: list[SchemaExtension]) -> MiddlewareManager:
        """Put nothing around fields where no extension wishes to stand: an empty manager would be asked for each."""
        manager = super()._get_middleware_manager(extensions)
        return manager if manager.middlewares else None  # type: ignore[return-value]  # the executor takes none

    @override
    def _get_execute_function(self) -> Callable[..., Any]:
        """Let no value be asked whether it is to be awaited where the whole operation is done in one thread."""
        execute = super()._get_execute_function()

        def run(*parts: Any, **options: Any) -> Any:
            if "is_async_iterable" in options:  # the library says so for operations in one thread alone
                options["is_awaitable"] = _is_never
            return execute(*parts, **options)

        return run

    @override
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave the errors to the answer."""


SCHEMA = Schema(
    query=Query,
    mutation=Mutation,
    types=[Refused],
    config=StrawberryConfig(scalar_map={BigInt: BIG_INT}),
    extensions=[ReadAlready],
    execution_context_class=PlainExecution,
)
read_plainly(SCHEMA._schema)  # noqa: SLF001  # the library shows its types by no other name


def print_schema() -> str:
    """Write the schema as it stands in ``schema.graphql``."""
    return f"{SCHEMA.as_str()}\n"

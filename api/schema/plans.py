"""Plans with their proof, and match runs whose progress can be followed."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import cursor, decode_as, encode, read_cursor
from api.schema.connections import Connection, checked_first, page
from api.schema.nodes import Node
from api.schema.refusals import KeyConflict, NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.scalars import BigInt
from timebank.core.jobs import PPM
from timebank.core.tables import Job
from timebank.planning.listing import list_runs, plan_seen
from timebank.planning.runs import run_of, start_run
from timebank.planning.storing import publish_plan
from timebank.planning.tables import Plan as PlanRow


@strawberry.type(
    description="A plan with its proof. Objective and bound are metres, with a penalty for each unmet need."
)
class Plan(Node):
    """A plan with its proof."""

    state: str = strawberry.field(description="proposed, published or superseded.")
    starts_on: date
    horizon_days: int
    status: str = strawberry.field(description="OPTIMAL when nothing better exists, FEASIBLE with a gap otherwise.")
    objective: BigInt
    bound: BigInt
    method: str


@strawberry.type(description="A match run: asked for once, done by a worker.")
class MatchRun(Node):
    """A match run."""

    status: str = strawberry.field(description="queued, running, done, failed or cancelled.")
    stage: str
    progress: float = strawberry.field(description="0 to 1.")
    fault: str
    created_at: datetime
    finished_at: datetime | None
    plan_id: strawberry.Private[int | None]

    @strawberry.field(description="The plan, when the run is done.")
    def plan(self, info: Info) -> Plan | None:
        """Return the plan of the run."""
        return plan_shown(info.context, self.plan_id) if self.plan_id else None


@strawberry.input(description="What is to be planned: the needs that the organisation serves, over so many days.")
class MatchRunInput:
    """What is to be planned."""

    starts_on: date
    horizon_days: int = 28


@strawberry.type(description="The run that was asked for, or that the same key asked for before.")
class MatchRunStarted:
    """The run that was asked for."""

    run: MatchRun


@strawberry.type(description="The plan is in force; its visits are planned.")
class PlanPublished:
    """The plan is in force."""

    plan: Plan


StartMatchRunPayload = Annotated[MatchRunStarted | WrongInput | KeyConflict, strawberry.union("StartMatchRunPayload")]
PublishPlanPayload = Annotated[PlanPublished | NotFound | WrongState, strawberry.union("PublishPlanPayload")]


def _plan(row: PlanRow) -> Plan:
    return Plan(
        id=strawberry.ID(encode("plan", row.id or 0)),
        state=row.state,
        starts_on=row.starts_on,
        horizon_days=row.horizon_days,
        status=row.status,
        objective=BigInt(row.objective),
        bound=BigInt(row.bound),
        method=row.method,
    )


def _run(job: Job) -> MatchRun:
    return MatchRun(
        id=strawberry.ID(encode("run", job.id or 0)),
        status=job.status,
        stage=job.stage,
        progress=job.progress_ppm / PPM,
        fault=job.fault,
        created_at=job.created_at,
        finished_at=job.finished_at,
        plan_id=job.result.get("plan_id"),
    )


def plan_shown(context: Context, number: int) -> Plan:
    """Return a plan that the organisation may see."""
    organisation = context.organisation("matches:read")
    return _plan(plan_seen(context.session, number, organisation_id=organisation))


def run_shown(context: Context, number: int) -> MatchRun:
    """Return a match run of the organisation."""
    organisation = context.organisation("matches:read")
    return _run(run_of(context.session, number, organisation_id=organisation))


def match_runs(info: Info, first: int, after: str | None) -> Connection[MatchRun]:
    """Return a page of the organisation's runs, newest first."""
    organisation = info.context.organisation("matches:read")
    last = read_cursor("runs", after)
    rows = list_runs(
        info.context.session,
        organisation_id=organisation,
        first=checked_first(first),
        before_id=last[0] if last else None,
    )
    return page(rows, first, _run, lambda job: cursor("runs", job.id or 0))


def start_match_run(info: Info, asked: MatchRunInput, idempotency_key: str) -> MatchRunStarted | Refused:
    """Ask for a run over the organisation's own needs."""
    context = info.context
    organisation = context.organisation("matches:run")
    return refused_or(
        context,
        lambda: MatchRunStarted(
            run=_run(
                start_run(
                    context.session,
                    organisation_id=organisation,
                    starts_on=asked.starts_on,
                    horizon_days=asked.horizon_days,
                    idempotency_key=idempotency_key,
                    now=context.now,
                )
            )
        ),
    )


def publish(info: Info, plan: str) -> PlanPublished | Refused:
    """Put a plan of the organisation's own into force."""
    context = info.context
    organisation = context.organisation("matches:run")

    def act() -> PlanPublished:
        number = decode_as("plan", plan)[0]
        own = plan_seen(context.session, number, organisation_id=organisation, is_own=True)
        return PlanPublished(plan=_plan(publish_plan(context.session, own.id or 0)))

    return refused_or(context, act)

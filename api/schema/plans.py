"""Plans with their proof, and match runs whose progress can be followed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import KeyConflict, NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.scalars import BigInt, InLocale, chosen
from timebank.core import errors
from timebank.core.jobs import PPM
from timebank.core.tables import Job
from timebank.core.texts import say
from timebank.planning.listing import list_runs, plan_seen, plans_seen, run_seen
from timebank.planning.runs import start_run
from timebank.planning.storing import publish_plan
from timebank.planning.tables import Plan as PlanRow

Plans = Callable[[], dict[int, Row[Any]]]


@strawberry.type(
    description="A plan with its proof. Objective and bound are metres, with a penalty for each unmet need, less what "
    "keeping pairs that stood before is worth; so they can lie below 0."
)
class Plan(Node):
    """A plan with its proof."""

    state: str = strawberry.field(description="proposed, published or superseded.")
    starts_on: date = strawberry.field(description="First day of the plan.")
    horizon_days: int = strawberry.field(description="How many days it dates visits on.")
    status: str = strawberry.field(description="OPTIMAL when nothing better exists, FEASIBLE with a gap otherwise.")
    objective: BigInt = strawberry.field(description="What the plan costs.")
    bound: BigInt = strawberry.field(
        description="What no plan can cost less than; equal to the objective: proven best."
    )
    method: str = strawberry.field(description="How it was found.")


@strawberry.type(description="A match run: asked for once, done by a worker.")
class MatchRun(Node):
    """A match run."""

    status: str = strawberry.field(description="queued, running, done, failed or cancelled.")
    stage: str = strawberry.field(description="What is being done, such as pairing; empty before it begins.")
    progress: float = strawberry.field(description="0 to 1.")
    created_at: datetime = strawberry.field(description="When it was asked for, UTC.")
    finished_at: datetime | None = strawberry.field(description="When it ended, UTC; empty until then.")
    plan_id: strawberry.Private[int | None]
    plans: strawberry.Private[Plans]

    @strawberry.field(description="What to do when it failed, in words; empty otherwise.")
    def fault(self, info: Info, locale: InLocale = None) -> str:
        """Say that it failed; what exactly went wrong is for the operators."""
        return say("run_failed", chosen(locale, info.context.locale), id=self.id) if self.status == "failed" else ""

    @strawberry.field(description="The plan, when the run is done.")
    def plan(self) -> Plan | None:
        """Return the plan of the run."""
        row = self.plans().get(self.plan_id) if self.plan_id else None
        return _plan(row) if row else None


@strawberry.input(description="What is to be planned: the needs that the organisation serves, over so many days.")
class MatchRunInput:
    """What is to be planned."""

    starts_on: date = strawberry.field(description="First day that visits are dated on.")
    horizon_days: int = strawberry.field(default=28, description="How many days, 1 to 92.")


@strawberry.type(description="The run that was asked for, or that the same key asked for before.")
class MatchRunStarted:
    """The run that was asked for."""

    run: MatchRun = strawberry.field(description="The run; ask for it again by its id to follow its progress.")


@strawberry.type(description="The plan is in force; its visits are planned.")
class PlanPublished:
    """The plan is in force."""

    plan: Plan = strawberry.field(description="The plan, now published.")


StartMatchRunPayload = Annotated[
    MatchRunStarted | WrongInput | WrongState | KeyConflict,
    strawberry.union("StartMatchRunPayload", description="The run, or why there is none."),
]
PublishPlanPayload = Annotated[
    PlanPublished | NotFound | WrongState,
    strawberry.union("PublishPlanPayload", description="The plan in force, or why it is not."),
]


def _plan(row: PlanRow | Row[Any]) -> Plan:
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


def _plans(context: Context, organisation: int, numbers: list[int]) -> Plans:
    """Return what reads some plans, in one query when the first of them is asked for."""
    what = f"plans {numbers}"
    return lambda: context.once(what, lambda: plans_seen(context.session, numbers, organisation_id=organisation))


def _runs(context: Context, organisation: int, rows: Sequence[Row[Any]]) -> list[MatchRun]:
    """Show runs with their plans."""
    plans = _plans(context, organisation, [row.plan_id for row in rows if row.plan_id])
    return [_run(row, row.plan_id, plans) for row in rows]


def _run(row: Job | Row[Any], plan_id: int | None, plans: Plans) -> MatchRun:
    return MatchRun(
        id=strawberry.ID(encode("run", row.id or 0)),
        status=row.status,
        stage=row.stage,
        progress=row.progress_ppm / PPM,
        created_at=row.created_at,
        finished_at=row.finished_at,
        plan_id=plan_id,
        plans=plans,
    )


def plan_shown(context: Context, number: int) -> Plan:
    """Return a plan that the organisation may see."""
    organisation = context.organisation("matches:read")
    return _plan(plan_seen(context.session, number, organisation_id=organisation))


def run_shown(context: Context, number: int) -> MatchRun:
    """Return a match run of the organisation."""
    organisation = context.organisation("matches:read")
    row = run_seen(context.session, number, organisation_id=organisation)
    return _runs(context, organisation, [row])[0]


def match_runs(info: Info, first: int, after: str | None) -> Connection[MatchRun]:
    """Return a page of the organisation's runs, newest first."""
    context = info.context
    organisation = context.organisation("matches:read")

    def read(count: int, last: Key | None) -> list[tuple[int, MatchRun]]:
        before = last[0] if last else None
        rows = list_runs(context.session, organisation_id=organisation, first=count, before_id=before)
        return list(zip([row.id for row in rows], _runs(context, organisation, rows), strict=True))

    return page("runs", first, after, read=read, key=lambda row: (row[0],), node=lambda row: row[1])


def start_match_run(info: Info, asked: MatchRunInput, idempotency_key: str) -> MatchRunStarted | Refused:
    """Ask for a run over the organisation's own needs."""
    context = info.context
    organisation = context.organisation("matches:run")

    def act() -> MatchRunStarted:
        job = start_run(
            context.session,
            organisation_id=organisation,
            starts_on=asked.starts_on,
            horizon_days=asked.horizon_days,
            idempotency_key=idempotency_key,
            now=context.now,
        )
        plan = job.result.get("plan_id")  # the same key may have asked before
        return MatchRunStarted(run=_run(job, plan, _plans(context, organisation, [plan] if plan else [])))

    return refused_or(context, act, errors.WrongInput, errors.WrongState, errors.KeyConflict)


def publish(info: Info, plan: str) -> PlanPublished | Refused:
    """Put a plan of the organisation's own into force."""
    context = info.context
    organisation = context.organisation("matches:run")

    def put(number: int) -> PlanPublished:
        own = plan_seen(context.session, number, organisation_id=organisation, is_own=True)
        return PlanPublished(plan=_plan(publish_plan(context.session, own.id or 0)))

    return refused_or(context, lambda: found_by("plan", plan, put), errors.NotFound, errors.WrongState)

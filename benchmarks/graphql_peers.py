"""Others who answer the same questions from the same rows: each the way its own pages show first.

All read the same rows as objects of the mapper, with the plans of a page in one statement and no column of them that
is not asked for; all know the caller by the same token, and write by the same writer of JSON. The door reads bare rows,
which is part of what it gains; ``by_hand`` shows what the objects cost with no library of GraphQL at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import graphql
import orjson
import strawberry
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.ids import cursor, decode_as, encode
from benchmarks.graphql_bank import NOON, Bank
from timebank.core.database import transaction
from timebank.core.jobs import PPM
from timebank.core.tables import Job
from timebank.people.tokens import holder_of
from timebank.planning.runs import MATCH
from timebank.planning.tables import Plan

Ask = Callable[[str], bytes]
Run = dict[str, Any]
SDL = """
type Query { matchRun(id: ID!): Run  matchRuns(first: Int!): Runs! }
type Runs { edges: [Edge!]! }
type Edge { cursor: String!  node: Run! }
type Run { id: ID!  status: String!  stage: String!  progress: Float!  createdAt: String!  plan: Plan }
type Plan { id: ID!  state: String! }
"""


def _runs(bank: Bank, session: Session, wanted: SelectOfScalar[Job]) -> list[Run]:
    """Return runs with their plans, as plain data."""
    jobs = list(session.exec(wanted.where(Job.organisation_id == bank.organisation_id, Job.kind == MATCH)))
    numbers = [job.result["plan_id"] for job in jobs]
    seen = select(Plan).options(load_only(Plan.id, Plan.state)).where(col(Plan.id).in_(numbers))  # type: ignore[arg-type]  # SQLModel columns are SQL columns
    state_by_plan = {plan.id: plan.state for plan in session.exec(seen)}
    return [
        {
            "id": encode("run", job.id or 0),
            "status": job.status,
            "stage": job.stage,
            "progress": job.progress_ppm / PPM,
            "createdAt": job.created_at.isoformat(),
            "plan": {"id": encode("plan", number), "state": state_by_plan[number]},
            "cursor": cursor("runs", job.id or 0),
        }
        for job, number in zip(jobs, numbers, strict=True)
    ]


def _one(bank: Bank, session: Session, key: str) -> Run:
    (number,) = decode_as("run", key)
    return _runs(bank, session, select(Job).where(Job.id == number))[0]


def _page(bank: Bank, session: Session, first: int) -> dict[str, Any]:
    runs = _runs(bank, session, select(Job).order_by(col(Job.id).desc()).limit(first))
    return {"edges": [{"cursor": run["cursor"], "node": run} for run in runs]}


def _within(bank: Bank, work: Callable[[Session], Any]) -> bytes:
    """Know the caller, do the work in a transaction of its own, and write what it gives."""
    with transaction(bank.engine, read_only=True) as session:
        if holder_of(session, bank.token, now=NOON) is None:
            message = "the token opens nothing"
            raise PermissionError(message)
    with transaction(bank.engine, read_only=True) as session:
        return orjson.dumps(_data(work(session)))


def _data(result: Any) -> Any:
    """Return the data of a result, which must have no errors."""
    if getattr(result, "errors", None):
        raise RuntimeError(str(result.errors))
    return getattr(result, "data", result)


def by_hand(bank: Bank) -> Ask:
    """Answer with no library at all: two addresses, each with the columns that it shows."""
    names = ("id", "status", "stage", "progress", "createdAt")
    key = encode("run", bank.run_id)

    def one(session: Session) -> Any:
        run = _one(bank, session, key)
        return {"matchRun": {name: run[name] for name in names}}

    def page(session: Session) -> Any:
        edges = [
            {"cursor": edge["cursor"], "node": {name: edge["node"][name] for name in (*names, "plan")}}
            for edge in _page(bank, session, 100)["edges"]
        ]
        return {"matchRuns": {"edges": edges}}

    return lambda query: _within(bank, page if "matchRuns" in query else one)


def _schema(bank: Bank) -> graphql.GraphQLSchema:
    """Return the bare schema with its two resolvers; everything below is read from plain data."""
    schema = graphql.build_schema(SDL)
    fields = schema.query_type.fields if schema.query_type else {}
    fields["matchRun"].resolve = lambda _root, info, id: _one(bank, info.context, id)  # noqa: A006  # its name
    fields["matchRuns"].resolve = lambda _root, info, first: _page(bank, info.context, first)
    return schema


def bare_core(bank: Bank) -> Ask:
    """Answer with graphql-core alone, its parsing and validation remembered."""
    schema = _schema(bank)
    known: dict[str, graphql.DocumentNode] = {}

    def ask(query: str) -> bytes:
        document = known.get(query)
        if document is None:
            document = graphql.parse(query)
            if graphql.validate(schema, document):
                raise RuntimeError(query)
            known[query] = document
        return _within(bank, lambda session: graphql.execute(schema, document, context_value=session))

    return ask


@strawberry.type
class PlanShown:
    """A plan."""

    id: strawberry.ID
    state: str


@strawberry.type
class RunShown:
    """A run."""

    id: strawberry.ID
    status: str
    stage: str
    progress: float
    created_at: str
    row: strawberry.Private[Run]

    @strawberry.field
    def plan(self) -> PlanShown | None:
        """Return its plan."""
        return PlanShown(**self.row["plan"])


@strawberry.type
class EdgeShown:
    """A run in its page."""

    cursor: str
    node: RunShown


@strawberry.type
class RunsShown:
    """A page of runs."""

    edges: list[EdgeShown]


@dataclass(frozen=True)
class Asking:
    """What resolvers of the default get."""

    bank: Bank
    session: Session


def _shown(run: Run) -> RunShown:
    return RunShown(
        id=run["id"],
        status=run["status"],
        stage=run["stage"],
        progress=run["progress"],
        created_at=run["createdAt"],
        row=run,
    )


@strawberry.type
class Query:
    """The same two questions."""

    @strawberry.field
    def match_run(self, info: strawberry.Info[Asking, None], id: strawberry.ID) -> RunShown:  # noqa: A002  # its name
        """Return a run."""
        return _shown(_one(info.context.bank, info.context.session, id))

    @strawberry.field
    def match_runs(self, info: strawberry.Info[Asking, None], first: int) -> RunsShown:
        """Return a page of runs."""
        edges = _page(info.context.bank, info.context.session, first)["edges"]
        return RunsShown(edges=[EdgeShown(cursor=edge["cursor"], node=_shown(edge["node"])) for edge in edges])


def default_strawberry(bank: Bank) -> Ask:
    """Answer with Strawberry as it comes."""
    schema = strawberry.Schema(Query)
    return lambda query: _within(bank, lambda session: schema.execute_sync(query, context_value=Asking(bank, session)))


def ariadne(bank: Bank) -> Ask:
    """Answer with Ariadne as it comes."""
    from ariadne import QueryType, graphql_sync, make_executable_schema  # noqa: PLC0415  # it need not be installed

    root = QueryType()
    root.set_field("matchRun", lambda _root, info, id: _one(bank, info.context, id))  # noqa: A006  # its name
    root.set_field("matchRuns", lambda _root, info, first: _page(bank, info.context, first))
    schema = make_executable_schema(SDL, root)

    def work(session: Session, query: str) -> Any:
        _, answer = graphql_sync(schema, {"query": query}, context_value=session)
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        return answer["data"]

    return lambda query: _within(bank, lambda session: work(session, query))


PEERS: dict[str, Callable[[Bank], Ask]] = {
    "by_hand": by_hand,
    "bare_core": bare_core,
    "default_strawberry": default_strawberry,
    "ariadne": ariadne,
}

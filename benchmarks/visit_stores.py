"""What it takes to store a plan and its visits: SQLite through the library and through the bare driver, PostgreSQL."""

import sqlite3
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Engine

from benchmarks.clock import Rounds
from benchmarks.command import Tell
from benchmarks.memory import measured_mb
from benchmarks.report import Report, Value, at_least
from benchmarks.residents import NOW, PLAN_ID
from benchmarks.stores import PostgresStores, SqliteStores, postgres_url
from matching.plan import Plan
from matching.problem import Problem
from timebank.core.database import transaction
from timebank.planning.storing import insert_visits, plan_number, publish_plan, store_plan

VISITS_A_SECOND = 50_000
FEWER = 3
"""A round of stores takes many times as long as one of the engine, so there are fewer."""
RAW_INSERT = (
    "INSERT INTO visit (plan_id, need_id, volunteer_id, day, starts_min, planned_min, status, evidence, confirmed_by)"
    " VALUES (?, ?, ?, ?, ?, ?, 'planned', '', '') ON CONFLICT DO NOTHING"
)


def measure_stores(problem: Problem, plan: Plan, *, rounds: int, tell: Tell) -> Report:
    """Store one plan in fresh databases, commit and disk included; every store once a round, in turn."""
    clock, figures = Rounds(), {}
    rounds = -(-rounds // FEWER)
    with ExitStack() as opened:
        tell("people and needs on SQLite and on PostgreSQL")
        sqlite = SqliteStores(Path(opened.enter_context(tempfile.TemporaryDirectory())), problem)
        postgres = PostgresStores(opened.enter_context(postgres_url()), problem)
        with sqlite.fresh() as engine:
            _, figures["store_visits_sqlite_mb"] = measured_mb(partial(store_visits, engine, problem, plan))
        with sqlite.fresh() as engine:
            _, figures["store_sqlite_mb"] = measured_mb(partial(_store_and_publish, engine, problem, plan))
        for number in range(rounds):
            tell(f"stores, round {number + 1} of {rounds}")
            _visits_round(clock, sqlite, postgres, problem, plan)
            _plan_round(clock, sqlite, postgres, problem, plan)
    return _report(clock, len(plan.visits.days), figures)


def _report(clock: Rounds, visits: int, megabytes: dict[str, float]) -> Report:
    figures: dict[str, Value] = {f"{name}_s": clock.median_s(name) for name in clock.seconds}
    for name in ("store_visits_sqlite", "store_visits_bare_sqlite", "store_visits_postgres"):
        figures[f"{name}_per_s"] = visits / clock.median_s(name)
    for name in ("store_visits_sqlite", "store_visits_bare_sqlite"):
        figures[f"{name}_cpu_s"] = clock.median_cpu_s(name)
    ratio = median(clock.ratios("store_visits_sqlite", "store_visits_bare_sqlite"))
    reached = visits / clock.median_s("store_visits_sqlite")
    return Report(
        figures=figures | {"store_visits_sqlite_per_bare_sqlite": ratio} | megabytes,
        targets=[at_least("store_visits_sqlite_per_s", reached, VISITS_A_SECOND)],
    )


def _visits_round(clock: Rounds, sqlite: SqliteStores, postgres: PostgresStores, problem: Problem, plan: Plan) -> None:
    with sqlite.fresh() as embedded, sqlite.raw() as raw, postgres.fresh() as server:
        stored = clock.play(
            {
                "store_visits_sqlite": partial(store_visits, embedded, problem, plan),
                "store_visits_bare_sqlite": partial(_store_visits_raw, raw, problem, plan),
                "store_visits_postgres": partial(store_visits, server, problem, plan),
            }
        )
    if set(stored.values()) != {len(plan.visits.days)}:
        message = f"Stores kept {stored} of {len(plan.visits.days)} visits."
        raise RuntimeError(message)


def _plan_round(clock: Rounds, sqlite: SqliteStores, postgres: PostgresStores, problem: Problem, plan: Plan) -> None:
    """Store the plan with its pairs and reasons, then put it into force."""
    with sqlite.fresh() as embedded, postgres.fresh() as server:
        numbers = clock.play(
            {
                "store_plan_sqlite": partial(_store, embedded, problem, plan),
                "store_plan_postgres": partial(_store, server, problem, plan),
            }
        )
        clock.play(
            {
                "publish_plan_sqlite": partial(_publish, embedded, numbers["store_plan_sqlite"]),
                "publish_plan_postgres": partial(_publish, server, numbers["store_plan_postgres"]),
            }
        )


def store_visits(engine: Engine, problem: Problem, plan: Plan) -> int:
    """Store the visits of a plan through the library, in one transaction; returns how many are stored."""
    visits = plan.visits
    with transaction(engine) as session:
        return insert_visits(
            session,
            PLAN_ID,
            problem.starts_on,
            visits.need_ids,
            visits.volunteer_ids,
            visits.days,
            visits.starts_min,
            visits.durations_min,
        )


def _store_visits_raw(raw: sqlite3.Connection, problem: Problem, plan: Plan) -> int:
    """The same statement through the driver alone."""
    visits = plan.visits
    on = [(problem.starts_on + timedelta(days=day)).isoformat() for day in range(problem.horizon_days)]
    columns = (visits.need_ids, visits.volunteer_ids, visits.days, visits.starts_min, visits.durations_min)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    raw.execute("BEGIN IMMEDIATE")
    stored = raw.executemany(RAW_INSERT, ((PLAN_ID, n, v, on[d], s, m) for n, v, d, s, m in rows)).rowcount
    raw.execute("COMMIT")
    return stored


def _store(engine: Engine, problem: Problem, plan: Plan) -> int:
    with transaction(engine) as session:
        return plan_number(
            store_plan(session, problem, plan, scope="district", organisation_id=None, figures={}, now=NOW)
        )


def _publish(engine: Engine, number: int) -> None:
    with transaction(engine) as session:
        publish_plan(session, number)


def _store_and_publish(engine: Engine, problem: Problem, plan: Plan) -> None:
    _publish(engine, _store(engine, problem, plan))

"""Questions and plans of the small district."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, SQLModel

from matching.columns import Columns
from matching.problem import Problem
from tests.conftest import fresh_database
from tests.worlds import MONDAY, World
from timebank.core.columns import table_of
from timebank.core.database import database, transaction
from timebank.needs.tables import Need
from timebank.planning.problem_rows import Question, load_problem
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan
from timebank.projects.tables import Booking
from timebank.visits.tables import Visit

Rows = list[tuple[Any, ...]]
TABLES = {
    "plan": "SELECT id, scope, state, CAST(starts_on AS text), status, objective, bound, seed, input_hash FROM plan "
    "ORDER BY id",
    "pair": "SELECT * FROM pair ORDER BY plan_id, need_id",
    "unmet": "SELECT plan_id, need_id, reason, remaining, CAST(taken_by_rule AS text) FROM unmet ORDER BY 1, 2",
    "visit": "SELECT plan_id, need_id, volunteer_id, CAST(day AS text), starts_min, planned_min, status FROM visit "
    "ORDER BY 2, 4, 7",
    "booking": "SELECT slot_id, need_id, plan_id, distance_m, status FROM booking ORDER BY 1, 2",
}


def ask(engine: Engine, question: Question) -> Problem:
    """Read a question's rows as the engine gets them."""
    with transaction(engine, read_only=True) as session:
        return load_problem(session, question)


def row(table: Columns, number: int) -> dict[str, Any]:
    """Return one row of a table of the engine, by its id."""
    columns = table.to_columns()
    at = columns["ids"].index(number)
    return {name: values[at] for name, values in columns.items()}


def change(engine: Engine, model: type[SQLModel], number: int, **values: Any) -> None:
    """Change a row by the number of its first key column."""
    table = table_of(model)
    key = next(iter(table.primary_key.columns))
    with transaction(engine) as session:
        session.connection().execute(update(table).where(key == number).values(**values))


def add(engine: Engine, thing: SQLModel) -> int:
    """Add a row; returns its number, if it has one of its own."""
    with transaction(engine) as session:
        session.add(thing)
        session.flush()
        return getattr(thing, "id", None) or 0


def rows_of(engine: Engine, *tables: str) -> dict[str, Rows]:
    """Return what stands in some tables, in order."""
    with transaction(engine, read_only=True) as session:
        return {name: [tuple(r) for r in session.connection().execute(text(TABLES[name]))] for name in tables}


def publish(engine: Engine, number: int) -> None:
    """Put a plan into force."""
    with transaction(engine) as session:
        publish_plan(session, number)


Plan = Callable[..., int]


@pytest.fixture
def plan(engine: Engine, world: World, noon: datetime) -> Plan:
    """Make a plan, and put it into force unless it is only proposed; returns its number."""

    def make(
        organisation: str | None = None,
        *,
        starts_on: date = MONDAY,
        horizon_days: int = 14,
        now: datetime = noon,
        is_proposed: bool = False,
    ) -> int:
        question = Question(
            starts_on=starts_on,
            horizon_days=horizon_days,
            organisation_id=world.organisations[organisation] if organisation else None,
        )
        number = make_plan(engine, question, now=now)
        if not is_proposed:
            publish(engine, number)
        return number

    return make


@pytest.fixture
def make_visit(engine: Engine, world: World) -> Callable[..., int]:
    """Plan a visit of a plan by hand, by reference of need and volunteer."""

    def make(plan_id: int, need: str, volunteer: str, day: date, *, starts_min: int, minutes: int = 10) -> int:
        return add(
            engine,
            Visit(
                plan_id=plan_id,
                need_id=world.needs[need],
                volunteer_id=world.volunteers[volunteer],
                day=day,
                starts_min=starts_min,
                planned_min=minutes,
            ),
        )

    return make


def bath_of(world: World, senior: str, organisation: str, **changes: Any) -> Need:
    """Another senior's need of a monthly bath."""
    parts: dict[str, Any] = {
        "external_ref": f"{senior}-bath",
        "senior_id": world.seniors[senior],
        "service_id": world.services["bath"],
        "organisation_id": world.organisations[organisation],
        "frequency_kind": "per_month",
        "frequency_count": 1,
        "minutes": 60,
        "from_day": date(2026, 1, 1),
    }
    return Need(**(parts | changes))


def book(session: Session, slot: int, need: int, status: str, plan_id: int | None = None) -> None:
    """Write a booking by hand."""
    session.add(Booking(slot_id=slot, need_id=need, status=status, plan_id=plan_id))
    session.flush()


@pytest.fixture
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """The small district on SQLite and on PostgreSQL, side by side."""
    with (
        fresh_database(request, "sqlite", tmp_path, has_world=True) as sqlite,
        fresh_database(request, "postgres", tmp_path, has_world=True) as postgres,
        database(sqlite) as embedded,
        database(postgres) as server,
    ):
        yield embedded, server


def paired(engine: Engine, world: World, plan_id: int) -> dict[str, set[str]]:
    """Return who serves each need in a plan, by reference."""
    needs, people = ({number: ref for ref, number in by.items()} for by in (world.needs, world.volunteers))
    found: dict[str, set[str]] = {}
    for row in rows_of(engine, "pair")["pair"]:
        if row[0] == plan_id:
            found.setdefault(needs[row[1]], set()).add(people[row[2]])
    return found


def visited(engine: Engine, world: World, plan_id: int, need: str) -> list[tuple[date, str]]:
    """Return day and volunteer of every planned visit of a need in a plan, in order."""
    people = {number: ref for ref, number in world.volunteers.items()}
    return sorted(
        (date.fromisoformat(row[3]), people[row[2]])
        for row in rows_of(engine, "visit")["visit"]
        if (row[0], row[1], row[6]) == (plan_id, world.needs[need], "planned")
    )


def booked(engine: Engine, plan_id: int) -> set[tuple[int, int]]:
    """Return slot and need of every place that a plan gives out."""
    return {
        (row[0], row[1]) for row in rows_of(engine, "booking")["booking"] if (row[2], row[4]) == (plan_id, "booked")
    }


def say(engine: Engine, act: Callable[[Session], Any]) -> Any:
    """Do something in a transaction of its own."""
    with transaction(engine) as session:
        return act(session)

"""A year of greetings stays quick: the month of an organisation, the visit rate, whoever was missed, one more."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import Engine, insert, select, text
from sqlmodel import Session

from benchmarks.command import Tell, answer, options
from benchmarks.credit_year import FIRST, GREETED
from benchmarks.instances import district
from benchmarks.report import Report, Target, Value, at_most, equal
from benchmarks.residents import AREA, PLAN_ID
from benchmarks.stores import PostgresStores, SqliteStores, postgres_url
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.people.tables import OrganisationArea
from timebank.programmes.enrolments import enrol_waiting
from timebank.programmes.follow_ups import open_follow_ups
from timebank.programmes.greetings import Greeting, record_greeting
from timebank.programmes.month_report import month_report
from timebank.programmes.months import Month
from timebank.programmes.programmes import ProgrammeDraft, create_programme
from timebank.programmes.reach import visit_rates
from timebank.visits.life import VISIT

QUICK = ("--visits", "4000", "--days", "20", "--seniors", "300", "--volunteers", "60", "--rounds", "1")
"""Sees that everything runs; figures of this size say nothing."""
MONTH_S, RATE_S, MISSED_S, GREETING_S = 5.0, 5.0, 5.0, 0.05
OFFICE_ID = 1
ONE_OF = 50
"""One greeting of so many was missed."""
MORE = 20
"""Greetings that are written down one by one."""
FOCUS = """
INSERT INTO senior_category (senior_id, category, from_day, proof)
SELECT person_id, 'living_alone', :day, '' FROM senior
"""
MISSED = f"UPDATE visit SET status = 'missed', served_min = NULL WHERE id % {ONE_OF} = 0"


def measure(*, visits: int, days: int, seniors: int, volunteers: int, rounds: int, tell: Tell) -> Report:
    """Fill a year on SQLite and on PostgreSQL, and ask each."""
    problem = district(seniors=seniors, volunteers=volunteers)
    figures: dict[str, Value] = {"visits": visits, "days": days}
    targets: list[Target] = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stores: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
            "sqlite": SqliteStores(folder, problem).fresh,
            "postgres": PostgresStores(opened.enter_context(postgres_url()), problem).fresh,
        }
        for name, fresh in stores.items():
            with fresh() as engine:
                tell(f"{name}: {visits:,} greetings of a programme")
                _fill(engine, visits=visits, days=days, seniors=seniors, volunteers=volunteers)
                tell(f"{name}: asked {rounds} times")
                found, wanted = _measured(name, engine, visits, days, rounds)
                figures |= found
                targets += wanted
    return Report(figures=figures, targets=targets)


def _fill(engine: Engine, *, visits: int, days: int, seniors: int, volunteers: int) -> None:
    """Store a programme of every senior, its greetings of every day, and some of the day after that are planned."""
    now = moment_at(FIRST, 0)
    with transaction(engine) as session:
        connection = session.connection()
        connection.execute(text("UPDATE area SET level = 'subdistrict'"))
        connection.execute(text("UPDATE person SET born_on = :born"), {"born": date(1940, 1, 1)})
        connection.execute(text(FOCUS), {"day": FIRST})
        connection.execute(
            insert(table_of(OrganisationArea)),
            [{"organisation_id": OFFICE_ID, "area_id": AREA["id"]}],
        )
        draft = ProgrammeDraft(
            code="LB",
            name_zh="老伙伴",
            service="greeting",
            from_day=FIRST,
            to_day=FIRST + timedelta(days=days + 30),
            quotas={str(AREA["code"]): seniors},
        )
        programme = create_programme(session, OFFICE_ID, draft, actor="bench", idempotency_key="k", now=now)
        enrol_waiting(session, programme, actor="bench", now=now)
    for number in range(days):
        first, after = (visits * n // days for n in (number, number + 1))
        day = FIRST + timedelta(days=number)
        values = {"plan": PLAN_ID, "seniors": seniors, "volunteers": volunteers, "number": number, "day": day}
        values |= {"first": first % seniors, "count": after - first}
        values |= {"began": moment_at(day, 540), "ended": moment_at(day, 550)}
        with transaction(engine) as session:
            session.connection().execute(text(GREETED), values)
    with transaction(engine) as session:
        session.connection().execute(text(MISSED))
        _plan_more(session, FIRST + timedelta(days=days))
        if engine.dialect.name == "postgresql":
            session.connection().execute(text("ANALYZE"))


def _plan_more(session: Session, day: date) -> None:
    """Plan some greetings of a day."""
    needs = session.connection().execute(select(VISIT.c.need_id, VISIT.c.volunteer_id).distinct().limit(MORE)).all()
    rows = [
        {"plan_id": PLAN_ID, "need_id": need, "volunteer_id": volunteer, "day": day, "starts_min": 540}
        | {"planned_min": 10, "status": "planned", "evidence": "", "confirmed_by": ""}
        for need, volunteer in {row[0]: row[1] for row in needs}.items()
    ]
    session.connection().execute(insert(VISIT), rows)


def _measured(name: str, engine: Engine, visits: int, days: int, rounds: int) -> tuple[dict[str, Value], list[Target]]:
    last = FIRST + timedelta(days=days - 1)
    whole, now = Month.of(last), datetime(last.year + 1, 12, 31, tzinfo=UTC)
    works = {
        "month": partial(_read, engine, lambda session: month_report(session, OFFICE_ID, whole, now=now).total),
        "rates": partial(_read, engine, lambda session: visit_rates(session, whole, organisation_id=OFFICE_ID)),
    }
    seconds = {work: median(_timed(ask) for _ in range(rounds)) for work, ask in works.items()}
    evening = moment_at(last, 1200)
    seconds["missed"] = _timed(partial(_write, engine, lambda session: open_follow_ups(session, now=evening)))
    seconds["greeting"] = _record(engine, last + timedelta(days=1))
    with transaction(engine, read_only=True) as session:
        total = month_report(session, OFFICE_ID, whole, now=now).total
        counted = (
            session.connection().execute(text("SELECT count(*) FROM visit WHERE status <> 'planned'")).scalar_one()
        )
    figures: dict[str, Value] = {f"{name}.{work}_s": value for work, value in seconds.items()}
    figures |= {f"{name}.month_due": total.due, f"{name}.month_follow_ups": total.follow_ups}
    return figures, [
        at_most(f"{name}.month_s", seconds["month"], MONTH_S),
        at_most(f"{name}.rates_s", seconds["rates"], RATE_S),
        at_most(f"{name}.missed_s", seconds["missed"], MISSED_S),
        at_most(f"{name}.greeting_s", seconds["greeting"], GREETING_S),
        equal(f"{name}.stored", int(counted) - min(MORE, visits), visits),
        equal(f"{name}.held_and_missed", total.held + total.missed + total.unrecorded, total.due),
    ]


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _read(engine: Engine, ask: Callable[[Session], object]) -> object:
    with transaction(engine, read_only=True) as session:
        return ask(session)


def _write(engine: Engine, act: Callable[[Session], object]) -> object:
    with transaction(engine) as session:
        return act(session)


def _record(engine: Engine, day: date) -> float:
    """Write greetings down one by one, each in a transaction; returns the median seconds of one."""
    with transaction(engine, read_only=True) as session:
        planned = select(VISIT.c.id).where(VISIT.c.day == day, VISIT.c.status == "planned").order_by(VISIT.c.id)
        numbers = list(session.connection().execute(planned).scalars())
    at = moment_at(day, 1200)
    greeting = Greeting(is_met=True)
    return median(
        _timed(
            partial(
                _write,
                engine,
                partial(record_greeting, visit_id=number, greeting=greeting, actor="bench", now=at),
            )
        )
        for number in numbers
    )


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"visits": 2_319_400, "days": 365, "seniors": 12_500, "volunteers": 2_433, "rounds": 3}
    answer(options("programmes", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

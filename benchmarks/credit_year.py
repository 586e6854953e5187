"""A year of greetings credited from confirmed visits by one command's function, stopped in the middle and gone on."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import Engine, text
from sqlmodel import Session

from benchmarks.command import Tell, answer, options
from benchmarks.instances import district
from benchmarks.memory import measured_mb
from benchmarks.report import Report, Target, Value, at_most, equal
from benchmarks.residents import PLAN_ID
from benchmarks.stores import PostgresStores, SqliteStores, postgres_url
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.ledger.accounts import book_id, ensure_book, issued_min
from timebank.visits.credit import Credited
from timebank.visits.period import credit_period

LONGEST_S, MOST_MB = 180, 1000
FIRST = date(2026, 1, 1)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
QUICK = ("--visits", "2000", "--days", "10", "--seniors", "300", "--volunteers", "60")
"""Sees that everything runs; figures of this size say nothing."""
GREETED = """
INSERT INTO visit (plan_id, need_id, volunteer_id, day, starts_min, planned_min, status, checked_in_at, checked_out_at,
    served_min, evidence, confirmed_by)
SELECT :plan, n.id, :seniors + 1 + (n.id - 1) * :volunteers / :seniors, :day, 480 + n.id % 55 * 10, 10, 'confirmed',
    :began, :ended, 8 + (n.id * 7 + :number * 3) % 6,
    CASE (n.id + :number) % 5 WHEN 0 THEN 'landline' WHEN 1 THEN 'qr' WHEN 2 THEN 'paper' ELSE 'app' END, 'senior'
FROM need n WHERE (n.id - 1 + :seniors - :first) % :seniors < :count
"""
"""The greetings of a day: as many seniors in a row as it has visits, from one to the next from day to day."""
AGED = "UPDATE person SET born_on = :born WHERE id % 30 = :part"
SERVED = "SELECT count(*), sum(CASE WHEN transfer_id IS NULL THEN 0 ELSE 1 END), sum(served_min) FROM visit"


class Stopped(Exception):
    """The run is stopped, as somebody does who needs the machine."""


def measure(*, visits: int, days: int, seniors: int, volunteers: int, tell: Tell) -> Report:
    """Credit the year on SQLite and on PostgreSQL."""
    problem = district(seniors=seniors, volunteers=volunteers)
    figures: dict[str, Value] = {"visits": visits, "days": days}
    targets: list[Target] = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        fill = partial(_fill, visits=visits, days=days, seniors=seniors, volunteers=volunteers)
        stores: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
            "sqlite": SqliteStores(folder, problem).fresh,
            "postgres": PostgresStores(opened.enter_context(postgres_url()), problem).fresh,
        }
        for name, fresh in stores.items():
            with fresh() as engine:
                tell(f"{name}: {visits:,} confirmed greetings")
                book = fill(engine)
                tell(f"{name}: credit of {days} days, stopped in the middle")
                found, wanted = _measured(name, engine, book, visits, days)
                figures |= found
                targets += wanted
    return Report(figures=figures, targets=targets)


def _fill(engine: Engine, *, visits: int, days: int, seniors: int, volunteers: int) -> int:
    """Store the visits of every day and a book; returns the book's number."""
    with transaction(engine) as session:
        _age(session)
        book = book_id(ensure_book(session, "year", "年度账簿", NOW))
    for number in range(days):
        first, after = (visits * n // days for n in (number, number + 1))
        day = FIRST + timedelta(days=number)
        values = {"plan": PLAN_ID, "seniors": seniors, "volunteers": volunteers, "number": number, "day": day}
        values |= {"first": first % seniors, "count": after - first}
        values |= {"began": moment_at(day, 540), "ended": moment_at(day, 550)}
        with transaction(engine) as session:
            session.connection().execute(text(GREETED), values)
    return book


def _age(session: Session) -> None:
    """Let people be of thirty years of birth, so that a day has as many unlike decisions as a real one."""
    born = [{"born": date(1946 + part, 6, 1), "part": part} for part in range(30)]
    session.connection().execute(text(AGED), born)


def _measured(name: str, engine: Engine, book: int, visits: int, days: int) -> tuple[dict[str, Value], list[Target]]:
    began, cpu_began = perf_counter(), process_time()
    _, peak_mb = measured_mb(partial(_in_two, engine, book, days))
    took_s, cpu_s = perf_counter() - began, process_time() - cpu_began
    with transaction(engine, read_only=True) as session:
        stored, marked, served_min = map(int, session.connection().execute(text(SERVED)).one())
        issued = issued_min(session, book)
    figures: dict[str, Value] = {
        f"{name}.credit_s": took_s,
        f"{name}.credit_cpu_s": cpu_s,
        f"{name}.visits_per_s": visits / took_s,
        f"{name}.peak_mb": peak_mb,
    }
    return figures, [
        at_most(f"{name}.credit_s", took_s, LONGEST_S),
        at_most(f"{name}.peak_mb", peak_mb, MOST_MB),
        equal(f"{name}.credited", marked, visits),
        equal(f"{name}.stored", stored, visits),
        equal(f"{name}.issued_min", issued, served_min),
    ]


def _in_two(engine: Engine, book: int, days: int) -> None:
    """Credit the days until one in the middle, and then all of them: what is stored is passed over."""
    middle, end = FIRST + timedelta(days=days // 2), FIRST + timedelta(days=days)

    def stop(day: date, _total: Credited) -> None:
        if day == middle:
            raise Stopped

    with suppress(Stopped):
        credit_period(engine, book, FIRST, end, clock=lambda: NOW, progress=stop)
    credit_period(engine, book, FIRST, end, clock=lambda: NOW)


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"visits": 2_319_400, "days": 365, "seniors": 12_500, "volunteers": 2_433}
    answer(options("credit_year", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()

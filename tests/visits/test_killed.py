"""The credit of many days is killed in the middle, and goes on as if nothing had been."""

import multiprocessing
import os
import signal
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.visits.giving import gave, make_plan
from tests.visits.test_one_by_one import rows_of
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import database, transaction
from timebank.ledger.accounts import member_code, open_accounts
from timebank.ledger.reconcile import reconcile
from timebank.visits import period
from timebank.visits.credit import Credited, credit_day
from timebank.visits.period import credit_period

EVENING = moment_at(MONDAY, 21 * 60)
FIRST, END = date(2026, 2, 23), MONDAY
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["timebank.cli", "tests.visits.test_killed"])
PATIENCE_S = 60
RECORDS_A_TRANSACTION = 5
"""Two days and a half of two visits each: seven days are stored in three transactions."""


@pytest.fixture
def week(engine: Engine, world: World) -> list[list[tuple[object, ...]]]:
    """Two confirmed visits on each day of a week; returns the rows that an undisturbed run leaves."""
    with transaction(engine) as session:
        plan = make_plan(session, FIRST)
        people = sorted(world.volunteers.values())
        members = [{"code": member_code(one), "kind": "member", "person_id": one} for one in people]
        open_accounts(session, world.book, members)
        for n in range(7):
            day = FIRST + timedelta(days=n)
            gave(session, world, plan, day=day, served_min=20 + n)
            gave(session, world, plan, day=day, need="S2-greeting", giver=f"V{1 + n % 3}", starts_min=700)
        attempt = session.begin_nested()
        for n in range(7):
            credit_day(session, world.book, FIRST + timedelta(days=n), now=EVENING)
        rows = rows_of(session)
        attempt.rollback()
    return rows


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("UPDATE visit SET transfer_id", 2),
        ("INSERT INTO visit_claim", 4),
        ("UPDATE visit SET transfer_id", 7),
    ],
    ids=["the second day", "the second transaction", "the last day"],
)
def test_killed_run_goes_on_where_it_was(
    engine: Engine, database_url: str, world: World, week: list[Any], statement: str, count: int
) -> None:
    """Power fails between a posting and its mark: what was stored stays, the rest is credited once, row for row."""
    assert _run_until(database_url, world.book, statement, count) == -signal.SIGKILL

    credit_period(engine, world.book, FIRST, END, clock=lambda: EVENING)

    with transaction(engine, read_only=True) as session:
        assert rows_of(session) == week
        assert reconcile(session, world.book) == []


def test_stopped_run_keeps_the_days_that_are_stored(
    engine: Engine, world: World, week: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody needs the machine: what was told is stored, and the second run does the rest."""
    monkeypatch.setattr(period, "RECORDS_A_TRANSACTION", RECORDS_A_TRANSACTION)
    told: list[tuple[date, int]] = []

    def stop(day: date, total: Credited) -> None:
        told.append((day, total.visits))
        if len(told) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        credit_period(engine, world.book, FIRST, END, clock=lambda: EVENING, progress=stop)
    rest = credit_period(engine, world.book, FIRST, END, clock=lambda: EVENING)

    assert told == [(FIRST + timedelta(days=n), 2 + 2 * n) for n in range(4)]
    assert rest.visits == 14 - 12
    with transaction(engine, read_only=True) as session:
        assert rows_of(session) == week


def _run_until(url: str, book: int, statement: str, count: int) -> int | None:
    """Credit the week in a process that gets SIGKILL when it has sent a statement so often; returns its exit code."""
    keys = os.environ["TIMEBANK_KEYS"]
    process = PROCESSES.Process(target=_credit, args=(url, keys, book, statement, count))
    process.start()
    process.join(PATIENCE_S)
    return process.exitcode


def _credit(url: str, keys: str, book: int, statement: str, count: int) -> None:
    os.environ["TIMEBANK_KEYS"] = keys
    period.RECORDS_A_TRANSACTION = RECORDS_A_TRANSACTION
    seen = 0

    def kill(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        nonlocal seen
        seen += statement in sql.replace('"', "")
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", kill)
    with database(url) as engine:
        credit_period(engine, book, FIRST, END, clock=lambda: EVENING)

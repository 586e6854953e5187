"""Two who act at once: the second begins while the first has not committed yet."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from timebank.core.database import transaction

Act = Callable[[Session], Any]
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def at_once(engine: Engine, first: Act, second: Act) -> tuple[Any, Any]:
    """Return what both did; a refusal of the second is its result.

    On PostgreSQL the second is let come as far as it can before the first commits: it is done, or it waits for a
    lock. On SQLite it waits at its beginning, for writers there are alone.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            one = first(session)
            other = pool.submit(_act, engine, second)
            _wait_until_it_waits(engine, other)
        return one, other.result()


def _act(engine: Engine, act: Act) -> Any:
    try:
        with transaction(engine) as session:
            return act(session)
    except Exception as refusal:  # noqa: BLE001  # whatever it is, the test looks at it
        return refusal


def _wait_until_it_waits(engine: Engine, other: Future[Any]) -> None:
    if engine.dialect.name == "sqlite":
        return
    # each look is a transaction of its own, for within one the server tells what it saw first
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        while not wait([other], timeout=0.01).done and not watch.execute(text(BLOCKED)).scalar_one():
            pass

"""Deadlines reach the database: a statement that would never end is stopped, and the connection is good again."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from timebank.core.database import transaction
from timebank.core.deadlines import Deadline, held_to
from timebank.core.errors import StoreTimeout

ENDLESS = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 - x FROM n) SELECT count(*) FROM n")
LIMITS = {"sqlite": "PRAGMA busy_timeout", "postgresql": "SHOW statement_timeout"}


def _for_ever(engine: Engine, deadline: Deadline) -> None:
    with transaction(engine, read_only=True) as session, held_to(session, deadline):
        session.connection().execute(ENDLESS).all()


def _answers(session: Session) -> object:
    return session.connection().execute(text("SELECT 1")).scalar()


def test_a_statement_past_its_time_is_stopped_by_the_database(engine: Engine) -> None:
    """Whoever asked has long gone; without this the database would go on for ever."""
    with pytest.raises(StoreTimeout):
        _for_ever(engine, Deadline(0.05))


def test_work_that_is_called_off_is_stopped_by_the_database(engine: Engine) -> None:
    """Who closes the connection takes no thread and no connection of ours with them."""
    deadline = Deadline(600)

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(_for_ever, engine, deadline)
        while not wait([work], timeout=0.01).done:
            deadline.call_off()

    assert isinstance(work.exception(), StoreTimeout)


def test_what_comes_after_a_stop_is_not_stopped(engine: Engine) -> None:
    """The connection goes back to others, and a time that is over must not go with it."""
    with pytest.raises(StoreTimeout):
        _for_ever(engine, Deadline(0.05))

    with transaction(engine) as session:
        assert _answers(session) == 1
        assert str(session.connection().execute(text(LIMITS[engine.dialect.name])).scalar()) in ("20000", "0")


def test_writing_past_its_time_leaves_nothing(engine: Engine) -> None:
    """Half an action would be worse than none."""
    with pytest.raises(StoreTimeout), transaction(engine) as session, held_to(session, Deadline(0.05)):
        session.connection().execute(text("INSERT INTO call_bucket (holder, left_milli, at_ms) VALUES ('x', 1, 1)"))
        session.connection().execute(ENDLESS).all()

    with transaction(engine, read_only=True) as session:
        assert session.connection().execute(text("SELECT count(*) FROM call_bucket")).scalar() == 0


def test_a_writer_waits_no_longer_than_it_has_time(engine: Engine) -> None:
    """On SQLite writers wait for their turn; one whose asker has a second must not wait for twenty."""
    deadline = Deadline(0.05)

    with transaction(engine, wait_s=deadline.left_s) as session, held_to(session, deadline):
        answered = _answers(session)

    assert answered == 1

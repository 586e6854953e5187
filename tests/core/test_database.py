"""The way to a database behaves the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from timebank.core.database import transaction
from timebank.core.tables import Milestone


def test_clean_exit_commits(engine: Engine, noon: datetime) -> None:
    """One session is one transaction: leaving it cleanly stores what it did."""
    with transaction(engine) as session:
        session.add(Milestone(name="first", reached_at=noon))

    with transaction(engine, read_only=True) as session:
        found = session.get_one(Milestone, "first")

    assert found.reached_at == noon
    assert found.reached_at.tzinfo is UTC


def test_fault_rolls_back(engine: Engine, noon: datetime) -> None:
    """Nothing is half-done: a fault inside takes everything back."""
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        session.add(Milestone(name="lost", reached_at=noon))
        session.flush()
        _ = 1 // 0

    with transaction(engine, read_only=True) as session:
        assert session.get(Milestone, "lost") is None


def test_naive_moment_is_refused(engine: Engine) -> None:
    """A moment without a zone would mean different times on different machines."""
    with pytest.raises(Exception, match="needs its time zone"), transaction(engine) as session:
        session.add(Milestone(name="naive", reached_at=datetime(2026, 3, 2)))  # noqa: DTZ001  # the fault under test


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    """SQLite enforces references only when it is told to on each connection."""
    insert = text("INSERT INTO organisation_area (organisation_id, area_id) VALUES (1, 1)")

    with pytest.raises(Exception, match=r"(?i)foreign key"), transaction(engine) as session:
        session.execute(insert)

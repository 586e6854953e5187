"""Steps of long work, each committed together with the milestone that says it is done."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, update
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip, transaction
from timebank.core.tables import Milestone

MILESTONE = table_of(Milestone)


def reached(engine: Engine, name: str) -> dict[str, Any] | None:
    """Return what was noted at a milestone, or nothing when it is still ahead."""
    with transaction(engine, read_only=True) as session:
        milestone = session.get(Milestone, name)
        return milestone.detail if milestone else None


def do_once(
    engine: Engine, name: str, work: Callable[[Session], dict[str, Any]], *, now: datetime
) -> tuple[dict[str, Any], bool]:
    """Do a step unless it is done; returns what it noted, and whether it was done now.

    The milestone is written first, so of two processes at the same step one waits and then finds it done. A process
    that is killed leaves neither the milestone nor any of the step.
    """
    with transaction(engine) as session:
        connection = session.connection()
        # What came back is asked for, not counted: a driver need not know how many rows an INSERT wrote.
        claim = insert_or_skip(connection, MILESTONE).on_conflict_do_nothing().returning(MILESTONE.c.name)
        if connection.execute(claim.values(name=name, detail={}, reached_at=now)).first() is None:
            return session.get_one(Milestone, name).detail, False
        detail = work(session)
        connection.execute(update(MILESTONE).where(MILESTONE.c.name == name).values(detail=detail))
        return detail, True

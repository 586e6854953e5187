"""What the ways in need from time to time: a new key, and an end for what is dead anyway."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, exists
from sqlmodel import Session, col, select

from timebank.access.codes import WITHIN
from timebank.access.keys import rotate_keys, rotation_is_due
from timebank.access.tables import AssertionSeen, OneTimeCode
from timebank.core.database import transaction

CODES_KEPT = WITHIN + timedelta(hours=1)
"""Codes are counted for an hour; what was done with them stays told in the events."""


def keep_access(engine: Engine, *, now: datetime) -> bool:
    """Do what is due; returns whether something was. Looking takes no lock."""
    with transaction(engine, read_only=True) as session:
        if not _is_due(session, now):
            return False
    with transaction(engine) as session:
        if rotation_is_due(session, now=now):
            rotate_keys(session, actor="worker", now=now)
        connection = session.connection()
        connection.execute(delete(AssertionSeen).where(col(AssertionSeen.expires_at) <= now))
        connection.execute(delete(OneTimeCode).where(col(OneTimeCode.made_at) <= now - CODES_KEPT))
    return True


def _is_due(session: Session, now: datetime) -> bool:
    dead = exists().where(col(AssertionSeen.expires_at) <= now - timedelta(minutes=10))
    old = exists().where(col(OneTimeCode.made_at) <= now - CODES_KEPT)
    return rotation_is_due(session, now=now) or bool(session.exec(select(dead | old)).one())

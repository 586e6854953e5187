"""Whom a desk has to call: written in the transaction in which it happened, until somebody says that it was done."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bookings.steps import REQUEST
from timebank.bookings.tables import DeskNotice
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound

NOTICE = table_of(DeskNotice)


def tell_desks(
    session: Session, requests: Collection[int], kind: str, *, day: date, caused_by: int, now: datetime
) -> None:
    """Tell the desks that took some requests in; the same cause is told once."""
    if not requests:
        return
    connection = session.connection()
    desks = select(REQUEST.c.id, REQUEST.c.organisation_id).where(REQUEST.c.id.in_(sorted(requests)))
    rows = [
        {
            "organisation_id": row.organisation_id,
            "request_id": row.id,
            "kind": kind,
            "day": day,
            "caused_by": caused_by,
            "told_at": now,
            "seen_by": "",
        }
        for row in connection.execute(desks.order_by(REQUEST.c.id))
    ]
    connection.execute(insert_or_skip(connection, NOTICE).on_conflict_do_nothing(), rows)


def notices_of(session: Session, organisation_id: int, *, first: int, after_id: int = 0) -> list[DeskNotice]:
    """Return up to ``first`` (1 to 100) calls that a desk still has to make, oldest first."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 notices, not {first}."
        raise ValueError(message)
    wanted = (
        pick(DeskNotice)
        .where(DeskNotice.organisation_id == organisation_id, col(DeskNotice.seen_at).is_(None))
        .where(col(DeskNotice.id) > after_id)
        .order_by(col(DeskNotice.id))
        .limit(first)
    )
    return list(session.exec(wanted))


def notice_done(session: Session, notice_id: int, *, organisation_id: int, actor: str, now: datetime) -> DeskNotice:
    """Say that a call was made; saying it again changes nothing.

    Raises
    ------
    NotFound
        When there is no such notice, or it is another desk's.
    """
    n = NOTICE.c
    own = (n.id == notice_id) & (n.organisation_id == organisation_id)
    done = update(NOTICE).where(own, n.seen_at.is_(None)).values(seen_by=actor, seen_at=now)
    session.connection().execute(done)
    if session.connection().execute(select(n.id).where(own)).scalar() is None:
        raise NotFound(kind="desk_notice", key=str(notice_id))
    return session.get_one(DeskNotice, notice_id, populate_existing=True)

"""Soft limits: balances at which people are warned, long before the database refuses anything.

A crossing is found in the entries, so it is the same whichever way they were posted, and it is stored once. Nothing is
ever refused by a warning level. Which entries were looked at is marked account by account; an account's entries come
one after the other, so none is passed over.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, text
from sqlmodel import Session

from timebank.core.columns import UtcMoment, table_of
from timebank.core.database import insert_or_skip, wait_turn
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.tables import Notice, NoticeMark, WarningLevel

LEVEL = table_of(WarningLevel)
NOTICE = table_of(Notice)
MARK = table_of(NoticeMark)
KINDS = ("member", "organisation", "project", "pool", "issuance", "sink")
MOST_ACCOUNTS = 5000
"""Most accounts that one look goes through."""
WAITING = """
    SELECT a.id AS account, COALESCE(m.seq, 0) AS after, a.version AS until,
        CASE WHEN own.id IS NULL THEN kinds.low_min ELSE own.low_min END AS low,
        CASE WHEN own.id IS NULL THEN kinds.high_min ELSE own.high_min END AS high,
        CASE WHEN own.id IS NULL THEN kinds.set_at ELSE own.set_at END AS since
    FROM account a
    LEFT JOIN warning_level own ON own.account_id = a.id
    LEFT JOIN warning_level kinds ON kinds.book_id = a.book_id AND kinds.kind = a.kind
    LEFT JOIN notice_mark m ON m.account_id = a.id
    WHERE a.book_id = :book AND (own.id IS NOT NULL OR kinds.id IS NOT NULL) AND a.version > COALESCE(m.seq, 0)
    ORDER BY a.id LIMIT :most"""
CROSSINGS = f"""
    INSERT INTO notice (account_id, seq, side, level_min, balance_min, noticed_at)
    SELECT e.account_id, e.seq, side.name, CASE side.name WHEN 'low' THEN w.low ELSE w.high END,
        e.balance_after_min, :now
    FROM ({WAITING}) w JOIN entry e ON e.account_id = w.account AND e.seq > w.after AND e.seq <= w.until
    CROSS JOIN (SELECT 'low' AS name UNION ALL SELECT 'high') side
    WHERE e.created_at >= w.since AND (
        (side.name = 'low' AND e.balance_after_min < w.low AND e.balance_after_min - e.amount_min >= w.low)
        OR (side.name = 'high' AND e.balance_after_min > w.high AND e.balance_after_min - e.amount_min <= w.high))
    ORDER BY e.account_id, e.seq"""


class Looked(NamedTuple):
    """Accounts that were gone through, and notices that were made."""

    accounts: int
    notices: int


def set_level(
    session: Session,
    book_id: int,
    *,
    low_min: int | None,
    high_min: int | None,
    now: datetime,
    kind: str | None = None,
    account: int | None = None,
) -> None:
    """Warn when a balance falls under ``low_min`` or rises over ``high_min``, of a kind of account or of one account.

    It takes the place of what was set for the same; without either number nothing is warned of any more. Only what
    is posted from now on is looked at.

    Raises
    ------
    WrongInput
        When not just one of kind and account is given, the kind is unknown, or low is not below high.
    """
    if (kind is None) == (account is None) or (kind is not None and kind not in KINDS):
        right = Phrase("right_level_of", kinds=", ".join(KINDS))
        raise WrongInput(field="kind", value=str(kind if account is None else account), right=right)
    if low_min is not None and high_min is not None and low_min >= high_min:
        raise WrongInput(field="below", value=str(low_min), right=Phrase("right_level_order"))
    wait_turn(session, "ledger notices")
    connection = session.connection()
    while look(session, book_id, now=now).accounts:
        continue  # what was posted until now is looked at by what held until now
    same = (LEVEL.c.account_id == account) if account is not None else (LEVEL.c.kind == kind)
    connection.execute(delete(LEVEL).where(LEVEL.c.book_id == book_id, same))
    if low_min is None and high_min is None:
        return
    values = {"book_id": book_id, "kind": kind, "account_id": account, "low_min": low_min, "high_min": high_min}
    connection.execute(insert(LEVEL), {**values, "set_at": now})


def look(session: Session, book_id: int, *, now: datetime, most: int = MOST_ACCOUNTS) -> Looked:
    """Make a notice of every crossing that was not looked at yet, of up to ``most`` accounts."""
    wait_turn(session, "ledger notices")
    connection = session.connection()
    asked = {"book": book_id, "most": most}
    waiting = connection.execute(text(WAITING), asked).all()
    if not waiting:
        return Looked(0, 0)
    made = connection.execute(
        text(CROSSINGS).bindparams(bindparam("now", type_=UtcMoment)), asked | {"now": now}
    ).rowcount
    _mark(connection, [{"account_id": row.account, "seq": row.until} for row in waiting])
    return Looked(len(waiting), made)


def _mark(connection: Connection, marks: list[dict[str, Any]]) -> None:
    marking = insert_or_skip(connection, MARK)
    newer = marking.on_conflict_do_update(index_elements=["account_id"], set_={"seq": marking.excluded.seq})
    connection.execute(newer, marks)


def has_waiting(session: Session, book_id: int) -> bool:
    """Tell whether a look would go through any account."""
    return session.connection().execute(text(WAITING), {"book": book_id, "most": 1}).first() is not None


def notices(
    session: Session, book_id: int, *, first: int, before: int | None = None, account: int | None = None
) -> list[Notice]:
    """Return up to ``first`` (1 to 100) notices of a book, or of one account, newest first, older than ``before``.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 notices, not {first}."
        raise ValueError(message)
    n = NOTICE.c
    wanted = select(NOTICE).join(ACCOUNT, ACCOUNT.c.id == n.account_id).where(ACCOUNT.c.book_id == book_id)
    if account is not None:
        wanted = wanted.where(n.account_id == account)
    if before is not None:
        wanted = wanted.where(n.id < before)
    rows = session.connection().execute(wanted.order_by(n.id.desc()).limit(first)).mappings()
    return [Notice(**row) for row in rows]

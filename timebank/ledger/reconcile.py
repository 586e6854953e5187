"""The books prove themselves: seven checks, each names the first row that breaks it.

R1 entries of a book sum to zero. R2 an account is the fold of its entries. R3 each balance follows from the
one before, without gaps. R4 a transfer that moves has just two entries, one that holds has none. R5 what an
account holds is the sum of its open holds. R6 no entry takes an account under its floor. R7 every leaf and
every seal is what its rows say.
"""

from typing import Any, NamedTuple

from sqlalchemy import Row, select, text
from sqlmodel import Session

from timebank.ledger.posting import TRANSFER, Posting, leaf_hash, request_hash
from timebank.ledger.seals import first_broken_seal

CHECKS = {
    "R1": """
        SELECT 'book ' || a.book_id || ' is off by ' || SUM(e.amount_min) || ' minutes' FROM entry e
        JOIN account a ON a.id = e.account_id WHERE a.book_id = :book
        GROUP BY a.book_id HAVING SUM(e.amount_min) <> 0""",
    "R2": """
        SELECT 'account ' || a.id || ' says ' || (a.credits - a.debits) || ', its entries ' || COALESCE(f.total, 0)
        FROM account a LEFT JOIN (
            SELECT account_id, SUM(amount_min) AS total, MAX(seq) AS last, COUNT(*) AS lines,
                   SUM(CASE WHEN amount_min > 0 THEN amount_min ELSE 0 END) AS credits
            FROM entry GROUP BY account_id) f ON f.account_id = a.id
        WHERE a.book_id = :book AND (a.credits <> COALESCE(f.credits, 0) OR a.credits - a.debits <> COALESCE(f.total, 0)
            OR a.version <> COALESCE(f.last, 0) OR a.version <> COALESCE(f.lines, 0))
        ORDER BY a.id LIMIT 1""",
    "R3": """
        SELECT 'account ' || account_id || ', entry ' || seq FROM (
            SELECT e.account_id, e.seq, e.balance_after_min - e.amount_min AS was,
                   LAG(e.balance_after_min, 1, 0) OVER w AS before, e.seq - LAG(e.seq, 1, 0) OVER w AS step
            FROM entry e JOIN account a ON a.id = e.account_id WHERE a.book_id = :book
            WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq)) lines
        WHERE was <> before OR step <> 1 ORDER BY account_id, seq LIMIT 1""",
    "R4": """
        SELECT 'transfer ' || t.id || ' has ' || COUNT(e.transfer_id) || ' entries' FROM transfer t
        LEFT JOIN entry e ON e.transfer_id = t.id AND (
            (e.account_id = t.debit_id AND e.amount_min = -t.amount_min)
            OR (e.account_id = t.credit_id AND e.amount_min = t.amount_min))
        WHERE t.book_id = :book GROUP BY t.id, t.kind
        HAVING COUNT(e.transfer_id) <> CASE WHEN t.kind IN ('post', 'capture', 'reverse') THEN 2 ELSE 0 END
        ORDER BY t.id LIMIT 1""",
    "R5": """
        SELECT 'account ' || a.id || ' holds ' || a.held || ', its open holds ' || COALESCE(h.total, 0) FROM account a
        LEFT JOIN (SELECT t.debit_id, SUM(t.amount_min) AS total FROM hold_open o JOIN transfer t ON t.id = o.hold_id
                   WHERE NOT EXISTS (SELECT 1 FROM transfer r WHERE r.hold_id = t.id) GROUP BY t.debit_id) h
        ON h.debit_id = a.id WHERE a.book_id = :book AND a.held <> COALESCE(h.total, 0) ORDER BY a.id LIMIT 1""",
    "R6": """
        SELECT 'account ' || e.account_id || ', entry ' || e.seq || ' leaves ' || e.balance_after_min FROM entry e
        JOIN account a ON a.id = e.account_id
        WHERE a.book_id = :book AND a.floor_min IS NOT NULL AND e.balance_after_min < a.floor_min
        ORDER BY e.account_id, e.seq LIMIT 1""",
}


class Finding(NamedTuple):
    """A check that does not hold, and the first row that breaks it."""

    check: str
    row: str


def reconcile(session: Session, book_id: int) -> list[Finding]:
    """Run R1 to R7 over a book; an empty list says that all hold."""
    connection = session.connection()
    found = []
    for check, sql in CHECKS.items():
        row = connection.execute(text(sql), {"book": book_id}).scalar()
        if row is not None:
            found.append(Finding(check, str(row)))
    wrong = _first_wrong_leaf(session, book_id)
    if wrong is not None:
        found.append(Finding("R7", f"transfer {wrong} is not what its leaf says"))
    seal = first_broken_seal(session, book_id)
    if seal is not None:
        found.append(Finding("R7", f"seal {seal} does not fit its transfers"))
    return found


def _first_wrong_leaf(session: Session, book_id: int) -> int | None:
    """Recompute the leaf of every transfer; the rows pass one by one, so memory stays small."""
    wanted = select(TRANSFER).where(TRANSFER.c.book_id == book_id).order_by(TRANSFER.c.id)
    streamed = {"yield_per": 5000}  # of this statement alone: the session may write afterwards
    with session.connection().execute(wanted, execution_options=streamed) as rows:
        return next((int(row.id) for row in rows if not _leaf_fits(row)), None)


def _leaf_fits(row: Row[Any]) -> bool:
    posting = Posting(
        book_id=row.book_id,
        idem_key=row.idem_key,
        debit_id=row.debit_id,
        credit_id=row.credit_id,
        amount_min=row.amount_min,
        reason=row.reason,
        effective_at=row.effective_at,
        kind=row.kind,
        hold_id=row.hold_id,
        reverses_id=row.reverses_id,
        expires_at=row.expires_at,
        decision=row.decision,
    )
    return leaf_hash(posting, row.created_at) == bytes(row.leaf) and request_hash(posting) == bytes(row.request_hash)

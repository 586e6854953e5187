"""The books prove themselves: seven checks, each names the first row that breaks it.

R1 entries of a book sum to zero. R2 an account is the fold of its entries. R3 each balance follows from the one
before, without gaps, at the moment of its transfer or of the entry before, whichever is later. R4 a transfer that
moves has just its two entries, any other has none, no entry is without its transfer, and a reversal is the opposite
of what it reverses. R5 open holds are the holds without an end, an account holds their sum, and a hold ends as it was
made. R6 no entry takes an account under its floor. R7 every leaf and every seal is what its rows say, and the seals
are those that were published.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, select, text
from sqlmodel import Session

from timebank.core.errors import Refusal
from timebank.ledger.posting import TRANSFER, Posting, leaf_hash, request_hash
from timebank.ledger.seals import first_broken_seal, first_unlike_seal

ENDED = "EXISTS (SELECT 1 FROM transfer r WHERE r.hold_id = t.id)"
MOVES = "CASE WHEN t.kind IN ('post', 'capture', 'reverse') THEN 1 ELSE 0 END"
GIVES = "CASE WHEN e.account_id = t.debit_id AND e.amount_min = -t.amount_min THEN 1 ELSE 0 END"
TAKES = "CASE WHEN e.account_id = t.credit_id AND e.amount_min = t.amount_min THEN 1 ELSE 0 END"

CHECKS: tuple[tuple[str, str], ...] = (
    (
        "R1",
        """
        SELECT 'book ' || a.book_id || ' is off by ' || SUM(e.amount_min) || ' minutes' FROM entry e
        JOIN account a ON a.id = e.account_id WHERE a.book_id = :book
        GROUP BY a.book_id HAVING SUM(e.amount_min) <> 0""",
    ),
    (
        "R2",
        """
        SELECT 'account ' || a.id || ' says ' || a.credits || ' in, ' || a.debits || ' out, ' || a.version
            || ' lines; its entries say ' || COALESCE(f.credits, 0) || ', ' || COALESCE(f.credits - f.total, 0) || ', '
            || COALESCE(f.lines, 0)
        FROM account a LEFT JOIN (
            SELECT account_id, SUM(amount_min) AS total, MAX(seq) AS last, COUNT(*) AS lines,
                   SUM(CASE WHEN amount_min > 0 THEN amount_min ELSE 0 END) AS credits
            FROM entry GROUP BY account_id) f ON f.account_id = a.id
        WHERE a.book_id = :book AND (a.credits <> COALESCE(f.credits, 0) OR a.credits - a.debits <> COALESCE(f.total, 0)
            OR a.version <> COALESCE(f.last, 0) OR a.version <> COALESCE(f.lines, 0))
        ORDER BY a.id LIMIT 1""",
    ),
    (
        "R2",
        """
        SELECT 'account ' || a.id || ' has another moment than its newest entry' FROM account a
        LEFT JOIN (SELECT account_id, MAX(created_at) AS newest FROM entry GROUP BY account_id) f ON f.account_id = a.id
        WHERE a.book_id = :book AND ((a.moved_at IS NULL) <> (f.newest IS NULL) OR a.moved_at <> f.newest)
        ORDER BY a.id LIMIT 1""",
    ),
    (
        "R3",
        """
        SELECT 'account ' || account_id || ', entry ' || seq FROM (
            SELECT e.account_id, e.seq, e.balance_after_min - e.amount_min AS was,
                   LAG(e.balance_after_min, 1, 0) OVER w AS before, e.seq - LAG(e.seq, 1, 0) OVER w AS step,
                   e.credits_after_min - CASE WHEN e.amount_min > 0 THEN e.amount_min ELSE 0 END AS credits_were,
                   LAG(e.credits_after_min, 1, 0) OVER w AS credits_before,
                   e.created_at AS moment, LAG(e.created_at) OVER w AS moment_before, t.created_at AS posted
            FROM entry e JOIN account a ON a.id = e.account_id LEFT JOIN transfer t ON t.id = e.transfer_id
            WHERE a.book_id = :book WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq)) lines
        WHERE was <> before OR step <> 1 OR credits_were <> credits_before
            OR moment <> CASE WHEN moment_before > posted THEN moment_before ELSE posted END
        ORDER BY account_id, seq LIMIT 1""",
    ),
    (
        "R4",
        f"""
        SELECT 'transfer ' || t.id || ' has ' || COUNT(e.transfer_id) || ' entries, of which fit '
            || (COALESCE(SUM({GIVES}), 0) + COALESCE(SUM({TAKES}), 0))
        FROM transfer t LEFT JOIN entry e ON e.transfer_id = t.id WHERE t.book_id = :book GROUP BY t.id, t.kind
        HAVING SUM({GIVES}) <> {MOVES} OR SUM({TAKES}) <> {MOVES} OR COUNT(e.transfer_id) <> 2 * {MOVES}
        ORDER BY t.id LIMIT 1""",
    ),
    (
        "R4",
        """
        SELECT 'account ' || e.account_id || ', entry ' || e.seq || ' has no transfer in its book' FROM entry e
        JOIN account a ON a.id = e.account_id WHERE a.book_id = :book
        AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = e.transfer_id AND t.book_id = a.book_id)
        ORDER BY e.account_id, e.seq LIMIT 1""",
    ),
    (
        "R4",
        """
        SELECT 'transfer ' || t.id || ' is not the opposite of ' || t.reverses_id FROM transfer t
        LEFT JOIN transfer r ON r.id = t.reverses_id AND r.book_id = t.book_id AND r.kind IN ('post', 'capture')
            AND r.debit_id = t.credit_id AND r.credit_id = t.debit_id AND r.amount_min = t.amount_min
        WHERE t.book_id = :book AND t.reverses_id IS NOT NULL AND r.id IS NULL ORDER BY t.id LIMIT 1""",
    ),
    (
        "R5",
        f"""
        SELECT 'hold ' || t.id || ' has no end, and is not open until its moment' FROM transfer t
        LEFT JOIN hold_open o ON o.hold_id = t.id AND o.expires_at = t.expires_at
        WHERE t.book_id = :book AND t.kind = 'hold' AND o.hold_id IS NULL AND NOT {ENDED} ORDER BY t.id LIMIT 1""",
    ),
    (
        "R5",
        f"""
        SELECT 'transfer ' || o.hold_id || ' is open, and is no hold or has ended' FROM hold_open o
        JOIN transfer t ON t.id = o.hold_id
        WHERE t.book_id = :book AND (t.kind <> 'hold' OR {ENDED}) ORDER BY o.hold_id LIMIT 1""",
    ),
    (
        "R5",
        f"""
        SELECT 'account ' || a.id || ' holds ' || a.held || ', its open holds ' || COALESCE(h.total, 0) FROM account a
        LEFT JOIN (SELECT t.debit_id, SUM(t.amount_min) AS total FROM transfer t
                   WHERE t.book_id = :book AND t.kind = 'hold' AND NOT {ENDED} GROUP BY t.debit_id) h
        ON h.debit_id = a.id WHERE a.book_id = :book AND a.held <> COALESCE(h.total, 0) ORDER BY a.id LIMIT 1""",
    ),
    (
        "R5",
        """
        SELECT 'transfer ' || t.id || ' ends hold ' || t.hold_id || ' as another one' FROM transfer t
        LEFT JOIN transfer h ON h.id = t.hold_id AND h.book_id = t.book_id AND h.kind = 'hold'
            AND h.debit_id = t.debit_id AND h.credit_id = t.credit_id AND h.amount_min = t.amount_min
        WHERE t.book_id = :book AND t.hold_id IS NOT NULL AND h.id IS NULL ORDER BY t.id LIMIT 1""",
    ),
    (
        "R6",
        """
        SELECT 'account ' || e.account_id || ', entry ' || e.seq || ' leaves ' || e.balance_after_min FROM entry e
        JOIN account a ON a.id = e.account_id
        WHERE a.book_id = :book AND a.floor_min IS NOT NULL AND e.balance_after_min < a.floor_min
        ORDER BY e.account_id, e.seq LIMIT 1""",
    ),
)


class Finding(NamedTuple):
    """A check that does not hold, and the first row that breaks it."""

    check: str
    row: str


def reconcile(session: Session, book_id: int, *, published: Mapping[int, bytes] | None = None) -> list[Finding]:
    """Run R1 to R7 over a book; an empty list says that all hold.

    ``published`` are digests of seals, by number, that were kept outside the database. Without them the seals only
    find who did not compute them anew.
    """
    connection = session.connection()
    found: list[Finding] = []
    for check, sql in CHECKS:
        row = connection.execute(text(sql), {"book": book_id}).scalar()
        if row is not None:
            found.append(Finding(check, str(row)))
    wrong = _first_wrong_leaf(session, book_id)
    if wrong is not None:
        found.append(Finding("R7", f"transfer {wrong} is not what its leaf says"))
    seal = first_broken_seal(session, book_id)
    if seal is not None:
        found.append(Finding("R7", f"seal {seal} does not fit its transfers"))
    unlike = first_unlike_seal(session, book_id, published or {})
    if unlike is not None:
        found.append(Finding("R7", f"seal {unlike} is not the one that was published"))
    return found


def _first_wrong_leaf(session: Session, book_id: int) -> int | None:
    """Recompute the leaf of every transfer; the rows pass one by one, so memory stays small."""
    wanted = select(TRANSFER).where(TRANSFER.c.book_id == book_id).order_by(TRANSFER.c.id)
    streamed = {"yield_per": 5000}  # of this statement alone: the session may write afterwards
    with session.connection().execute(wanted, execution_options=streamed) as rows:
        return next((int(row.id) for row in rows if not _leaf_fits(row)), None)


def _leaf_fits(row: Row[Any]) -> bool:
    try:
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
    except Refusal:  # a row that no posting could have become
        return False
    return leaf_hash(posting, row.created_at) == bytes(row.leaf) and request_hash(posting) == bytes(row.request_hash)

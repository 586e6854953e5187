"""The checks of the books that are SQL: R1 to R6, and seals of no book; each set-based over all rows of a book.

Each selects the first row that breaks it: its ``key``, and for every column that is compared what it says
(``is_column``) and what it should say (``be_column``). ``!==`` stands for the database's own "differs, or only one
of them is empty".
"""

from typing import NamedTuple

DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}
ENDED = "EXISTS (SELECT 1 FROM transfer r WHERE r.hold_id = t.id)"
MOVING = "('post', 'capture', 'reverse')"
NEWEST_STATE = (
    "(SELECT * FROM account_state s WHERE s.n = (SELECT MAX(m.n) FROM account_state m "
    "WHERE m.account_id = s.account_id))"
)
STATE = ("book_id", "code", "kind", "person_id", "organisation_id", "floor_min", "ceiling_min", "status")
PAIRS = ", ".join(f"a.{name} AS is_{name}, s.{name} AS be_{name}" for name in STATE)
UNLIKE = " OR ".join(f"a.{name} !== s.{name}" for name in STATE)


class Check(NamedTuple):
    """A check: its name, the table of the rows it names, its statement, and when it has to look for a row at all.

    ``only_if`` selects a number that is 0 when there is none to look for, which is cheaper to know.
    """

    name: str
    table: str
    sql: str
    only_if: str = ""


CHECKS = (
    Check(
        "R1",
        "book",
        """
        SELECT a.book_id AS key, SUM(e.amount_min) AS is_sum_of_entries, 0 AS be_sum_of_entries
        FROM account a JOIN entry e ON e.account_id = a.id WHERE a.book_id = :book
        GROUP BY a.book_id HAVING SUM(e.amount_min) <> 0""",
    ),
    Check(
        "R2",
        "account",
        """
        SELECT a.id AS key, a.credits AS is_credits, COALESCE(f.credits, 0) AS be_credits,
            a.debits AS is_debits, COALESCE(f.debits, 0) AS be_debits,
            a.version AS is_version, COALESCE(f.lines, 0) AS be_version,
            a.moved_at AS is_moved_at, f.newest AS be_moved_at
        FROM account a LEFT JOIN (
            SELECT account_id, COUNT(*) AS lines, MAX(created_at) AS newest,
                   SUM(CASE WHEN amount_min > 0 THEN amount_min ELSE 0 END) AS credits,
                   SUM(CASE WHEN amount_min < 0 THEN -amount_min ELSE 0 END) AS debits
            FROM entry GROUP BY account_id) f ON f.account_id = a.id
        WHERE a.book_id = :book AND (a.credits !== COALESCE(f.credits, 0) OR a.debits !== COALESCE(f.debits, 0)
            OR a.version !== COALESCE(f.lines, 0) OR a.moved_at !== f.newest)
        ORDER BY a.id LIMIT 1""",
    ),
    Check(
        "R2",
        "account",
        f"""
        SELECT a.id AS key, {PAIRS} FROM account a LEFT JOIN {NEWEST_STATE} s ON s.account_id = a.id
        WHERE (a.book_id = :book OR s.book_id = :book) AND ({UNLIKE}) ORDER BY a.id LIMIT 1""",
    ),
    Check(
        "R2",
        "account",
        """
        SELECT s.account_id AS key, a.id AS is_id, s.account_id AS be_id
        FROM account_state s LEFT JOIN account a ON a.id = s.account_id
        WHERE s.book_id = :book AND a.id IS NULL ORDER BY s.account_id LIMIT 1""",
    ),
    Check(
        "R3",
        "entry",
        """
        SELECT 'account ' || account_id || ', seq ' || seq AS key, seq AS is_seq, lines AS be_seq,
            balance_after_min AS is_balance_after_min, total AS be_balance_after_min,
            credits_after_min AS is_credits_after_min, credits AS be_credits_after_min
        FROM (
            SELECT e.account_id, e.seq, e.balance_after_min, e.credits_after_min, COUNT(*) OVER w AS lines,
                   SUM(e.amount_min) OVER w AS total,
                   SUM(CASE WHEN e.amount_min > 0 THEN e.amount_min ELSE 0 END) OVER w AS credits
            FROM entry e WHERE e.account_id IN (SELECT id FROM account WHERE book_id = :book)
            WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq ROWS UNBOUNDED PRECEDING)) folded
        WHERE seq <> lines OR balance_after_min <> total OR credits_after_min <> credits
        ORDER BY account_id, seq LIMIT 1""",
    ),
    Check(
        "R4",
        "entry",
        f"""
WITH wrong AS MATERIALIZED (
            SELECT e.account_id, e.seq, e.transfer_id AS is_transfer_id, t.id AS be_transfer_id,
                e.amount_min AS is_amount_min,
                CASE e.account_id WHEN t.debit_id THEN -t.amount_min WHEN t.credit_id THEN t.amount_min ELSE 0 END
                    AS be_amount_min,
                e.created_at AS is_created_at,
                CASE WHEN b.created_at > t.created_at THEN b.created_at ELSE t.created_at END AS be_created_at
            FROM account a JOIN entry e ON e.account_id = a.id
            LEFT JOIN transfer t ON t.id = e.transfer_id AND t.book_id = :book AND t.kind IN {MOVING}
            LEFT JOIN entry b ON b.account_id = e.account_id AND b.seq = e.seq - 1
            WHERE a.book_id = :book AND (t.id IS NULL OR e.amount_min <> CASE e.account_id
                    WHEN t.debit_id THEN -t.amount_min WHEN t.credit_id THEN t.amount_min ELSE 0 END
                OR e.created_at <> CASE WHEN b.created_at > t.created_at THEN b.created_at ELSE t.created_at END))
        SELECT 'account ' || account_id || ', seq ' || seq AS key, is_transfer_id, be_transfer_id,
            is_amount_min, be_amount_min, is_created_at, be_created_at
        FROM wrong ORDER BY account_id, seq LIMIT 1""",
    ),
    Check(
        "R4",
        "transfer",
        f"""
        SELECT t.id AS key, COUNT(e.transfer_id) AS is_entries, 2 AS be_entries
        FROM transfer t LEFT JOIN entry e ON e.transfer_id = t.id
        WHERE t.book_id = :book AND t.kind IN {MOVING} GROUP BY t.id HAVING COUNT(e.transfer_id) <> 2
        ORDER BY t.id LIMIT 1""",
        f"""
        SELECT (SELECT COUNT(*) FROM account a JOIN entry e ON e.account_id = a.id WHERE a.book_id = :book)
            - 2 * (SELECT COUNT(*) FROM transfer t WHERE t.book_id = :book AND t.kind IN {MOVING})""",
    ),
    Check(
        "R4",
        "transfer",
        """
        SELECT t.id AS key, t.book_id AS is_book_id, a.book_id AS be_book_id
        FROM transfer t JOIN account a ON a.id = t.debit_id
        WHERE t.book_id <> :book AND a.book_id = :book ORDER BY t.id LIMIT 1""",
    ),
    Check(
        "R4",
        "transfer",
        """
        SELECT t.id AS key, t.reverses_id AS is_reverses_id, r.id AS be_reverses_id FROM transfer t
        LEFT JOIN transfer r ON r.id = t.reverses_id AND r.book_id = t.book_id AND r.kind IN ('post', 'capture')
            AND r.debit_id = t.credit_id AND r.credit_id = t.debit_id AND r.amount_min = t.amount_min
        WHERE t.book_id = :book AND t.reverses_id IS NOT NULL AND r.id IS NULL ORDER BY t.id LIMIT 1""",
    ),
    Check(
        "R5",
        "hold_open",
        f"""
        SELECT t.id AS key, o.expires_at AS is_expires_at, t.expires_at AS be_expires_at FROM transfer t
        LEFT JOIN hold_open o ON o.hold_id = t.id
        WHERE t.book_id = :book AND t.kind = 'hold' AND o.expires_at !== t.expires_at AND NOT {ENDED}
        ORDER BY t.id LIMIT 1""",
    ),
    Check(
        "R5",
        "hold_open",
        f"""
        SELECT o.hold_id AS key, o.hold_id AS is_hold_id, NULL AS be_hold_id FROM hold_open o
        LEFT JOIN transfer t ON t.id = o.hold_id
        WHERE t.id IS NULL OR (t.book_id = :book AND (t.kind <> 'hold' OR {ENDED})) ORDER BY o.hold_id LIMIT 1""",
    ),
    Check(
        "R5",
        "account",
        f"""
        SELECT a.id AS key, a.held AS is_held, COALESCE(h.total, 0) AS be_held FROM account a
        LEFT JOIN (SELECT t.debit_id, SUM(t.amount_min) AS total FROM transfer t
                   WHERE t.book_id = :book AND t.kind = 'hold' AND NOT {ENDED} GROUP BY t.debit_id) h
        ON h.debit_id = a.id WHERE a.book_id = :book AND a.held <> COALESCE(h.total, 0) ORDER BY a.id LIMIT 1""",
    ),
    Check(
        "R5",
        "transfer",
        """
        SELECT t.id AS key, t.hold_id AS is_hold_id, h.id AS be_hold_id FROM transfer t
        LEFT JOIN transfer h ON h.id = t.hold_id AND h.book_id = t.book_id AND h.kind = 'hold'
            AND h.debit_id = t.debit_id AND h.credit_id = t.credit_id AND h.amount_min = t.amount_min
        WHERE t.book_id = :book AND t.hold_id IS NOT NULL AND h.id IS NULL ORDER BY t.id LIMIT 1""",
    ),
    Check(
        "R6",
        "entry",
        """
        SELECT 'account ' || e.account_id || ', seq ' || e.seq AS key, e.balance_after_min AS is_balance_after_min,
            CASE WHEN e.balance_after_min < s.floor_min THEN s.floor_min ELSE s.ceiling_min END AS be_balance_after_min
        FROM (SELECT account_id, floor_min, ceiling_min, from_seq,
                     LEAD(from_seq) OVER (PARTITION BY account_id ORDER BY n) AS to_seq
              FROM account_state WHERE book_id = :book) s
        JOIN entry e ON e.account_id = s.account_id AND e.seq > s.from_seq AND (s.to_seq IS NULL OR e.seq <= s.to_seq)
        WHERE e.balance_after_min < s.floor_min OR (e.amount_min > 0 AND e.balance_after_min > s.ceiling_min)
        ORDER BY e.account_id, e.seq LIMIT 1""",
    ),
    Check(
        "R7",
        "seal",
        """
        SELECT s.n AS key, s.book_id AS is_book_id, b.id AS be_book_id
        FROM seal s LEFT JOIN book b ON b.id = s.book_id WHERE b.id IS NULL ORDER BY s.book_id, s.n LIMIT 1""",
    ),
)

"""What coins did is what the ledger says: five checks beside the seven of the ledger, each naming its first wrong row.

C1 a redemption is held, captured, released or expired as its hold is, and captured are the minutes that were posted;
C2 a gift is pending, accepted, given back or undone as its hold is;
C3 a programme has used what its grants are, and each grant is a transfer of its amount;
C4 what left one book entered the other, and the accounts of every two books for each other are opposite;
C5 a family was given what its members put in, and a settled estate left an account that is empty and closed.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from timebank.coins.moves import unsettled

REVERSED = "EXISTS (SELECT 1 FROM transfer x WHERE x.reverses_id = t.id)"
CHECKS: tuple[tuple[str, str], ...] = (
    (
        "C1",
        f"""
        SELECT 'redemption ' || r.id || ' is ' || r.status || ' and its hold is ' || COALESCE(e.kind, 'open')
        FROM redemption r LEFT JOIN transfer e ON e.hold_id = r.hold_id
        LEFT JOIN transfer t ON t.id = r.transfer_id
        WHERE r.book_id = :book AND (
            (r.status = 'held' AND e.id IS NOT NULL AND e.kind <> 'expire')
            OR (r.status <> 'held' AND e.id IS NULL)
            OR (r.status = 'captured' AND (e.kind = 'expire' OR t.id IS NULL OR {REVERSED}
                OR t.amount_min <> r.captured_min OR t.debit_id <> r.account_id OR t.reason <> 'redeem')))
        ORDER BY r.id LIMIT 1""",
    ),
    (
        "C2",
        f"""
        SELECT 'gift ' || g.id || ' is ' || g.status || ' and its hold is ' || COALESCE(e.kind, 'open')
        FROM gift g LEFT JOIN transfer e ON e.hold_id = g.hold_id LEFT JOIN transfer t ON t.id = g.transfer_id
        WHERE g.book_id = :book AND (
            (g.status = 'pending' AND e.id IS NOT NULL AND e.kind <> 'expire')
            OR (g.status = 'lapsed' AND COALESCE(e.kind, '') <> 'expire')
            OR (g.status IN ('declined', 'withdrawn') AND COALESCE(e.kind, '') <> 'void')
            OR (g.status IN ('accepted', 'undone') AND (COALESCE(e.kind, '') <> 'capture' OR e.id <> g.transfer_id))
            OR (g.status = 'accepted' AND {REVERSED}) OR (g.status = 'undone' AND NOT {REVERSED})
            OR t.amount_min <> g.amount_min)
        ORDER BY g.id LIMIT 1""",
    ),
    (
        "C3",
        """
        SELECT 'programme ' || p.id || ' says ' || p.used_min || ', its grants ' || COALESCE(s.total, 0)
        FROM grant_programme p LEFT JOIN (SELECT g.programme_id, SUM(t.amount_min) AS total FROM coin_grant g
            JOIN transfer t ON t.id = g.transfer_id AND t.amount_min = g.amount_min AND t.reason = 'grant'
            GROUP BY g.programme_id) s ON s.programme_id = p.id
        WHERE p.book_id = :book AND p.used_min <> COALESCE(s.total, 0) ORDER BY p.id LIMIT 1""",
    ),
    (
        "C4",
        """
        SELECT 'move ' || m.act_id || ' is ' || m.amount_min || ', out ' || o.amount_min || ', in ' || i.amount_min
        FROM coin_move m JOIN transfer o ON o.id = m.out_transfer_id JOIN transfer i ON i.id = m.in_transfer_id
        WHERE :book IN (m.from_book_id, m.to_book_id) AND (o.amount_min <> m.amount_min OR i.amount_min <> m.amount_min
            OR o.book_id <> m.from_book_id OR i.book_id <> m.to_book_id) ORDER BY m.act_id LIMIT 1""",
    ),
    (
        "C5",
        """
        SELECT 'family ' || f.id || ' was given ' || COALESCE(s.total, 0) || ', its members say ' || p.total
        FROM family f JOIN (SELECT family_id, SUM(put_in_min) AS total FROM family_member GROUP BY family_id) p
            ON p.family_id = f.id
        LEFT JOIN (SELECT credit_id, SUM(amount_min) AS total FROM transfer
            WHERE book_id = :book AND reason = 'family_in' GROUP BY credit_id) s ON s.credit_id = f.account_id
        WHERE f.book_id = :book AND p.total <> COALESCE(s.total, 0) ORDER BY f.id LIMIT 1""",
    ),
    (
        "C5",
        """
        SELECT 'estate ' || e.id || ' is settled and account ' || a.id || ' is ' || a.status FROM estate e
        JOIN account a ON a.id = e.account_id WHERE e.book_id = :book AND e.status = 'settled'
            AND (a.status <> 'closed' OR a.credits <> a.debits OR a.held <> 0) ORDER BY e.id LIMIT 1""",
    ),
)


class Unlike(NamedTuple):
    """A check that does not hold, and the first row that breaks it."""

    check: str
    row: str


def compare_coins(session: Session, book_id: int) -> list[Unlike]:
    """Compare what coins did with the ledger of a book; an empty list says that they agree."""
    found = []
    for check, sql in CHECKS:
        row = session.connection().execute(text(sql), {"book": book_id}).scalar()
        if row is not None:
            found.append(Unlike(check, str(row)))
    apart = "books {0} and {1}: {2}, {3}"
    return found + [Unlike("C4", apart.format(*one)) for one in unsettled(session)]

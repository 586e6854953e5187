"""What is derived is folded anew: accounts from their entries, holds and states, open holds from the transfers.

Every row comes out as it would be had nothing ever touched it, byte for byte. Whatever is written once, transfers,
entries and seals, is not changed: when that is not sound there is nothing to fold from, and it is said so.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlmodel import Session

from timebank.core.errors import WrongState
from timebank.core.texts import Phrase
from timebank.ledger.checks import ENDED, NEWEST_STATE
from timebank.ledger.findings import Finding, shown
from timebank.ledger.reconcile import in_dialect, reconcile

DERIVED = ("account", "hold_open")
"""Tables that are folded from others."""
HOLDER = ("book_id", "code", "kind", "person_id", "organisation_id")
LIMITS = ("floor_min", "ceiling_min", "status")
SUMS = ("credits", "debits", "held", "version", "moved_at")
OPEN = f"SELECT t.id, t.expires_at FROM transfer t WHERE t.book_id = :book AND t.kind = 'hold' AND NOT {ENDED}"
FOLD = f"""
    SELECT a.id AS id, COALESCE(f.credits, 0) AS credits, COALESCE(f.debits, 0) AS debits,
        COALESCE(h.held, 0) AS held, COALESCE(f.lines, 0) AS version, f.newest AS moved_at,
        {", ".join(f"s.{name} AS {name}" for name in (*HOLDER, *LIMITS))},
        {", ".join(f"a.{name} AS was_{name}" for name in (*SUMS, *HOLDER, *LIMITS))}
    FROM account a LEFT JOIN (
        SELECT account_id, COUNT(*) AS lines, MAX(created_at) AS newest,
               SUM(CASE WHEN amount_min > 0 THEN amount_min ELSE 0 END) AS credits,
               SUM(CASE WHEN amount_min < 0 THEN -amount_min ELSE 0 END) AS debits
        FROM entry GROUP BY account_id) f ON f.account_id = a.id
    LEFT JOIN (SELECT t.debit_id, SUM(t.amount_min) AS held FROM transfer t
               WHERE t.book_id = :book AND t.kind = 'hold' AND NOT {ENDED} GROUP BY t.debit_id) h ON h.debit_id = a.id
    LEFT JOIN {NEWEST_STATE} s ON s.account_id = a.id
    WHERE (a.book_id = :book OR s.book_id = :book) AND ({{unlike}}) ORDER BY a.id"""
UNLIKE = " OR ".join(
    (
        "a.credits !== COALESCE(f.credits, 0)",
        "a.debits !== COALESCE(f.debits, 0)",
        "a.held !== COALESCE(h.held, 0)",
        "a.version !== COALESCE(f.lines, 0)",
        "a.moved_at !== f.newest",
        *(f"a.{name} !== s.{name}" for name in (*HOLDER, *LIMITS)),
    )
)
HOLDS = f"""
    SELECT x.id AS hold_id, o.hold_id AS was, x.expires_at AS expires_at, o.expires_at AS was_expires_at
    FROM ({OPEN}) x LEFT JOIN hold_open o ON o.hold_id = x.id WHERE o.expires_at !== x.expires_at
    UNION ALL
    SELECT o.hold_id, o.hold_id, NULL, o.expires_at FROM hold_open o LEFT JOIN transfer t ON t.id = o.hold_id
    WHERE (t.id IS NULL OR t.book_id = :book) AND o.hold_id NOT IN (SELECT y.id FROM ({OPEN}) y)
    ORDER BY 1"""


class Rebuilt(NamedTuple):
    """What differs, column by column, and whether it was written."""

    differences: list[Finding]
    is_applied: bool


def rebuild(session: Session, book_id: int, *, apply: bool) -> Rebuilt:
    """Fold the derived tables of a book anew; without ``apply`` it is only said what differs.

    Raises
    ------
    WrongState
        When what they are folded from is not sound, or an account says to be someone else's: a person must look.
    """
    connection = session.connection()
    if apply and connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE transfer, entry, account, hold_open IN SHARE ROW EXCLUSIVE MODE"))
    _require_sound(session, book_id)
    accounts = _unlike(connection, FOLD.format(unlike=UNLIKE), book_id)
    holds = _unlike(connection, HOLDS, book_id)
    found = [finding for row in accounts for finding in _account_findings(row)]
    found += [_hold_finding(row) for row in holds]
    stranger = next((one for one in found if one.column in HOLDER), None)
    if stranger is not None:
        raise _refusal(stranger)
    if apply:
        _write(connection, accounts, holds)
    return Rebuilt(found, apply and bool(found))


def _require_sound(session: Session, book_id: int) -> None:
    for finding in reconcile(session, book_id):
        if finding.table not in DERIVED or finding.column == "id":
            raise _refusal(finding)


def _refusal(finding: Finding) -> WrongState:
    key = f"{finding.table} {finding.key}"
    state = Phrase("state_not_sound", column=finding.column, says=finding.says, should=finding.should)
    return WrongState(kind="row", key=key, state=state, allowed=Phrase("allowed_sound"))


def _unlike(connection: Connection, sql: str, book_id: int) -> list[dict[str, Any]]:
    rows = connection.execute(text(in_dialect(sql, connection)), {"book": book_id}).mappings()
    return [dict(row) for row in rows]


def _account_findings(row: dict[str, Any]) -> list[Finding]:
    columns = [name for name in (*SUMS, *HOLDER, *LIMITS) if row[f"was_{name}"] != row[name]]
    return [
        Finding("R5" if name == "held" else "R2", "account", str(row["id"]), name, *_pair(row, name))
        for name in columns
    ]


def _hold_finding(row: dict[str, Any]) -> Finding:
    return Finding("R5", "hold_open", str(row["hold_id"]), "expires_at", *_pair(row, "expires_at"))


def _pair(row: dict[str, Any], name: str) -> tuple[str, str]:
    return shown(row[f"was_{name}"]), shown(row[name])


def _write(connection: Connection, accounts: list[dict[str, Any]], holds: list[dict[str, Any]]) -> None:
    """Write folded rows; a moment is written as it was read, so that its bytes are the same."""
    mended = ", ".join(f"{name} = :{name}" for name in (*SUMS, *LIMITS))
    for statement, rows in (
        (f"UPDATE account SET {mended} WHERE id = :id", accounts),
        ("DELETE FROM hold_open WHERE hold_id = :hold_id", [row for row in holds if row["was"] is not None]),
        (
            "INSERT INTO hold_open (hold_id, expires_at) VALUES (:hold_id, :expires_at)",
            [row for row in holds if row["expires_at"] is not None],
        ),
    ):
        if rows:
            connection.execute(text(statement), rows)

"""The books prove themselves: seven checks, each names the first row that breaks it.

R1 entries of a book sum to zero. R2 an account is the fold of its entries, and whose it is and its limits are those
that were written down when they were set. R3 each balance follows from the ones before, without gaps. R4 an entry is
what its transfer makes, at its moment or that of the entry before, whichever is later; a transfer that moves has two,
any other none; a reversal is the opposite of what it reverses. R5 open holds are the holds without an end, an account
holds their sum, and a hold ends as it was made. R6 no entry takes an account past a limit that it had then. R7 every
leaf and every seal is what its rows say, and the seals are those that were published.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, text
from sqlmodel import Session

from timebank.core.database import transaction
from timebank.ledger.checks import CHECKS, DIFFERS, Check
from timebank.ledger.findings import Finding, shown
from timebank.ledger.leaves import Leaf, leaves
from timebank.ledger.seals import SealCheck, unlike_seal


def reconcile(session: Session, book_id: int, *, published: Mapping[int, bytes] | None = None) -> list[Finding]:
    """Run R1 to R7 over a book; an empty list says that all hold.

    ``published`` are digests of seals, by number, that were kept outside the database. Without them the seals only
    find who did not compute them anew.

    A session that only reads sees nothing that others do not see: then the hashes are computed by a second reader at
    the same time.
    """
    connection = session.connection()
    engine = connection.engine
    if not connection.get_execution_options().get("read_only"):
        return _sums(connection, book_id) + _hashes(connection, book_id, published or {})
    with ThreadPoolExecutor(max_workers=1) as beside:
        hashes = beside.submit(_hashes_apart, engine, book_id, published or {})
        return _sums(connection, book_id) + hashes.result()


def _sums(connection: Connection, book_id: int) -> list[Finding]:
    """Run R1 to R6."""
    found: list[Finding] = []
    for check in CHECKS:
        if check.only_if and not found and not connection.execute(text(check.only_if), {"book": book_id}).scalar():
            continue
        row = connection.execute(text(in_dialect(check.sql, connection)), {"book": book_id}).mappings().first()
        if row is not None:
            found.append(_finding(check, row))
    return found


def in_dialect(sql: str, connection: Connection) -> str:
    """Write a statement in the words of a database."""
    return sql.replace("!==", DIFFERS[connection.dialect.name])


def _finding(check: Check, row: RowMapping) -> Finding:
    """Name the first column of a row that does not say what it should."""
    columns = [name[3:] for name in row if name.startswith("is_")]
    wrong = next(name for name in columns if row[f"is_{name}"] != row[f"be_{name}"])
    return Finding(
        check.name, check.table, shown(row["key"]), wrong, shown(row[f"is_{wrong}"]), shown(row[f"be_{wrong}"])
    )


def _hashes_apart(engine: Engine, book_id: int, published: Mapping[int, bytes]) -> list[Finding]:
    with transaction(engine, read_only=True) as session:
        return _hashes(session.connection(), book_id, published)


def _hashes(connection: Connection, book_id: int, published: Mapping[int, bytes]) -> list[Finding]:
    """Run R7: leaves and seals in one pass over the transfers, then the seals that were published."""
    seals, wrong = SealCheck(connection, book_id), None
    for row in leaves(connection, book_id):
        if row.leaf != row.right_leaf or row.request_hash != row.right_request_hash:
            wrong = wrong or row
        seals.add(row.transfer_id, row.leaf)
    found = (_wrong_leaf(wrong), seals.end(), unlike_seal(connection, book_id, published))
    return [finding for finding in found if finding is not None]


def _wrong_leaf(row: Leaf | None) -> Finding | None:
    if row is None:
        return None
    column = "leaf" if row.leaf != row.right_leaf else "request_hash"
    said: Any = getattr(row, column)
    right: Any = getattr(row, f"right_{column}")
    return Finding("R7", "transfer", str(row.transfer_id), column, shown(said), shown(right))

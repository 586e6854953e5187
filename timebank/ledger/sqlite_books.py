"""The books in an open transaction of SQLite, spoken to through the driver alone: no posting costs a layer.

Every statement is one text, so the driver prepares it once for a connection. Whoever writes to SQLite is alone, so
nothing is locked here; a posting that is refused is taken back to its savepoint and leaves its neighbours as they are.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import orjson

from timebank.core.errors import BalanceTooHigh, BalanceTooLow, KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.store_faults import as_told
from timebank.core.texts import Phrase
from timebank.ledger.refusals import AccountClosed, AlreadyResolved, AlreadyReversed
from timebank.ledger.running import Running
from timebank.ledger.stamps import Stamp, Stamps, as_sqlite_keeps
from timebank.ledger.terms import MOVING, Posted, Posting, Standing, answered, in_utc

GATE = (
    "INSERT INTO transfer (book_id, idem_key, request_hash, kind, reason, debit_id, credit_id, amount_min, hold_id,"
    " reverses_id, expires_at, effective_at, created_at, decision, leaf) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (book_id, idem_key) DO NOTHING"
)
KEYED = "SELECT id, request_hash FROM transfer WHERE book_id = ? AND idem_key = ?"
ALL_KEYED = (
    "SELECT t.idem_key, t.id, t.request_hash FROM json_each(?) k"
    " CROSS JOIN transfer t ON t.book_id = ? AND t.idem_key = k.value"
)
MOVE = (
    "UPDATE account SET credits = credits + ?, debits = debits + ?, held = held - ?, version = version + 1,"
    " moved_at = CASE WHEN moved_at IS NULL OR moved_at < ? THEN ? ELSE moved_at END"
    " WHERE id = ? AND book_id = ? AND status = 'open' RETURNING credits, debits, version, moved_at"
)
SET_ASIDE = "UPDATE account SET held = held + ? WHERE id = ? AND book_id = ? AND status = 'open'"
SET_FREE = "UPDATE account SET held = held - ? WHERE id = ? AND book_id = ?"
ENTRY = (
    "INSERT INTO entry (account_id, seq, transfer_id, amount_min, balance_after_min, credits_after_min, created_at)"
    " VALUES (?,?,?,?,?,?,?)"
)
ENTRIES = f"{ENTRY}, (?,?,?,?,?,?,?)"
OPEN_HOLD = "INSERT INTO hold_open (hold_id, expires_at) VALUES (?,?)"
END_HOLD = "DELETE FROM hold_open WHERE hold_id = ?"
STANDS = "SELECT credits - debits - held - COALESCE(floor_min, 0), COALESCE(ceiling_min, 0) FROM account WHERE id = ?"
IN_BOOK = "SELECT id FROM account WHERE book_id = ? AND id IN (?, ?)"
READ = (
    "SELECT a.id, a.credits, a.debits, a.held, a.version, a.moved_at, a.floor_min, a.ceiling_min FROM json_each(?) w"
    " CROSS JOIN account a ON a.id = w.value WHERE a.book_id = ? AND a.status = 'open'"
)
WRITE = "UPDATE account SET credits = ?, debits = ?, version = ?, moved_at = ? WHERE id = ? AND version = ?"
TRANSFER = (
    "SELECT id, book_id, kind, debit_id, credit_id, amount_min, reason, expires_at FROM transfer"
    " WHERE id = ? AND book_id = ?"
)
DUE = (
    "SELECT o.hold_id FROM hold_open o JOIN transfer t ON t.id = o.hold_id WHERE t.book_id = ? AND o.expires_at <= ?"
    " ORDER BY o.expires_at, o.hold_id LIMIT ?"
)
NEWEST = "SELECT COALESCE(MAX(id), 0) FROM transfer"
SINCE = "SELECT idem_key, id FROM transfer WHERE id > ?"


class SqliteBooks:
    """Books over a connection of the driver that is in a writing transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._run = connection, connection.cursor().execute
        self._touched = (0, 0)

    def put(self, posting: Posting, *, now: datetime) -> Posted:
        """Write a transfer of any kind with all that it moves, holds or frees, or find the one that stands."""
        try:
            self._run("SAVEPOINT posting")
            try:
                stored = self._put(posting, now)
            except BaseException:
                self._take_back()
                raise
            self._run("RELEASE posting")
        except sqlite3.Error as fault:
            raise self._refusal(fault, [posting]) or as_told(fault, sqlite3.Error) from fault
        return stored

    def _take_back(self) -> None:
        if self._connection.in_transaction:  # a full disk has taken everything back already
            self._run("ROLLBACK TO posting")
            self._run("RELEASE posting")

    def _put(self, posting: Posting, now: datetime) -> Posted:
        stamps = Stamps(now)
        stamp, created_at = stamps.of(posting), as_sqlite_keeps(stamps.created_at)
        gate = self._run(GATE, _row(posting, stamp, created_at))
        if not gate.rowcount:
            standing = self._standing(posting, stamp.request)
            if standing is None:
                message = "The transfer that has this key has gone meanwhile; nothing is posted."
                raise RuntimeError(message)
            return standing
        number = int(gate.lastrowid or 0)
        if posting.kind in MOVING:
            self._move(posting, number, created_at)
        else:
            self._hold_or_free(posting, now)
        if posting.kind == "hold":
            self._run(OPEN_HOLD, (number, _kept(posting.expires_at)))
        elif posting.hold_id is not None:
            self._run(END_HOLD, (posting.hold_id,))
        return Posted(number, is_replay=False)

    def _move(self, posting: Posting, number: int, created_at: str) -> None:
        """Change both accounts in the order of their ids, and write an entry for each."""
        amount, book = posting.amount_min, posting.book_id
        freed = amount if posting.kind == "capture" else 0
        sides = [(posting.debit_id, 0, amount, freed), (posting.credit_id, amount, 0, 0)]
        entries: list[object] = []
        for account, credit, debit, free in sorted(sides):
            self._touched = (account, credit - debit)
            after = self._run(MOVE, (credit, debit, free, created_at, created_at, account, book)).fetchall()
            if not after:
                raise AccountClosed(account_id=account)
            credits_after, debits_after, version, moved_at = after[0]
            balance = credits_after - debits_after
            entries += (account, version, number, credit - debit, balance, credits_after, moved_at)
        self._run(ENTRIES, entries)

    def _hold_or_free(self, posting: Posting, now: datetime) -> None:
        amount, account = posting.amount_min, posting.debit_id
        if posting.kind != "hold":
            self._touched = (account, amount)
            changed = self._run(SET_FREE, (amount, account, posting.book_id)).rowcount
        else:
            if posting.expires_at is None or posting.expires_at <= now:
                raise WrongInput(field="expires_at", value=str(posting.expires_at), right=Phrase("right_hold_end"))
            self._touched = (account, -amount)
            changed = self._run(SET_ASIDE, (amount, account, posting.book_id)).rowcount
        if not changed:
            raise AccountClosed(account_id=account)

    def _refusal(self, fault: sqlite3.Error, postings: Sequence[Posting]) -> Refusal | None:
        """Return the refusal of a broken constraint, in numbers of this moment; nothing for another fault."""
        words, (account, amount), first = str(fault), self._touched, postings[0]
        if "FOREIGN KEY" in words:
            return self._stranger(postings)
        if "transfer.hold_id" in words and first.hold_id is not None:
            return AlreadyResolved(hold_id=first.hold_id)
        if "transfer.reverses_id" in words and first.reverses_id is not None:
            return AlreadyReversed(transfer_id=first.reverses_id)
        if "ck_account_floor" in words:
            available = self._run(STANDS, (account,)).fetchall()[0][0]
            return BalanceTooLow(account_id=account, available_min=available, amount_min=-amount)
        if "ck_account_ceiling" in words:
            ceiling = self._run(STANDS, (account,)).fetchall()[0][1]
            return BalanceTooHigh(account_id=account, ceiling_min=ceiling, amount_min=amount)
        return None

    def _stranger(self, postings: Sequence[Posting]) -> Refusal | None:
        """Name the first account that is not in its posting's book."""
        for posting in postings:
            sides = (posting.debit_id, posting.credit_id)
            inside = {row[0] for row in self._run(IN_BOOK, (posting.book_id, *sides))}
            for account in sides:
                if account not in inside:
                    return AccountClosed(account_id=account)
        return None

    def standing(self, posting: Posting, *, now: datetime) -> Posted | None:
        """Return the transfer that stands for the key of a posting, or nothing; other content is a conflict."""
        return self._standing(posting, Stamps(now).of(posting).request)

    def _standing(self, posting: Posting, request: bytes) -> Posted | None:
        found = self._run(KEYED, (posting.book_id, posting.idem_key)).fetchall()
        if not found:
            return None
        if found[0][1] != request:
            raise KeyConflict(key=posting.idem_key)
        return Posted(found[0][0], is_replay=True)

    def transfer(self, book_id: int, transfer_id: int) -> Standing:
        """Return a transfer as it stands."""
        found = self._run(TRANSFER, (transfer_id, book_id)).fetchall()
        if not found:
            raise NotFound(kind="transfer", key=str(transfer_id))
        stands = Standing(*found[0])
        until = found[0][-1]
        return stands if until is None else stands._replace(expires_at=datetime.fromisoformat(f"{until}+00:00"))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is done in the block happen whole or not at all."""
        try:
            self._run("SAVEPOINT together")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._run("ROLLBACK TO together")
                    self._run("RELEASE together")
                raise
            self._run("RELEASE together")
        except sqlite3.Error as fault:
            raise as_told(fault, sqlite3.Error) from fault

    def due_holds(self, book_id: int, *, now: datetime, most: int) -> list[int]:
        """Return open holds whose moment has passed, in the order (moment, id)."""
        return [row[0] for row in self._run(DUE, (book_id, _kept(now), most))]

    def put_each(self, asked: Sequence[tuple[Posting, datetime]]) -> list[Posted | Refusal]:
        """Do as ``put`` for one after the other, each at its own moment; a refusal is an answer like any other."""
        return [answered(self.put, posting, now) for posting, now in asked]

    def put_all(self, asked: Sequence[Posting], *, now: datetime) -> tuple[int, dict[str, int]]:
        """Post all of one book, each with a key of its own, or nothing; returns how many are new, and all numbers."""
        stamps = Stamps(now)
        stamped = [stamps.of(posting) for posting in asked]
        try:
            self._run("SAVEPOINT posting")
            try:
                stored = self._put_all(asked, stamped, as_sqlite_keeps(stamps.created_at))
            except BaseException:
                self._take_back()
                raise
            self._run("RELEASE posting")
        except sqlite3.Error as fault:
            if isinstance(fault, sqlite3.IntegrityError):
                self._all_standing(asked, stamped)  # a conflict comes before any other refusal
            raise self._refusal(fault, asked) or as_told(fault, sqlite3.Error) from fault
        return stored

    def _put_all(self, asked: Sequence[Posting], stamped: list[Stamp], created_at: str) -> tuple[int, dict[str, int]]:
        (last,) = self._run(NEWEST).fetchone()
        rows = [_row(posting, stamp, created_at) for posting, stamp in zip(asked, stamped, strict=True)]
        fresh = self._connection.executemany(GATE, rows).rowcount
        if fresh == len(asked):  # numbers are given in turn, and whoever writes is alone
            number_by_key = {posting.idem_key: number for number, posting in enumerate(asked, last + 1)}
            standing: dict[str, int] = {}
        else:
            number_by_key = dict(self._run(SINCE, (last,)).fetchall())
            known = [key.idem_key not in number_by_key for key in asked]
            standing = self._all_standing(
                [one for one, is_known in zip(asked, known, strict=True) if is_known],
                [one for one, is_known in zip(stamped, known, strict=True) if is_known],
            )
        self._move_all([one for one in asked if one.idem_key in number_by_key], number_by_key, created_at)
        if max(number_by_key.values(), default=last) != last + fresh:
            message = f"{fresh} transfers were written from {last + 1} on, and numbered otherwise; nothing is posted."
            raise RuntimeError(message)
        return fresh, number_by_key | standing

    def _all_standing(self, asked: Sequence[Posting], stamped: Sequence[Stamp]) -> dict[str, int]:
        """Return the numbers of transfers that stand for asked keys; the first asked with other content conflicts."""
        if not asked:
            return {}
        keys = orjson.dumps([posting.idem_key for posting in asked]).decode()
        rows = self._run(ALL_KEYED, (keys, asked[0].book_id)).fetchall()
        found = {key: (number, request) for key, number, request in rows}
        for posting, stamp in zip(asked, stamped, strict=True):
            if posting.idem_key in found and found[posting.idem_key][1] != stamp.request:
                raise KeyConflict(key=posting.idem_key)
        return {key: number for key, (number, _) in found.items()}

    def _move_all(self, fresh: list[Posting], number_by_key: dict[str, int], created_at: str) -> None:
        """Count running balances, then write accounts and entries."""
        if not fresh:
            return
        wanted = sorted({one.debit_id for one in fresh} | {one.credit_id for one in fresh})
        rows = self._run(READ, (orjson.dumps(wanted).decode(), fresh[0].book_id)).fetchall()
        running = Running(rows, created_at)
        running.require(wanted)
        entries = running.entries(fresh, number_by_key)
        changed = self._connection.executemany(WRITE, running.changes()).rowcount
        if changed != len(wanted):
            message = f"{len(wanted)} accounts were read, {changed} changed; nothing is posted."
            raise RuntimeError(message)
        self._connection.executemany(ENTRY, entries)


def _row(posting: Posting, stamp: Stamp, created_at: str) -> tuple[object, ...]:
    return (
        posting.book_id,
        posting.idem_key,
        stamp.request,
        posting.kind,
        posting.reason,
        posting.debit_id,
        posting.credit_id,
        posting.amount_min,
        posting.hold_id,
        posting.reverses_id,
        _kept(posting.expires_at),
        as_sqlite_keeps(stamp.effective_at),
        created_at,
        stamp.decision,
        stamp.leaf,
    )


def _kept(moment: datetime | None) -> str | None:
    return None if moment is None else as_sqlite_keeps(in_utc(moment))

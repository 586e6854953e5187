"""What a batch does to rows, written down so that it can be taken back exactly."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from timebank.core.columns import Encrypted
from timebank.core.errors import Refusal
from timebank.core.personal_data import open_field, seal_field
from timebank.core.texts import Locale, say
from timebank.imports.tables import ImportChange

CHANGE: Table = ImportChange.__table__  # type: ignore[attr-defined]  # SQLModel adds it
FIELD = "import_change.before"
ROWS_A_QUERY = 500
GONE = ""
"""Digest of a row that is not there."""
Values = Mapping[str, Any]


class BatchNotUndone(Refusal):
    """A batch cannot be taken back: it is undone already, or later work stands on it."""

    def __init__(self, *, batch_id: int, reason: str, table: str = "", key: str = "") -> None:
        self.batch_id, self.reason, self.table, self.key = batch_id, reason, table, key
        self.why = self.because("zh")
        super().__init__(f"Batch {batch_id} cannot be undone: {self.because('en')}. Nothing has changed.")

    def because(self, locale: Locale) -> str:
        """Say what stands in the way."""
        return say(f"undo_{self.reason}", locale, table=self.table, row=self.key)


class Log:
    """Writes rows and notes what was there before; ``flush`` stores the notes with the batch."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.notes: list[dict[str, Any]] = []

    def add(self, table: Table, rows: Sequence[Values]) -> list[int]:
        """Insert rows whose key the database counts; returns the keys in their order."""
        if not rows:
            return []
        key = next(iter(table.primary_key.columns))
        full = [_full(table, row) for row in rows]
        fresh = insert(table).returning(key, sort_by_parameter_order=True)
        ids = [int(number) for number in self.session.connection().execute(fresh, full).scalars()]
        for row, number in zip(full, ids, strict=True):
            self._write_down(
                table, row | {key.name: number}, before=None, after_digest=digest(row | {key.name: number})
            )
        return ids

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows that bring their own key."""
        if rows:
            full = [_full(table, row) for row in rows]
            self.session.connection().execute(insert(table), full)
            self.note_added(table, full)

    def note_added(self, table: Table, rows: Sequence[Values]) -> None:
        """Write down whole rows that were just added."""
        for row in rows:
            self._write_down(table, row, before=None, after_digest=digest(row))

    def change(self, table: Table, rows: Sequence[tuple[Values, Values]]) -> None:
        """Change whole rows from what they were to what they are; both name every column."""
        if not rows:
            return
        _overwrite(self.session, table, [after for _, after in rows])
        for before, after in rows:
            self._write_down(table, after, before=before, after_digest=digest(after))

    def remove(self, table: Table, rows: Sequence[Values]) -> None:
        """Take rows away; each names every column."""
        if rows:
            self.session.connection().execute(delete(table).where(_by_key(table)), [_bound(table, row) for row in rows])
            for row in rows:
                self._write_down(table, row, before=row, after_digest=GONE)

    def _write_down(self, table: Table, row: Values, *, before: Values | None, after_digest: str) -> None:
        self.notes.append(
            {
                "table_name": table.name,
                "row_key": {column.name: plain(row[column.name]) for column in table.primary_key.columns},
                "before": None if before is None else seal_field(FIELD, canonical(before)),
                "after_digest": after_digest,
            }
        )

    def flush(self, batch_id: int) -> None:
        """Store the notes with their batch."""
        rows = [{"batch_id": batch_id, "n": n, **note} for n, note in enumerate(self.notes, start=1)]
        if rows:
            self.session.connection().execute(insert(CHANGE), rows)


def _full(table: Table, row: Values) -> dict[str, Any]:
    """Return a row with every column of its table but the one that is counted."""
    full = {}
    for column in table.columns:
        is_counted = column.primary_key and column.name not in row
        if not is_counted:
            default = getattr(column.default, "arg", None) if getattr(column.default, "is_scalar", False) else None
            full[column.name] = row.get(column.name, default)
    return full


def plain(value: Any) -> Any:
    """Return a value as JSON keeps it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def canonical(row: Values) -> str:
    """Write a row the same way always."""
    return json.dumps({name: plain(value) for name, value in sorted(row.items())}, ensure_ascii=False)


def digest(row: Values) -> str:
    """Return the SHA-256 of a row."""
    return hashlib.sha256(canonical(row).encode()).hexdigest()


def undo_changes(session: Session, batch_id: int) -> None:
    """Take back every change of a batch, the last first; all or nothing.

    Raises
    ------
    BatchNotUndone
        When a row was changed since, or other rows refer to it.
    """
    connection = session.connection()
    wanted = select(CHANGE).where(CHANGE.c.batch_id == batch_id).order_by(CHANGE.c.n.desc())
    notes = list(connection.execute(wanted))
    tables = list(dict.fromkeys(note.table_name for note in notes))
    for name in tables:
        _undo_table(
            session, batch_id, SQLModel.metadata.tables[name], [note for note in notes if note.table_name == name]
        )


def _undo_table(session: Session, batch_id: int, table: Table, notes: list[Any]) -> None:
    keys = [column.name for column in table.primary_key.columns]
    current = _current(session, table, keys, notes)
    for note in notes:
        row = current.get(_key(keys, note.row_key))
        if (digest(row) if row else GONE) != note.after_digest:
            shown = "/".join(str(part) for part in note.row_key.values())
            raise BatchNotUndone(batch_id=batch_id, reason="changed", table=table.name, key=shown)
    added = [current[_key(keys, note.row_key)] for note in notes if note.before is None]
    try:
        if added:
            session.connection().execute(delete(table).where(_by_key(table)), [_bound(table, row) for row in added])
    except IntegrityError as fault:
        raise BatchNotUndone(batch_id=batch_id, reason="used", table=table.name) from fault
    removed = [_before(table, note) for note in notes if note.after_digest == GONE]
    if removed:
        session.connection().execute(insert(table), removed)
    _overwrite(session, table, [_before(table, note) for note in notes if note.before and note.after_digest != GONE])


def _by_key(table: Table) -> Any:
    """Return the condition that finds a row by its bound key."""
    return and_(*(column == bindparam(f"key_{column.name}") for column in table.primary_key.columns))


def _bound(table: Table, row: Values) -> dict[str, Any]:
    return {f"key_{column.name}": row[column.name] for column in table.primary_key.columns}


def _overwrite(session: Session, table: Table, rows: Sequence[Values]) -> None:
    """Write whole rows over those of the same key."""
    names = [column.name for column in table.columns if not column.primary_key]
    if rows and names:
        changed = update(table).where(_by_key(table)).values({name: bindparam(f"new_{name}") for name in names})
        values = [_bound(table, row) | {f"new_{name}": row[name] for name in names} for row in rows]
        session.connection().execute(changed, values)


def _key(keys: list[str], row: Values) -> tuple[Any, ...]:
    return tuple(plain(row[key]) for key in keys)


def _current(session: Session, table: Table, keys: list[str], notes: list[Any]) -> dict[tuple[Any, ...], Values]:
    """Read the rows of the notes as they are now, by key."""
    first = table.c[keys[0]]
    found: dict[tuple[Any, ...], Values] = {}
    numbers = iter(sorted({note.row_key[keys[0]] for note in notes}))
    while some := list(islice(numbers, ROWS_A_QUERY)):
        for row in session.connection().execute(select(table).where(first.in_(some))).mappings():
            whole = {**row}
            found[_key(keys, whole)] = whole
    return found


def _before(table: Table, note: Any) -> dict[str, Any]:
    """Open the row as it was before a batch, with the types of its columns."""
    row: dict[str, Any] = json.loads(open_field(FIELD, bytes(note.before)))
    for column in table.columns:
        value, kind = row[column.name], column.type.python_type
        if isinstance(value, str) and issubclass(kind, datetime):
            row[column.name] = datetime.fromisoformat(value)
        elif isinstance(value, str) and issubclass(kind, date):
            row[column.name] = date.fromisoformat(value)
        elif isinstance(value, str) and issubclass(kind, bytes):
            row[column.name] = value if isinstance(column.type, Encrypted) else bytes.fromhex(value)
    return row

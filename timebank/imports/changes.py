"""What a batch does to rows, written down so that it can be taken back exactly."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from timebank.core.columns import Encrypted, table_of
from timebank.core.errors import Refusal
from timebank.core.personal_data import lookup_hash, open_field, seal_field
from timebank.imports.dependents import UNKNOWN, find_dependents, row_name
from timebank.imports.rows import in_chunks, rows_in
from timebank.imports.tables import ImportChange

CHANGE = table_of(ImportChange)
FIELD = "import_change.before"
PORTION = 5_000
"""Rows that are written at a time."""
PARENTS_FIRST = (
    "person", "senior", "senior_category", "volunteer", "volunteer_skill", "need", "project", "resource", "slot",
)  # fmt: skip
"""Tables that imports write, each after those that it refers to."""
GONE = ""
"""Digest of a row that is not there."""
Values = Mapping[str, Any]


class BatchUndoneAlready(Refusal):
    """The batch is undone already."""

    def __init__(self, *, batch_id: int) -> None:
        self.batch_id = batch_id
        super().__init__(f"Batch {batch_id} is undone already.")


class RowChangedSince(Refusal):
    """A row of the batch was changed or taken away since."""

    def __init__(self, *, batch_id: int, table: str, row: str) -> None:
        self.batch_id, self.table, self.row = batch_id, table, row
        super().__init__(f"Batch {batch_id} cannot be undone: {table} {row} was changed since.")


class RowInUse(Refusal):
    """Later work rests on rows that the batch brought."""

    def __init__(self, *, batch_id: int, table: str, dependent: str, count: int) -> None:
        self.batch_id, self.table, self.dependent, self.count = batch_id, table, dependent, count
        super().__init__(f"Batch {batch_id} cannot be undone: {count} rows of {dependent} rest on its {table}.")


class Log:
    """Writes rows of a batch and notes what was there before, in portions, so that memory holds one of them."""

    def __init__(self, session: Session, batch_id: int) -> None:
        self.session, self.batch_id = session, batch_id
        self.notes: list[dict[str, Any]] = []
        self.count = 0

    def add(self, table: Table, rows: Sequence[Values]) -> list[int]:
        """Insert rows whose key the database counts; returns the keys in their order."""
        key = next(iter(table.primary_key.columns))
        fresh = insert(table).returning(key, sort_by_parameter_order=True)
        ids: list[int] = []
        for some in in_chunks(rows, PORTION):
            full = [_full(table, row) for row in some]
            numbers = [int(number) for number in self.session.connection().execute(fresh, full).scalars()]
            self.note_added(table, [row | {key.name: number} for row, number in zip(full, numbers, strict=True)])
            ids += numbers
        return ids

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows that bring their own key."""
        for some in in_chunks(rows, PORTION):
            full = [_full(table, row) for row in some]
            self.session.connection().execute(insert(table), full)
            self.note_added(table, full)

    def note_added(self, table: Table, rows: Sequence[Values]) -> None:
        """Write down whole rows that were just added."""
        for row in rows:
            self._write_down(table, row, before=None, after_digest=digest(row))

    def change(self, table: Table, rows: Sequence[tuple[Values, Values]]) -> None:
        """Change whole rows from what they were to what they are; both name every column."""
        for some in in_chunks(rows, PORTION):
            _overwrite(self.session, table, [after for _, after in some])
            for before, after in some:
                self._write_down(table, after, before=before, after_digest=digest(after))

    def remove(self, table: Table, rows: Sequence[Values]) -> None:
        """Take rows away; each names every column."""
        for some in in_chunks(rows, PORTION):
            self.session.connection().execute(delete(table).where(_by_key(table)), [_bound(table, row) for row in some])
            for row in some:
                self._write_down(table, row, before=row, after_digest=GONE)

    def _write_down(self, table: Table, row: Values, *, before: Values | None, after_digest: str) -> None:
        self.count += 1
        self.notes.append(
            {
                "batch_id": self.batch_id,
                "n": self.count,
                "table_name": table.name,
                "row_key": {column.name: plain(row[column.name]) for column in table.primary_key.columns},
                "before": None if before is None else seal_field(FIELD, canonical(before)),
                "after_digest": after_digest,
            }
        )
        if len(self.notes) == PORTION:
            self.flush()

    def flush(self) -> None:
        """Store the notes that are left."""
        if self.notes:
            self.session.connection().execute(insert(CHANGE), self.notes)
            self.notes.clear()


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
    """Return a keyed hash of a row; a plain one would tell a short name to whoever tries all names."""
    return lookup_hash("import_change", hashlib.sha256(canonical(row).encode()).hexdigest()).hex()


def undo_changes(session: Session, batch_id: int) -> None:
    """Take back every change of a batch; all or nothing. Rows go after those that refer to them, and come before.

    Raises
    ------
    RowChangedSince
        When a row was changed since.
    RowInUse
        When other rows refer to one that would go.
    """
    written = set(
        session.connection().execute(select(CHANGE.c.table_name).where(CHANGE.c.batch_id == batch_id)).scalars()
    )
    tables = [SQLModel.metadata.tables[name] for name in PARENTS_FIRST if name in written]
    for table in tables:
        for notes in _portions(session, batch_id, table):
            _refuse_changed(session, batch_id, table, notes)
    for table in reversed(tables):
        for notes in _portions(session, batch_id, table):
            _take_away(session, batch_id, table, [note for note in notes if note.before is None])
    for table in tables:
        for notes in _portions(session, batch_id, table):
            removed = [_before(table, note) for note in notes if note.after_digest == GONE]
            if removed:
                session.connection().execute(insert(table), removed)
            changed = [_before(table, note) for note in notes if note.before and note.after_digest != GONE]
            _overwrite(session, table, changed)


def _portions(session: Session, batch_id: int, table: Table) -> Iterator[list[Any]]:
    """Yield the notes of a table in their order, as many at a time as memory should hold."""
    last = 0
    own = select(CHANGE).where(CHANGE.c.batch_id == batch_id, CHANGE.c.table_name == table.name).order_by(CHANGE.c.n)
    while some := list(session.connection().execute(own.where(CHANGE.c.n > last).limit(PORTION))):
        yield some
        last = some[-1].n


def _refuse_changed(session: Session, batch_id: int, table: Table, notes: list[Any]) -> None:
    keys = [column.name for column in table.primary_key.columns]
    current = _current(session, table, keys, notes)
    for note in notes:
        row = current.get(_key(keys, note.row_key))
        if (digest(row) if row else GONE) != note.after_digest:
            name = row_name(session, table.name, note.row_key)
            raise RowChangedSince(batch_id=batch_id, table=table.name, row=name)


def _take_away(session: Session, batch_id: int, table: Table, notes: list[Any]) -> None:
    """Delete rows that the batch added; if something rests on them, say what.

    It is asked before, and not seen by a delete that fails: SQLite deletes in a savepoint in quadratic time, and
    PostgreSQL answers nothing after a failure without one. The rows are locked, so nothing comes in between.
    """
    if not notes:
        return
    keys = [column.name for column in table.primary_key.columns]
    current = _current(session, table, keys, notes)
    rows = [current[_key(keys, note.row_key)] for note in notes]
    found = find_dependents(session, table, rows)
    try:
        if found is None:
            session.connection().execute(delete(table).where(_by_key(table)), [_bound(table, row) for row in rows])
    except IntegrityError:  # of a table that this process does not know
        found = UNKNOWN
    if found is not None:
        raise RowInUse(batch_id=batch_id, table=table.name, dependent=found.table, count=found.row_count)


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
    """Read the rows of the notes as they are now, by key, and others of the same first key with them."""
    numbers = sorted({note.row_key[keys[0]] for note in notes})
    return {_key(keys, row): row for row in rows_in(session, table, table.c[keys[0]], numbers)}


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

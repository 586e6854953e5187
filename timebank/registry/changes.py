"""What an act of the registry does to rows, written down as it is done, so that it can be undone exactly.

Only the columns that an act changed are put back, and only while they are still as the act left them; whatever else
happened to a row since stays.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from timebank.core.columns import Encrypted, table_of
from timebank.core.personal_data import lookup_hash, open_field, seal_field
from timebank.imports.changes import plain
from timebank.registry.refusals import ActChangedSince
from timebank.registry.tables import RegistryChange

CHANGE = table_of(RegistryChange)
FIELD = "registry_change.before"
Values = Mapping[str, Any]


class Changes:
    """Changes rows for an act, and writes down what was there before."""

    def __init__(self, session: Session, act_id: int) -> None:
        self.session, self.act_id = session, act_id
        self.notes: list[dict[str, Any]] = []
        self.count = 0

    def change(self, table: Table, row: Values, after: Values) -> None:
        """Change columns of a row; those of its key can be among them."""
        changed = update(table).where(by_key(table, row)).values(dict(after))
        self.session.connection().execute(changed)
        self._note("changed", table, {**row, **after}, {name: row[name] for name in after}, after)

    def add(self, table: Table, row: Values) -> None:
        """Add a whole row, its key included."""
        self.session.connection().execute(insert(table), [dict(row)])
        self._note("added", table, row, None, row)

    def remove(self, table: Table, row: Values) -> None:
        """Take a whole row away."""
        self.session.connection().execute(delete(table).where(by_key(table, row)))
        self._note("removed", table, row, row, {})

    @contextmanager
    def watching(self, *watched: tuple[Table, ColumnElement[bool]]) -> Iterator[None]:
        """Write down what the block changes in rows that match; it may add rows, and takes none away."""
        self.session.flush()
        before = [(table, where, _rows(self.session, table, where)) for table, where in watched]
        yield
        self.session.flush()
        for table, where, olds in before:
            for key, row in _rows(self.session, table, where).items():
                old = olds.get(key)
                if old is None:
                    self._note("added", table, row, None, row)
                elif changed := {name: value for name, value in row.items() if value != old[name]}:
                    self._note("changed", table, row, {name: old[name] for name in changed}, changed)

    def flush(self) -> None:
        """Store the notes."""
        if self.notes:
            self.session.connection().execute(insert(CHANGE), self.notes)
            self.notes.clear()
        self.session.expire_all()

    def _note(self, what: str, table: Table, row: Values, before: Values | None, after: Values) -> None:
        self.count += 1
        self.notes.append(
            {
                "act_id": self.act_id,
                "n": self.count,
                "table_name": table.name,
                "what": what,
                "row_key": {column.name: plain(row[column.name]) for column in table.primary_key.columns},
                "before": None if before is None else seal_field(FIELD, _canonical(before)),
                "after_digest": _digest(after) if after else "",
            }
        )


def take_back(session: Session, act_id: int) -> int:
    """Put back what an act changed, the last first; returns how many rows. All or nothing.

    Raises
    ------
    ActChangedSince
        When a row is not as the act left it, or others rest on it.
    """
    wanted = select(CHANGE).where(CHANGE.c.act_id == act_id).order_by(CHANGE.c.n.desc())
    notes = session.connection().execute(wanted).all()
    session.expire_all()
    for note in notes:
        table = SQLModel.metadata.tables[note.table_name]
        try:
            with session.begin_nested():
                _put_back(session, table, note)
        except IntegrityError as fault:
            raise ActChangedSince(act_id=act_id, table=table.name, row=_named(note.row_key)) from fault
    session.expire_all()
    return len(notes)


def by_key(table: Table, row: Values) -> ColumnElement[bool]:
    """Return the condition that finds a row by its key."""
    return and_(*(column == row[column.name] for column in table.primary_key.columns))


def _put_back(session: Session, table: Table, note: Any) -> None:
    connection = session.connection()
    key = {name: _typed(table, name, value) for name, value in note.row_key.items()}
    before = {} if note.before is None else json.loads(open_field(FIELD, bytes(note.before)))
    old = {name: _typed(table, name, value) for name, value in before.items()}
    if note.what == "removed":
        connection.execute(insert(table), [old])
        return
    row = connection.execute(select(table).where(by_key(table, key)).with_for_update()).mappings().first()
    names = list(old) if note.what == "changed" else [column.name for column in table.columns]
    if row is None or _digest({name: row[name] for name in names}) != note.after_digest:
        raise ActChangedSince(act_id=note.act_id, table=table.name, row=_named(note.row_key))
    if note.what == "added":
        connection.execute(delete(table).where(by_key(table, key)))
    else:
        connection.execute(update(table).where(by_key(table, key)).values(old))


def _rows(session: Session, table: Table, where: ColumnElement[bool]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return whole rows by their key."""
    keys = [column.name for column in table.primary_key.columns]
    found: Sequence[Any] = session.connection().execute(select(table).where(where)).mappings().all()
    return {tuple(row[key] for key in keys): dict(row) for row in found}


def _named(key: Values) -> str:
    return ", ".join(str(value) for value in key.values())


def _canonical(row: Values) -> str:
    return json.dumps({name: plain(value) for name, value in sorted(row.items())}, ensure_ascii=False)


def _digest(row: Values) -> str:
    """Return a keyed hash of columns; a plain one would tell a short name to whoever tries all names."""
    return lookup_hash("registry_change", hashlib.sha256(_canonical(row).encode()).hexdigest()).hex()


def _typed(table: Table, name: str, value: Any) -> Any:
    """Return a value with the type of its column."""
    kind = table.c[name].type
    if not isinstance(value, str) or isinstance(kind, Encrypted):
        return value
    if issubclass(kind.python_type, datetime):
        return datetime.fromisoformat(value)
    if issubclass(kind.python_type, date):
        return date.fromisoformat(value)
    return bytes.fromhex(value) if issubclass(kind.python_type, bytes) else value

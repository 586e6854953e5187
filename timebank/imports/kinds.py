"""What the kinds of files share: rows that were read, and what each will do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session

from timebank.imports.changes import Log
from timebank.imports.columns import Column
from timebank.imports.faults import CellFault, Faults
from timebank.imports.known import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row that was read: where it stands, its values, and which columns the file has at all."""

    sheet: str
    row: int
    values: dict[str, Any]
    present: frozenset[str]

    def fault(self, faults: Faults, column: str, value: object, code: str, *, masked: bool = False, **k: Any) -> None:
        """Note a fault of this row."""
        faults.add(self.sheet, self.row, column, value, CellFault(code, **k), masked=masked)


class Counts(NamedTuple):
    """What a file does to rows."""

    added: int
    changed: int
    unchanged: int


class Work(NamedTuple):
    """What is to be written, and the counts that are told before."""

    counts: Counts
    write: Callable[[Session, Log], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file: its columns, given what the database knows, and how its rows become work."""

    name: str
    columns: Callable[[Known], tuple[Column, ...]]
    compare: Callable[[Session, Known, Sequence[Entry], Faults, date], Work]


def note_doubles(entries: Sequence[Entry], key: str, column: str, code: str, faults: Faults, *, masked: bool) -> None:
    """Note every row that says again what an earlier one said."""
    first: dict[Any, int] = {}
    for entry in entries:
        value = entry.values.get(key)
        if value is None:
            continue
        if value in first:
            entry.fault(faults, column, value, code, masked=masked, row=first[value])
        else:
            first[value] = entry.row
